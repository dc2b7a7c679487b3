"""A portal on a real database, a browser on it, and the services behind it, as they are told."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
from fastapi import FastAPI

from deploy.local.databases import Database
from services.portal.app import SERVICE, routers
from services.portal.context import Portal
from services.portal.owners import Owners
from services.portal.settings import Settings
from shared.clock import utc_now
from shared.events import Event, encode
from shared.events.desk import FormField, TopicDefined
from shared.events.sla import SlaPlanDefined
from shared.followers.projection import ProjectionFollower
from shared.ids import desk_id, uuid7
from shared.links import Link, sign_link
from shared.log import Batch, Log, NewEvent
from shared.postgres import open_pool
from shared.service import Runtime
from tests.unit.portal.test_pages import MARIA

Databases = Callable[[str], Awaitable[Database]]
SECRET = "a secret of at least thirty-two bytes"
TOPIC = TopicDefined(
    topic_id="outage", name="Business critical outage", type="technical", team_id="ops",
    team_name="Operations", entitled_plans=("emergency",), revision=1,
    fields=(
        FormField(name="system", label="Which system?", kind="choice", choices=("Shop", "Mail")),
        FormField(name="since", label="Since when?", kind="date", required=True),
    ),
)  # fmt: skip
PLAN = SlaPlanDefined(
    plan_id="emergency", name="Emergency", calendar_id="c", targets=(), revision=1
)
TYPED = {
    "requester.name": "Maria <Silva>",
    "requester.email": "maria@example.com",
    "subject": 'Checkout "is" down',
    "description": "Nobody can pay.",
    "custom_fields.system": "Shop",
    "custom_fields.since": "2026-03-02",
    "impact": "high",
    "urgency": "",
    "plan": "emergency",
}


@dataclass
class Asked:
    owner: str
    path: str
    body: dict[str, Any]
    headers: httpx.Headers


def token_in(page: str) -> str:
    """What the first form of a page carries."""
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@dataclass
class Desk:
    """The portal, a browser on it, and the services behind it."""

    portal: Portal
    follower: ProjectionFollower
    browser: httpx.AsyncClient
    asked: list[Asked]
    answers: list[httpx.Response]
    confirmed: list[Asked]
    """Where the portal said that an address is somebody's."""
    app: FastAPI
    ticket: UUID = field(default_factory=uuid7)

    @property
    def token(self) -> str:
        return sign_link(SECRET, Link(self.ticket, MARIA.person_id), utc_now())

    async def hears(self, *events: Event, subject: UUID | None = None) -> None:
        log, about = self.portal.runtime.log, subject or self.ticket
        for event in events:
            version = (await log.vector(about))[event.author] + 1
            new = NewEvent(
                subject=about, author=event.author, version=version, id=uuid7(),
                topic=event.topic, type=type(event).__name__, after="", correlation=about,
                actor="test", occurred_at=utc_now(), data=encode(event).decode(), said=False,
            )  # fmt: skip
            await log.append(Batch(events=[new]))
        while await self.follower.step():
            pass

    async def form(self, path: str, action: str = "") -> dict[str, str]:
        """The hidden fields of a page's form, as a browser would send them."""
        page = (await self.browser.get(path)).text
        form = page[page.index(f'action="{action}"') :] if action else page
        return {"form": token_in(form)}


@asynccontextmanager
async def portal_on(service_database: Databases, folder: Path) -> AsyncIterator[Desk]:
    """The portal on a database and a folder of its own."""
    database = await service_database("portal")
    settings = Settings(
        database_url=database.url, identity_secret=SECRET, link_secret=SECRET, data_dir=folder,
        wait_seconds_max=0.2, file_bytes_max=1000, form_bytes_max=20_000, files_max=2,
    )  # fmt: skip
    pool = await open_pool(database.url, 4, "test")
    log = Log(pool, "portal")
    runtime = Runtime(SERVICE, settings, pool, log)
    asked: list[Asked] = []
    confirmed: list[Asked] = []
    answers: list[httpx.Response] = []

    def answer(request: httpx.Request) -> httpx.Response:
        owner = {8081: "intake", 8085: "resolution", 8086: "review", 8087: "notify"}[
            request.url.port or 0
        ]
        one = Asked(owner, request.url.path, orjson.loads(request.content), request.headers)
        if one.path.endswith("/address"):
            confirmed.append(one)
            return httpx.Response(200, json={"events": ["AddressConfirmed"]})
        asked.append(one)
        return answers.pop(0)

    portal = Portal.of(runtime, Owners(settings, utc_now, httpx.MockTransport(answer)))
    app = FastAPI()
    for router in routers(portal):
        app.include_router(router)
    follower = ProjectionFollower(log, SERVICE.projections[0], "0")
    await follower.create(born=0)
    assert await follower._lead()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as browser:
        made = Desk(portal, follower, browser, asked, answers, confirmed, app)
        await made.hears(TOPIC, subject=desk_id("topic", "outage"))
        await made.hears(PLAN, subject=desk_id("plan", "emergency"))
        yield made
    await portal.owners.close()
    await log.close()
    await pool.close()


def taken(desk: Desk, status: int = 201) -> httpx.Response:
    body = {"ticket_id": str(desk.ticket), "number": "x", "events": []}
    return httpx.Response(status, json=body, headers={"Ledgerdesk-After": "intake=4"})


def refused(status: int, detail: str, *errors: tuple[str, str]) -> httpx.Response:
    told = [{"field": name, "message": message} for name, message in errors]
    return httpx.Response(status, json={"detail": detail, "code": "x", "errors": told})
