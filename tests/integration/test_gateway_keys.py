"""API keys at the gateway: within their scopes, until they are revoked or expire."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from services.gateway.auth import token_hash
from shared.clock import utc_now
from shared.events.access import ApiKeyCreated, ApiKeyRevoked
from shared.events.assignment import Role
from shared.ids import derived_id, desk_id
from tests.integration.gateway_harness import Databases, Desk, gateway_on
from tests.unit.gateway import story


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        yield made


def key_id(name: str) -> UUID:
    return derived_id("test key", name)


async def made(desk: Desk, name: str, *scopes: str, days: float = 1.0) -> httpx.AsyncClient:
    """A client with a key of these scopes."""
    key = f"ldk_{name}"
    now = utc_now()
    created = ApiKeyCreated(
        name=name,
        scopes=scopes,
        key_hash=token_hash(key),
        expires_at=now + timedelta(days=days),
        created_by="petra",
        created_at=now,
    )
    await desk.hear(key_id(name), created)
    client = desk.client()
    client.headers["Authorization"] = f"Bearer {key}"
    return client


async def test_a_key_does_what_its_scopes_name_and_nothing_else(desk: Desk) -> None:
    await desk.hear(story.ticket(1), story.opened(), *story.triaged())
    ticket = f"/api/v1/tickets/{story.NUMBER}"
    async with await made(desk, "reader", "tickets:read") as reader:
        assert (await reader.get(ticket)).status_code == 200
        assert (await reader.get("/api/v1/me")).json()["name"] == "reader"
        refused = await reader.post(f"{ticket}/notes", json={"text": "Hello"})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        assert "tickets:work" in refused.json()["detail"]
        people = await reader.post("/api/v1/people/erasure", json={"email": "c@example.com"})
        assert (people.status_code, people.json()["code"]) == (403, "not_for_programs")
    assert desk.owners.sent == []


async def test_owners_are_told_that_a_program_asks_and_as_what(desk: Desk) -> None:
    await desk.hear(story.ticket(1), story.opened(), *story.triaged())
    ticket = f"/api/v1/tickets/{story.NUMBER}"
    async with await made(desk, "manager", "tickets:manage", "tickets:open") as manager:
        body = {"priority": "high", "reason": "The contract says so."}
        assert (await manager.post(f"{ticket}/priority", json=body)).status_code == 200
        assert (await manager.post(f"{ticket}/notes", json={"text": "x"})).status_code == 200
        assert (await manager.post("/api/v1/tickets/batch", json={})).status_code == 200
        assert desk.owners.patience[-1] == 120.0
    actor = f"key:{key_id('manager')}"
    assert [(sent.identity.actor, sent.identity.role) for sent in desk.owners.sent] == [
        (actor, Role.MANAGER),
        (actor, Role.AGENT),
        (actor, Role.AGENT),
    ]
    assert desk.owners.sent[2].path == "/v1/tickets/batch"


async def test_webhooks_take_an_admin_or_a_key_that_has_their_scope(desk: Desk) -> None:
    async with (
        desk.client("anna") as anna,
        await made(desk, "hooks", "webhooks") as hooks,
        await made(desk, "opener", "tickets:open") as opener,
    ):
        assert (await anna.get("/api/v1/webhooks")).status_code == 403
        assert (await opener.get("/api/v1/webhooks")).status_code == 403
        assert desk.owners.sent == []
        assert (await hooks.get("/api/v1/webhooks")).status_code == 200
    [sent] = desk.owners.sent
    assert (sent.owner, sent.path, sent.identity.role) == ("notify", "/v1/webhooks", Role.ADMIN)


async def test_a_key_that_is_revoked_or_expired_lets_nobody_in(desk: Desk) -> None:
    async with await made(desk, "gone", "tickets:read") as gone:
        assert (await gone.get("/api/v1/queues")).status_code == 200
        revoked = ApiKeyRevoked(revoked_by="petra", revoked_at=utc_now())
        await desk.hear(key_id("gone"), revoked)
        assert (await gone.get("/api/v1/queues")).status_code == 401
    async with await made(desk, "old", "tickets:read", days=-1) as old:
        assert (await old.get("/api/v1/queues")).status_code == 401
    async with await made(desk, "guessed", "tickets:read") as guessed:
        guessed.headers["Authorization"] += "x"
        assert (await guessed.get("/api/v1/queues")).status_code == 401


async def test_only_admins_see_and_make_keys_and_never_the_hash(desk: Desk) -> None:
    await desk.hear(desk_id("agent", "mara"), story.defined("mara", role=Role.ADMIN))
    await (await made(desk, "listed", "tickets:read")).aclose()
    async with desk.client("anna") as anna, desk.client("mara") as admin:
        assert (await anna.get("/api/v1/api-keys")).status_code == 403
        wanted = {"name": "x", "scopes": ["tickets:read"]}
        assert (await anna.post("/api/v1/api-keys", json=wanted)).status_code == 403
        listed = await admin.get("/api/v1/api-keys")
    [key] = listed.json()["api_keys"]
    assert (key["name"], key["scopes"], key["revoked_at"]) == ("listed", ["tickets:read"], None)
    assert token_hash("ldk_listed") not in listed.text
