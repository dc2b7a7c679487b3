import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from starlette.requests import Request

from services.intake.admission import Admission, TooBusy, TooLarge
from services.intake.placing import Envelope
from services.intake.settings import Settings
from services.intake.smtp import BUSY, TRY_AGAIN, Handler, Server
from shared.errors import NotFound


def request(*chunks: bytes, declared: int | None = None) -> Request:
    left = [*chunks]

    async def receive() -> dict[str, Any]:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    headers = [(b"content-length", str(declared).encode())] if declared is not None else []
    return Request({"type": "http", "headers": headers}, receive)


async def test_a_place_is_given_back() -> None:
    admission = Admission(requests_max=1, bytes_max=100)
    for _ in range(3):
        with admission.place() as place:
            assert await place.read(request(b"ab", b"c"), 10) == b"abc"
            assert admission.size_bytes == 3
    assert (admission.requests, admission.size_bytes) == (0, 0)


def test_one_too_many_is_sent_away() -> None:
    admission = Admission(requests_max=1, bytes_max=100)
    with admission.place(), pytest.raises(TooBusy), admission.place():
        raise AssertionError("there was no place")
    with admission.place():
        assert admission.requests == 1


@pytest.mark.parametrize("declared", [None, 11])
async def test_too_large_a_body_is_not_read_to_its_end(declared: int | None) -> None:
    admission = Admission(requests_max=2, bytes_max=100)
    with admission.place() as place, pytest.raises(TooLarge):
        await place.read(request(b"x" * 11, b"y" * 1_000, declared=declared), 10)
    assert admission.size_bytes == 0


async def test_all_bodies_together_have_a_limit() -> None:
    admission = Admission(requests_max=2, bytes_max=10)
    with admission.place() as one:
        await one.read(request(b"x" * 6), 10)
        with admission.place() as other, pytest.raises(TooBusy):
            await other.read(request(b"x" * 5), 10)
        with admission.place() as other:
            assert await other.read(request(b"x" * 4), 10) == b"xxxx"


SETTINGS = Settings(
    database_url="postgresql://nowhere",
    identity_secret="i",
    link_secret="l",
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
    return await handler.handle_DATA(None, None, Mail())  # type: ignore[arg-type]


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


async def test_one_connection_too_many_is_told_to_come_back() -> None:
    handler = Desk().handler()
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {"hostname": "desk.localhost", "loop": loop}
    server = await loop.create_server(lambda: Server(handler, 1, **options), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        first, first_writer = await asyncio.open_connection(host, port)
        assert (await first.readline()).startswith(b"220")
        second, second_writer = await asyncio.open_connection(host, port)
        assert (await second.readline()).startswith(b"421")
        assert await second.read() == b""
        first_writer.write(b"QUIT\r\n")
        assert (await first.readline()).startswith(b"221")
        assert await first.read() == b""
        for writer in (first_writer, second_writer):
            writer.close()
        third, third_writer = await asyncio.open_connection(host, port)
        assert (await third.readline()).startswith(b"220")
        third_writer.write(b"QUIT\r\n")
        await third.read()
        third_writer.close()
    finally:
        server.close()
    assert handler.connections == 0
