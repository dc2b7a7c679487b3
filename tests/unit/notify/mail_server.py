"""A mail server that does as it is told, also what good ones never do."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes

POINTS = ("BANNER", "EHLO", "MAIL", "RCPT", "DATA", "DOT")
"""Where something can go wrong, in the order of a dialogue."""


@dataclass
class MailServer:
    """Each mail takes the next answer of the script; when it is empty, all do `always`.

    `RCPT 550 no`, `DATA 451 later` and `DOT 554 spam` answer so at that point, one of
    `POINTS`; `HANG RCPT` never answers there; `CUT` closes the connection after the final
    dot, having kept the mail; `HANG` keeps it and never answers; an empty one keeps it and
    says so. `REFUSE`, which only `always` can be, takes no connection.
    """

    script: list[str] = field(default_factory=list)
    always: str = ""
    mails: list[bytes] = field(default_factory=list)
    server: asyncio.Server | None = None
    port: int = 0
    sessions: set["asyncio.Task[None]"] = field(default_factory=set)

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None
        for session in self.sessions:
            session.cancel()
        await asyncio.gather(*self.sessions, return_exceptions=True)

    async def do(self, always: str) -> None:
        """From now on do this to every mail; connections that are open end."""
        self.always = always
        await self.stop()
        if always != "REFUSE":
            await self.start()

    @property
    def message_ids(self) -> list[str]:
        return [message_from_bytes(mail)["Message-ID"] for mail in self.mails]

    def told_at_connection(self) -> str:
        """What is to go wrong before there is a mail."""
        early = ("BANNER", "EHLO", "HANG BANNER", "HANG EHLO")
        if self.script:
            return self.script.pop(0) if self.script[0].startswith(early) else ""
        return self.always if self.always.startswith(early) else ""

    def told_at_mail(self) -> str:
        return self.script.pop(0) if self.script else self.always

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.sessions.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _Session(self, reader, writer).run()
        finally:
            self.sessions.discard(task)
            writer.close()


@dataclass
class _Session:
    server: MailServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    told: str = ""

    async def run(self) -> None:
        self.told = self.server.told_at_connection()
        answer = await self._at("BANNER") or "220 test"
        while answer:
            self.writer.write(answer.encode() + b"\r\n")
            await self.writer.drain()
            line = await self.reader.readline()
            answer = await self._answer(line.decode().strip()) if line else ""

    async def _answer(self, line: str) -> str:
        command = line[:4].upper()
        match command:
            case "MAIL":
                self.told = self.server.told_at_mail()
            case "QUIT":
                return ""
        wrong = await self._at("EHLO" if command == "HELO" else command)
        if wrong:
            return wrong
        return await self._data() if command == "DATA" else "250 ok"

    async def _at(self, point: str) -> str:
        """What goes wrong at this point, if anything does."""
        if self.told == f"HANG {point}":
            await asyncio.Event().wait()
        return self.told[len(point) + 1 :] if self.told.startswith(f"{point} ") else ""

    async def _data(self) -> str:
        self.writer.write(b"354 go on\r\n")
        mail = await self.reader.readuntil(b"\r\n.\r\n")
        if wrong := await self._at("DOT"):
            return wrong
        self.server.mails.append(mail)
        if self.told == "HANG":
            await asyncio.Event().wait()
        return "" if self.told == "CUT" else "250 kept"
