"""notify on a real database and real SMTP servers, good and bad: one mail for one fact."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.databases import Database
from services.notify import finders
from services.notify.api import routes
from services.notify.app import SERVICE
from services.notify.domain import DECIDER
from services.notify.outbox import HEAD_START, Outbox
from services.notify.sender import Sender
from services.notify.settings import Settings
from shared.address_links import AddressLink, open_address_link
from shared.clock import utc_now
from shared.events import Event, encode
from shared.events.assignment import AgentDefined, Role, TeamDefined
from shared.events.desk import DeskNamed
from shared.events.intake import Channel
from shared.events.notify import NotificationKind, NotificationRequested
from shared.events.submissions import BounceReceived
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.identity import HEADER, Identity, sign
from shared.ids import desk_id, person_id, uuid7
from shared.log import Batch, Log, NewEvent
from shared.postgres import Pool, open_pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys, new_master_key
from shared.service import Runtime
from shared.testing.eventually import eventually
from shared.testing.spec import T0
from shared.web import install_errors
from tests.unit.notify.examples import (
    CUSTOMER,
    assigned,
    categorised,
    closed,
    opened,
    prioritised,
    resolved,
    told_events,
)
from tests.unit.notify.mail_server import MailServer

Databases = Callable[[str], Awaitable[Database]]
MASTER = new_master_key("test")
SECRET = "a secret of at least thirty-two bytes"


def log_of(pool: Pool) -> Log:
    """notify's log, which seals what it says."""
    return Log(pool, "notify", Keyring(pool, "notify", MasterKeys(MASTER)))


@dataclass
class Notify:
    """notify without Kafka: its log, its followers stepped by hand, its sender running."""

    runtime: Runtime
    followers: Sequence[Any]
    ticket: UUID = field(default_factory=uuid7)

    async def hears(self, *events: Event, subject: UUID | None = None) -> None:
        """Append events as heard, then let every follower catch up."""
        log = self.runtime.log
        about = subject or self.ticket
        for event in events:
            version = (await log.vector(about))[event.author] + 1
            new = NewEvent(
                subject=about,
                author=event.author,
                version=version,
                id=uuid7(),
                topic=event.topic,
                type=type(event).__name__,
                after="",
                correlation=about,
                actor="test",
                occurred_at=utc_now(),
                data=encode(event).decode(),
                said=False,
            )
            await log.append(Batch(events=[new]))
        await self.catch_up()

    async def catch_up(self) -> None:
        for _ in range(2):
            for follower in self.followers:
                while await follower.step():
                    pass

    async def told(self) -> list[str]:
        """What was said about the notifications, in order."""
        past = await self.runtime.log.read(self.ticket)
        return [e.type.removeprefix("Notification") for e in past.events if e.author == "notify"]

    async def said(self, *wanted: str) -> None:
        async def seen() -> None:
            assert await self.told() == list(wanted)

        await eventually(seen)
        await self.catch_up()

    async def rows(self) -> list[Any]:
        await self.catch_up()
        return await self.runtime.pool.fetch("select * from deliveries.notifications")

    @asynccontextmanager
    async def sending(self, **changes: Any) -> AsyncIterator[Sender]:
        """A sender that works the outbox."""
        settings = self.runtime.settings.model_copy(update=changes)
        assert isinstance(settings, Settings)
        sender = Sender(self.runtime, settings)
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def settings_of(database: str, port: int) -> Settings:
    return Settings(
        database_url=database,
        identity_secret=SECRET,
        link_secret=SECRET,
        mail_domain="desk.example",
        smtp_url=f"smtp://127.0.0.1:{port}",
        poll_interval_seconds=0.02,
        retry_delays_seconds=(0.05, 0.05),
        smtp_timeout_seconds=5,
        unreachable_delay_seconds_max=0.2,
    )


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    made = MailServer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def notify(
    service_database: Databases, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Notify]:
    for remembered in ("FRESH_SECONDS", "TIMES_LOOKING"):
        monkeypatch.setattr(finders, remembered, 0)
    database = await service_database("notify")
    settings = settings_of(database.url, server.port)
    pool = await open_pool(database.url, 8, "test")
    log = log_of(pool)
    runtime = Runtime(SERVICE, settings, pool, log)
    followers: list[Any] = [ProjectionFollower(log, p, "0") for p in SERVICE.projections]
    followers += [
        ReactionFollower(log, reacts.reaction, reacts.decider, utc_now, "0")
        for reacts in SERVICE.reactions(runtime)
    ]
    for follower in followers:
        await follower.create(born=0)
        assert await follower._lead()
    yield Notify(runtime, followers)
    await log.close()
    await pool.close()


