"""Webhooks on a real database and a real, difficult endpoint."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import FastAPI

from deploy.local.databases import Database
from services.notify.app import SERVICE
from services.notify.settings import Settings
from services.notify.webhooks.api import webhook_routes
from services.notify.webhooks.fan_out import FanOut
from services.notify.webhooks.sender import WebhookSender
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.events.resolution import NoteAdded
from shared.identity import HEADER, Identity, sign
from shared.log import Log
from shared.postgres import open_pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys, new_master_key
from shared.service import Runtime
from shared.testing.eventually import eventually
from shared.web import install_errors
from tests.integration.test_notify_sending import Notify
from tests.unit.notify.examples import message, opened

Databases = Callable[[str], Awaitable[Database]]
SECRET = "a secret of at least thirty-two bytes"


@dataclass
class Endpoint:
    """Takes what is posted, or answers as a test says."""

    answers: list[str] = field(default_factory=list)
    """The next answers, e.g. `503`, `302 http://…`, `hang`; when there are none, 204."""
    always: str = "204"
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                body = await reader.readexactly(int(headers["content-length"]))
                raw = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                self.requests.append(({k.lower(): v for k, v in raw.items()}, body))
                answer = self.answers.pop(0) if self.answers else self.always
                if answer == "hang":
                    return
                status, _, where = answer.partition(" ")
                more = f"Location: {where}\r\n" if where else ""
                text = f"HTTP/1.1 {status} Answer\r\n{more}Content-Length: 0\r\n\r\n"
                writer.write(text.encode())
                await writer.drain()

    @property
    def types(self) -> list[str]:
        return [orjson.loads(body)["type"] for _, body in self.requests]


@dataclass
class Desk:
    """notify's webhooks: the fan-out stepped by hand, the sender running."""

    notify: Notify
    client: httpx.AsyncClient
    endpoint: Endpoint

    async def hook(self, **body: Any) -> dict[str, Any]:
        given = {"url": f"http://127.0.0.1:{self.endpoint.port}/in", **body}
        answer = await self.client.post("/v1/webhooks", json=given)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def states(self, hook: dict[str, Any]) -> list[str]:
        answer = await self.client.get(f"/v1/webhooks/{hook['id']}/deliveries")
        return [each["state"] for each in answer.json()["deliveries"]]

    async def reaches(self, hook: dict[str, Any], *states: str) -> None:
        async def seen() -> None:
            assert await self.states(hook) == list(states)

        await eventually(seen)

    @asynccontextmanager
    async def sending(self, **changes: Any) -> AsyncIterator[None]:
        runtime = self.notify.runtime
        settings = runtime.settings.model_copy(update=changes)
        assert isinstance(settings, Settings)
        task = asyncio.create_task(WebhookSender(runtime, settings).run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    database = await service_database("notify")
    settings = Settings(
        database_url=database.url,
        identity_secret=SECRET,
        link_secret=SECRET,
        poll_interval_seconds=0.02,
        webhook_delays_seconds=(0.01, 0.01),
        webhook_timeout_seconds=2,
        webhook_networks_allowed=("127.0.0.0/8",),
        webhook_plain_http_allowed=True,
        webhook_breaker_seconds=0.2,
    )
    pool = await open_pool(database.url, 8, "test")
    log = Log(pool, "notify", Keyring(pool, "notify", MasterKeys(new_master_key("test"))))
    runtime = Runtime(SERVICE, settings, pool, log)
    fan_out = FanOut(log, "0")
    await fan_out.create(born=0)
    assert await fan_out._lead()
    runtime.followers = [fan_out]
    following = asyncio.create_task(fan_out.run())
    app = FastAPI()
    app.state.identity_secret, app.state.service_name = SECRET, "notify"
    install_errors(app)
    app.include_router(webhook_routes(runtime))
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.handle, "127.0.0.1", 0)
    endpoint.port = server.sockets[0].getsockname()[1]
    who = Identity("agent:petra", "gateway", "Petra", Role.ADMIN)
    headers = {HEADER: sign(SECRET, who, "notify", utc_now())}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://notify", headers=headers
    ) as client:
        yield Desk(Notify(runtime, []), client, endpoint)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    server.close()
    for writer in endpoint.writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    await log.close()
    await pool.close()


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return wanted in headers["webhook-signature"].split(" ")


async def test_public_events_behind_its_making_are_posted_signed_and_nothing_else(
    desk: Desk,
) -> None:
    await desk.notify.hears(opened())
    every = await desk.hook()
    some = await desk.hook(types=["TicketClosed"])
    note = NoteAdded(noted_by="anna", agent_name="Anna", text="She is upset", noted_at=utc_now())
    await desk.notify.hears(message("Any news?"), note)
    async with desk.sending():
        await desk.reaches(every, "delivered")
    assert await desk.states(some) == []
    [(headers, body)] = desk.endpoint.requests
    told = orjson.loads(body)
    assert told["type"] == "CustomerMessageReceived"
    assert told["data"]["event"]["text"] == "Any news?"
    assert told["data"]["ticket_number"] == opened().number
    assert verified(every["secret"], headers, body)
    assert not verified(some["secret"], headers, body)


