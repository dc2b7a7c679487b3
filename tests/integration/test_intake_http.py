"""Intake on the real parts: HTTP in, events in the log, read models out."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.local import process
from services.intake.app import SERVICE
from services.intake.settings import Settings
from shared.clock import utc_now
from shared.events import Event, encode
from shared.events.assignment import Role
from shared.events.intake import TicketCategorised, TicketOpened
from shared.events.relations import TicketsRelated
from shared.events.resolution import TicketArchived
from shared.identity import HEADER, Identity, sign
from shared.ids import person_id, uuid7
from shared.links import read_link
from shared.log import Batch, NewEvent
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDENTITY_SECRET = "identity" * 4
LINK_SECRET = "link" * 8

TOPICS: list[dict[str, Any]] = [
    {
        "topic_id": "outage",
        "name": "Business critical outage",
        "type": "technical",
        "team_id": "platform",
        "team_name": "Platform",
        "skills": ["network"],
        "tier": 3,
        "impact": "high",
        "urgency": "high",
        "plan_id": "emergency",
    },
    {
        "topic_id": "billing",
        "name": "Billing",
        "type": "billing",
        "team_id": "billing",
        "team_name": "Billing",
        "entitled_plans": ["premium"],
        "fields": [{"name": "invoice", "label": "Invoice number", "required": True}],
        "mailbox": "billing",
    },
    {
        "topic_id": "general",
        "name": "General",
        "type": "general",
        "team_id": "support",
        "team_name": "Support",
    },
]


def submission(**changes: Any) -> dict[str, Any]:
    return {
        "topic": "outage",
        "requester": {"name": "Carla Meyer", "email": "carla@example.com"},
        "subject": "Shop is down",
        "description": "Nobody can order anything since nine o'clock.",
    } | changes


@dataclass
class Live:
    running: Running
    client: httpx.AsyncClient

    def identity(
        self, actor: str, role: Role | None = None, issuer: str = "gateway"
    ) -> dict[str, str]:
        who = Identity(actor, issuer, "Somebody", role)
        return {HEADER: sign(IDENTITY_SECRET, who, "intake", utc_now())}

    @property
    def agent(self) -> dict[str, str]:
        return self.identity("agent:anna", Role.AGENT)

    @property
    def manager(self) -> dict[str, str]:
        return self.identity("agent:maria", Role.MANAGER)

    @property
    def admin(self) -> dict[str, str]:
        return self.identity("cli:desk", Role.ADMIN, "cli")

    def customer(self, email: str = "carla@example.com") -> dict[str, str]:
        return self.identity(f"customer:{person_id(email)}", None, "portal")

    async def open(self, headers: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post(
            "/v1/tickets", json=submission(**changes), headers=headers or {}
        )
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def types(self, ticket_id: str) -> list[str]:
        """What was said about it, but for relations, which come when other tickets do."""
        past = await self.running.runtime.log.read(UUID(ticket_id))
        types = [recorded.type for recorded in past.events]
        return [each for each in types if each != "TicketsRelated"]

    async def row(self, table: str, ticket_id: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            row = await self.running.runtime.pool.fetchrow(
                f"select * from {table} where subject = $1", UUID(ticket_id)
            )
            return dict(row) if row else None

        found = await eventually(look)
        assert found is not None
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(
    servers: TestServers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Live]:
    """One intake for all tests of this module: each has people of its own."""
    database = await servers.database("intake")
    topics = await servers.topics()
    settings = Settings(
        database_url=database.url,
        port=process.free_port(),
        smtp_port=process.free_port(),
        kafka_bootstrap_servers=topics.bootstrap,
        topic_prefix=topics.prefix,
        identity_secret=IDENTITY_SECRET,
        link_secret=LINK_SECRET,
        data_dir=tmp_path_factory.mktemp("data"),
        topics_fresh_seconds=0.0,
    )
    async with (
        running(SERVICE, settings) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=20) as client,
    ):
        made = Live(service, client)

        async def ready() -> bool:
            try:
                return (await client.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready)
        applied = await client.put(
            "/v1/desk", json={"revision": 1, "topics": TOPICS}, headers=made.admin
        )
        assert applied.status_code == 200, applied.text
        yield made
    await servers.drop(database)


async def test_a_critical_outage_is_open_verified_and_emergency_at_once(live: Live) -> None:
    content = base64.b64encode(b"screen").decode()
    files = [{"name": "shot.png", "content_type": "image/png", "content_base64": content}]
    body = await live.open(
        topic="Business critical outage", attachments=files, subject="Shop is down 🔥"
    )
    ticket = body["ticket_id"]
    assert body["status"] == "New"
    assert body["summary"]["priority"] == "Emergency"
    assert body["number"].startswith("LD-")
    link = read_link(LINK_SECRET, body["status_url"].rpartition("/")[2])
    assert link.opened
    assert str(link.ticket_id) == ticket

    assert await live.types(ticket) == [
        "TicketOpened",
        "TicketVerified",
        "TicketCategorised",
        "TicketPrioritised",
    ]
    registered = await live.row("register.tickets", ticket)
    assert registered["number"] == body["number"]
    assert registered["title"] == "Shop is down 🔥"
    triaged = await live.row("triage.tickets", ticket)
    assert (triaged["priority"], triaged["tier"], triaged["team_id"]) == ("critical", 3, "platform")
    stored = await live.row("submissions.files", ticket)
    file = await live.client.get(f"/v1/files/{stored['file_id']}", headers=live.agent)
    assert file.content == b"screen"
    assert file.headers["content-disposition"].endswith("shot.png")
    assert (await live.client.get(f"/v1/files/{stored['file_id']}")).status_code == 401


async def test_every_wrong_field_is_named_at_once(live: Live) -> None:
    wrong = {
        "topic": "billling",
        "requester": {"email": "carla(at)example.com", "nmae": "Carla"},
        "subject": {"text": "an object"},
        "description": "a\u0007b",
        "urgency": "very",
        "attachments": [{"name": "x", "content_base64": "%%%"}],
        "priority": "critical",
    }
    answer = await live.client.post("/v1/tickets", json=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert set(told) == {
        "topic",
        "requester.name",
        "requester.email",
        "requester.nmae",
        "subject",
        "description",
        "urgency",
        "attachments.0.content_base64",
        "priority",
    }
    assert told["subject"] == "must be text, not an object"
    assert told["requester.name"] == "is required"


async def test_required_fields_of_the_topic_are_named_with_the_rest(live: Live) -> None:
    answer = await live.client.post(
        "/v1/tickets",
        json={"topic": "billing", "custom_fields": {"invoce": "1"}, "plan": "emergency"},
    )
    told = {error["field"] for error in answer.json()["errors"]}
    assert told == {
        "requester.name",
        "requester.email",
        "subject",
        "description",
        "plan",
        "custom_fields.invoce",
        "custom_fields.invoice",
    }


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"subject": "\\ud800"}', "application/json", 422),
        (b"topic=general", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_what_is_no_json_object_is_told_so(
    live: Live, body: bytes, content_type: str, status: int
) -> None:
    answer = await live.client.post(
        "/v1/tickets", content=body, headers={"Content-Type": content_type}
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_same_idempotency_key_is_the_same_ticket_even_at_once(live: Live) -> None:
    key = {"Idempotency-Key": "retry-1"}
    opened = await asyncio.gather(*(live.open(key) for _ in range(8)))
    assert len({body["ticket_id"] for body in opened}) == 1
    assert len({body["number"] for body in opened}) == 1
    assert (await live.types(opened[0]["ticket_id"])).count("TicketOpened") == 1

    other = await live.client.post(
        "/v1/tickets", json=submission(subject="Something else"), headers=key
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    somebody_else = await live.open(key, requester={"name": "Dora", "email": "dora@example.com"})
    assert somebody_else["ticket_id"] != opened[0]["ticket_id"]


async def test_a_hundred_tickets_at_once_are_a_hundred_tickets(live: Live) -> None:
    async def one(number: int) -> int:
        answer = await live.client.post("/v1/tickets", json=submission(subject=f"No. {number}"))
        return answer.status_code

    pool = live.running.runtime.pool
    said = "select count(*) from ledger.log where type = 'TicketOpened'"
    before = await pool.fetchval(said)
    statuses = await asyncio.gather(*(one(number) for number in range(100)))
    taken = statuses.count(201)
    assert taken + statuses.count(429) == 100
    assert await pool.fetchval(said) - before == taken

    async def registered() -> bool:
        shown = "select count(*) from register.tickets where title like 'No%'"
        return bool(await pool.fetchval(shown) == taken)

    await eventually(registered)


async def test_without_the_database_nothing_is_accepted(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise asyncpg.AdminShutdownError("terminating connection")

    key = {"Idempotency-Key": "outage"}
    with monkeypatch.context() as patched:
        patched.setattr(live.running.runtime.log, "append", away)
        refused = await live.client.post("/v1/tickets", json=submission(), headers=key)
    assert (refused.status_code, refused.json()["code"]) == (503, "not_stored")
    assert refused.headers["retry-after"] == "2"
    assert (await live.open(key))["status"] == "New"


async def test_slow_senders_keep_nobody_out(live: Live) -> None:
    port = live.client.base_url.port
    head = (
        b"POST /v1/tickets HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n{"
    )
    settings = live.running.runtime.settings
    assert isinstance(settings, Settings)
    slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(70)]
    for _, writer in slow:
        writer.write(head)
    assert len(slow) > settings.requests_in_flight_max
    assert (await live.open())["status"] == "New"
    for _, writer in slow:
        writer.close()


async def test_only_the_portal_may_say_that_it_was_its_form(live: Live) -> None:
    by_form = await live.open(live.customer(), channel="web")
    by_api = await live.open(channel="web")
    assert (await live.row("register.tickets", by_form["ticket_id"]))["channel"] == "web"
    assert (await live.row("register.tickets", by_api["ticket_id"]))["channel"] == "api"


async def test_a_customer_writes_and_a_stranger_may_not(live: Live) -> None:
    ticket = (await live.open())["ticket_id"]
    path = f"/v1/tickets/{ticket}/messages"
    written = await live.client.post(path, json={"text": "Any news?"}, headers=live.customer())
    assert written.status_code == 200, written.text
    assert written.json()["events"] == ["CustomerMessageReceived"]
    # Its fifth event, unless similar tickets were related to it meanwhile.
    assert int(written.headers["etag"].strip('"').removeprefix("intake=")) >= 5
    stranger = live.customer("mallory@example.com")
    refused = await live.client.post(path, json={"text": "Let me in"}, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, "sender_takes_no_part")
    assert (await live.client.post(path, json={"text": "x"})).status_code == 401


async def test_what_is_written_on_an_archived_ticket_opens_one_that_follows_it_once(
    live: Live,
) -> None:
    old = await live.open(requester={"name": "Lena", "email": "lena@example.com"})
    archived = TicketArchived(archived_by="timer", archived_at=utc_now())
    log = live.running.runtime.log
    await log.append(Batch(events=[_heard(UUID(old["ticket_id"]), archived)]))
    path = f"/v1/tickets/{old['ticket_id']}/messages"
    late = live.customer("lena@example.com") | {"Idempotency-Key": "late"}
    body = {"text": "It is down again.", "attachments": [A_FILE]}
    answers = [await live.client.post(path, json=body, headers=late) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201], answers[0].text
    told = answers[0].json()
    assert {each.json()["ticket_id"] for each in answers} == {told["ticket_id"]}
    assert told["follow_up_of"] == old["number"]
    assert told["summary"]["attachments"] == [A_FILE["name"]]
    events = [each.event for each in (await log.read(UUID(told["ticket_id"]))).events]
    [opened] = [each for each in events if isinstance(each, TicketOpened)]
    assert (opened.subject, opened.description) == ("Shop is down", "It is down again.")
    assert (opened.topic_id, opened.requester.name) == ("outage", "Lena")
    related = [one for each in events if isinstance(each, TicketsRelated) for one in each.related]
    assert [one.number for one in related] == [old["number"]]
    other = await live.client.post(path, json={"text": "Something else"}, headers=late)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stranger = live.customer("mallory@example.com")
    refused = await live.client.post(path, json={"text": "Let me in"}, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, "sender_takes_no_part")


A_FILE = {
    "name": "screen.txt",
    "content_type": "text/plain",
    "content_base64": base64.b64encode(b"blank").decode(),
}


def _heard(ticket: UUID, event: Event) -> NewEvent:
    return NewEvent(
        subject=ticket, author=event.author, version=1, id=uuid7(), topic=event.topic,
        type=type(event).__name__, after="", correlation=ticket, actor="test",
        occurred_at=utc_now(), data=encode(event).decode(), said=False,
    )  # fmt: skip


async def test_a_manager_overrides_the_priority_with_a_reason(live: Live) -> None:
    ticket = (await live.open(topic="general"))["ticket_id"]
    path = f"/v1/tickets/{ticket}/priority"
    order = {"priority": "critical", "reason": "The whole shop is closed."}
    assert (await live.client.post(path, json=order, headers=live.agent)).status_code == 403
    done = await live.client.post(path, json=order, headers=live.manager)
    assert done.json()["events"] == ["TicketPrioritised"]
    again = await live.client.post(path, json=order, headers=live.manager)
    assert (again.status_code, again.json()["events"]) == (200, [])
    stale = await live.client.post(
        path,
        json={"impact": "low", "reason": "No."},
        headers=live.manager | {"If-Match": '"intake=4"'},
    )
    assert stale.status_code == 412
    unreasoned = await live.client.post(path, json={"impact": "low"}, headers=live.manager)
    assert unreasoned.json()["errors"] == [{"field": "reason", "message": "is required"}]


async def test_similar_tickets_are_related_and_one_persons_can_be_merged(
    live: Live,
) -> None:
    paula = {"name": "Paula", "email": "paula@example.com"}
    text = {"topic": "general", "requester": paula}
    first = await live.open(subject="Kettle whistles at midnight", **text)
    second = await live.open(subject="Kettle whistles at midnight again", **text)
    other = await live.open(
        subject="Kettle whistles at midnight",
        requester={"name": "Dora", "email": "dora@example.com"},
    )

    async def related() -> bool:
        row = await live.row("triage.tickets", first["ticket_id"])
        hers = {one["ticket_id"]: one["same_requester"] for one in row["related"]}
        return hers.get(second["ticket_id"]) is True and hers.get(other["ticket_id"]) is False

    await eventually(related)
    path = f"/v1/tickets/{second['ticket_id']}/merge"
    foreign = {"into_ticket_id": other["number"], "reason": "Same printer"}
    refused = await live.client.post(path, json=foreign, headers=live.agent)
    assert refused.json()["code"] == "different_requesters"
    order = {"into_ticket_id": first["number"].lower(), "reason": "Same printer"}
    unsure = await live.client.post(path, json=order, headers=live.agent)
    assert unsure.json()["code"] == "address_not_confirmed"
    address = f"/v1/tickets/{first['ticket_id']}/address"
    assert (await live.client.post(address, headers=live.agent)).status_code == 403
    hers = live.customer("paula@example.com")
    assert (await live.client.post(address, headers=hers)).json()["events"] == ["AddressConfirmed"]
    merged = await live.client.post(path, json=order, headers=live.agent)
    assert merged.json()["events"] == ["TicketMerged"], merged.text
    assert (await live.types(first["ticket_id"]))[-1] == "TicketAbsorbed"
    assert (await live.client.post(path, json=order, headers=live.agent)).json()["events"] == []
    late = await live.client.post(
        f"/v1/tickets/{second['ticket_id']}/messages",
        json={"text": "Hello?"},
        headers=live.customer("paula@example.com"),
    )
    assert (late.status_code, late.json()["code"]) == (409, "ticket_is_merged")
    assert first["number"] in late.json()["detail"]


async def test_the_desk_says_only_what_differs(live: Live) -> None:
    async def put(revision: int, topics: list[dict[str, Any]]) -> list[str]:
        body = {"revision": revision, "topics": topics}
        answer = await live.client.put("/v1/desk", json=body, headers=live.admin)
        assert answer.status_code == 200, answer.text
        changed: list[str] = answer.json()["changed"]
        return changed

    assert await put(2, TOPICS) == []
    assert await put(3, [TOPICS[0] | {"tier": 2}, TOPICS[1]]) == [
        "topic outage",
        "topic general is no longer offered",
    ]
    listed = (await live.client.get("/v1/topics")).json()
    assert [topic["topic_id"] for topic in listed] == ["billing", "outage"]
    assert listed[0]["fields"][0]["label"] == "Invoice number"

    assert await put(4, TOPICS) == ["topic outage", "topic general"]
    whole = {
        "name": "Hafenlicht",
        "topics": TOPICS,
        "entitlements": [{"plan_id": "premium", "customers": ["rosa@x.example", "big.example"]}],
    }
    for changed in (
        ["the desk is called Hafenlicht", "plan premium is for 2 customers or domains"],
        [],
    ):
        body = {"revision": 5, **whole}
        answer = await live.client.put("/v1/desk", json=body, headers=live.admin)
        assert answer.json()["changed"] == changed
    wanted = submission(topic="billing", plan="premium", custom_fields={"invoice": "1"})
    refused = await live.client.post("/v1/tickets", json=wanted)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "plan")
    rosa = {"name": "Rosa", "email": "Rosa@x.example"}
    assert (await live.open(**wanted | {"requester": rosa}))["number"]
    assert await put(6, TOPICS) == ["plan premium is open to everybody"]
    assert (await live.open(**wanted))["number"]
    digest = {"digest": "a" * 64}
    for new in (True, False):
        revised = await live.client.post("/v1/desk/revisions", json=digest, headers=live.admin)
        assert revised.json() == {"revision": 1, "new": new}
    assert (await live.client.put("/v1/desk", json={}, headers=live.manager)).status_code in (
        403,
        422,
    )


def an_item(name: str, **changes: Any) -> dict[str, Any]:
    requester = {"name": name, "email": f"{name}@batches.example"}
    return submission(**{"requester": requester, "topic": "general", **changes})


async def test_each_ticket_of_a_batch_is_answered_by_itself(live: Live) -> None:
    items: list[Any] = [
        an_item("ada", idempotency_key="one"),
        an_item("ben", topic="nonsense", subjcet="x"),
        "not even an object",
        an_item("cleo", idempotency_key=["no", "key"]),
        an_item("dora"),
    ]
    first = await live.client.post("/v1/tickets/batch", json={"tickets": items}, headers=live.agent)
    assert first.status_code == 200, first.text
    told = first.json()
    results = told["results"]
    assert [each["index"] for each in results] == [0, 1, 2, 3, 4]
    assert [each["status"] for each in results] == [201, 422, 422, 422, 201]
    assert (told["opened"], told["failed"]) == (2, 3)
    assert {each["field"] for each in results[1]["problem"]["errors"]} == {"topic", "subjcet"}
    assert results[3]["problem"]["errors"][0]["field"] == "idempotency_key"
    assert await live.types(results[4]["ticket"]["ticket_id"])

    again = await live.client.post(
        "/v1/tickets/batch", json={"tickets": items[:1]}, headers=live.agent
    )
    [repeated] = again.json()["results"]
    assert repeated["replayed"]
    assert repeated["ticket"]["number"] == results[0]["ticket"]["number"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "tickets"),
        ({"tickets": "all"}, "tickets"),
        ({"tickets": [{}], "tikcets": []}, "tikcets"),
    ],
)
async def test_a_malformed_batch_is_refused_by_the_name_of_what_is_wrong(
    live: Live, body: dict[str, Any], field: str
) -> None:
    answer = await live.client.post("/v1/tickets/batch", json=body, headers=live.agent)
    assert answer.status_code == 422
    assert field in {each["field"] for each in answer.json()["errors"]}


async def test_a_batch_is_for_the_desk_and_bounded(live: Live) -> None:
    path, one = "/v1/tickets/batch", {"tickets": [an_item("eve")]}
    many = {"tickets": [{}] * 1_001}
    assert (await live.client.post(path, json=one)).status_code == 401
    assert (await live.client.post(path, json=one, headers=live.customer())).status_code == 403
    refused = await live.client.post(path, json=many, headers=live.agent)
    assert (refused.status_code, refused.json()["code"]) == (422, "batch_refused")


async def test_a_key_is_shown_once_and_kept_as_its_hash_alone(live: Live) -> None:
    wanted = {"name": "Import", "scopes": ["tickets:open"]}
    assert (
        await live.client.post("/v1/api-keys", json=wanted, headers=live.agent)
    ).status_code == 403
    made = await live.client.post("/v1/api-keys", json=wanted, headers=live.admin)
    assert made.status_code == 201, made.text
    told = made.json()
    past = await live.running.runtime.log.read(UUID(told["id"]))
    [created] = past.events
    assert told["key"] not in created.text
    assert hashlib.sha256(told["key"].encode()).hexdigest() in created.text
    path = f"/v1/api-keys/{told['id']}"
    assert (await live.client.delete(path, headers=live.agent)).status_code == 403
    assert (await live.client.delete(path, headers=live.admin)).status_code == 200
    assert await live.types(told["id"]) == ["ApiKeyCreated", "ApiKeyRevoked"]


async def test_tickets_are_merged_unmerged_linked_and_split_in_pairs(live: Live) -> None:
    who = {"name": "Paula", "email": "paula@pairs.example"}
    first, second = [
        (await live.open(topic="general", requester=who, subject=f"Fault {n}"))["ticket_id"]
        for n in (1, 2)
    ]

    async def do(path: str, method: str = "POST", **body: Any) -> httpx.Response:
        return await live.client.request(
            method, f"/v1/tickets/{path}", json=body or None, headers=live.agent
        )

    confirmed = f"/v1/tickets/{second}/address"
    hers = live.customer(who["email"])
    assert (await live.client.post(confirmed, headers=hers)).status_code == 200
    reason = {"reason": "The same fault"}
    assert (await do(f"{first}/unmerge", **reason)).json()["code"] == "not_merged"
    assert (await do(f"{first}/merge", into_ticket_id=second, **reason)).status_code == 200
    assert (await do(f"{first}/unmerge", **reason)).status_code == 200
    linked = await do(f"{first}/links", other_ticket_id=second, kind="blocks")
    assert linked.json()["events"] == ["TicketsLinked"]
    assert (await do(f"{first}/links/{second}", "DELETE")).json()["events"] == ["TicketsUnlinked"]
    own = ["TicketMerged", "TicketUnmerged", "TicketsLinked", "TicketsUnlinked"]
    others = ["TicketAbsorbed", "TicketReleased", "TicketsLinked", "TicketsUnlinked"]
    assert [each for each in await live.types(first) if each in own] == own
    assert [each for each in await live.types(second) if each in others] == others

    past = await live.running.runtime.log.read(UUID(second))
    order = {"subject": "By itself", "message_id": str(past.events[0].id), **reason}
    split = (await do(f"{second}/split", **order)).json()
    assert split["events"] == ["TicketSplit"]
    new = await live.types(split["new_ticket_id"])
    assert (new[0], new[-1]) == ("TicketOpened", "TicketSplitOff")
    assert (await do(f"{second}/split", **order | {"message_id": first})).status_code == 404


async def test_a_merger_asked_for_again_under_its_key_is_answered_as_carried_out(
    live: Live,
) -> None:
    who = {"name": "Rita", "email": "rita@pairs.example"}
    opened = [
        await live.open(topic="general", requester=who, subject=f"Fault {n}") for n in (1, 2, 3)
    ]
    first, second, third = [each["ticket_id"] for each in opened]
    hers = live.customer(who["email"])
    for target in (second, third):
        path = f"/v1/tickets/{target}/address"
        assert (await live.client.post(path, headers=hers)).status_code == 200

    async def ask(what: str, key: str, seen: str, **body: Any) -> httpx.Response:
        headers = live.agent | {"Idempotency-Key": key, "If-Match": seen}
        path = f"/v1/tickets/{first}/{what}"
        return await live.client.post(path, json={"reason": "Alike", **body}, headers=headers)

    async def twice(what: str, key: str, **body: Any) -> None:
        seen = str(await live.running.runtime.log.vector(UUID(first)))
        done = await ask(what, key, f'"{seen}"', **body)
        again = await ask(what, key, f'"{seen}"', **body)
        assert [(each.status_code, each.headers["ETag"]) for each in (done, again)] == [
            (200, done.headers["ETag"])
        ] * 2, again.text
        assert done.json()["events"]
        assert not again.json()["events"]
        late = await ask(what, "another key", f'"{seen}"', **body)
        assert late.status_code == 412, late.text

    await twice("merge", "m", into_ticket_id=second)
    now = str(await live.running.runtime.log.vector(UUID(first)))
    elsewhere = await ask("merge", "m", f'"{now}"', into_ticket_id=third)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency_key_reused")
    await twice("unmerge", "u")
    own = [each for each in await live.types(first) if "erged" in each]
    assert own == ["TicketMerged", "TicketUnmerged"]


async def test_a_held_ticket_goes_on_once_its_requester_has_shown_the_address(live: Live) -> None:
    guarded = TOPICS[2] | {"topic_id": "guarded", "name": "Guarded", "prove_address": True}
    body = {"revision": 100, "topics": [*TOPICS, guarded]}
    assert (await live.client.put("/v1/desk", json=body, headers=live.admin)).is_success
    email = "frieda@example.com"
    asked = {"topic": "guarded", "requester": {"name": "Frieda", "email": email}}
    first = await live.open(**asked)
    assert await live.types(first["ticket_id"]) == ["TicketOpened", "AddressProofRequested"]
    assert (await live.row("register.tickets", first["ticket_id"]))["status"] == "Needs information"

    path = f"/v1/tickets/{first['ticket_id']}/address"
    await live.client.post(path, headers=live.customer(email))
    assert await live.types(first["ticket_id"]) == [
        "TicketOpened",
        "AddressProofRequested",
        "AddressConfirmed",
        "TicketVerified",
        "TicketCategorised",
        "TicketPrioritised",
    ]
    await live.row("register.proven", first["ticket_id"])
    second = await live.open(**asked, subject="Again")
    assert "TicketVerified" in await live.types(second["ticket_id"])
    told = ("status", "events")
    assert [first[name] for name in told] == [second[name] for name in told]
    assert first["summary"].keys() == second["summary"].keys()
    by_agent = await live.open(
        live.agent, **asked | {"requester": {"name": "F", "email": "f@x.de"}}
    )
    assert "TicketVerified" in await live.types(by_agent["ticket_id"])


async def test_who_shows_no_address_is_reminded_and_the_ticket_lapses(live: Live) -> None:
    guarded = TOPICS[2] | {"topic_id": "guarded", "name": "Guarded", "prove_address": True}
    guarded |= {"remind_after_minutes": [0.001, 0.002], "lapses_after_minutes": 0.005}
    body = {"revision": 101, "topics": [*TOPICS, guarded]}
    assert (await live.client.put("/v1/desk", json=body, headers=live.admin)).is_success
    requester = {"name": "Grete", "email": "grete@example.com"}
    ticket = (await live.open(topic="guarded", requester=requester))["ticket_id"]
    waited = ["AddressProofReminded", "AddressProofReminded", "AddressProofLapsed"]

    async def has_lapsed() -> bool:
        return (await live.types(ticket))[2:] == waited

    await eventually(has_lapsed)
    taken = {"topic_id": "guarded", "reason": "I rang her."}
    path = f"/v1/tickets/{ticket}/category"
    assert (await live.client.post(path, json=taken, headers=live.agent)).is_success
    assert "TicketVerified" in await live.types(ticket)


async def test_somebody_in_copy_agrees_before_they_write(live: Live) -> None:
    ticket = (await live.open(topic="general"))["ticket_id"]
    path = f"/v1/tickets/{ticket}/copies"
    emil, dora = live.customer("emil@example.com"), {"name": "Emil", "email": "Emil@example.com"}
    assert (await live.client.post(path, json=dora, headers=emil)).status_code == 403
    wrong = await live.client.post(path, json={"name": "Emil"}, headers=live.customer())
    assert [each["field"] for each in wrong.json()["errors"]] == ["email"]
    assert (await live.client.post(path, json=dora, headers=live.customer())).is_success
    message = {"text": "Same here"}
    messages = f"/v1/tickets/{ticket}/messages"
    assert (await live.client.post(messages, json=message, headers=emil)).status_code == 403
    assert (await live.client.post(f"{path}/confirm", headers=emil)).is_success
    assert (await live.client.post(messages, json=message, headers=emil)).is_success
    assert (await live.types(ticket))[-3:] == [
        "CopyInvited",
        "CopyConfirmed",
        "CustomerMessageReceived",
    ]


async def test_a_customer_who_used_a_mailed_link_has_both_addresses(live: Live) -> None:
    work, home = "rosa@work.example", "rosa@home.example"
    requester = {"name": "Rosa", "email": work}
    ticket = (await live.open(requester=requester, topic="general"))["ticket_id"]
    path = f"/v1/tickets/{ticket}/addresses/own"
    body = {"address": home, "requester": str(person_id(work))}
    for headers, wrong in (
        (live.agent, {}),
        (live.customer(work), {}),
        (live.customer(home), {"requester": str(person_id("eve@x.example"))}),
        (live.customer("eve@x.example"), {}),
    ):
        answer = await live.client.post(path, json=body | wrong, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "address_not_shown")
    for events in (["AddressLinked", "AddressLinked"], []):
        linked = await live.client.post(path, json=body, headers=live.customer(home))
        assert linked.json()["events"] == events, linked.text
    known = await live.client.get(f"/v1/people/{person_id(home)}", headers=live.agent)
    assert [one["address"] for one in known.json()["linked"]] == [work]


async def test_an_agent_links_a_second_address_of_the_requester_and_takes_it_away(
    live: Live,
) -> None:
    nora = {"name": "Nora", "email": "nora@work.example"}
    ticket = (await live.open(requester=nora, topic="general"))["ticket_id"]
    path = f"/v1/tickets/{ticket}/addresses"
    order = {"address": "nora@home.example", "proof": "She answered from both."}
    assert (await live.client.post(path, json=order, headers=live.customer())).status_code == 403
    linked = await live.client.post(path, json=order, headers=live.agent)
    assert linked.json()["events"] == ["AddressLinked", "AddressLinked"], linked.text
    home = person_id("nora@home.example")
    third = {"address": "nora@club.example", "proof": "By phone."}
    linked = await live.client.post(path, json=third, headers=live.agent)
    assert linked.json()["events"] == ["AddressLinked"] * 4, "each of the three with each"
    told = await live.client.post(
        f"/v1/tickets/{ticket}/requester",
        json={"language": "de-at", "timezone": "Europe/Vienna"},
        headers=live.agent,
    )
    assert told.json()["events"] == ["PersonDescribed"], told.text
    later = (await live.open(requester=nora, topic="general", language="fr"))["ticket_id"]
    past = await live.running.runtime.log.read(UUID(later))
    [opened] = [each.event for each in past.events if isinstance(each.event, TicketOpened)]
    assert (opened.language, opened.timezone) == ("de-AT", "Europe/Vienna")
    gone = await live.client.delete(f"{path}/{home}", headers=live.agent)
    assert gone.json()["events"] == ["AddressUnlinked"] * 4, gone.text
    known = await live.client.get(f"/v1/people/{home}", headers=live.agent)
    assert known.json()["linked"] == []
    mine = await live.client.get(f"/v1/people/{person_id(nora['email'])}", headers=live.agent)
    assert [one["address"] for one in mine.json()["linked"]] == ["nora@club.example"]


async def test_a_ticket_names_the_organisation_and_gets_its_plan_and_team(live: Live) -> None:
    linde = {
        "organisation_id": "linde",
        "name": "Linde",
        "domains": ["linde.example"],
        "plan_id": "premium",
        "team_id": "key-accounts",
        "team_name": "Key accounts",
    }
    section = {"revision": 7, "topics": TOPICS, "organisations": [linde]}
    applied = await live.client.put("/v1/desk", json=section, headers=live.admin)
    assert "organisation linde" in applied.json()["changed"], applied.text
    again = await live.client.put("/v1/desk", json=section, headers=live.admin)
    assert again.json()["changed"] == []
    olga = {"name": "Olga", "email": "olga@shop.linde.example"}
    ticket = (
        await live.open({"Accept-Language": "de-AT,en;q=0.5"}, topic="general", requester=olga)
    )["ticket_id"]
    past = await live.running.runtime.log.read(UUID(ticket))
    [made] = [each.event for each in past.events if isinstance(each.event, TicketCategorised)]
    assert (made.organisation, made.language) == ("linde", "de-AT")
    assert (made.plan_id, made.team_id) == ("premium", "key-accounts")
    gone = {"revision": 8, "topics": TOPICS}
    taken = await live.client.put("/v1/desk", json=gone, headers=live.admin)
    assert "organisation linde is no longer there" in taken.json()["changed"]