async def test_a_new_ticket_is_acknowledged_once(notify: Notify, server: MailServer) -> None:
    named = DeskNamed(name="Hafenlicht", revision=1)
    await notify.hears(named, subject=desk_id("desk", "desk"))
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Sent")
        await asyncio.sleep(0.2)
    mail = message_from_bytes(server.mails[0])
    assert mail["From"] == "Hafenlicht <support@desk.example>"
    assert b"Hafenlicht \xc2\xb7 ticket" in mail.get_payload()[0].get_payload(decode=True)
    assert len(server.mails) == 1
    assert mail["To"] == f"Maria Silva <{CUSTOMER}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    (row,) = await notify.rows()
    assert (row["stage"], row["attempts"], row["recipient"]) == ("sent", 1, CUSTOMER)


async def test_an_assignment_tells_customer_agent_and_a_breach_the_managers(
    notify: Notify, server: MailServer
) -> None:
    for agent, role in (("anna", Role.AGENT), ("meg", Role.MANAGER)):
        defined = AgentDefined(
            agent_id=agent, name=agent.title(), email=f"{agent}@desk.example", role=role,
            team_ids=("operations",), revision=1,
        )  # fmt: skip
        await notify.hears(defined, subject=desk_id("agent", agent))
    team = TeamDefined(team_id="operations", name="Operations", email="ops@x.y", revision=1)
    await notify.hears(team, subject=desk_id("team", "operations"))
    async with notify.sending():
        await notify.hears(opened(), categorised(), prioritised(), assigned())
        await eventually(lambda: len(server.mails) == 3)
    recipients = [message_from_bytes(mail)["To"] for mail in server.mails]
    assert sorted(recipients) == [
        "Anna <anna@desk.example>", f"Maria Silva <{CUSTOMER}>", f"Maria Silva <{CUSTOMER}>",
    ]  # fmt: skip


async def test_an_acknowledgment_overtakes_what_is_told_of_other_tickets(
    notify: Notify, server: MailServer
) -> None:
    await notify.hears(opened(), categorised(), prioritised(), assigned())
    notify.ticket = uuid7()
    await notify.hears(opened())
    async with notify.sending(senders=1):
        await eventually(lambda: len(server.mails) == 3)
    subjects = [message_from_bytes(mail)["Subject"] for mail in server.mails]
    assert [" We have your request" in subject for subject in subjects] == [True, True, False]


async def test_nothing_waits_for_ever_behind_acknowledgments(notify: Notify) -> None:
    await notify.hears(opened(), categorised(), prioritised(), assigned())
    older = "update deliveries.notifications set requested_at = requested_at - $1::interval"
    await notify.runtime.pool.execute(f"{older} where kind = 'assignment'", 2 * HEAD_START)
    outbox = Outbox(notify.runtime.pool, uuid7(), "test", lease_seconds=60)
    (first,) = await outbox.claim(1)
    kinds = {row["id"]: row["kind"] for row in await notify.rows()}
    assert kinds[first.id] == "assignment"
    (express,) = await outbox.claim(5, only_first=True)
    assert kinds[express.id] == "acknowledgment"
    await outbox.release([replace(express, lease_until=first.lease_until - timedelta(1))])
    assert await outbox.claim(5, only_first=True) == [], "it was claimed anew since"
    await outbox.release([express])
    assert len(await outbox.claim(5, only_first=True)) == 1


