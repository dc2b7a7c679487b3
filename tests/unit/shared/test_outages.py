"""What passes is answered as what passes: come back, and nothing is anybody's fault."""

import errno

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.outages import disk_is_full
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


async def test_a_bug_is_no_outage() -> None:
    assert (await answer_to(KeyError("status"))).status_code == 500
