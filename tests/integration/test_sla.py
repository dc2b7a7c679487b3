"""Sla on the real parts: plans by HTTP, clocks from Kafka, timers in Postgres.

The other services are played by `world.py`, which says everything twice.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from cli.main import main
from services.sla.app import SERVICE
from services.sla.finders import QUERIES, Plans
from services.sla.reactions import KeepClocks
from services.sla.settings import Settings
from shared.clock import utc_now
from shared.events import Event, Priority
from shared.events.assignment import Role
from shared.events.sla import BreachRetracted, ClockStarted, TargetBreached, TargetMet
from shared.ids import uuid7
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.played import (
    SECRET,
    Caller,
    Others,
    code,
    nobody,
    played,
    said,
    settings_for,
    somebody,
)
from tests.unit.sla import story

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALWAYS = {day: [["00:00", "24:00"]] for day in story.WEEK}
SECOND = 1 / 60


def plan(plan_id: str, first: float, last: float, **changes: Any) -> dict[str, Any]:
    """A plan whose targets are `first` and `last` minutes, whatever the priority."""
    targets = [
        {"priority": each.value, "first_response_minutes": first, "resolution_minutes": last}
        for each in Priority
    ]
    return {"plan_id": plan_id, "name": plan_id.capitalize(), "calendar_id": "always",
            "targets": targets, **changes}  # fmt: skip


DESK = {
    "revision": 1,
    "calendars": [{"calendar_id": "always", "timezone": "Europe/Berlin", "hours": ALWAYS}],
    "plans": [
        plan("standard", 60, 240, default_for=["low", "medium", "high"]),
        plan("emergency", 15, 120, default_for=["critical"]),
        plan("blink", 2 * SECOND, 60, escalate_on_breach=True),
    ],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: TestServers) -> AsyncIterator[tuple[Running, Others]]:
    """One sla, and the others, for all tests of this module."""
    database, topics = await servers.database("sla"), await servers.topics()
    async with (
        played(topics) as others,
        running(SERVICE, Settings(**settings_for(database, topics))) as live,
    ):
        assert said(await admin(live).put("/desk", DESK)) == [
            "CalendarDefined", "SlaPlanDefined", "SlaPlanDefined", "SlaPlanDefined",
        ]  # fmt: skip

        async def known() -> bool:
            return len(await Plans(live.runtime.pool).all()) == 3

        await eventually(known)
        yield live, others


@pytest.fixture
def live(desk: tuple[Running, Others]) -> Running:
    return desk[0]


@pytest.fixture
def others(desk: tuple[Running, Others]) -> Others:
    desk[1].said_at = None
    return desk[1]


def agent(live: Running) -> Caller:
    return somebody(live, Role.AGENT)


def manager(live: Running) -> Caller:
    return somebody(live, Role.MANAGER)


def admin(live: Running) -> Caller:
    return somebody(live, Role.ADMIN)


async def opened(
    others: Others, plan_id: str | None = None, priority: Priority = Priority.HIGH
) -> UUID:
    """A complete ticket, opened now."""
    ticket = uuid7()
    now = story.opened().model_copy(update={"opened_at": utc_now()})
    await others.say(ticket, now, story.categorised(plan_id), story.prioritised(priority))
    return ticket


async def clocks(live: Running, ticket: UUID) -> dict[str, Any]:
    answer = await agent(live).get(f"/tickets/{ticket}/clocks")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return {**body, **{clock["clock"]: clock for clock in body["clocks"]}}


async def state_becomes(live: Running, ticket: UUID, **states: str) -> dict[str, Any]:
    """The clocks, as soon as each is in its state."""

    async def look() -> dict[str, Any] | None:
        answer = await agent(live).get(f"/tickets/{ticket}/clocks")
        if answer.status_code != 200:
            return None
        known = {clock["clock"]: clock["state"] for clock in answer.json()["clocks"]}
        return await clocks(live, ticket) if known.items() >= states.items() else None

    found = await eventually(look)
    assert found is not None
    return found


async def own(live: Running, ticket: UUID) -> list[Event]:
    past = await live.runtime.log.read(ticket)
    return [e.event for e in past.events if e.said and isinstance(e.event, Event)]


async def breach_of(live: Running, ticket: UUID) -> TargetBreached:
    """The breach of a ticket, as soon as there is one."""

    async def breached() -> TargetBreached | None:
        return next((e for e in await own(live, ticket) if isinstance(e, TargetBreached)), None)

    breach = await eventually(breached)
    assert breach is not None
    return breach


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


async def test_a_ticket_is_timed_from_opening_to_closing(live: Running, others: Others) -> None:
    ticket = await opened(others)
    begun = await state_becomes(live, ticket, first_response="running", resolution="running")
    assert begun["plan"]["plan_id"] == "standard"
    assert begun["plan"]["revision"] == 1
    first = begun["first_response"]
    assert at(first["due_at"]) - at(first["started_at"]) == timedelta(minutes=60)
    await others.say(ticket, story.replied(0, awaits=True))
    await state_becomes(live, ticket, first_response="met", resolution="paused")
    await others.say(ticket, story.message(0, automatic=True), story.message(0))
    await state_becomes(live, ticket, resolution="running")
    await others.say(ticket, story.held(0))
    held = await state_becomes(live, ticket, resolution="paused")
    assert held["resolution"]["pause_reason"] == "on hold"
    await others.say(ticket, story.resumed(0), story.resolved(0))
    await state_becomes(live, ticket, resolution="met")
    await others.say(ticket, story.rejected(0), story.reopened(0))
    again = await state_becomes(live, ticket, resolution="running")
    assert len(again["resolution"]["why"]["pauses"]) == 2
    assert len(again["resolution"]["why"]["moved"]) == 1
    await others.say(ticket, story.resolved(0), story.closed(0))
    await state_becomes(live, ticket, first_response="met", resolution="met")


async def test_everything_again_in_any_order_changes_nothing(live: Running, others: Others) -> None:
    ticket = await opened(others)
    await others.say(ticket, story.replied(0), story.held(0), story.resumed(0), story.resolved(0))
    before = await state_becomes(live, ticket, first_response="met", resolution="met")
    told = await own(live, ticket)
    await others.say_all_again()
    await asyncio.sleep(1)  # what must not happen can't be waited for
    assert await own(live, ticket) == told
    assert await clocks(live, ticket) == before


async def test_what_is_due_is_warned_of_and_breached(live: Running, others: Others) -> None:
    ticket = await opened(others, "blink")

    breach = await breach_of(live, ticket)
    assert breach.breached_at == breach.due_at
    assert breach.escalate
    told = [type(event).__name__ for event in await own(live, ticket)]
    assert told[-2:] == ["TargetApproaching", "TargetBreached"]
    await others.say(ticket, story.replied(0))
    late = await state_becomes(live, ticket, first_response="late", resolution="running")
    assert late["first_response"]["breached"]
    assert await others.heard("sla", ticket) == [
        type(event).__name__ for event in await own(live, ticket)
    ]


async def test_rebuilding_and_replaying_the_clocks_fires_and_says_nothing_again(
    live: Running, others: Others
) -> None:
    ticket = await opened(others, "blink")
    await breach_of(live, ticket)

    async def shown() -> bool:
        return bool((await clocks(live, ticket))["first_response"]["breached"])

    await eventually(shown)
    pool, operator = live.runtime.pool, somebody(live, Role.OPERATOR)
    told, known = await own(live, ticket), await clocks(live, ticket)
    fired = await pool.fetchval("select count(*) from ledger.fired")
    spoken = await pool.fetchval("select count(*) from ledger.log where said")
    for what, body, ends in (
        ("rebuild", None, "live"),
        ("replay", {"until": utc_now().isoformat()}, "ready"),
        ("rebuild", None, "live"),
    ):
        answer = await operator.post(f"/projections/clocks/{what}", body)
        assert answer.status_code == 202, answer.text
        number = answer.json()["generation"]

        async def ended(number: int = number, ends: str = ends) -> bool:
            rows = (await operator.get("/generations")).json()
            (row,) = [row for row in rows if row["generation"] == number]
            assert row["phase"] not in {"failed", "differs"}, row["detail"]
            return bool(row["phase"] == ends)

        await eventually(ended)
    await asyncio.sleep(1)  # what must not happen can't be waited for
    assert (await own(live, ticket), await clocks(live, ticket)) == (told, known)
    assert await pool.fetchval("select count(*) from ledger.fired") == fired
    assert await pool.fetchval("select count(*) from ledger.log where said") == spoken
    await breach_of(live, await opened(others, "blink"))


async def test_a_reply_that_comes_late_takes_the_breach_back(live: Running, others: Others) -> None:
    ticket = await opened(others, "blink")
    replied_at = (await breach_of(live, ticket)).due_at - timedelta(seconds=1)
    others.said_at = replied_at
    await others.say(ticket, story.replied(0))
    await state_becomes(live, ticket, first_response="met")
    retracted, met = (await own(live, ticket))[-2:]
    assert isinstance(retracted, BreachRetracted)
    assert isinstance(met, TargetMet)
    assert met.met_at == replied_at


async def test_a_ticket_waits_for_the_plan_it_needs(live: Running, others: Others) -> None:
    ticket = await opened(others, "late")
    await asyncio.sleep(1)  # what must not happen can't be waited for
    assert await own(live, ticket) == []
    later = {**DESK, "plans": [plan("late", 10, 20)]}
    assert said(await admin(live).put("/desk", later)) == ["SlaPlanDefined"]
    waited = await state_becomes(live, ticket, first_response="running")
    assert waited["plan"]["plan_id"] == "late"


async def test_a_manager_chooses_a_plan(live: Running, others: Others) -> None:
    ticket = await opened(others)
    await state_becomes(live, ticket, resolution="running")
    path, body = f"/tickets/{ticket}/plan", {"plan_id": "emergency", "reason": "A big customer."}
    assert code(await agent(live).post(path, body)) == (403, "not_allowed")
    assert code(await nobody(live).post(path, body)) == (401, "not_signed_in")
    unknown = {**body, "plan_id": "platinum"}
    assert code(await manager(live).post(path, unknown)) == (404, "not_found")
    elsewhere = f"/tickets/{uuid7()}/plan"
    assert code(await manager(live).post(elsewhere, body)) == (404, "not_found")
    assert code(await manager(live).post(path, {})) == (422, "invalid")

    answer = await manager(live).post(path, body, Idempotency_Key="1")
    assert said(answer) == ["SlaPlanApplied", "ClockStarted", "ClockStarted"]
    assert said(await manager(live).post(path, body, Idempotency_Key="1")) == []
    token = answer.headers["Ledgerdesk-After"]
    shown = await agent(live).get(f"/tickets/{ticket}/clocks", Ledgerdesk_After=token)
    assert shown.json()["plan"]["plan_id"] == "emergency"
    assert shown.json()["plan"]["by"] == "a-manager"

    await others.say(ticket, story.prioritised(Priority.LOW))

    async def moved() -> bool:
        started = [e for e in await own(live, ticket) if isinstance(e, ClockStarted)]
        return (await clocks(live, ticket))["priority"] == "low" and len(started) == 4

    await eventually(moved)
    assert (await clocks(live, ticket))["plan"]["plan_id"] == "emergency"


async def test_everything_that_a_plan_promises_is_kept_and_moved(
    live: Running,
    others: Others,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    targets = {"next_response_minutes": 30, "progress_every_minutes": 90}
    busy = plan("busy", 60, 240, organisations=["bank"])
    busy["targets"] = [{**each, **targets} for each in busy["targets"]]
    busy["escalation"] = [
        {"share": 0.5, "tell": ["agent"]},
        {"share": 1, "tell": ["managers"], "raise_tier": True, "raise_priority_to": "critical"},
    ]
    busy["stops"] = [{"clock": "progress", "waits": ["hold"]}]
    assert said(await admin(live).put("/desk", {**DESK, "plans": [busy]})) == ["SlaPlanDefined"]

    async def known() -> bool:
        return any(each.plan_id == "busy" for each in await Plans(live.runtime.pool).all())

    await eventually(known)
    ticket = uuid7()
    now = story.opened().model_copy(update={"opened_at": utc_now()})
    category = story.categorised().model_copy(update={"organisation": "bank"})
    await others.say(ticket, now, category, story.prioritised())
    reply = story.replied(0).model_copy(update={"replied_at": utc_now()})
    message = story.message(0).model_copy(update={"received_at": utc_now()})
    await others.say(ticket, reply, message, story.held(0))
    first = await state_becomes(live, ticket, next_response="running", progress="paused")
    assert (first["plan"]["plan_id"], first["plan"]["reason"][:8]) == ("busy", "for bank")
    assert [each["share"] for each in first["next_response"]["steps"]] == [0.5]

    busy["targets"] = [{**each, "next_response_minutes": 20} for each in busy["targets"]]
    assert said(await admin(live).put("/desk", {**DESK, "plans": [busy]})) == ["SlaPlanDefined"]
    path, why = "/plans/busy/reapply", {"reason": "the contract has changed"}
    assert code(await manager(live).post(path, why)) == (403, "not_allowed")

    async def moved() -> dict[str, Any] | None:
        assert (await admin(live).post(path, why)).status_code == 200
        then = await clocks(live, ticket)
        return then if then["next_response"]["target_minutes"] == 20 else None

    then = await eventually(moved)
    assert then is not None
    old, new = first["next_response"]["due_at"], then["next_response"]["due_at"]
    assert then["next_response"]["previous_due_at"] == old
    assert at(old) - at(new) == timedelta(minutes=10)

    monkeypatch.setenv("SLA_URL", f"http://127.0.0.1:{live.runtime.settings.port}")
    monkeypatch.setenv("LEDGERDESK_IDENTITY_SECRET", SECRET)
    order = ["sla", "reapply", "busy", "--reason", "asked for again"]
    assert await asyncio.to_thread(main, order) == 0
    assert capsys.readouterr().out == "busy, revision 1: 0 open tickets changed\n"


async def test_a_stale_choice_is_refused(live: Running, others: Others) -> None:
    ticket = await opened(others)
    await state_becomes(live, ticket, resolution="running")
    seen = (await agent(live).get(f"/tickets/{ticket}/clocks")).headers["ETag"]
    await others.say(ticket, story.replied(0))
    await state_becomes(live, ticket, first_response="met")
    body = {"plan_id": "emergency", "reason": "A big customer."}
    answer = await manager(live).post(f"/tickets/{ticket}/plan", body, If_Match=seen)
    assert code(answer) == (412, "stale")


async def test_the_desk_says_only_differences(live: Running) -> None:
    assert said(await admin(live).put("/desk", {**DESK, "revision": 2})) == []
    changed = {**DESK, "revision": 2, "plans": [plan("blink", 3 * SECOND, 60)]}
    assert said(await admin(live).put("/desk", changed)) == ["SlaPlanDefined"]
    assert said(await admin(live).put("/desk", {**DESK, "revision": 3})) == ["SlaPlanDefined"]
    assert code(await manager(live).put("/desk", DESK)) == (403, "not_allowed")


async def test_a_desk_that_can_not_be_kept_is_refused_with_every_reason(live: Running) -> None:
    body = {
        "revision": 1,
        "plans": [
            plan("a", 1, 2, default_for=["low"], calendar_id="nowhere"),
            plan("b", 1, 2, default_for=["low"]),
        ],
    }
    answer = await admin(live).put("/desk", body)
    assert code(answer) == (422, "invalid")
    assert [each["field"] for each in answer.json()["errors"]] == [
        "plans.0.calendar_id", "plans.1.default_for",
    ]  # fmt: skip
    closed = {"calendar_id": "never", "timezone": "Mars/Base", "hours": {}}
    answer = await admin(live).put("/desk", {"revision": 1, "calendars": [closed]})
    assert code(answer) == (422, "calendar_not_valid")
    assert "Mars/Base" in answer.json()["detail"]


async def test_due_times_are_told_beforehand(live: Running) -> None:
    body = {"plan_id": "emergency", "priority": "high", "start": "2026-03-02T09:00:00+01:00"}
    answer = await agent(live).post("/calc", body)
    assert answer.json()["due"]["first_response"]["due_at"] == "2026-03-02T08:15:00Z"
    shown = await agent(live).get("/desk")
    plans = [each["plan_id"] for each in shown.json()["plans"]]
    assert sorted({*plans} - {"late", "busy"}) == ["blink", "emergency", "standard"]


async def test_what_is_due_next_comes_first(live: Running, others: Others) -> None:
    slow, quick = await opened(others), await opened(others, priority=Priority.CRITICAL)
    for ticket in (slow, quick):
        await state_becomes(live, ticket, resolution="running")
    rows = (await agent(live).get("/clocks?limit=200")).json()
    mine = [row["ticket_id"] for row in rows if row["ticket_id"] in {str(slow), str(quick)}]
    assert mine == [str(quick), str(slow), str(quick), str(slow)]
    assert (await agent(live).get("/clocks?team_id=nobody")).json() == []


async def test_a_rebuild_comes_to_the_same(live: Running, others: Others) -> None:
    """The read model, folded again from the first event, through the database's own types."""
    ticket = await opened(others)
    await others.say(ticket, story.held(0), story.resumed(0), story.replied(0))
    before = await state_becomes(live, ticket, first_response="met", resolution="running")
    pool = live.runtime.pool
    timers = {row["id"] for row in await pool.fetch("select id from clocks.timers")}
    (follower,) = [each for each in live.runtime.followers if each.name == "clocks"]
    await pool.execute("update ledger.cursors set position = 0 where name = 'clocks'")
    for table in ("tickets", "clocks", "timers"):
        await pool.execute(f"delete from clocks.{table}")
    follower.position = 0
    end = await live.runtime.log.end()

    async def rebuilt() -> bool:
        return follower.position >= end

    await eventually(rebuilt)
    assert await clocks(live, ticket) == before
    assert {row["id"] for row in await pool.fetch("select id from clocks.timers")} == timers