async def test_a_ticket_that_can_not_be_read_keeps_no_other_waiting(
    notify: Notify, server: MailServer
) -> None:
    await notify.hears(opened())
    unreadable = notify.ticket
    version = (await notify.runtime.log.vector(unreadable))["intake"] + 1
    newer = NewEvent(
        subject=unreadable, author="intake", version=version, id=uuid7(), topic="tickets",
        type="TicketPrioritised", after="", correlation=unreadable, actor="test",
        occurred_at=utc_now(), data='{"priority": "planetary"}', said=False,
    )  # fmt: skip
    await notify.runtime.log.append(Batch(events=[newer]))
    notify.ticket = uuid7()
    await notify.hears(opened())
    async with notify.sending():
        await notify.said("Requested", "Sent")
    waiting = await notify.runtime.pool.fetch("select * from outbox.attempts where state <> 'done'")
    assert [row["subject"] for row in waiting] == [unreadable]
    assert len(server.mails) == 1


async def test_a_mail_put_off_is_tried_again(notify: Notify, server: MailServer) -> None:
    server.script = ["RCPT 450 busy", "DOT 451 later", ""]
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Sent")
    assert len(server.mails) == 1
    assert (await notify.rows())[0]["attempts"] == 3


async def test_a_mail_put_off_too_often_has_failed(notify: Notify, server: MailServer) -> None:
    server.script = ["RCPT 450 busy"] * 9
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Failed")
    (row,) = await notify.rows()
    assert (row["stage"], row["hard"], row["attempts"]) == ("failed", False, 3)
    assert len(server.script) == 6


async def test_a_refused_address_has_failed_and_is_not_written_to_again(
    notify: Notify, server: MailServer
) -> None:
    server.script = ["RCPT 550 5.1.1 no such user"]
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Failed")
        assert (await notify.rows())[0]["reason"] == "550 5.1.1 no such user"
        notify.ticket = uuid7()
        await notify.hears(opened())
        await notify.said("Suppressed")
    assert server.mails == []


async def test_a_refused_content_does_not_condemn_the_address(
    notify: Notify, server: MailServer
) -> None:
    server.script = ["DOT 554 5.7.1 looks like spam"]
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Failed")
        notify.ticket = uuid7()
        await notify.hears(opened())
        await notify.said("Requested", "Sent")


async def test_a_cut_after_the_final_dot_is_unknown_and_resent_as_the_same_mail(
    notify: Notify, server: MailServer
) -> None:
    server.script = ["CUT"]
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Failed", "Sent")
    past = await notify.runtime.log.read(notify.ticket)
    assert [e.event.unknown for e in past.events if e.type == "NotificationFailed"] == [True]  # type: ignore[union-attr]
    assert len(server.mails) == 2
    assert len(set(server.message_ids)) == 1
    assert server.mails[0] == server.mails[1]


async def test_twice_unknown_is_left_at_that(notify: Notify, server: MailServer) -> None:
    server.script = ["CUT", "CUT"]
    async with notify.sending():
        await notify.hears(opened())
        await eventually(lambda: len(server.mails) == 2)
        await asyncio.sleep(0.4)
    assert await notify.told() == ["Requested", "Failed"]
    assert len(server.mails) == 2
    assert (await notify.rows())[0]["stage"] == "unknown"


async def test_a_server_that_cannot_be_reached_costs_no_try(
    notify: Notify, server: MailServer
) -> None:
    await server.stop()
    async with notify.sending():
        await notify.hears(opened())
        await asyncio.sleep(0.5)
        assert await notify.told() == ["Requested"]
        await server.start()
        await notify.said("Requested", "Sent")
    assert (await notify.rows())[0]["attempts"] == 1


async def test_several_senders_send_each_mail_once(notify: Notify, server: MailServer) -> None:
    tickets = [uuid7() for _ in range(40)]
    async with (
        notify.sending(instance="0", unproven_mails_per_hour_max=50),
        notify.sending(instance="1", unproven_mails_per_hour_max=50),
        notify.sending(instance="2", unproven_mails_per_hour_max=50),
    ):
        for ticket in tickets:
            notify.ticket = ticket
            await notify.hears(opened())
        await eventually(lambda: len(server.mails) >= 40)
        await asyncio.sleep(0.3)
    assert len(server.mails) == len(set(server.message_ids)) == 40


