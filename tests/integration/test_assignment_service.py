"""The assignment service on the real parts: two replicas, Kafka, Postgres, HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from services.assignment.app import SERVICE
from services.assignment.domain.hours import WEEKDAYS
from services.assignment.settings import Settings
from shared.clock import utc_now
from shared.events.resolution import EscalationRequested
from shared.ids import uuid7
from shared.running import running
from shared.settings import ServiceSettings
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from tests.unit.assignment.live import Desk, answers, apply, go_online, parrot, settings_of
from tests.unit.assignment.story import CLOSED, REOPENED

Databases = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def desk(service_database: Databases, topics: TopicNames) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        others = {}
        for name in ("intake", "resolution"):
            settings = settings_of(ServiceSettings, await service_database(name), topics)
            others[name] = await stack.enter_async_context(running(parrot(name), settings))
        shared = await service_database("assignment")
        replicas = [
            await stack.enter_async_context(
                running(SERVICE, settings_of(Settings, shared, topics, instance))
            )
            for instance in ("0", "1")
        ]
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        made = Desk(replicas, others, client)
        await eventually(lambda: answers(made))
        yield made


async def test_two_replicas_fill_every_place_and_take_up_the_rest_when_capacity_frees(
    desk: Desk,
) -> None:
    assert Counter(await apply(desk, anna=10, ben=10)) == {"TeamDefined": 2, "AgentDefined": 2}
    assert await apply(desk, anna=10, ben=10) == []
    await go_online(desk, "anna", "ben")
    tickets = await desk.open_tickets(40)

    async def settled() -> None:
        assert await desk.stages(tickets) == {"held": 20, "waiting": 20}
        assert await desk.loads() == {"anna": 10, "ben": 10}

    await eventually(settled)
    held = [t for t in tickets if (await desk.why(t))["stage"] == "held"]
    await asyncio.gather(*(desk.say(ticket, CLOSED) for ticket in held[:8]))

    async def taken_up() -> None:
        whys = [await desk.why(ticket) for ticket in tickets]
        having = [why["agent_id"] for why in whys if why["agent_id"] and not why["closed"]]
        assert len(having) == 20
        assert await desk.loads() == {"anna": 10, "ben": 10}

    await eventually(taken_up)
    await apply(desk, anna=30, ben=10)

    async def all_have_somebody() -> None:
        assert sum((await desk.loads()).values()) == 32

    await eventually(all_have_somebody)
    assert sum((await desk.loads()).values()) == 32

    async def counted() -> None:
        queues = (await desk.call("GET", "/queues")).json()["queues"]
        support = next(queue for queue in queues if queue["team_id"] == "support")
        assert (support["held"], support["queued"], support["room"]) == (32, 0, 8)

    await eventually(counted)


async def test_a_day_at_the_desk_over_http(desk: Desk) -> None:
    await apply(desk, anna=2, ben=2, cleo=1, mara=0)

    async def known() -> bool:
        agents = (await desk.call("GET", "/agents")).json()["agents"]
        return len(agents) == 4

    await eventually(known)
    (ticket,) = await desk.open_tickets(1)

    async def waits() -> dict[str, Any]:
        why = await desk.why(ticket)
        assert why.get("stage") == "waiting"
        assert why["queued_at"] is not None
        return why

    why = await eventually(waits)
    assert why["reason"] == "nobody in Support is free: 4 offline"
    assert {c["agent_id"]: c["verdict"] for c in why["now"]["candidates"]} == {
        "anna": "offline", "ben": "offline", "cleo": "offline", "mara": "offline",
    }  # fmt: skip
    offline = await desk.call("POST", f"/tickets/{ticket}/claim", who="anna")
    assert (offline.status_code, offline.json()["code"]) == (409, "agent_offline")
    await go_online(desk, "anna")

    async def has_it(who: str) -> dict[str, Any]:
        why = await desk.why(ticket)
        assert why["agent_id"] == who
        return why

    why = await eventually(lambda: has_it("anna"))
    assert why["reason"] == "the only one free, 0 of 2 places taken"

    taken = await desk.call("POST", f"/tickets/{ticket}/claim", who="ben")
    assert (taken.status_code, taken.json()["code"]) == (409, "already_assigned")
    foreign = await desk.call("POST", f"/tickets/{ticket}/give-back", who="ben", reason="no")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_yours")
    full = await desk.call("POST", f"/tickets/{ticket}/assign", agent_id="mara", reason="you")
    assert full.status_code == 409
    assert full.json()["detail"] == "mara has 0 of 0 places taken: there is no room for it."
    nobody = await desk.call("POST", f"/tickets/{ticket}/assign", agent_id="zoe", reason="you")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "agent_unknown")
    empty = await desk.call("POST", f"/tickets/{ticket}/assign", agent_id="ben")
    assert empty.status_code == 422

    given = await desk.call("POST", f"/tickets/{ticket}/assign", agent_id="ben", reason="knows it")
    assert given.json()["events"] == ["AgentUnassigned", "AgentAssigned"]
    assert "assignment=" in given.headers["ETag"]
    join = await desk.call("POST", f"/tickets/{ticket}/participants", who="ben", agent_id="anna")
    assert join.json()["events"] == ["ParticipantAdded"]
    leave = await desk.call("DELETE", f"/tickets/{ticket}/participants/anna", who="anna")
    assert leave.json()["events"] == ["ParticipantRemoved"]

    await go_online(desk, "cleo")
    asked = EscalationRequested(reason="too deep", requested_by="ben", requested_at=utc_now())
    await desk.say(ticket, asked)
    why = await eventually(lambda: has_it("cleo"))
    assert (why["tier"], why["participants"]) == (2, ["ben"])

    moved = await desk.call("POST", f"/tickets/{ticket}/transfer", team_id="billing", reason="€")
    assert moved.json()["events"] == ["AgentUnassigned", "TicketTransferred", "TicketQueued"]
    why = await eventually(waits)
    assert (why["team_id"], why["reason"]) == ("billing", "there is nobody in Billing")

    await desk.say(ticket, CLOSED)

    async def closed() -> bool:
        answer = await desk.call("POST", f"/tickets/{ticket}/claim", who="anna")
        return bool(answer.json().get("code") == "ticket_closed_already")

    await eventually(closed)
    missing = await desk.call("POST", f"/tickets/{uuid7()}/claim", who="anna")
    assert (missing.status_code, missing.json()["code"]) == (404, "ticket_not_found")


async def test_a_reopened_ticket_goes_back_to_who_had_it(desk: Desk) -> None:
    await apply(desk, anna=5, ben=5)
    await go_online(desk, "anna")
    (ticket,) = await desk.open_tickets(1)

    async def held_by_anna() -> bool:
        return bool((await desk.why(ticket)).get("agent_id") == "anna")

    await eventually(held_by_anna)
    await go_online(desk, "ben")
    await desk.say(ticket, CLOSED)
    await eventually(lambda: _idle(desk))
    await desk.say(ticket, REOPENED)

    async def back_with_anna() -> bool:
        why = await desk.why(ticket)
        return bool(why["reason"] == "had the ticket before, 0 of 5 places taken")

    await eventually(back_with_anna)
    assert await desk.loads() == {"anna": 1}


async def _idle(desk: Desk) -> bool:
    return await desk.loads() == {}


async def test_who_leaves_leaves_their_tickets_to_others(desk: Desk) -> None:
    hours = {day: [{"start": "00:00", "end": "24:00"}] for day in WEEKDAYS}
    always = {"timezone": "Europe/Lisbon", "hours": hours, "country": "", "region": ""}
    rest: dict[str, Any] = {
        "untouched_assigned_minutes": 0.001,
        "untouched_calendar_id": "always",
    }
    never = {**rest, "untouched_calendar": {**always, "hours": {}}}
    wrong = await desk.call("PUT", "/desk", who="root", revision=1, routing=never)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "calendar_not_valid")
    rest["untouched_calendar"] = always
    special = {"rule_id": "routers", "name": "Routers", "topics": ["router"], "tier": 1}
    routing = {**rest, "weights": {"medium": 2}, "rules": [special]}
    told = await apply(desk, routing, anna=6, ben=6, cleo=12)
    assert told.count("RoutingDefined") == 1
    assert await apply(desk, routing, anna=6, ben=6, cleo=12) == []
    await go_online(desk, "anna")
    tickets = await desk.open_tickets(3)

    async def all_with(who: str) -> bool:
        return await desk.loads() == {who: 6}

    await eventually(lambda: all_with("anna"))

    async def explained() -> None:
        why = await desk.why(tickets[0])
        assert (why["weight"], why["wants"].get("rule"), why["how"]) == (
            2,
            "routers",
            "least_loaded",
        )
        assert "It needs tier 1 of Support, by the routing rule Routers." in why["told"]
        assert why["told"][-1].startswith("Nothing was done about it since")

    await eventually(explained)
    await go_online(desk, "ben")
    assert await apply(desk, routing, ben=6, cleo=12) == ["AgentWentOffline", "AgentDefined"]
    await eventually(lambda: all_with("ben"))
    await go_online(desk, "cleo")
    no = await desk.call("POST", "/agents/ben/hand-on", who="cleo", reason="I want them")
    assert no.status_code == 403
    moved = await desk.call("POST", "/agents/ben/hand-on", reason="on leave")
    assert moved.json() == {"agent_id": "ben", "tickets": dict.fromkeys(map(str, tickets), "cleo")}
    await eventually(lambda: all_with("cleo"))

    async def all_held() -> bool:
        return await desk.stages(tickets) == {"held": 3}

    await eventually(all_held)
    refused = await desk.call("PUT", "/desk", who="mara", revision=2)
    assert refused.status_code == 403
