"""A body is bounded before anybody reads it, the more so for a stranger."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from shared.body_limit import BodyLimit
from shared.clock import utc_now
from shared.identity import HEADER, Identity, sign

SECRET = "s" * 32
CHUNK = b"x" * 10_000


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.post("/{path:path}")
    async def read(request: Request) -> int:
        return len(await request.body())

    limited = BodyLimit(
        app, secret=SECRET, audience="intake", stranger_bytes_max=50_000, unlimited_paths={"/open"}
    )
    transport = httpx.ASGITransport(limited, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def endless() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield CHUNK


async def test_a_small_body_passes(client: httpx.AsyncClient) -> None:
    assert (await client.post("/a", content=CHUNK)).json() == len(CHUNK)


async def test_a_large_body_is_refused_whether_its_length_is_told_or_not(
    client: httpx.AsyncClient,
) -> None:
    for content in (CHUNK * 10, endless()):
        answer = await client.post("/a", content=content)
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"


async def test_whom_the_gateway_vouches_for_may_send_more(client: httpx.AsyncClient) -> None:
    for audience, status in (("intake", 200), ("resolution", 413)):
        token = sign(SECRET, Identity("agent:anna", "gateway"), audience, utc_now())
        answer = await client.post("/a", content=CHUNK * 10, headers={HEADER: token})
        assert answer.status_code == status


async def test_a_route_that_bounds_itself_is_left_alone(client: httpx.AsyncClient) -> None:
    assert (await client.post("/open", content=endless())).json() == 100 * len(CHUNK)