async def test_mails_on_one_ticket_leave_in_their_order(notify: Notify, server: MailServer) -> None:
    async with notify.sending():
        await notify.hears(opened(), *told_events("words")[4:6], resolved(), closed())
        await eventually(lambda: len(server.mails) == 5)
    subjects = [message_from_bytes(mail)["Subject"].split("] ")[1] for mail in server.mails]
    assert [subject.split()[0] for subject in subjects] == [
        "We",
        "Checkout",
        "A",
        "Solved?",
        "Closed:",
    ]


async def test_a_customer_is_sent_so_many_mails_an_hour_and_no_more(
    notify: Notify, server: MailServer
) -> None:
    async with notify.sending(customer_mails_per_hour_max=2):
        for end in ("Sent", "Sent", "Suppressed"):
            notify.ticket = uuid7()
            await notify.hears(opened())
            await notify.said("Requested", end)
    assert len(server.mails) == 2


async def test_a_bounce_makes_it_a_failure(notify: Notify, server: MailServer) -> None:
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Sent")
    (row,) = await notify.rows()
    bounce = BounceReceived(
        notification_id=row["id"], recipient=CUSTOMER, status="5.1.1", hard=True, received_at=T0
    )
    await notify.hears(bounce, bounce)
    assert await notify.told() == ["Requested", "Sent", "Failed"]
    assert [(r["stage"], r["reason"]) for r in await notify.rows()] == [("failed", "bounced 5.1.1")]


async def test_a_customer_who_writes_by_mail_has_an_address_that_works_again(
    notify: Notify, server: MailServer
) -> None:
    server.script = ["RCPT 550 5.1.1 no such user"]
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Failed")
        notify.ticket = uuid7()
        await notify.hears(opened(channel=Channel.EMAIL, opened_at=utc_now()))
        await notify.said("Requested", "Sent")


async def test_a_new_link_goes_to_the_requester_alone_and_once_in_a_while(
    notify: Notify, server: MailServer
) -> None:
    app = FastAPI()
    app.state.identity_secret, app.state.service_name = SECRET, "notify"
    install_errors(app)
    app.include_router(routes(notify.runtime))
    await notify.hears(opened())
    path = f"/v1/tickets/{notify.ticket}/link"
    asked = []
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://notify"
    ) as client:
        for email in (CUSTOMER, CUSTOMER, "else@example.com"):
            identity = Identity(f"customer:{person_id(email)}", "portal")
            headers = {HEADER: sign(SECRET, identity, "notify", utc_now())}
            asked.append((await client.post(path, json={}, headers=headers)).status_code)
        identity = Identity("agent:anna", "gateway", role=Role.AGENT)
        headers = {HEADER: sign(SECRET, identity, "notify", utc_now())}
        await notify.catch_up()
        listed = await client.get(path.replace("/link", "/notifications"), headers=headers)
        assert (await client.get("/v1/notifications/stats", headers=headers)).status_code == 403
    assert asked == [204, 204, 403]
    kinds = [each["kind"] for each in listed.json()["notifications"]]
    assert kinds == ["acknowledgment", "link"]


