"""A client that costs little: what it measures is the server, on the same two cores."""

import asyncio
from types import TracebackType
from typing import Self


class Client:
    """A few connections to one address, kept open; each request waits for a free one."""

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._host, self._port = host, port
        self._free: asyncio.Queue[Connection | None] = asyncio.Queue()
        self._all: list[Connection] = []
        for _ in range(connections):
            self._free.put_nowait(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for connection in self._all:
            connection.close()

    async def post(self, path: str, body: bytes, headers: str = "") -> tuple[int, bytes]:
        """Status and body of the answer to a POST of JSON."""
        return await self._ask("POST", path, body, headers)

    async def put(self, path: str, body: bytes, headers: str = "") -> tuple[int, bytes]:
        """Status and body of the answer to a PUT of JSON."""
        return await self._ask("PUT", path, body, headers)

    async def get(self, path: str, headers: str = "") -> tuple[int, bytes]:
        """Status and body of the answer to a GET."""
        return await self._ask("GET", path, b"", headers)

    async def _ask(self, method: str, path: str, body: bytes, headers: str) -> tuple[int, bytes]:
        connection = await self._free.get()
        try:
            if connection is None:
                connection = await Connection.open(self._host, self._port)
                self._all.append(connection)
            return await connection.ask(method, path, body, headers)
        except BaseException:
            if connection is not None:
                connection.close()
            connection = None
            raise
        finally:
            self._free.put_nowait(connection)


class Connection:
    """One connection: a request, then its answer (RFC 9112, with Content-Length only)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        return cls(*await asyncio.open_connection(host, port))

    async def ask(self, method: str, path: str, body: bytes, headers: str) -> tuple[int, bytes]:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = 0
        for line in answer.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        return status, await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()
