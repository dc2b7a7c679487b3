"""Audit on the real parts: everything that is said is kept once, in order, and proven so."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.audit.app import SERVICE
from services.audit.finders import QUERIES
from services.audit.settings import Settings
from shared.events.assignment import AgentWentOnline, Role
from shared.events.gateway import TicketViewed
from shared.events.notify import NotificationKind, NotificationSent
from shared.ids import desk_id, uuid7
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from shared.testing.spec import T0
from tests.integration.played import (
    Caller,
    Others,
    code,
    nobody,
    played,
    settings_for,
    somebody,
)
from tests.unit.sla import story

pytestmark = pytest.mark.asyncio(loop_scope="module")

VIEWED = TicketViewed(viewed_by="anna", viewed_at=T0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: TestServers) -> AsyncIterator[tuple[Running, Others]]:
    """One audit, and the others, for all tests of this module."""
    database, topics = await servers.database("audit"), await servers.topics()
    async with (
        played(topics) as others,
        running(SERVICE, Settings(**settings_for(database, topics))) as live,
    ):
        yield live, others


@pytest.fixture
def live(desk: tuple[Running, Others]) -> Running:
    return desk[0]


@pytest.fixture
def others(desk: tuple[Running, Others]) -> Others:
    return desk[1]


def operator(live: Running) -> Caller:
    return somebody(live, Role.OPERATOR)


def numbered(number: str):  # type: ignore[no-untyped-def]
    return story.opened().model_copy(update={"number": number})


async def events_of(live: Running, ticket: UUID | str, count: int) -> list[dict[str, object]]:
    """A ticket's events, as soon as there are so many."""

    async def look() -> list[dict[str, object]] | None:
        answer = await operator(live).get(f"/tickets/{ticket}/events")
        told = answer.json()["events"] if answer.status_code == 200 else []
        return told if len(told) >= count else None

    found = await eventually(look)
    assert len(found) == count
    return found


async def proof(live: Running, ticket: UUID) -> dict[str, object]:
    answer = await operator(live).get(f"/proof?ticket={ticket}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_tickets_story_is_told_in_order_by_all_who_took_part(
    live: Running, others: Others
) -> None:
    ticket = uuid7()
    said = [
        numbered("LD-AAAAA-BBBBB-C"),
        story.categorised(),
        story.prioritised(),
        VIEWED,
        story.replied(5),
        story.resolved(9),
        NotificationSent(
            notification_id=uuid7(), kind=NotificationKind.REPLY, to_customer=True, attempts=1,
            sent_at=T0,
        ),
    ]  # fmt: skip
    await others.say(ticket, *said)
    told = await events_of(live, ticket, 7)
    by_author = {name: [e["type"] for e in told if e["author"] == name] for name in ("intake",)}
    assert by_author["intake"] == ["TicketOpened", "TicketCategorised", "TicketPrioritised"]
    assert {event["type"] for event in told} == {type(event).__name__ for event in said}
    assert [event["position"] for event in told] == sorted(event["position"] for event in told)
    assert {event["number"] for event in told} == {"LD-AAAAA-BBBBB-C"}
    bodies = {made.id: made.data for made in others.said}
    assert all(event["data"] == bodies[UUID(str(event["id"]))] for event in told)


async def test_a_ticket_is_found_by_its_number(live: Running, others: Others) -> None:
    ticket = uuid7()
    await others.say(ticket, numbered("LD-0123456789-Q"))

    async def found() -> bool:
        answer = await operator(live).get("/tickets/LD-0123456789-Q/events")
        return answer.status_code == 200 and answer.json()["ticket_id"] == str(ticket)

    await eventually(found)
    missing = await operator(live).get("/tickets/LD-99999-99999-9/events")
    assert code(missing) == (404, "not_found")


async def test_types_that_are_not_known_here_are_kept(live: Running, others: Others) -> None:
    ticket = uuid7()
    body = json.dumps({"cups": 3})
    await others.send(others.record(ticket, "CoffeeBrewed", body, "kitchen"))
    (told,) = await events_of(live, ticket, 1)
    assert (told["type"], told["author"], told["data"]) == ("CoffeeBrewed", "kitchen", body)


async def test_what_is_said_of_the_desk_is_kept_too(live: Running, others: Others) -> None:
    agent = desk_id("agent", "anna")
    await others.say(agent, AgentWentOnline(agent_id="anna", at=T0))
    (told,) = await events_of(live, agent, 1)
    assert told["number"] is None


async def test_everything_again_is_kept_once(live: Running, others: Others) -> None:
    ticket = uuid7()
    await others.say(ticket, story.opened(), story.replied(1), story.replied(2))
    before = await events_of(live, ticket, 3)
    await others.say_all_again()
    await others.say(ticket, story.replied(3))
    after = await events_of(live, ticket, 4)
    assert [each["id"] for each in after[:3]] == [each["id"] for each in before]
    answer = await proof(live, ticket)
    assert (answer["ok"], answer["verdict"], answer["events"]) == (True, "OK: no gap", 4)
    assert answer["by_author"] == {"intake": 1, "resolution": 3}


async def test_the_whole_sequence_is_proven(live: Running, others: Others) -> None:
    await others.say(uuid7(), story.opened())

    async def whole() -> bool:
        answer = (await operator(live).get("/proof")).json()
        assert answer["gaps"] == []
        return bool(answer["ok"] and answer["events"] == len(others.said))

    await eventually(whole)