async def test_a_link_to_another_address_is_sent_for_whoever_is_signed_in_alone(
    notify: Notify,
) -> None:
    app = FastAPI()
    app.state.identity_secret, app.state.service_name = SECRET, "notify"
    install_errors(app)
    app.include_router(routes(notify.runtime))
    await notify.hears(opened())
    requester, portal = f"customer:{person_id(CUSTOMER)}", "portal"
    tries = [
        (Identity(requester, portal), "maria@home.example", 204),
        (Identity(requester, portal), "maria@home.example", 204),
        (Identity(requester, "gateway"), "maria@home.example", 401),
        (Identity(f"customer:{person_id('eve@x.example')}", portal), "eve@x.example", 403),
        (Identity(requester, portal), "maria@home.example\nBcc: all@x.example", 422),
    ]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://notify"
    ) as client:
        for identity, address, wanted in tries:
            headers = {HEADER: sign(SECRET, identity, "notify", utc_now())}
            path, body = f"/v1/tickets/{notify.ticket}/address-link", {"address": address}
            assert (await client.post(path, json=body, headers=headers)).status_code == wanted
    past = (await notify.runtime.log.read(notify.ticket)).events
    said = [each.event for each in past if isinstance(each.event, NotificationRequested)]
    (asked,) = [each for each in said if each.kind is NotificationKind.LINK]
    assert asked.recipient == "maria@home.example"
    found = re.search(r"/mine/addresses/([\w-]+)", asked.text)
    assert found
    secret = notify.runtime.settings.link_secret  # type: ignore[attr-defined]
    link = open_address_link(secret, found[1], utc_now())
    assert link == AddressLink(notify.ticket, CUSTOMER, "maria@home.example")


async def test_replaying_everything_sends_nothing(notify: Notify, server: MailServer) -> None:
    async with notify.sending():
        await notify.hears(opened(), categorised(), prioritised())
        await notify.said("Requested", "Sent")
        before = await notify.rows()
        await notify.runtime.pool.execute("truncate deliveries.notifications")
        rebuilt = ProjectionFollower(
            notify.runtime.log, SERVICE.projections[0], "0", 2, "deliveries"
        )
        await rebuilt.create(born=0)
        assert await rebuilt._lead()
        while await rebuilt.step():
            pass
        assert await notify.rows() == before
        await notify.runtime.pool.execute("truncate outbox.attempts")
        await asyncio.sleep(0.3)
    assert len(server.mails) == 1


async def test_a_sender_killed_after_the_final_dot_leaves_one_mail(
    notify: Notify, server: MailServer
) -> None:
    """A process of its own, killed with the mail handed over and no answer heard."""
    server.script = ["HANG"]
    await notify.hears(opened())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDER, env={**os.environ, **_environment(notify)}
    )
    try:
        await eventually(lambda: len(server.mails) == 1)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert await notify.told() == ["Requested"]
    async with notify.sending():
        await notify.said("Requested", "Failed", "Sent")
        await asyncio.sleep(0.2)
    assert len(set(server.message_ids)) == 1
    assert len(server.mails) == 2
    (row,) = await notify.rows()
    assert (row["stage"], row["attempts"]) == ("sent", 2)


def test_the_service_says_only_what_its_decider_can_say() -> None:
    assert {cls.author for cls in SERVICE.says} == {"notify"}
    assert all(r.decider is DECIDER for r in SERVICE.reactions(_NoRuntime()))  # type: ignore[arg-type]


class _NoRuntime:
    settings = settings_of("postgresql://nowhere", 1)
    pool = clock = log = None


SENDER = """
import asyncio
from services.notify import finders
from services.notify.api import routes
from services.notify.app import SERVICE
from services.notify.outbox import HEAD_START, Outbox
from services.notify.sender import Sender
from services.notify.settings import Settings
from shared.log import Log
from shared.postgres import open_pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys
from shared.service import Runtime

async def main():
    settings = Settings()
    pool = await open_pool(settings.database_url, 4, "sender")
    keys = Keyring(pool, "notify", MasterKeys(settings.master_key))
    await Sender(Runtime(SERVICE, settings, pool, Log(pool, "notify", keys)), settings).run()

asyncio.run(main())
"""


def _environment(notify: Notify) -> dict[str, str]:
    settings = notify.runtime.settings
    assert isinstance(settings, Settings)
    return {
        "NOTIFY_DATABASE_URL": settings.database_url,
        "LEDGERDESK_MASTER_KEY": MASTER,
        "LEDGERDESK_SMTP_URL": settings.smtp_url,
        "LEDGERDESK_IDENTITY_SECRET": SECRET,
        "LEDGERDESK_LINK_SECRET": SECRET,
        "PYTHONPATH": os.getcwd(),  # noqa: PTH109
    }