async def test_every_query_can_be_prepared(servers: TestServers) -> None:
    connection = await asyncpg.connect((await servers.database("sla")).url)
    try:
        for name in QUERIES.names():
            await connection.prepare(getattr(QUERIES, name))
    finally:
        await connection.close()


async def test_the_list_of_what_is_due_reads_no_table_from_end_to_end(
    servers: TestServers,
) -> None:
    connection = await asyncpg.connect((await servers.database("sla")).url)
    try:
        await connection.execute(
            """
            insert into clocks.tickets
                (subject, number, plan_name, plan_reason, plan_by, plan_revision)
            select gen_random_uuid(), n::text, '', '', '', 1 from generate_series(1, 50000) as n;
            insert into clocks.clocks (id, subject, clock, state, target_minutes, started_at,
                due_at, pause_reason, elapsed_seconds, reason, history)
            select gen_random_uuid(), subject, 'resolution', 'running', 60, now(),
                now() + random() * interval '9 days', '', 0, '', '[]' from clocks.tickets;
            analyze clocks.tickets; analyze clocks.clocks;
            """
        )
        rows = await connection.fetch(
            f"explain {QUERIES.due_next}".replace("$1", "null").replace("$2", "50")
        )
        assert "Seq Scan" not in "\n".join(row[0] for row in rows)
    finally:
        await connection.close()


async def test_what_is_reacted_to_is_heard() -> None:
    assert KeepClocks.hears <= SERVICE.hears
