"""Customers' commands on their way to the services that own them, signed, and the answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx
import structlog

from services.portal.forms import FAILED
from services.portal.settings import Settings
from services.portal.speaking import Said, heard, said
from shared.clock import Clock
from shared.identity import HEADER, Identity, sign
from shared.log.vector import Vector
from shared.telemetry import trace_headers
from shared.web import AFTER_HEADER

log = structlog.get_logger()

TRIES_MAX: Final = 3
TRY_AGAIN_SECONDS: Final = 0.7
PASSING: Final = frozenset({429, 502, 503, 504})
"""Answers that may be others in a moment. Commands carry an Idempotency-Key, so that trying
again does nothing twice."""

TROUBLE: Final = said(
    "We could not take this just now, and nothing was done: please send it again."
)
NOT_SO: Final = "is not as we need it"
"""What is said in other languages of an answer that they don't know."""


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    after: str = ""
    """The consistency token: what the customer has seen now."""

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return 200 <= self.status < 300

    @property
    def message(self) -> Said:
        """Why it was not, for people."""
        detail = self.body.get("detail")
        if self.status >= 500 or self.status == 429 or not detail:
            return TROUBLE
        return heard(str(detail), FAILED)

    @property
    def code(self) -> str:
        """The stable name of what kept it from being done; empty if nothing did."""
        return str(self.body.get("code") or "")

    @property
    def troubles(self) -> dict[str, Said]:
        """What is wrong with each field, to stand after its name."""
        found = self.body.get("errors") or []
        return {str(each["field"]): heard(str(each["message"]), NOT_SO) for each in found}


class Owners:
    """The services behind the portal."""

    def __init__(
        self, settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._urls = {
            "intake": settings.intake_url,
            "resolution": settings.resolution_url,
            "review": settings.review_url,
            "notify": settings.notify_url,
        }
        self._secret = settings.identity_secret
        self._clock = clock
        self._client = httpx.AsyncClient(
            timeout=settings.owner_timeout_seconds, transport=transport, trust_env=False
        )

    async def send(
        self,
        owner: str,
        path: str,
        body: Mapping[str, Any],
        *,
        person: UUID,
        name: str,
        key: str,
        after: Vector | None = None,
    ) -> Answer:
        """POST a command as the customer `person`; `key` makes a repetition the same act."""
        identity = Identity(f"customer:{person}", "portal", name)
        answer = Answer(503)
        for attempt in range(TRIES_MAX):
            if attempt:
                await asyncio.sleep(TRY_AGAIN_SECONDS * attempt)
            headers = {
                HEADER: sign(self._secret, identity, owner, self._clock()),
                "Idempotency-Key": key,
                **trace_headers(),
            }
            if after is not None:
                headers[AFTER_HEADER] = str(after)
            answer = await self._post(f"{self._urls[owner]}{path}", body, headers)
            if answer.status not in PASSING:
                return answer
        log.warning("owner_gave_no_answer", owner=owner, status=answer.status)
        return answer

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def _post(self, url: str, body: Mapping[str, Any], headers: dict[str, str]) -> Answer:
        try:
            response = await self._client.post(url, json=body, headers=headers)
        except httpx.HTTPError as error:
            log.info("owner_unreachable", error=type(error).__name__)
            return Answer(503)
        try:
            content = response.json()
        except ValueError:
            content = {}
        told = content if isinstance(content, dict) else {}
        return Answer(response.status_code, told, response.headers.get(AFTER_HEADER, ""))
