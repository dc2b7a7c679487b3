"""Commands on their way to the services that own them, and the answers back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson
import structlog

from services.gateway.settings import Settings
from shared.clock import Clock
from shared.identity import HEADER, Identity, sign
from shared.telemetry import trace_headers
from shared.web import AFTER_HEADER

log = structlog.get_logger()

RETRY_AFTER_SECONDS: Final = 2
"""When somebody whose command found no owner may try again."""

PASSED_IN: Final = (
    "content-type",
    "idempotency-key",
    "if-match",
    AFTER_HEADER.lower(),
)
"""Headers of a request that are for the owner."""

PASSED_OUT: Final = (
    "content-type",
    "content-disposition",
    "etag",
    AFTER_HEADER.lower(),
    "retry-after",
    "location",
    "idempotency-replayed",
)
"""Headers of an owner's answer that are for the caller."""


@dataclass(frozen=True)
class Answer:
    """What an owner, or the way to it, answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """In lower case."""

    @property
    def ok(self) -> bool:
        return self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        value = self._value()
        return value if isinstance(value, dict) else {}

    def listed(self) -> list[dict[str, Any]]:
        """The body as a list; empty when it is none."""
        value = self._value()
        return value if isinstance(value, list) else []

    def _value(self) -> object:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def after(self) -> str | None:
        """The consistency token: what the caller has now seen."""
        return self.headers.get(AFTER_HEADER.lower())


class Owners:
    """The services behind the gateway: one pool of connections for all."""

    def __init__(
        self, settings: Settings, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client = httpx.AsyncClient(
            transport=transport or _transport(settings),
            timeout=httpx.Timeout(
                settings.answer_seconds_max, connect=settings.connect_seconds_max
            ),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(
        self,
        owner: str,
        method: str,
        path: str,
        identity: Identity,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        query: str = "",
        answer_seconds_max: float | None = None,
    ) -> Answer:
        """Send a request as `identity`; an owner that is away is a 503 that says so."""
        signed = sign(self._settings.identity_secret, identity, owner, self._clock())
        url = self._settings.url_of(owner) + path + (f"?{query}" if query else "")
        try:
            response = await self._client.request(
                method,
                url,
                content=body,
                headers={**(headers or {}), **trace_headers(), HEADER: signed},
                timeout=self._timeout(answer_seconds_max),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            log.warning("owner_away", owner=owner, error=type(error).__name__)
            return away(owner, "service_away", "is away: nothing was done")
        except httpx.TransportError as error:
            log.warning("owner_silent", owner=owner, error=type(error).__name__)
            what = "has not answered, and may have done it: look at the ticket before repeating"
            return away(owner, "service_silent", what)
        kept = {name: response.headers[name] for name in PASSED_OUT if name in response.headers}
        return Answer(response.status_code, response.content, kept)

    def _timeout(self, answer_seconds_max: float | None) -> httpx.Timeout:
        longest = answer_seconds_max or self._settings.answer_seconds_max
        return httpx.Timeout(longest, connect=self._settings.connect_seconds_max)

    async def close(self) -> None:
        await self._client.aclose()


def away(owner: str, code: str, what: str) -> Answer:
    """The answer in place of an owner's that did not come."""
    body = {
        "type": f"urn:ledgerdesk:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": 503,
        "code": code,
        "detail": f"The service {owner} {what}.",
        "service": owner,
    }
    headers = {
        "content-type": "application/problem+json",
        "retry-after": str(RETRY_AFTER_SECONDS),
    }
    return Answer(503, orjson.dumps(body), headers)


def _transport(settings: Settings) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(
        max_connections=settings.owner_connections_max,
        max_keepalive_connections=settings.owner_connections_max,
        keepalive_expiry=4.0,
    )
    return httpx.AsyncHTTPTransport(limits=limits, retries=1)
