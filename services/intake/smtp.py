"""The SMTP server: 250 is said only after the commit, and 4xx asks to come back.

Lines end with CRLF and nothing else, so that no mail hides in another (SMTP smuggling):
aiosmtpd since 1.4.5.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import structlog
from aiosmtpd.smtp import SMTP

from services.intake.mailing import Mailing
from services.intake.parts import Parts
from services.intake.placing import Envelope
from services.intake.settings import Settings
from shared.errors import Rejected
from shared.service import Runtime

log = structlog.get_logger()

RECIPIENTS_MAX: Final = 100
SHUTDOWN_SECONDS: Final = 5.0
LINE_LENGTH_MAX: Final = 4 * 2**20
"""Real mail has longer lines than the standard's thousand; a refused mail is a lost one."""

BUSY: Final = "451 4.3.2 Too much mail just now, please try again in a moment"
TAKEN: Final = "250 2.0.0 Taken as {}"
MISTAKES: Final = (
    Rejected,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    asyncpg.DataError,
)
"""What is raised by a mistake of ours, which will not be another one the next time."""

TRY_AGAIN: Final = "451 4.3.0 Could not be stored just now, please try again"

Take = Callable[[bytes, Envelope], Awaitable[object]]


class Handler:
    """What the server asks us in the course of a dialogue."""

    def __init__(self, take: Take, rescue: Take, settings: Settings) -> None:
        self._take = take
        self._rescue = rescue
        self._domains = frozenset(domain.casefold() for domain in settings.smtp_domains)
        self._in_flight_max = settings.smtp_mails_in_flight_max
        self.in_flight = 0
        self.connections = 0
        self.stopping = False

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Any recipient will do, unless the settings name our domains: nothing is relayed."""
        if self._domains and address.rpartition("@")[2].casefold() not in self._domains:
            return "550 5.7.1 We take no mail for this domain"
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Any, envelope: Any
    ) -> str:
        """Take the mail, and say so only when it is in the log."""
        if self.stopping or self.in_flight >= self._in_flight_max:
            return BUSY
        self.in_flight += 1
        try:
            return await self._taken(
                envelope.content, Envelope(envelope.mail_from or "", tuple(envelope.rcpt_tos))
            )
        finally:
            self.in_flight -= 1

    async def _taken(self, raw: bytes, envelope: Envelope) -> str:
        """The answer; the same mail sent again after any but 250 is no harm."""
        for take in (self._take, self._rescue):
            try:
                return TAKEN.format(await take(raw, envelope))
            except MISTAKES as error:
                log.error("mail_not_handled", size_bytes=len(raw), exc_info=error)
            except Exception as error:  # noqa: BLE001 - database or disk away, or too slow
                log.warning("mail_not_stored", size_bytes=len(raw), error=type(error).__name__)
                return TRY_AGAIN
        return TRY_AGAIN


class Server(SMTP):
    """One connection."""

    line_length_limit = LINE_LENGTH_MAX
    refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        handler: Handler = self.event_handler
        if handler.connections >= self.connections_max:
            self.refused = True
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"421 4.3.2 Too many connections, please come back\r\n")
            transport.close()
            return
        handler.connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.refused:
            return
        self.event_handler.connections -= 1
        super().connection_lost(error)

    def __init__(self, handler: Handler, connections_max: int, **options: Any) -> None:
        self.connections_max = connections_max
        super().__init__(handler, **options)


async def serve(runtime: Runtime) -> None:
    """Serve until cancelled; mails being taken are taken to their end."""
    parts = Parts.of(runtime)
    settings = parts.settings
    mailing = Mailing(parts)
    handler = Handler(mailing.take, mailing.quarantine, settings)
    # It logs addresses, which are nobody's business.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {
        "data_size_limit": settings.smtp_size_bytes_max,
        "enable_SMTPUTF8": True,
        "hostname": settings.mail_domain,
        "ident": "Ledgerdesk",
        "timeout": settings.smtp_idle_seconds_max,
        "tls_context": _tls(settings),
        "auth_exclude_mechanism": ["LOGIN", "PLAIN"],
        "loop": loop,
    }
    server = await loop.create_server(
        lambda: Server(handler, settings.smtp_connections_max, **options),
        settings.smtp_host,
        settings.smtp_port,
    )
    log.info("smtp_started", port=settings.smtp_port)
    try:
        await asyncio.Event().wait()
    finally:
        handler.stopping = True
        server.close()
        await _finished(handler)


async def _finished(handler: Handler) -> None:
    """Let mails that are being taken be taken; senders of the others try again."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SHUTDOWN_SECONDS
    while handler.in_flight and loop.time() < until:
        await asyncio.sleep(0.02)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp_tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.smtp_tls_certificate, settings.smtp_tls_key)
    return context
