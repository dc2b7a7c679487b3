"""A mail server that does as it is told, also what good ones never do."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes


@dataclass
class MailServer:
    """Each mail takes the next answer of the script.

    `RCPT 550 no`, `DATA 451 later` and `DOT 554 spam` answer so at that point; `CUT` closes
    the connection after the final dot, having kept the mail; `HANG` keeps it and never
    answers; an empty one, or none, keeps it and says so.
    """

    script: list[str] = field(default_factory=list)
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
        for session in self.sessions:
            session.cancel()
        await asyncio.gather(*self.sessions, return_exceptions=True)

    @property
    def message_ids(self) -> list[str]:
        return [message_from_bytes(mail)["Message-ID"] for mail in self.mails]

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
        answer = "220 test"
        while answer:
            self.writer.write(answer.encode() + b"\r\n")
            await self.writer.drain()
            line = await self.reader.readline()
            answer = await self._answer(line.decode().strip()) if line else ""

    async def _answer(self, line: str) -> str:
        command = line[:4].upper()
        match command:
            case "MAIL":
                self.told = self.server.script.pop(0) if self.server.script else ""
            case "RCPT" | "DATA" if self.told.startswith(command):
                return self.told[5:]
            case "DATA":
                return await self._data()
            case "QUIT":
                return ""
        return "250 ok"

    async def _data(self) -> str:
        self.writer.write(b"354 go on\r\n")
        mail = await self.reader.readuntil(b"\r\n.\r\n")
        if self.told.startswith("DOT"):
            return self.told[4:]
        self.server.mails.append(mail)
        if self.told == "HANG":
            await asyncio.sleep(60)
        return "" if self.told == "CUT" else "250 kept"
