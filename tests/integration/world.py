"""The other services, played by a test: their events on the real Kafka, each said twice.

What a service under test says is read back from Kafka, where others would hear it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local import process
from deploy.local.databases import Database
from shared.clock import utc_now
from shared.envelope import headers_of
from shared.events import Event, encode
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign
from shared.ids import uuid7
from shared.log.records import Recorded
from shared.log.vector import Vector
from shared.running import Running
from shared.testing.infra import TopicNames

SECRET = "i" * 32


@dataclass
class World:
    """Everybody but the service under test."""

    topics: TopicNames
    producer: AIOKafkaProducer
    heads: dict[tuple[UUID, str], tuple[int, UUID]] = field(default_factory=dict)
    records: list[tuple[Recorded, list[tuple[str, bytes]]]] = field(default_factory=list)

    async def say(self, ticket: UUID, *events: Event) -> Vector:
        """Say each event, twice; the vector of all that was said about the ticket."""
        for event in events:
            recorded = self._recorded(ticket, event)
            self.records.append((recorded, headers_of(recorded)))
            for _ in range(2):
                await self._send(*self.records[-1])
        return self.vector(ticket)

    async def say_all_again(self) -> None:
        """Everything once more, the latest first."""
        for record in reversed(self.records):
            await self._send(*record)

    def vector(self, ticket: UUID) -> Vector:
        """How far everybody's streams of the ticket have come."""
        return Vector({a: v for (s, a), (v, _) in self.heads.items() if s == ticket})

    async def heard(self, author: str, ticket: UUID) -> list[tuple[str, int]]:
        """What `author` has said of the ticket so far: types and versions, as published."""
        async with AIOKafkaConsumer(
            self.topics.tickets,
            bootstrap_servers=self.topics.bootstrap,
            auto_offset_reset="earliest",
        ) as consumer:
            ends = await consumer.end_offsets(list(consumer.assignment()))
            found: list[tuple[str, int]] = []
            for partition, end in ends.items():
                while await consumer.position(partition) < end:
                    for record in (await consumer.getmany(partition, timeout_ms=500))[partition]:
                        headers = {name: value.decode() for name, value in record.headers}
                        if headers["ld_stream"] == f"{ticket}/{author}":
                            found.append((headers["ce_type"], int(headers["ld_version"])))
            return found

    async def _send(self, recorded: Recorded, headers: list[tuple[str, bytes]]) -> None:
        await self.producer.send_and_wait(
            self.topics.tickets,
            recorded.data.encode(),
            key=str(recorded.subject).encode(),
            headers=headers,
        )

    def _recorded(self, ticket: UUID, event: Event) -> Recorded:
        version, previous = self.heads.get((ticket, event.author), (0, None))
        event_id = uuid7()
        self.heads[ticket, event.author] = (version + 1, event_id)
        now = utc_now()
        return Recorded(
            position=0,
            subject=ticket,
            author=event.author,
            version=version + 1,
            id=event_id,
            previous=previous,
            said=True,
            topic=event.topic,
            type=type(event).__name__,
            after="",
            revision=0,
            correlation=event_id,
            causation=None,
            actor="test",
            occurred_at=now,
            recorded_at=now,
            traceparent="",
            data=encode(event).decode(),
        )


@dataclass
class MovingClock:
    """The present, or as far ahead of it as a test has moved: a service's, and its database's."""

    ahead: timedelta = timedelta()
    database: Database | None = None

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    async def move(self, minutes: float) -> None:
        self.ahead += timedelta(minutes=minutes)
        assert self.database is not None
        connection = await asyncpg.connect(self.database.owner_url)
        await connection.execute(
            "create or replace function ledger.present() returns timestamptz language sql stable "
            f"as $$ select now() + interval '{self.ahead.total_seconds()} seconds' $$"
        )
        await connection.close()


@asynccontextmanager
async def world(topics: TopicNames) -> AsyncIterator[World]:
    async with AIOKafkaProducer(
        bootstrap_servers=topics.bootstrap, enable_idempotence=True, acks="all"
    ) as producer:
        yield World(topics, producer)


def settings_for(database: Database, topics: TopicNames, folder: Any) -> dict[str, Any]:
    """The settings that every service needs."""
    return {
        "database_url": database.url,
        "port": process.free_port(),
        "kafka_bootstrap_servers": topics.bootstrap,
        "topic_prefix": topics.prefix,
        "identity_secret": SECRET,
        "link_secret": "l" * 32,
        "data_dir": folder,
        "wait_seconds_max": 30,
    }


@dataclass
class Caller:
    """Somebody who calls the inner API of a running service."""

    live: Running
    identity: Identity | None

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self._send("POST", path, body, headers)

    async def put(self, path: str, body: Any) -> httpx.Response:
        return await self._send("PUT", path, body, {})

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self._send("GET", path, None, headers)

    async def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.identity is not None:
            audience = self.live.runtime.name
            sent[HEADER] = sign(SECRET, self.identity, audience, utc_now())
        transport = httpx.ASGITransport(self.live.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, f"/v1{path}", json=body, headers=sent)


def agent(live: Running, agent_id: str = "anna", role: Role = Role.AGENT) -> Caller:
    return Caller(live, Identity(f"agent:{agent_id}", "gateway", agent_id.capitalize(), role))


def customer(live: Running, person_id: UUID) -> Caller:
    return Caller(live, Identity(f"customer:{person_id}", "portal"))


def nobody(live: Running) -> Caller:
    return Caller(live, None)


def said(response: httpx.Response) -> Sequence[str]:
    """The events a command led to."""
    assert response.status_code == 200, response.text
    events: Sequence[str] = response.json()["events"]
    return events


def code(response: httpx.Response) -> tuple[int, str]:
    """How a command was refused."""
    return response.status_code, response.json()["code"]


async def settled(seconds: float = 1.0) -> None:
    """Give what must not happen the time to happen: there is nothing to wait for."""
    await asyncio.sleep(seconds)
