"""What passes is answered as what passes: come back, and nothing is anybody's fault."""

import asyncio
import errno

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from shared.leaving import Leaving
from shared.outages import OUTAGES, disk_is_full
from shared.web import install_errors


async def answer_to(error: Exception) -> httpx.Response:
    app = FastAPI()
    install_errors(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        return await client.get("/")


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.CrashShutdownError("another process crashed"),
        asyncpg.PostgresIOError("could not read block 7"),
        asyncpg.LockNotAvailableError("lock timeout"),
        asyncpg.IdleInTransactionSessionTimeoutError("idle"),
        asyncpg.InternalServerError("could not attach to shared memory"),
        ConnectionResetError(),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
async def test_an_outage_is_503_and_says_when_to_come_back(error: Exception) -> None:
    answer = await answer_to(error)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "unavailable"


@pytest.mark.parametrize(
    "error", [asyncpg.DiskFullError("could not extend file"), OSError(errno.ENOSPC, "full")]
)
async def test_a_full_disk_is_507_and_says_so(error: Exception) -> None:
    assert disk_is_full(error)
    answer = await answer_to(error)
    assert answer.status_code == 507
    assert answer.headers["content-type"] == "application/problem+json"
    assert "disk is full" in answer.json()["detail"]


@pytest.mark.parametrize(
    "error",
    [asyncpg.UndefinedTableError("typo"), asyncpg.DataError("x"), asyncpg.InternalServerError("x")],
)
def test_what_is_ours_to_mend_parks_a_ticket_and_is_not_tried_for_ever(error: Exception) -> None:
    assert not isinstance(error, OUTAGES)


async def test_a_request_that_a_stop_cuts_short_is_told_to_come_back() -> None:
    async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    task = asyncio.create_task(_run(Leaving(never), receive, send))
    await asyncio.sleep(0)
    task.cancel()
    await task
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"2") in sent[0]["headers"]


async def _run(app: Leaving, receive: Receive, send: Send) -> None:
    await app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)


async def test_a_bug_is_no_outage() -> None:
    assert (await answer_to(KeyError("status"))).status_code == 500
