"""A body is bounded before anybody reads it, the more so for a stranger."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

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


async def test_who_proves_who_they_are_may_send_more_and_is_asked_only_then() -> None:
    asked: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse(len(await Request(scope, receive).body()))(scope, receive, send)

    async def known(scope: Scope) -> int:
        token = Request(scope).headers.get("authorization", "")
        asked.append(token)
        if token == "away":
            raise ConnectionRefusedError
        return 200_000 if token == "anna" else 0

    limited = BodyLimit(app, secret=SECRET, audience="gateway", known_bytes_max=known)
    transport = httpx.ASGITransport(limited, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for content, token, status in (
            (CHUNK, "", 200),
            (CHUNK * 10, "", 413),
            (CHUNK * 10, "anna", 200),
            (CHUNK * 30, "anna", 413),
            (CHUNK * 10, "away", 503),
            (endless(), "", 413),
            (endless(), "anna", 413),
        ):
            headers = {"authorization": token} if token else {}
            answer = await client.post("/a", content=content, headers=headers)
            assert answer.status_code == status
    assert asked == ["", "anna", "anna", "away", "", "anna"]


async def test_a_route_that_bounds_itself_is_left_alone(client: httpx.AsyncClient) -> None:
    assert (await client.post("/open", content=endless())).json() == 100 * len(CHUNK)
