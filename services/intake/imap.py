"""Mailboxes that are polled by IMAP: a mail is marked only after it is in the log.

So a crash in between fetches it again, and two pollers on one mailbox both take it: the same
mail is the same event. What is taken gets the keyword `Ledgerdesk`; of a server that allows
no keywords, only unread mail is taken, and is read then. Nothing is ever deleted or moved.
"""

import asyncio
import imaplib
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import structlog

from services.intake.mailing import Mailing
from services.intake.parts import Parts
from services.intake.placing import Envelope
from services.intake.refusals import Refusal
from services.intake.smtp import Take
from services.intake.traces import recipient_of, sender_of
from shared.logging import kind_of
from shared.outages import OUTAGES
from shared.service import Runtime

log = structlog.get_logger()

KEYWORD: Final = "Ledgerdesk"
TIMEOUT_SECONDS: Final = 60.0
FETCHED_MAX: Final = 500
"""Mails taken in one session."""

AWAY: Final = (OSError, imaplib.IMAP4.error, ssl.SSLError)
PORTS: Final = {"imap": 143, "imap+starttls": 143, "imaps": 993}


@dataclass(frozen=True)
class Account:
    """A mailbox, and how to come to it."""

    host: str
    port: int
    username: str
    password: str
    folder: str
    address: str
    """Our address that mail comes to there."""
    tls: bool
    starttls: bool

    @classmethod
    def parse(cls, url: str) -> "Account":
        """The mailbox of `imaps://user:password@host:port/folder?address=support@desk`, or of
        `imap+starttls://` or `imap://`; ValueError for others."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or not parts.username:
            raise ValueError("not a mailbox: imaps://user:password@host/INBOX?address=…")
        username = unquote(parts.username)
        address = parse_qs(parts.query).get("address", [username])[0]
        if "@" not in address:
            raise ValueError("a mailbox whose user is no address needs ?address=…")
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            username=username,
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
            address=address,
            tls=parts.scheme == "imaps",
            starttls=parts.scheme == "imap+starttls",
        )


class Session:
    """A signed-in connection with the folder open; every call blocks."""

    def __init__(self, account: Account) -> None:
        self._server = _connected(account)
        self._expect(self._server.login(account.username, account.password))
        self._expect(self._server.select(_quoted(account.folder)))
        allowed = self._server.response("PERMANENTFLAGS")[1]
        keywords = any(rb"\*" in flags for flags in allowed if flags)
        self._wanted = ("UNKEYWORD", KEYWORD) if keywords else ("UNSEEN",)
        self._mark = KEYWORD if keywords else r"\Seen"

    def untaken(self) -> list[str]:
        """The UIDs of what has not been taken yet, the oldest first."""
        found = self._expect(self._server.uid("SEARCH", *self._wanted))
        return [uid.decode() for line in found if line for uid in line.split()]

    def fetch(self, uid: str, bytes_max: int) -> bytes:
        """So much of a mail, which stays unread; empty if somebody deleted it meanwhile."""
        found = self._expect(self._server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{bytes_max}>)"))
        return next((bytes(part[1]) for part in found if isinstance(part, tuple)), b"")

    def mark(self, uid: str) -> None:
        """It is taken: for all who look."""
        self._expect(self._server.uid("STORE", uid, "+FLAGS.SILENT", f"({self._mark})"))

    def close(self) -> None:
        with suppress(*AWAY):
            self._server.logout()

    def _expect(self, answer: tuple[str, list]) -> list:  # type: ignore[type-arg]
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error("the server said no")
        return data


def _connected(account: Account) -> imaplib.IMAP4:
    if account.tls:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(
            account.host, account.port, ssl_context=context, timeout=TIMEOUT_SECONDS
        )
    server = imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT_SECONDS)
    if account.starttls:
        server.starttls(ssl.create_default_context())
    return server


def _quoted(folder: str) -> str:
    """A folder's name as IMAP has it: quoted, in its UTF-7."""
    encoded = re.sub(r"[^\x20-\x7e]+|&", _utf7, folder)
    return '"' + re.sub(r'(["\\])', r"\\\1", encoded) + '"'


