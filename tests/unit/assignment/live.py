"""The assignment service as it runs: replicas on Kafka and Postgres, called over HTTP."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from deploy.local import process
from deploy.local.databases import Database
from services.assignment.app import HEARS
from shared.clock import utc_now
from shared.decider import Decider, Outcome
from shared.events import Event, Unknown
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign
from shared.ids import uuid7
from shared.running import Running
from shared.service import Service
from shared.settings import ServiceSettings
from shared.testing.infra import TopicNames
from tests.unit.assignment.story import READY

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


async def answers(desk: Desk) -> bool:
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


async def apply(desk: Desk, routing: dict[str, Any] | None = None, **capacities: int) -> list[str]:
    defined = {"teams": TEAMS, "agents": people(**capacities), "routing": routing}
    answer = await desk.call("PUT", "/desk", who="root", revision=1, **defined)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["events"])


async def go_online(desk: Desk, *names: str) -> None:
    for name in names:
        answer = await desk.call("PUT", f"/agents/{name}/presence", who=name, online=True)
        assert answer.status_code == 200, answer.text
