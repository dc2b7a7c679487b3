"""A gateway on a real database, without Kafka: what it hears is put into its log."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from deploy.local.databases import Database
from services.gateway import api, casefile
from services.gateway.app import SERVICE
from services.gateway.context import Gateway
from services.gateway.owners import Owners
from services.gateway.panel import pages
from services.gateway.projection import DeskView
from services.gateway.settings import Settings
from shared.clock import utc_now
from shared.events import Event
from shared.followers.projection import ProjectionFollower
from shared.identity import HEADER, Identity, verify
from shared.ids import uuid7
from shared.log import Batch, Log, NewEvent, Vector
from shared.postgres import open_pool
from shared.service import Runtime
from shared.testing.spec import recorded
from shared.web import install_errors
from tests.unit.gateway import story

SECRET = "the identity secret of these tests, long enough"

Databases = Callable[[str], Awaitable[Database]]


OTHER_STATUSES = {
    ("POST", "tickets"): 201,
    ("POST", "webhooks"): 201,
    ("POST", "redeliver"): 202,
}
"""What owners answer when all is well, by the end of the path; everywhere else 200."""


@dataclass
class Sent:
    """A request that reached an owner, and who it says is calling."""

    owner: str
    method: str
    path: str
    identity: Identity
    headers: httpx.Headers
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass
class FakeOwners:
    """Stands for the services behind the gateway: says yes, unless told otherwise."""

    sent: list[Sent] = field(default_factory=list)
    answers: list[httpx.Response | Exception] = field(default_factory=list)
    patience: list[float] = field(default_factory=list)
    """How long each answer would have been waited for, in seconds."""

    async def handle(self, request: httpx.Request) -> httpx.Response:
        ports = {
            8081: "intake",
            8083: "assignment",
            8084: "sla",
            8085: "resolution",
            8086: "review",
            8087: "notify",
        }
        owner = ports[request.url.port or 0]
        identity = verify(SECRET, request.headers[HEADER], owner)
        path = request.url.raw_path.decode()
        content = await request.aread()
        self.patience.append(request.extensions["timeout"]["read"])
        self.sent.append(Sent(owner, request.method, path, identity, request.headers, content))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        status = OTHER_STATUSES.get((request.method, path.rpartition("/")[2]), 200)
        return httpx.Response(status, json={"ticket_id": "x", "events": ["Done"]})


@dataclass
class Desk:
    """The gateway, its clients, and the way to let it hear something."""

    runtime: Runtime
    gateway: Gateway
    app: FastAPI
    owners: FakeOwners
    follower: ProjectionFollower
    clock: "Clock"
    _vectors: dict[UUID, Vector] = field(default_factory=dict)

    async def hear(self, subject: UUID, *events: Event, actor: str = "test") -> None:
        """Put events of others into the log, in this order, and fold them."""
        new = []
        for one in recorded(*events, subject=subject, start=self.clock()):
            vector = self._vectors.get(subject, Vector())
            version = vector[one.author] + 1
            self._vectors[subject] = vector.moved(one.author, version)
            new.append(_heard(one, version, uuid7(), str(vector.without(one.author)), actor))
        for event in new:
            await self.runtime.log.append(Batch(events=[event]))
        while await self.follower.step():
            pass

    async def open_desk(self) -> None:
        for subject, events in story.desk():
            await self.hear(subject, *events)

    def client(self, agent: str | None = None) -> httpx.AsyncClient:
        """A client of the API, with the agent's token."""
        headers = {"Authorization": f"Bearer {story.TOKENS[agent]}"} if agent else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers)


@dataclass
class Clock:
    """A clock that tests set; it follows real time until then."""

    fixed: datetime | None = None

    def __call__(self) -> datetime:
        return self.fixed or utc_now()


def settings(database: Database | None, **more: Any) -> Settings:
    given = {
        "database_url": database.url if database else "postgresql://nowhere",
        "identity_secret": SECRET,
        "link_secret": SECRET,
        "wait_seconds_max": 0.3,
    }
    return Settings(**{**given, **more})


def application(gateway: Gateway) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.state.identity_secret, app.state.service_name = SECRET, "gateway"
    install_errors(app)
    for router in (*api.routers(gateway), casefile.operators(gateway), pages.routes(gateway)):
        app.include_router(router)
    return app


@asynccontextmanager
async def gateway_on(service_database: Databases) -> AsyncIterator[Desk]:
    """A gateway on a fresh database."""
    database = await service_database("gateway")
    its = settings(database)
    pool = await open_pool(database.url, 8, "test")
    log, clock, owners = Log(pool, "gateway"), Clock(), FakeOwners()
    runtime = Runtime(SERVICE, its, pool, log, clock)
    follower = ProjectionFollower(log, DeskView(), "test")
    await follower.create(born=0)
    assert await follower._lead()
    runtime.followers = [follower]
    gateway = Gateway.of(runtime, Owners(its, clock, httpx.MockTransport(owners.handle)))
    desk = Desk(runtime, gateway, application(gateway), owners, follower, clock)
    try:
        yield desk
    finally:
        await gateway.owners.close()
        await log.close()
        await pool.close()


def _heard(one: Any, version: int, event_id: UUID, after: str, actor: str) -> NewEvent:
    return NewEvent(
        subject=one.subject,
        author=one.author,
        version=version,
        id=event_id,
        topic=one.topic,
        type=one.type,
        after=after,
        correlation=one.correlation,
        actor=actor,
        occurred_at=one.occurred_at,
        data=one.data,
        said=False,
    )


def tickets_of(page: httpx.Response) -> list[str]:
    """The numbers on a page."""
    return [ticket["number"] for ticket in page.json()["tickets"]]


def numbered(count: int) -> Iterable[tuple[UUID, str]]:
    """Ids and numbers of tickets for a test."""
    return ((story.ticket(n), story.number(n)) for n in range(count))