def _utf7(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    return "&" + match[0].encode("utf-7").decode()[1:].rstrip("-").replace("/", ",") + "-"


class Poller:
    """Looks into one mailbox regularly."""

    def __init__(
        self, account: Account, take: Take, quarantine: Callable[..., Any], bytes_max: int
    ) -> None:
        self._account = account
        self._take = take
        self._quarantine = quarantine
        self._bytes_max = bytes_max

    async def look(self) -> int:
        """Take what has come, and mark it; how many that were. Raises what keeps it from that:
        the rest is taken the next time."""
        session = await asyncio.to_thread(Session, self._account)
        try:
            uids = (await asyncio.to_thread(session.untaken))[:FETCHED_MAX]
            for uid in uids:
                # One byte more than is taken by SMTP tells that it is too large.
                raw = await asyncio.to_thread(session.fetch, uid, self._bytes_max + 1)
                if not raw or await self._taken(raw):
                    await asyncio.to_thread(session.mark, uid)
            return len(uids)
        finally:
            await asyncio.to_thread(session.close)

    def _recipients(self, raw: bytes) -> tuple[str, ...]:
        """Our address; before it the one that was written to, such as an alias or one with a
        plus, if it is of the same domain."""
        ours, traced = self._account.address, recipient_of(raw)
        same = traced.rpartition("@")[2].casefold() == ours.rpartition("@")[2].casefold()
        return tuple(dict.fromkeys((traced, ours))) if traced and same else (ours,)

    async def _taken(self, raw: bytes) -> bool:
        """Whether it is in the log; one that can't be handled at all stays for the next time,
        and holds up nobody else's."""
        sender = sender_of(raw)
        envelope = Envelope("unknown" if sender is None else sender, self._recipients(raw))
        takes: list[Callable[..., Any]] = [
            self._take,
            partial(self._quarantine, reason="not_handled"),
        ]
        if len(raw) > self._bytes_max:
            takes = [partial(self._quarantine, reason="too_large")]
        while takes:
            try:
                await takes.pop(0)(raw, envelope)
            except OUTAGES:
                raise
            except Refusal as refused:
                # Nobody is left who could be told.
                takes = [partial(self._quarantine, reason=refused.quarantined_as)]
            except Exception as error:
                log.exception("mail_not_handled", size_bytes=len(raw), error=kind_of(error))
            else:
                return True
        return False


def polling(runtime: Runtime) -> list[Callable[[], Awaitable[None]]]:
    """A task for each mailbox of the settings: each looks until it is cancelled."""
    parts = Parts.of(runtime)
    mailing = Mailing(parts)
    bytes_max = parts.settings.smtp_size_bytes_max
    pollers = [
        Poller(Account.parse(url.get_secret_value()), mailing.take, mailing.quarantine, bytes_max)
        for url in parts.settings.imap_mailboxes
    ]
    seconds = parts.settings.imap_poll_seconds

    def task(number: int, poller: Poller) -> Callable[[], Awaitable[None]]:
        return lambda: _regularly(runtime, f"mailbox {number}", poller, seconds)

    return [task(number, poller) for number, poller in enumerate(pollers, start=1)]


async def _regularly(runtime: Runtime, name: str, poller: Poller, seconds: float) -> None:
    while True:
        taken = 0
        try:
            taken = await poller.look()
            runtime.troubles.pop(name, None)
        except Exception as error:  # noqa: BLE001 - the mailbox or our database is away
            runtime.troubles[name] = "can't be read"
            log.warning("mailbox_unavailable", mailbox=name, error=kind_of(error))
        if taken < FETCHED_MAX:
            await asyncio.sleep(seconds)
