"""The SMTP server: 250 is said only after the commit, and 4xx asks to come back.

Lines end with CRLF and nothing else, so that no mail hides in another (SMTP smuggling):
aiosmtpd since 1.4.5.
"""

import asyncio
import ipaddress
import logging
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import asyncpg
import structlog
from aiosmtpd.smtp import SMTP

from services.intake.mailing import Mailing
from services.intake.parts import Parts
from services.intake.placing import Envelope
from services.intake.refusals import Refusal
from services.intake.settings import Settings
from shared.admission import Limit
from shared.clock import monotonic_seconds
from shared.errors import Rejected
from shared.metrics import Metrics
from shared.outages import disk_is_full
from shared.service import Runtime
from shared.telemetry import SERVER

log = structlog.get_logger()

RECIPIENTS_MAX: Final = 100
SHUTDOWN_SECONDS: Final = 5.0
GOODBYE_SECONDS: Final = 5.0
"""How long a peer may take to read the last answer."""

LINE_LENGTH_MAX: Final = 4 * 2**20
"""Real mail has longer lines than the standard's thousand; a refused mail is a lost one."""

BUSY: Final = "451 4.3.2 Too much mail just now, please try again in a moment"
FULL: Final = "452 4.3.1 Too much mail just now, please try again in a moment"
FULL_AT_ONCE: Final = "421 4.3.1 Too much mail just now, please try again in a moment"
"""The same in the midst of a mail, of which the rest can't be waited for."""

TOO_LARGE: Final = "552 5.3.4 Too much mail data"
TOO_LONG: Final = "421 4.4.2 Connected for too long, please come back"
TOO_MANY: Final = "421 4.3.2 Too many connections, please come back"
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

NO_ROOM: Final = "452 4.3.1 The disk is full, please try again later"
TRY_AGAIN: Final = "451 4.3.0 Could not be stored just now, please try again"

Take = Callable[[bytes, Envelope], Awaitable[object]]


class Handler:
    """What the server asks us in the course of a dialogue."""

    def __init__(
        self, take: Take, rescue: Take, settings: Settings, metrics: Metrics | None = None
    ) -> None:
        self.metrics = metrics or Metrics()
        self._take = take
        self._rescue = rescue
        self._domains = frozenset(domain.casefold() for domain in settings.smtp_domains)
        self.limit = Limit(settings.smtp_mails_in_flight_max, settings.slow_answer_seconds)
        self.connections = 0
        self.peers: Counter[str] = Counter()
        self.size_bytes = 0
        """Of all mails being read or taken."""
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
        self, _server: SMTP, session: Any, envelope: Any
    ) -> str:
        """Take the mail, and say so only when it is in the log."""
        if self.stopping or not self.limit.enter():
            return BUSY
        begun = monotonic_seconds()
        try:
            return await self._taken(
                envelope.content,
                Envelope(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    peer=address_of(session.peer),
                    helo=session.host_name or "",
                ),
            )
        finally:
            self.limit.leave()
            now = monotonic_seconds()
            self.limit.measured(now - begun, now)

    async def handle_exception(self, error: Exception) -> str:
        """Whatever else happens: aiosmtpd would refuse the mail for good, with 500.

        On a full disk, not even the log can be written.
        """
        return NO_ROOM if disk_is_full(error) else TRY_AGAIN

    async def _taken(self, raw: bytes, envelope: Envelope) -> str:
        """The answer; the same mail sent again after any but 250 is no harm."""
        for take in (self._take, self._rescue):
            try:
                return TAKEN.format(await take(raw, envelope))
            except Refusal as refused:
                log.info("mail_refused", size_bytes=len(raw), reason=refused.quarantined_as)
                return refused.smtp_answer
            except MISTAKES as error:
                log.error("mail_not_handled", size_bytes=len(raw), exc_info=error)
            except Exception as error:  # noqa: BLE001 - database or disk away, or too slow
                log.warning("mail_not_stored", size_bytes=len(raw), error=type(error).__name__)
                return NO_ROOM if disk_is_full(error) else TRY_AGAIN
        return TRY_AGAIN


