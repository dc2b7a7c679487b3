"""Every service of the desk, asked as an admin, who is whoever runs the command line here."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from cli.audit import Away, Services, every_service
from deploy.local.trouble import Trouble
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign


@dataclass(frozen=True)
class Admin:
    """Who asks, and how."""

    services: Services

    def get(self, service: str, path: str, **parameters: Any) -> Any:
        return self._ask("GET", service, path, parameters)

    def post(self, service: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._ask("POST", service, path, {}, body)

    def _ask(
        self,
        method: str,
        service: str,
        path: str,
        parameters: dict[str, Any],
        body: dict[str, Any] | None = None,
    ) -> Any:
        who = Identity(f"cli:{getpass.getuser()}", "cli", "Admin", Role.ADMIN)
        headers = {HEADER: sign(self.services.secret, who, service, utc_now())}
        url = self.services.urls[service]
        try:
            answer = self.services.http.request(
                method, url + path, params=parameters, headers=headers, json=body
            )
        except httpx.TransportError as error:
            raise Away(service, url) from error
        if answer.is_error:
            raise Trouble(f"{service}: {answer.status_code} {answer.text[:300]}")
        return answer.json()


@contextmanager
def as_admin() -> Iterator[Admin]:
    """Those of the desk on this machine, or wherever `<SERVICE>_URL` says."""
    with every_service() as services:
        yield Admin(services)
