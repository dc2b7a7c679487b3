"""Hands mails to a mail server by SMTP, and says truly what came of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.mail import Outgoing
from services.notify.words import line

IDLE_SECONDS_MAX: Final = 20.0
"""A connection unused for longer is closed before a server does."""

MAILS_PER_CONNECTION_MAX: Final = 100

HARD_CODES: Final = frozenset({550, 551, 553})
"""Answers to a recipient that say the address takes no mail (RFC 5321, 4.2.3)."""


class Unreachable(Exception):
    """The mail server can't be reached or doesn't let us in: no mail's fault."""


@dataclass(frozen=True)
class Accepted:
    """The server took the mail, and answers for it now."""


@dataclass(frozen=True)
class Refused:
    """The server will never take it."""

    reason: str
    hard: bool = False
    """The address takes no mail at all."""


@dataclass(frozen=True)
class PutOff:
    """The server did not take it this time."""

    reason: str


@dataclass(frozen=True)
class Unclear:
    """The mail was handed over, and no answer came: it may have been taken."""

    reason: str


@dataclass(frozen=True)
class Taken:
    """Somebody else has this mail by now: nothing was handed over."""


Result = Accepted | Refused | PutOff | Unclear | Taken


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in."""

    host: str
    port: int
    tls: bool = False
    """From the first byte."""
    starttls: bool | None = None
    """None: when it is offered."""
    username: str | None = None
    password: str | None = None

    @classmethod
    def parse(cls, url: str) -> "MailServer":
        """The server of `smtp://`, `smtp+starttls://` or `smtps://`; ValueError for others."""
        parts = urlsplit(url)
        ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
        if parts.scheme not in ports or not parts.hostname:
            raise ValueError("not a mail server: smtp://user:password@host:port")
        return cls(
            host=parts.hostname,
            port=parts.port or ports[parts.scheme],
            tls=parts.scheme == "smtps",
            starttls=True if parts.scheme == "smtp+starttls" else None,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class Courier:
    """One connection to the mail server, opened when needed and used again."""

    def __init__(self, server: MailServer, local_hostname: str, timeout_seconds: float) -> None:
        self._server = server
        self._local_hostname = local_hostname
        self._timeout = timeout_seconds
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0
        self._mails = 0

    async def deliver(self, mail: Outgoing, handing_over: Callable[[], Awaitable[bool]]) -> Result:
        """Hand the mail over. Raises `Unreachable`.

        `handing_over` is called when only the content is left to be sent: it makes that
        known, durably, and answers whether the mail is still ours to send.
        """
        client = await self._connected()
        self._mails += 1
        try:
            return await self._transaction(client, mail, handing_over)
        except BaseException:
            self._drop()
            raise

    async def close(self) -> None:
        """Take leave of the server."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=2)
            client.close()

    async def _transaction(
        self, client: aiosmtplib.SMTP, mail: Outgoing, handing_over: Callable[[], Awaitable[bool]]
    ) -> Result:
        """MAIL, RCPT, DATA; each answer says what it means at that point."""
        options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.needs_utf8 else []
        if options and not client.supports_extension("smtputf8"):
            return Refused("the mail server takes no such address (no SMTPUTF8)")
        encoding = "utf-8" if mail.needs_utf8 else "ascii"
        try:
            await client.mail(mail.envelope_from, options=options, encoding=encoding)
            await client.rcpt(mail.recipient, encoding=encoding)
        except aiosmtplib.SMTPResponseException as error:
            recipient = isinstance(error, aiosmtplib.SMTPRecipientRefused)
            return await self._refusal(client, error, recipient=recipient)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._drop()
            return PutOff(f"connection lost before the mail was sent: {type(error).__name__}")
        if not await handing_over():
            await self._reset(client)
            return Taken()
        try:
            await client.data(mail.message)
        except aiosmtplib.SMTPResponseException as error:
            return await self._refusal(client, error, recipient=False)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._drop()
            return Unclear(f"connection lost while the mail was sent: {type(error).__name__}")
        self._used_at = asyncio.get_running_loop().time()
        return Accepted()

    async def _refusal(
        self,
        client: aiosmtplib.SMTP,
        error: aiosmtplib.SMTPResponseException,
        *,
        recipient: bool,
    ) -> Result:
        reason = line(f"{error.code} {error.message}", 200)
        await self._reset(client)
        if error.code == 421:
            self._drop()
        if 500 <= error.code < 600:
            dead = recipient and error.code in HARD_CODES and " 5.7." not in f" {error.message}"
            return Refused(reason, hard=dead)
        return PutOff(reason)

    async def _reset(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self._drop()

    async def _connected(self) -> aiosmtplib.SMTP:
        client, now = self._client, asyncio.get_running_loop().time()
        fresh = now - self._used_at < IDLE_SECONDS_MAX and self._mails < MAILS_PER_CONNECTION_MAX
        if client is not None and client.is_connected and fresh:
            return client
        await self.close()
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=server.starttls,
            username=server.username,
            password=server.password,
            local_hostname=self._local_hostname,
            timeout=self._timeout,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            client.close()
            raise Unreachable(line(f"{type(error).__name__}: {error}", 200)) from error
        self._client, self._used_at, self._mails = client, now, 0
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
