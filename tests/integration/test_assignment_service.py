"""The assignment service on the real parts: two replicas, Kafka, Postgres, HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.local import process
from deploy.local.databases import Database
from services.assignment.app import HEARS, SERVICE
from services.assignment.settings import Settings
from shared.clock import utc_now
from shared.decider import Decider, Outcome
from shared.events import Event, Unknown
from shared.events.assignment import Role
from shared.events.resolution import EscalationRequested
from shared.identity import HEADER, Identity, sign
from shared.ids import uuid7
from shared.service import Running, Service, running
from shared.settings import ServiceSettings
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from tests.unit.assignment.story import CLOSED, READY, REOPENED

Databases = Callable[[str], Awaitable[Database]]
SECRET = "i" * 32


def _decide(command: tuple[Event, ...], _state: None) -> list[Event]:
    return list(command)


def _evolve(state: None, _event: Event | Unknown) -> None:
    return state


PARROT: Decider[tuple[Event, ...], None] = Decider(None, _decide, _evolve)
"""Says what it is told to."""


def parrot(name: str) -> Service:
    return Service(name, hears=frozenset(), says=frozenset(e for e in HEARS if e.author == name))


@dataclass
class Desk:
    """Two replicas of assignment, and those it hears."""

    replicas: list[Running]
    others: dict[str, Running]
    client: httpx.AsyncClient

    async def say(self, subject: UUID, *events: Event) -> Outcome:
        """Let the author of the events say them, over Kafka."""
        live = self.others[events[0].author]
        return await live.runtime.handle(PARROT, subject, events, actor="test")

    async def call(
        self, method: str, path: str, who: str = "mara", replica: int = 0, **json: Any
    ) -> httpx.Response:
        """A call as the gateway makes it for `who`."""
        role = {"mara": Role.MANAGER, "root": Role.ADMIN}.get(who, Role.AGENT)
        identity = Identity(f"agent:{who}", "gateway", who.capitalize(), role)
        token = sign(SECRET, identity, "assignment", utc_now())
        port = self.replicas[replica].runtime.settings.port
        return await self.client.request(
            method, f"http://127.0.0.1:{port}/v1{path}", json=json or None, headers={HEADER: token}
        )

    async def open_tickets(self, count: int) -> list[UUID]:
        tickets = [uuid7() for _ in range(count)]
        await asyncio.gather(*(self.say(ticket, *READY) for ticket in tickets))
        return tickets

    async def why(self, ticket: UUID) -> dict[str, Any]:
        answer = await self.call("GET", f"/tickets/{ticket}/why")
        return dict(answer.json())

    async def stages(self, tickets: Sequence[UUID]) -> Counter[str]:
        answers = [await self.why(ticket) for ticket in tickets]
        return Counter(answer.get("stage", "unheard") for answer in answers)

    async def loads(self) -> dict[str, int]:
        answer = await self.call("GET", "/agents", replica=1)
        return {a["agent_id"]: a["load"] for a in answer.json()["agents"] if a["load"]}


def settings_of(
    kind: type[ServiceSettings], database: Database, topics: TopicNames, instance: str = "0"
) -> ServiceSettings:
    return kind(
        database_url=database.url,
        port=process.free_port(),
        instance=instance,
        kafka_bootstrap_servers=topics.bootstrap,
        topic_prefix=topics.prefix,
        identity_secret=SECRET,
        link_secret="l" * 32,
    )


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
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=10))
        made = Desk(replicas, others, client)
        await eventually(lambda: _answers(made), timeout=20)
        yield made


async def _answers(desk: Desk) -> bool:
    try:
        answers = [await desk.call("GET", "/agents", replica=number) for number in range(2)]
    except httpx.TransportError:
        return False
    return all(answer.status_code == 200 for answer in answers)


def people(**capacities: int) -> list[dict[str, Any]]:
    return [
        {
            "agent_id": name,
            "name": name.capitalize(),
            "email": f"{name}@desk.example",
            "team_ids": ["support"],
            "capacity": capacity,
            "tier": 2 if name == "cleo" else 1,
            "role": "manager" if name == "mara" else "agent",
        }
        for name, capacity in capacities.items()
    ]


TEAMS = [{"team_id": "support", "name": "Support"}, {"team_id": "billing", "name": "Billing"}]


async def apply(desk: Desk, **capacities: int) -> list[str]:
    answer = await desk.call(
        "PUT", "/desk", who="root", revision=1, teams=TEAMS, agents=people(**capacities)
    )
    assert answer.status_code == 200, answer.text
    return list(answer.json()["events"])


async def go_online(desk: Desk, *names: str) -> None:
    for name in names:
        answer = await desk.call("PUT", f"/agents/{name}/presence", who=name, online=True)
        assert answer.status_code == 200, answer.text


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

    await eventually(settled, timeout=30)
    held = [t for t in tickets if (await desk.why(t))["stage"] == "held"]
    await asyncio.gather(*(desk.say(ticket, CLOSED) for ticket in held[:8]))

    async def taken_up() -> None:
        whys = [await desk.why(ticket) for ticket in tickets]
        having = [why["agent_id"] for why in whys if why["agent_id"] and not why["closed"]]
        assert len(having) == 20
        assert await desk.loads() == {"anna": 10, "ben": 10}

    await eventually(taken_up, timeout=20)
    await apply(desk, anna=30, ben=10)

    async def all_have_somebody() -> None:
        assert sum((await desk.loads()).values()) == 32

    await eventually(all_have_somebody, timeout=20)
    assert sum((await desk.loads()).values()) == 32

    async def counted() -> None:
        queues = (await desk.call("GET", "/queues")).json()["queues"]
        support = next(queue for queue in queues if queue["team_id"] == "support")
        assert (support["held"], support["queued"], support["room"]) == (32, 0, 8)

    await eventually(counted, timeout=10)


async def test_a_day_at_the_desk_over_http(desk: Desk) -> None:
    await apply(desk, anna=2, ben=2, cleo=1, mara=0)
    (ticket,) = await desk.open_tickets(1)

    async def waits() -> dict[str, Any]:
        why = await desk.why(ticket)
        assert why.get("stage") == "waiting"
        assert why["queued_at"] is not None
        return why

    why = await eventually(waits, timeout=20)
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

    why = await eventually(lambda: has_it("anna"), timeout=5)
    assert why["reason"] == "the only one free, 0 of 2 tickets"

    taken = await desk.call("POST", f"/tickets/{ticket}/claim", who="ben")
    assert (taken.status_code, taken.json()["code"]) == (409, "already_assigned")
    foreign = await desk.call("POST", f"/tickets/{ticket}/give-back", who="ben", reason="no")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_yours")
    full = await desk.call("POST", f"/tickets/{ticket}/assign", agent_id="mara", reason="you")
    assert full.status_code == 409
    assert full.json()["detail"] == "mara has 0 of 0 tickets: there is no room for another."
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
    why = await eventually(lambda: has_it("cleo"), timeout=10)
    assert (why["tier"], why["participants"]) == (2, ["ben"])

    moved = await desk.call("POST", f"/tickets/{ticket}/transfer", team_id="billing", reason="€")
    assert moved.json()["events"] == ["AgentUnassigned", "TicketTransferred", "TicketQueued"]
    why = await eventually(waits, timeout=5)
    assert (why["team_id"], why["reason"]) == ("billing", "there is nobody in Billing")

    await desk.say(ticket, CLOSED)

    async def closed() -> bool:
        answer = await desk.call("POST", f"/tickets/{ticket}/claim", who="anna")
        return bool(answer.json().get("code") == "ticket_closed_already")

    await eventually(closed, timeout=10)
    missing = await desk.call("POST", f"/tickets/{uuid7()}/claim", who="anna")
    assert (missing.status_code, missing.json()["code"]) == (404, "ticket_not_found")


async def test_a_reopened_ticket_goes_back_to_who_had_it(desk: Desk) -> None:
    await apply(desk, anna=5, ben=5)
    await go_online(desk, "anna")
    (ticket,) = await desk.open_tickets(1)

    async def held_by_anna() -> bool:
        return bool((await desk.why(ticket)).get("agent_id") == "anna")

    await eventually(held_by_anna, timeout=20)
    await go_online(desk, "ben")
    await desk.say(ticket, CLOSED)
    await eventually(lambda: _idle(desk), timeout=10)
    await desk.say(ticket, REOPENED)

    async def back_with_anna() -> bool:
        why = await desk.why(ticket)
        return bool(why["reason"] == "had the ticket before, 0 of 5 tickets")

    await eventually(back_with_anna, timeout=10)
    assert await desk.loads() == {"anna": 1}


async def _idle(desk: Desk) -> bool:
    return await desk.loads() == {}


async def test_who_is_taken_off_the_desk_leaves_their_tickets_to_others(desk: Desk) -> None:
    await apply(desk, anna=5, ben=5)
    await go_online(desk, "anna")
    tickets = await desk.open_tickets(3)

    async def all_with(who: str) -> bool:
        return await desk.loads() == {who: 3}

    await eventually(lambda: all_with("anna"), timeout=20)
    await go_online(desk, "ben")
    assert await apply(desk, ben=5) == ["AgentWentOffline", "AgentDefined"]
    await eventually(lambda: all_with("ben"), timeout=10)
    assert await desk.stages(tickets) == {"held": 3}
    refused = await desk.call("PUT", "/desk", who="mara", revision=2)
    assert refused.status_code == 403
