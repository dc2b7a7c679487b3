import asyncio
import errno
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from starlette.requests import Request

from services.intake.placing import Envelope
from services.intake.settings import Settings
from services.intake.smtp import BUSY, TRY_AGAIN, Handler, Server, peer_of
from shared.body_budget import BodyBudget, TooBusy, TooLarge, TooSlow
from shared.errors import NotFound
from shared.testing.eventually import eventually


def request(*chunks: bytes, declared: int | None = None) -> Request:
    left = [*chunks]

    async def receive() -> dict[str, Any]:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    headers = [(b"content-length", str(declared).encode())] if declared is not None else []
    return Request({"type": "http", "headers": headers}, receive)


async def test_what_a_body_took_is_given_back() -> None:
    budget = BodyBudget(bytes_max=100)
    for _ in range(3):
        with budget.body() as body:
            assert await body.read(request(b"ab", b"c"), 10, 60) == b"abc"
            assert budget.size_bytes == 3
    assert budget.size_bytes == 0


@pytest.mark.parametrize("declared", [None, 11])
async def test_too_large_a_body_is_not_read_to_its_end(declared: int | None) -> None:
    budget = BodyBudget(bytes_max=100)
    with budget.body() as body, pytest.raises(TooLarge):
        await body.read(request(b"x" * 11, b"y" * 1_000, declared=declared), 10, 60)
    assert budget.size_bytes == 0


async def test_all_bodies_together_have_a_limit() -> None:
    budget = BodyBudget(bytes_max=10)
    with budget.body() as one:
        await one.read(request(b"x" * 6), 10, 60)
        with budget.body() as other, pytest.raises(TooBusy):
            await other.read(request(b"x" * 5), 10, 60)
        with budget.body() as other:
            assert await other.read(request(b"x" * 4), 10, 60) == b"xxxx"


async def test_a_body_that_does_not_arrive_in_time_is_given_up() -> None:
    budget = BodyBudget(bytes_max=10)
    left = [{"type": "http.request", "body": b"x", "more_body": True}]

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop()

    slow = Request({"type": "http", "headers": []}, receive)
    with budget.body() as body:
        with pytest.raises(TooSlow) as given_up:
            await body.read(slow, 10, 0.01)
        assert budget.size_bytes == 1
    assert (given_up.value.http_status, given_up.value.code) == (408, "too_slow")
    assert "within 0.01 seconds" in given_up.value.message
    assert budget.size_bytes == 0


SETTINGS = Settings(
    database_url="postgresql://nowhere",
    identity_secret="i" * 32,
    link_secret="l" * 32,
    smtp_mails_in_flight_max=1,
    smtp_domains=("desk.localhost",),
)


class Mail:
    """What aiosmtpd knows of a mail."""

    mail_from = "carla@example.com"
    content = b"From: carla@example.com\r\n\r\nHelp"

    def __init__(self) -> None:
        self.rcpt_tos = ["support@desk.localhost"]