class Server(SMTP):
    """One connection."""

    line_length_limit = LINE_LENGTH_MAX

    def __init__(self, handler: Handler, settings: Settings, **options: Any) -> None:
        self._settings = settings
        self._peer: str | None = None
        """Whom the connection counts for; None until it does."""
        self._socket: asyncio.Transport | None = None
        """What is under the encryption, if there is any."""
        self._reading = False
        self._size_bytes = 0
        super().__init__(handler, data_size_limit=settings.smtp_size_bytes_max, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._peer is not None:
            # The same connection, now encrypted.
            super().connection_made(transport)
            return
        # Not by `isinstance`: uvloop's transports are none of asyncio's.
        transport = cast(asyncio.Transport, transport)
        handler: Handler = self.event_handler
        peer = peer_of(transport.get_extra_info("peername"))
        settings = self._settings
        if (
            handler.connections >= settings.smtp_connections_max
            or handler.peers[peer] >= settings.smtp_connections_per_peer_max
        ):
            self._socket = transport
            self._end(TOO_MANY)
            return
        handler.connections += 1
        handler.peers[peer] += 1
        self._peer, self._socket = peer, transport
        super().connection_made(transport)
        deadline = self.loop.call_later(settings.smtp_connection_seconds_max, self._end, TOO_LONG)
        dialogue = self._handler_coroutine
        assert dialogue is not None
        # It ends in every case; `connection_lost` is not called when encryption fails.
        dialogue.add_done_callback(lambda _: self._left(peer, deadline))

    def _left(self, peer: str, deadline: asyncio.TimerHandle) -> None:
        handler: Handler = self.event_handler
        deadline.cancel()
        handler.connections -= 1
        handler.peers[peer] -= 1
        if not handler.peers[peer]:
            del handler.peers[peer]
        # A peer that does not read what we said would keep the socket.
        assert self._socket is not None
        self.loop.call_later(GOODBYE_SECONDS, self._socket.abort)

    def connection_lost(self, error: Exception | None) -> None:
        if self._peer is not None:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._reading:
            return
        handler: Handler = self.event_handler
        self._size_bytes += len(data)
        handler.size_bytes += len(data)
        if self._size_bytes > 2 * self._settings.smtp_size_bytes_max:
            # Said once it is all here, else; but a line without an end is kept in memory.
            self._end(TOO_LARGE)
        elif handler.size_bytes > self._settings.smtp_bytes_in_flight_max:
            self._end(FULL_AT_ONCE)

    async def push(self, status: Any) -> None:
        """Say something, which is counted by its code."""
        self._counted(status if isinstance(status, str) else status.decode())
        await super().push(status)

    def _counted(self, answer: str) -> None:
        handler: Handler = self.event_handler
        handler.metrics.smtp_replies.labels(answer[:3]).inc()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the name is aiosmtpd's
        """Read and take a mail, whose bytes count until it is answered."""
        handler: Handler = self.event_handler
        if handler.size_bytes >= self._settings.smtp_bytes_in_flight_max:
            await self.push(FULL)
            return
        self._reading = True
        try:
            await super().smtp_DATA(arg)
        finally:
            self._reading = False
            handler.size_bytes -= self._size_bytes
            self._size_bytes = 0

    def _end(self, answer: str) -> None:
        """Say so, and hang up, on whoever does not listen, too."""
        assert self._socket is not None
        transport = cast(asyncio.Transport, self.transport or self._socket)
        if not transport.is_closing():
            self._counted(answer)
            transport.write(f"{answer}\r\n".encode())
            transport.close()
        self.loop.call_later(GOODBYE_SECONDS, self._socket.abort)


def address_of(peername: Any) -> str:
    """The peer's address, an IPv4 one as such."""
    address = ipaddress.ip_address(str(peername[0]).partition("%")[0])
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)


def peer_of(peername: Any) -> str:
    """Whom a connection counts for: its address, of IPv6 the /64, which one host has whole."""
    address = ipaddress.ip_address(str(peername[0]).partition("%")[0])
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


async def serve(runtime: Runtime) -> None:
    """Serve until cancelled; mails being taken are taken to their end."""
    parts = Parts.of(runtime)
    settings = parts.settings
    mailing = Mailing(parts)
    watched = runtime.log

    async def take(raw: bytes, envelope: Envelope) -> object:
        with watched.traces.span("take mail", kind=SERVER):
            return await mailing.take(raw, envelope)

    handler = Handler(take, mailing.quarantine, settings, watched.metrics)
    watched.metrics.smtp_connections.set_function(lambda: handler.connections)
    # It logs addresses, which are nobody's business.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {
        "enable_SMTPUTF8": True,
        "hostname": settings.mail_domain,
        "ident": "Ledgerdesk",
        "timeout": settings.smtp_idle_seconds_max,
        "tls_context": _tls(settings),
        "auth_exclude_mechanism": ["LOGIN", "PLAIN"],
        "loop": loop,
    }
    server = await loop.create_server(
        lambda: Server(handler, settings, **options),
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
    while handler.limit.taken and loop.time() < until:
        await asyncio.sleep(0.02)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.smtp_tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.smtp_tls_certificate, settings.smtp_tls_key)
    return context
