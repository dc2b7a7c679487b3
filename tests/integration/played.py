"""The other services, played by a test: their events on the real Kafka, each said twice.

And people who call the inner API of the service under test.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

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
class Others:
    """Everybody but the service under test."""

    topics: TopicNames
    producer: AIOKafkaProducer
    said_at: datetime | None = None
    """Their clock, when it is not ours: what was said then comes late."""
    heads: dict[tuple[UUID, str], tuple[int, UUID]] = field(default_factory=dict)
    said: list[Recorded] = field(default_factory=list)

    async def say(self, subject: UUID, *events: Event) -> Vector:
        """Say each event, twice; the vector of all that was said of the subject."""
        for event in events:
            data = encode(event).decode()
            made = self.record(subject, type(event).__name__, data, event.author, event.topic)
            await self.send(made)
            await self.send(made)
        return Vector({a: v for (s, a), (v, _) in self.heads.items() if s == subject})

    async def say_all_again(self) -> None:
        """Everything once more, the latest first."""
        for made in reversed(self.said):
            await self.send(made)

    async def send(self, made: Recorded) -> None:
        name = f"{self.topics.prefix}.{made.topic}"
        key, body = str(made.subject).encode(), made.data.encode()
        await self.producer.send_and_wait(name, body, key=key, headers=headers_of(made))

    def record(
        self, subject: UUID, type_name: str, data: str, author: str, topic: str = "tickets"
    ) -> Recorded:
        """The next event of a stream, as its author has it."""
        version, previous = self.heads.get((subject, author), (0, None))
        event_id, now = uuid7(), self.said_at or utc_now()
        self.heads[subject, author] = (version + 1, event_id)
        made = Recorded(
            position=0,
            subject=subject,
            author=author,
            version=version + 1,
            id=event_id,
            previous=previous,
            said=True,
            topic=topic,
            type=type_name,
            after="",
            revision=0,
            correlation=event_id,
            causation=None,
            actor="test",
            occurred_at=now,
            recorded_at=now,
            traceparent="",
            data=data,
        )
        self.said.append(made)
        return made

    async def heard(self, author: str, subject: UUID) -> list[str]:
        """The types of what `author` has published of the subject so far."""
        async with AIOKafkaConsumer(
            self.topics.tickets,
            bootstrap_servers=self.topics.bootstrap,
            auto_offset_reset="earliest",
        ) as consumer:
            ends = await consumer.end_offsets(list(consumer.assignment()))
            found = []
            for partition, end in ends.items():
                while await consumer.position(partition) < end:
                    for record in (await consumer.getmany(partition, timeout_ms=500))[partition]:
                        headers = {name: value.decode() for name, value in record.headers}
                        if headers["ld_stream"] == f"{subject}/{author}":
                            found.append(headers["ce_type"])
            return found


@asynccontextmanager
async def played(topics: TopicNames) -> AsyncIterator[Others]:
    async with AIOKafkaProducer(
        bootstrap_servers=topics.bootstrap, enable_idempotence=True, acks="all"
    ) as producer:
        yield Others(topics, producer)


def settings_for(database: Database, topics: TopicNames) -> dict[str, Any]:
    """The settings that every service needs."""
    return {
        "database_url": database.url,
        "port": process.free_port(),
        "kafka_bootstrap_servers": topics.bootstrap,
        "topic_prefix": topics.prefix,
        "identity_secret": SECRET,
        "link_secret": "l" * 32,
        "wait_seconds_max": 30,
    }


@dataclass
class Caller:
    """Somebody who calls the inner API of a running service."""

    live: Running
    identity: Identity | None

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask("GET", path, None, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.ask("POST", path, body, **headers)

    async def put(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.ask("PUT", path, body, **headers)

    async def ask(self, method: str, path: str, body: Any, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.identity is not None:
            audience = self.live.runtime.name
            sent[HEADER] = sign(SECRET, self.identity, audience, utc_now())
        transport = httpx.ASGITransport(self.live.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, f"/v1{path}", json=body, headers=sent)


def somebody(live: Running, role: Role) -> Caller:
    return Caller(live, Identity(f"agent:a-{role.value}", "gateway", role.value.capitalize(), role))


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
