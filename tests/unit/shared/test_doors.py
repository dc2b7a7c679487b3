"""Doors: their requests pass the application by, and are answered as it would answer."""

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.doors import Entrance
from shared.errors import NotFound
from shared.watched import route_of
from shared.web import install_errors

passed: list[str] = []


def _around(door: ASGIApp) -> ASGIApp:
    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await door(scope, receive, send)
        passed.append(route_of(scope))

    return noting


async def _handler(request: Request) -> Response:
    match await request.body():
        case b"missing":
            raise NotFound(what="it")
        case b"bug":
            raise RuntimeError
        case body:
            return Response(body + str(request.app.title).encode())


@pytest.fixture
def client() -> AsyncClient:
    passed.clear()
    app = FastAPI(title="!")
    install_errors(app)
    app.get("/things")(lambda: "all things")
    entrance = Entrance(app, {("POST", "/things"): _handler}, _around)
    return AsyncClient(transport=ASGITransport(app=entrance), base_url="http://test")


async def test_a_door_answers_its_method_and_path_within_what_is_around(
    client: AsyncClient,
) -> None:
    answer = await client.post("/things", content=b"hello")
    assert (answer.text, passed) == ("hello!", ["/things"])


async def test_the_application_answers_everything_else(client: AsyncClient) -> None:
    assert (await client.get("/things")).json() == "all things"
    missing = await client.post("/things/", content=b"", follow_redirects=False)
    assert missing.status_code in (307, 404, 405)
    assert passed == []


async def test_what_a_door_raises_is_answered_as_everywhere(client: AsyncClient) -> None:
    missing = await client.post("/things", content=b"missing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    bug = await client.post("/things", content=b"bug")
    assert (bug.status_code, bug.json()["code"]) == (500, "internal_error")