async def test_it_is_tried_again_until_its_tries_are_used_up_and_then_on_demand(
    desk: Desk,
) -> None:
    hook = await desk.hook()
    desk.endpoint.answers = ["503", "hang", f"302 http://127.0.0.1:{desk.endpoint.port}/other"]
    await desk.notify.hears(opened())
    async with desk.sending():
        await desk.reaches(hook, "failed")
        listed = await desk.client.get(f"/v1/webhooks/{hook['id']}/deliveries?state=failed")
        [failed] = listed.json()["deliveries"]
        path = f"/v1/webhooks/{hook['id']}/deliveries/{failed['id']}"
        log = (await desk.client.get(path)).json()["log"]
        assert [each["status"] for each in log] == [503, None, 302]
        assert "redirect" in log[2]["trouble"]
        assert (await desk.client.post(f"{path}/redeliver")).status_code == 202
        await desk.reaches(hook, "delivered")
    ids = {headers["webhook-id"] for headers, _ in desk.endpoint.requests}
    assert (len(desk.endpoint.requests), len(ids)) == (4, 1)


async def test_a_failing_endpoint_is_left_alone_and_nothing_is_lost(desk: Desk) -> None:
    hook = await desk.hook()
    desk.endpoint.always = "500"
    await desk.notify.hears(*[message(f"Message {n}") for n in range(20)])
    async with desk.sending(webhook_delays_seconds=(0.01,) * 50):

        async def is_open() -> None:
            shown = (await desk.client.get(f"/v1/webhooks/{hook['id']}")).json()
            assert shown["left_alone_until"] is not None

        async def failures() -> int:
            shown = (await desk.client.get(f"/v1/webhooks/{hook['id']}")).json()
            return int(shown["failures_in_a_row"])

        await eventually(is_open)
        before = await failures()

        async def tried_again() -> None:
            assert await failures() > before

        await eventually(tried_again)
        # Not eight at once, as of an endpoint that is well: one to see whether it is again.
        assert await failures() - before <= 3
        seen = len(desk.endpoint.requests)
        assert set(await desk.states(hook)) <= {"waiting", "claimed"}
        desk.endpoint.always = "200"
        await desk.reaches(hook, *["delivered"] * 20)
    assert seen <= 20
    assert len(desk.endpoint.requests) >= 20 + 5
    texts = {orjson.loads(body)["data"]["event"]["text"] for _, body in desk.endpoint.requests}
    assert len(texts) == 20


async def test_a_name_that_leads_home_is_not_called(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    asked: list[str] = []

    async def answer(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(loop, "getaddrinfo", answer)
    hook = await desk.hook(url=f"http://rebound.example.com:{desk.endpoint.port}/")
    await desk.notify.hears(opened())
    async with desk.sending(webhook_networks_allowed=()):
        await desk.reaches(hook, "failed")
    assert asked == ["rebound.example.com"] * 3
    assert desk.endpoint.requests == []


async def test_what_waits_for_a_removed_webhook_is_cancelled(desk: Desk) -> None:
    hook = await desk.hook()
    await desk.notify.hears(opened())
    await desk.reaches(hook, "waiting")
    assert (await desk.client.delete(f"/v1/webhooks/{hook['id']}")).status_code == 200
    assert (await desk.client.get(f"/v1/webhooks/{hook['id']}")).status_code == 404
    pool = desk.notify.runtime.pool
    state = "select state from callouts.deliveries where webhook_id = $1"
    assert await pool.fetchval(state, UUID(hook["id"])) == "cancelled"


async def test_what_happens_while_it_rests_is_posted_afterwards(desk: Desk) -> None:
    hook = await desk.hook()
    path = f"/v1/webhooks/{hook['id']}"
    async with desk.sending():
        assert (await desk.client.patch(path, json={"active": False})).status_code == 200
        await desk.notify.hears(opened(), message())
        await desk.reaches(hook, "waiting", "waiting")
        await desk.client.patch(path, json={"active": True})
        await desk.reaches(hook, "delivered", "delivered")
    assert sorted(desk.endpoint.types) == ["CustomerMessageReceived", "TicketOpened"]


async def test_the_delivery_log_comes_page_by_page(desk: Desk) -> None:
    hook = await desk.hook()
    await desk.notify.hears(opened(), *[message(f"Message {n}") for n in range(4)])
    await desk.reaches(hook, *["waiting"] * 5)
    path, found, cursor = f"/v1/webhooks/{hook['id']}/deliveries?limit=2", [], ""
    while cursor is not None:
        page = (await desk.client.get(f"{path}{cursor and '&cursor=' + cursor}")).json()
        found += [each["type"] for each in page["deliveries"]]
        cursor = page["next"]
    assert found == ["CustomerMessageReceived"] * 4 + ["TicketOpened"]
    wrong = await desk.client.get(f"{path}&cursor=nonsense")
    assert wrong.status_code == 422


async def test_a_webhook_into_a_private_network_is_refused_at_once(desk: Desk) -> None:
    for url in ("https://169.254.169.254/latest", "http://10.0.0.1/", "nonsense"):
        answer = await desk.client.post("/v1/webhooks", json={"url": url})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "url"
    unknown = {"url": "https://hooks.example.com/", "types": ["NoteAdded"]}
    answer = await desk.client.post("/v1/webhooks", json=unknown)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_event_type")