class Desk:
    """Takes mails as it is told to."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = [*troubles]
        self.taken: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, _raw: bytes, _envelope: Envelope) -> UUID:
        await self.gate.wait()
        if self.troubles:
            raise self.troubles.pop(0)
        self.taken.append("take")
        return uuid4()

    async def rescue(self, _raw: bytes, _envelope: Envelope) -> UUID:
        if self.troubles:
            raise self.troubles.pop(0)
        self.taken.append("rescue")
        return uuid4()

    def handler(self) -> Handler:
        return Handler(self.take, self.rescue, SETTINGS)


async def answer(handler: Handler) -> str:
    session = SimpleNamespace(peer=("127.0.0.1", 40_000), host_name="mail.example.com")
    return await handler.handle_DATA(None, session, Mail())


async def test_taken_mail_is_answered_250() -> None:
    desk = Desk()
    assert (await answer(desk.handler())).startswith("250 2.0.0 Taken as ")


@pytest.mark.parametrize(
    "outage",
    [ConnectionRefusedError(), TimeoutError(), asyncpg.TooManyConnectionsError("full")],
)
async def test_without_database_or_disk_the_sender_comes_back(outage: Exception) -> None:
    desk = Desk(outage)
    assert await answer(desk.handler()) == TRY_AGAIN
    assert desk.taken == []


async def test_a_mistake_of_ours_puts_the_mail_into_quarantine() -> None:
    for mistake in (NotFound(what="ticket"), KeyError("x"), asyncpg.DataError("bad")):
        desk = Desk(mistake)
        assert (await answer(desk.handler())).startswith("250")
        assert desk.taken == ["rescue"]


async def test_what_cannot_even_be_quarantined_comes_back() -> None:
    desk = Desk(KeyError("x"), KeyError("y"))
    assert await answer(desk.handler()) == TRY_AGAIN


async def test_more_mail_than_can_be_taken_comes_back() -> None:
    desk = Desk()
    desk.gate.clear()
    handler = desk.handler()
    first = asyncio.create_task(answer(handler))
    await asyncio.sleep(0)
    assert await answer(handler) == BUSY
    desk.gate.set()
    assert (await first).startswith("250")
    handler.stopping = True
    assert await answer(handler) == BUSY


async def test_mail_for_other_domains_is_not_taken() -> None:
    handler, mail = Desk().handler(), Mail()
    reply: Any = handler.handle_RCPT
    assert (await reply(None, None, mail, "sales@Desk.localhost", [])).startswith("250")
    assert (await reply(None, None, mail, "carla@example.com", [])).startswith("550")
    assert mail.rcpt_tos == ["support@desk.localhost", "sales@Desk.localhost"]
    mail.rcpt_tos *= 60
    assert (await reply(None, None, mail, "sales@desk.localhost", [])).startswith("452")


@asynccontextmanager
async def served(handler: Handler, **changes: Any) -> AsyncIterator["Dial"]:
    """A server; and what opens a connection to it."""
    loop = asyncio.get_running_loop()
    settings = SETTINGS.model_copy(update=changes)
    options: dict[str, Any] = {"hostname": "desk.localhost", "loop": loop}
    server = await loop.create_server(lambda: Server(handler, settings, **options), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    writers = []

    async def dial() -> Connection:
        reader, writer = await asyncio.open_connection(host, port)
        writers.append(writer)
        return reader, writer

    try:
        yield dial
    finally:
        for writer in writers:
            writer.close()
        server.close()
    await eventually(lambda: is_nothing_left(handler))


async def is_nothing_left(handler: Handler) -> bool:
    return (handler.connections, handler.size_bytes, len(handler.peers)) == (0, 0, 0)


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Connection]]


async def say(connection: Connection, *lines: bytes) -> bytes:
    """The answer to the last of the lines."""
    reader, writer = connection
    answer = b""
    for line in lines:
        writer.write(line + b"\r\n")
        answer = await reader.readline()
    return answer


async def begin_mail(connection: Connection) -> bytes:
    """The answer to DATA."""
    await connection[0].readline()
    sender, recipient = b"MAIL FROM:<carla@example.com>", b"RCPT TO:<support@desk.localhost>"
    return await say(connection, b"HELO example.com", sender, recipient, b"DATA")


@pytest.mark.parametrize("limit", ["smtp_connections_max", "smtp_connections_per_peer_max"])
async def test_one_connection_too_many_is_told_to_come_back(limit: str) -> None:
    async with served(Desk().handler(), **{limit: 1}) as dial:
        first = await dial()
        assert (await first[0].readline()).startswith(b"220")
        second, _ = await dial()
        assert (await second.readline()).startswith(b"421")
        assert await second.read() == b""
        assert (await say(first, b"QUIT")).startswith(b"221")
        assert await first[0].read() == b""
        third = await dial()
        assert (await third[0].readline()).startswith(b"220")


async def test_a_connection_does_not_last_for_ever() -> None:
    async with served(Desk().handler(), smtp_connection_seconds_max=0.05) as dial:
        reader, _ = await dial()
        assert (await reader.readline()).startswith(b"220")
        assert (await reader.readline()).startswith(b"421 4.4.2")
        assert await reader.read() == b""


async def test_when_not_even_the_log_can_be_written_the_sender_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("services.intake.smtp.log", SimpleNamespace(warning=full, error=full))
    async with served(Desk(TimeoutError()).handler()) as dial:
        connection = await dial()
        assert (await begin_mail(connection)).startswith(b"354")
        assert (await say(connection, b"Subject: Help\r\n\r\nHelp\r\n.")).startswith(b"452")


async def test_while_too_much_is_being_read_senders_come_back() -> None:
    handler = Desk().handler()
    async with served(handler, smtp_bytes_in_flight_max=1_000) as dial:
        first, second, third = [await dial() for _ in range(3)]
        for connection in (first, second):
            assert (await begin_mail(connection)).startswith(b"354")
        first[1].write(b"x" * 600)
        second[1].write(b"y" * 400)

        async def is_full() -> bool:
            return handler.size_bytes == 1_000

        await eventually(is_full)
        assert (await begin_mail(third)).startswith(b"452")
        assert (await say(second, b"y")).startswith(b"421 4.3.1")
        assert await second[0].read() == b""
        assert (await say(first, b"\r\n.")).startswith(b"250")
        assert (await say(third, b"DATA")).startswith(b"354")
        assert (await say(third, b"Help\r\n.")).startswith(b"250")


async def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    async with served(Desk().handler(), smtp_size_bytes_max=1_000) as dial:
        connection = await dial()
        assert (await begin_mail(connection)).startswith(b"354")
        assert (await say(connection, b"x" * 2_000)).startswith(b"552")
        assert await connection[0].read() == b""


async def test_encryption_that_fails_gives_the_connection_back() -> None:
    handler, context = Desk().handler(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    options: dict[str, Any] = {"hostname": "desk.localhost", "loop": loop, "tls_context": context}
    server = await loop.create_server(lambda: Server(handler, SETTINGS, **options), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.readline()
    assert (await say((reader, writer), b"HELO example.com", b"STARTTLS")).startswith(b"220")
    assert handler.connections == 1
    writer.write(b"this is no handshake\r\n")
    await eventually(lambda: is_nothing_left(handler))
    writer.close()
    server.close()


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_peer_is_an_address_or_what_one_host_has_of_them(address: str, peer: str) -> None:
    assert peer_of((address, 25)) == peer