async def test_events_can_be_followed_from_a_position(live: Running, others: Others) -> None:
    ticket = uuid7()
    end = (await operator(live).get("/events?limit=1")).json()["end"]
    nothing = (await operator(live).get(f"/events?after={end}&wait_seconds=0.1")).json()
    assert (nothing["events"], nothing["next"]) == ([], end)
    await others.say(ticket, story.opened(), story.categorised())
    page = (await operator(live).get(f"/events?after={end}&limit=1&wait_seconds=20")).json()
    assert [event["type"] for event in page["events"]] == ["TicketOpened"]
    rest = (await operator(live).get(f"/events?after={page['next']}&wait_seconds=20")).json()
    assert [event["type"] for event in rest["events"]] == ["TicketCategorised"]


async def test_only_operators_may_look(live: Running) -> None:
    for path in ("/events", "/proof", f"/tickets/{uuid7()}/events"):
        assert code(await nobody(live).get(path)) == (401, "not_signed_in")
        assert code(await somebody(live, Role.MANAGER).get(path)) == (403, "not_allowed")


async def test_an_event_waits_for_what_is_missing(live: Running, others: Others) -> None:
    ticket = uuid7()
    first = others.record(ticket, "WorkStarted", "{}", "resolution")
    second = others.record(ticket, "TicketArchived", "{}", "resolution")
    await others.send(second)

    async def waits() -> bool:
        answer = await operator(live).get(f"/proof?ticket={ticket}")
        return bool(answer.json()["waiting"])

    await eventually(waits)
    await others.send(first)
    told = await events_of(live, ticket, 2)
    assert [event["version"] for event in told] == [1, 2]


@pytest_asyncio.fixture(loop_scope="module")
async def tampered(servers: TestServers) -> AsyncIterator[Running]:
    """An audit whose sequence somebody with the owner's rights has cut and bent."""
    database, topics = await servers.database("audit"), await servers.topics()
    async with (
        played(topics) as others,
        running(SERVICE, Settings(**settings_for(database, topics))) as live,
    ):
        for ticket in (CUT, BENT, EARLY, SHORT):
            await others.say(ticket, *(story.replied(n) for n in range(4)))
        for ticket in (CUT, BENT, EARLY, SHORT):
            await events_of(live, ticket, 4)
        owner = await asyncpg.connect(database.owner_url)
        await owner.execute("alter table ledger.log disable trigger user")
        where = "where subject = $1 and version = $2"
        await owner.execute(f"delete from ledger.log {where}", CUT, 2)
        await owner.execute(f"update ledger.log set previous = $3 {where}", BENT, 3, uuid7())
        await owner.execute(f"update ledger.log set after = 'intake=1' {where}", EARLY, 4)
        await owner.execute(f"delete from ledger.log {where}", SHORT, 4)
        await owner.close()
        yield live


CUT, BENT, EARLY, SHORT = uuid7(), uuid7(), uuid7(), uuid7()


async def test_what_was_tampered_with_is_named(tampered: Running) -> None:
    answer = (await operator(tampered).get("/proof")).json()
    assert not answer["ok"]
    told = "\n".join(answer["gaps"])
    assert f"{CUT}/resolution: versions 2 to 2 are missing" in told
    assert f"{BENT}/resolution: version 3 follows" in told
    assert f"{EARLY}/resolution: version 4 stands before intake version 1" in told
    assert f"{SHORT}/resolution: version 4 was heard of, but 3 events are there" in told
    alone = await proof(tampered, SHORT)
    assert alone["gaps"] == [f"{SHORT}/resolution: version 4 was heard of, but 3 events are there"]


async def test_every_query_can_be_prepared(servers: TestServers) -> None:
    connection = await asyncpg.connect((await servers.database("audit")).url)
    try:
        for name in QUERIES.names():
            await connection.prepare(getattr(QUERIES, name))
    finally:
        await connection.close()


async def test_another_event_under_a_known_version_is_told(live: Running, others: Others) -> None:
    """A fork: kept aside by the inbox, and the proof says so."""
    ticket = uuid7()
    await others.say(ticket, story.opened())
    await events_of(live, ticket, 1)
    made = others.said[-1]
    await others.send(replace(made, id=uuid7(), data="{}"))

    async def told() -> bool:
        answer = (await operator(live).get("/proof")).json()
        return not answer["ok"] and "parked in the inbox" in answer["verdict"]

    await eventually(told)
    parked = (await operator(live).get("/parked")).json()
    (row,) = [row for row in parked if row["subject"] == str(ticket)]
    assert row["reason"] == "fork"
    skipped = await operator(live).post(f"/parked/{row['id']}/skip")
    assert skipped.status_code == 200
    assert (await operator(live).get("/proof")).json()["ok"]


async def test_a_ticket_is_found_without_reading_everything(servers: TestServers) -> None:
    connection = await asyncpg.connect((await servers.database("audit")).url)
    try:
        await connection.execute(
            "insert into numbers.tickets select gen_random_uuid(), n::text, now()"
            " from generate_series(1, 100000) as n; analyze numbers.tickets"
        )
        for query in ("ticket_by_number", "numbers"):
            await connection.execute(f"prepare hot as {getattr(QUERIES, query)}")
            given = "'5'" if query == "ticket_by_number" else "array[gen_random_uuid()]"
            rows = await connection.fetch(f"explain execute hot ({given})")
            assert "Seq Scan" not in "\n".join(row[0] for row in rows), query
            await connection.execute("deallocate hot")
    finally:
        await connection.close()
