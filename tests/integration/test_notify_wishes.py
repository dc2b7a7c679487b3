"""Who hears what and when, on a real database and mail server: rules, preferences, the ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from services.notify.ledger import ledger_routes
from services.notify.wishes import wishes_routes
from shared.clock import utc_now
from shared.events import Priority
from shared.events.assignment import AgentDefined, Role
from shared.events.resolution import ProgressKind, ProgressReported, TicketFollowed
from shared.identity import HEADER, Identity, sign
from shared.ids import desk_id, person_id, uuid7
from shared.testing.eventually import eventually
from shared.web import install_errors
from tests.integration.test_notify_sending import SECRET, Notify, notify, server
from tests.unit.notify.examples import (
    CUSTOMER,
    assigned,
    categorised,
    message,
    opened,
    prioritised,
)
from tests.unit.notify.mail_server import MailServer

__all__ = ["notify", "server"]

MARIA = f"customer:{person_id(CUSTOMER)}"


class Asking:
    """Calls the inner API as somebody."""

    def __init__(
        self, client: httpx.AsyncClient, notify: Notify, actor: str, role: Role | None
    ) -> None:
        self._client = client
        self._notify = notify
        self._who = Identity(actor, "gateway" if role else "portal", role=role)

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        headers = {HEADER: sign(SECRET, self._who, "notify", utc_now())}
        request = self._client.request(method, f"/v1{path}", json=body, headers=headers)
        asked = asyncio.create_task(request)
        while not asked.done():
            await self._notify.catch_up()
            await asyncio.sleep(0.01)
        answer = await asked
        return answer.json() if answer.is_success else (answer.status_code, answer.json()["code"])


@asynccontextmanager
async def asking(notify: Notify) -> AsyncIterator[Any]:
    """Somebody to ask as; every follower keeps up while they are answered."""
    app = FastAPI()
    app.state.identity_secret, app.state.service_name = SECRET, "notify"
    install_errors(app)
    for router in (wishes_routes(notify.runtime), ledger_routes(notify.runtime)):
        app.include_router(router)

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        yield lambda actor, role=Role.AGENT: Asking(client, notify, actor, role)


async def test_rules_and_preferences_say_who_hears_what_and_when(
    notify: Notify, server: MailServer
) -> None:
    anna = AgentDefined(
        agent_id="anna", name="Anna", email="anna@desk.example", role=Role.AGENT, revision=1
    )
    await notify.hears(anna, subject=desk_id("agent", "anna"))
    began, hour = utc_now() - timedelta(hours=1), utc_now() + timedelta(minutes=5)
    night = {"start": f"{began:%H:%M}", "end": f"{hour:%H:%M}", "timezone": "UTC"}
    async with asking(notify) as as_:
        admin, agent, maria = as_("petra", Role.ADMIN), as_("agent:anna"), as_(MARIA, None)
        rules = [{"kind": "agent_assignment", "to": ["named"], "by": ["webhook"]}]
        section = {"revision": 1, "rules": rules}
        assert await agent("PUT", "/desk", section) == (403, "not_allowed")
        assert (await admin("PUT", "/desk", section))["changed"] == [
            "notifications: who hears what"
        ]
        assert (await admin("PUT", "/desk", section))["changed"] == []
        assert (await agent("GET", "/desk"))["rules"][0]["by"] == ["webhook"]
        wrong = {"revision": 2, "rules": [{"kind": "reply", "to": ["managers"]}]}
        assert await admin("PUT", "/desk", wrong) == (422, "notification_rule_wrong")
        wanted = {"quiet": night, "language": "de"}
        said = await agent("PUT", "/preferences", wanted)
        assert said["events"] == ["NotificationPreferencesSet"]
        assert "customer_reply" in (await agent("GET", "/preferences"))["can_be_muted"]
        refused = await agent("PUT", "/preferences", {"muted": ["breach"]})
        assert refused == (422, "cannot_be_muted")
        german = categorised().model_copy(update={"language": "de-AT"})
        calm = prioritised(Priority.LOW)
        await notify.hears(opened(), german, calm, assigned(), message("Any news?"))
        path = f"/tickets/{notify.ticket}/preferences"
        assert await agent("GET", path) == (403, "not_their_ticket")
        assert await maria("GET", path) == {"progress": True}
        await maria("POST", path, {"progress": False})
        assert await maria("GET", path) == {"progress": False}
        step = {"kind": ProgressKind.STEP, "text": "Looking.", "reported_by": "anna"}
        await notify.hears(ProgressReported(reported_at=utc_now(), **step))
    past = await notify.runtime.log.read(notify.ticket)
    said_here = [e.event for e in past.events if e.author == "notify"]
    kinds = [(type(e).__name__.removeprefix("Notif"), e.kind.value) for e in said_here]  # type: ignore[union-attr]
    assert ("NoticeIssued", "agent_assignment") in kinds
    assert ("icationRequested", "agent_assignment") not in kinds
    assert ("icationSuppressed", "progress") in kinds
    by_kind = {e.kind.value: e for e in said_here}  # type: ignore[union-attr]
    assert "kümmert sich" in by_kind["assignment"].subject  # type: ignore[union-attr]
    waiting = by_kind["customer_reply"]
    assert "Der Kunde hat geschrieben" in waiting.subject  # type: ignore[union-attr]
    due = waiting.not_before  # type: ignore[union-attr]
    assert (due.hour, due.minute) == (hour.hour, hour.minute)
    async with notify.sending():
        await asyncio.sleep(0.3)
    assert {m.split(b"To: ")[1].split(b"\r")[0] for m in server.mails} == {
        f"Maria Silva <{CUSTOMER}>".encode()
    }


async def test_who_follows_a_ticket_is_mailed_what_happens_until_they_mute_it(
    notify: Notify, server: MailServer
) -> None:
    ben = AgentDefined(
        agent_id="ben", name="Ben", email="ben@desk.example", role=Role.AGENT, revision=1
    )
    await notify.hears(ben, subject=desk_id("agent", "ben"))
    follows = TicketFollowed(agent_id="ben", followed_by="ben", followed_at=utc_now())
    step = {"kind": ProgressKind.STEP, "reported_by": "anna", "agent_name": "Anna"}
    async with asking(notify) as as_:
        first = ProgressReported(text="Looking.", reported_at=utc_now(), **step)
        await notify.hears(opened(), categorised(), follows, first)
        await as_("agent:ben")("PUT", "/preferences", {"muted": ["followed"]})
        await notify.hears(ProgressReported(text="Found.", reported_at=utc_now(), **step))
    past = await notify.runtime.log.read(notify.ticket)
    told = [e.event for e in past.events if getattr(e.event, "kind", None) == "followed"]
    assert [type(event).__name__ for event in told] == [
        "NotificationRequested",
        "NotificationSuppressed",
    ]
    assert told[0].recipient == "ben@desk.example"  # type: ignore[union-attr]
    assert "Anna reported progress" in told[0].subject  # type: ignore[union-attr]

    async def mailed() -> None:
        mails = [mail for mail in server.mails if b"To: Ben <ben@desk.example>" in mail]
        assert len(mails) == 1

    async with notify.sending():
        await eventually(mailed)


async def test_the_ledger_shows_what_became_of_each_and_a_suppression_is_lifted(
    notify: Notify, server: MailServer
) -> None:
    server.script = ["RCPT 550 5.1.1 no such user", "DOT 451 later"]
    async with asking(notify) as as_:
        async with notify.sending(retry_delays_seconds=(600, 600)):
            await notify.hears(opened())
            await notify.said("Requested", "Failed")
            manager, agent = as_("agent:meg", Role.MANAGER), as_("agent:anna")
            (given_up,) = (await agent("GET", "/suppressions"))["suppressions"]
            assert (given_up["address"], given_up["reason"]) == (
                CUSTOMER,
                "550 5.1.1 no such user",
            )
            lift = f"/suppressions/{given_up['person_id']}"
            assert await agent("DELETE", lift) == (403, "not_allowed")
            assert (await manager("DELETE", lift))["lifted"]
            assert await manager("DELETE", lift) == (404, "not_found")
            assert await agent("GET", "/suppressions") == {"suppressions": []}
            notify.ticket = uuid7()
            await notify.hears(opened())
            rows: list[Any] = []
            while not any(row["next_at"] for row in rows):
                rows = (await agent("GET", "/notifications?stage=requested"))["notifications"]
        (row,) = rows
        assert (row["attempts"], row["reason"]) == (1, "451 later")
        assert datetime.fromisoformat(row["next_at"]) > utc_now()
        page = await agent("GET", "/notifications?limit=1")
        rest = await agent("GET", f"/notifications?limit=1&cursor={page['next']}")
        stages = [each["notifications"][0]["stage"] for each in (page, rest)]
        assert stages == ["requested", "failed"]
        assert await agent("GET", "/notifications?cursor=x") == (422, "invalid")
        made = await agent("GET", "/templates/reply?language=de")
        assert "hat Ihnen geschrieben" in made["html"]
        assert await agent("GET", "/templates/nothing") == (404, "not_found")
