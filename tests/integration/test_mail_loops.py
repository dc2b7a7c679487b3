"""Two desks that mail each other fall silent: real SMTP servers, real letters, both ways."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP

from deploy.local import process
from services.intake.app import SERVICE as INTAKE
from services.intake.settings import Settings as IntakeSettings
from services.notify.app import HEARS
from services.notify.app import SERVICE as NOTIFY
from services.notify.sender import Sender
from services.notify.settings import Settings as NotifySettings
from shared.clock import utc_now
from shared.events import Event, encode
from shared.events.resolution import AgentReplied
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.ids import uuid7
from shared.log import Batch, Log, NewEvent
from shared.postgres import open_pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys, new_master_key
from shared.running import Running, running
from shared.service import Runtime
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers

SECRETS = {"a": "a" * 32, "b": "b" * 32}
TICKETS_MAX = 4
ROUNDS_MAX = 40
TELLING = (
    "Auto-Submitted",
    "Precedence",
    "X-",
    "List-",
    "Ledgerdesk-",
    "In-Reply-To",
    "References",
)
"""The beginnings of headers that a thoughtless server on the way might take away."""


@dataclass
class Relay:
    """A mail server between two desks, which counts; and takes away what might tell."""

    to_port: int
    thoughtless: bool = False
    passed: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content)
        self.passed.append(str(mail["Subject"]))
        if self.thoughtless:
            for name in [one for one in mail if one.startswith(TELLING)]:
                del mail[name]
            mail.replace_header("Subject", f"Fwd {len(self.passed)}")
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.to_port) as client:
            await client.sendmail(envelope.mail_from, envelope.rcpt_tos, mail.as_bytes())
        return "250 OK"


@dataclass
class Desk:
    """A desk's intake with its SMTP server, and its notify, which hears it."""

    name: str
    intake: Running
    notify: Runtime
    followers: Sequence[Any]
    relay: Relay
    port: int
    heard: int = 0

    @property
    def address(self) -> str:
        return f"support@{self.name}.example"

    async def pump(self) -> bool:
        """Let notify hear what intake said; whether there was anything."""
        said = await self.intake.runtime.log.page(self.heard, 1_000)
        for one in said:
            self.heard = one.position
            if type(one.event) in HEARS and isinstance(one.event, Event):
                await self.hears(one.subject, one.event)
        await self.catch_up()
        return bool(said)

    async def hears(self, subject: UUID, event: Event) -> None:
        log = self.notify.log
        new = NewEvent(
            subject=subject,
            author=event.author,
            version=(await log.vector(subject))[event.author] + 1,
            id=uuid7(),
            topic=event.topic,
            type=type(event).__name__,
            after="",
            correlation=subject,
            actor="test",
            occurred_at=utc_now(),
            data=encode(event).decode(),
            said=False,
        )
        await log.append(Batch(events=[new]))

    async def catch_up(self) -> None:
        for _ in range(2):
            for follower in self.followers:
                while await follower.step():
                    pass

    async def sent_all(self) -> None:
        """Wait until every letter is settled."""

        async def settled() -> bool:
            await self.catch_up()
            open_ = "select exists (select from deliveries.notifications where stage = 'requested')"
            return not await self.notify.pool.fetchval(open_)

        await eventually(settled, timeout=20)

    async def types(self) -> list[str]:
        return [one.type for one in await self.intake.runtime.log.page(0, 10_000)]


@asynccontextmanager
async def two_desks(
    servers: TestServers, folder: Path, *, thoughtless: bool
) -> AsyncIterator[tuple[Desk, Desk]]:
    ports = {name: process.free_port() for name in SECRETS}
    async with AsyncExitStack() as stack:
        desks = []
        for name, other in (("a", "b"), ("b", "a")):
            relay = Relay(ports[other], thoughtless)
            desks.append(await _desk(stack, servers, folder, name, ports[name], relay))
        yield desks[0], desks[1]


async def _desk(
    stack: AsyncExitStack, servers: TestServers, folder: Path, name: str, port: int, relay: Relay
) -> Desk:
    topics = await servers.topics()
    common: dict[str, Any] = {
        "identity_secret": "identity" * 4,
        "link_secret": SECRETS[name],
        "mail_domain": f"{name}.example",
    }
    database = await servers.database("intake")
    intake = await stack.enter_async_context(
        running(
            INTAKE,
            IntakeSettings(
                database_url=database.url,
                port=process.free_port(),
                smtp_port=port,
                kafka_bootstrap_servers=topics.bootstrap,
                topic_prefix=topics.prefix,
                data_dir=folder / name,
                mail_tickets_per_sender_hour_max=TICKETS_MAX,
                **common,
            ),
        )
    )
    relay_port = process.free_port()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(relay), "127.0.0.1", relay_port
    )
    stack.callback(listening.close)
    told = await servers.database("notify")
    settings = NotifySettings(
        database_url=told.url,
        smtp_url=f"smtp://127.0.0.1:{relay_port}",
        poll_interval_seconds=0.02,
        **common,
    )
    pool = await open_pool(told.url, 8, "test")
    log = Log(pool, "notify", Keyring(pool, "notify", MasterKeys(new_master_key("test"))))
    runtime = Runtime(NOTIFY, settings, pool, log)
    followers: list[Any] = [ProjectionFollower(log, p, "0") for p in NOTIFY.projections]
    followers += [
        ReactionFollower(log, reacts.reaction, reacts.decider, utc_now, "0")
        for reacts in NOTIFY.reactions(runtime)
    ]
    for follower in followers:
        await follower.create(born=0)
        assert await follower._lead()
    sending = asyncio.create_task(Sender(runtime, settings).run())

    async def end() -> None:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await log.close()
        await pool.close()

    stack.push_async_callback(end)
    return Desk(name, intake, runtime, followers, relay, port)


async def until_silent(*desks: Desk) -> None:
    """Let them mail each other until neither has anything more to say."""
    for _ in range(ROUNDS_MAX):
        news = [await desk.pump() for desk in desks]
        for desk in desks:
            await desk.sent_all()
        if not any(news):
            return
    pytest.fail(f"after {ROUNDS_MAX} rounds they still write to each other")


async def begin(one: Desk, other: Desk) -> None:
    """Somebody at the mailbox of one desk writes to the other."""
    mail = EmailMessage()
    mail["From"], mail["To"] = one.address, other.address
    mail["Subject"], mail["Message-ID"] = "Do you have our parcel?", "<1@begin.example>"
    mail.set_content("It should have come on Monday.")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=other.port) as client:
        await client.send_message(mail, sender=one.address, recipients=[other.address])


async def test_two_desks_fall_silent_after_one_letter_each(
    servers: TestServers, tmp_path: Path
) -> None:
    async with two_desks(servers, tmp_path, thoughtless=False) as (a, b):
        await begin(a, b)
        await until_silent(a, b)
        assert len(b.relay.passed) == 1, "b acknowledges"
        assert a.relay.passed == [], "a does not"
        assert await a.types() == ["SubmissionQuarantined"]
        said = await b.intake.runtime.log.page(0, 100)
        ticket = next(one.subject for one in said if one.type == "TicketOpened")
        reply = AgentReplied(
            replied_by="agent:bo",
            agent_name="Bo",
            text="It is here.",
            replied_at=utc_now(),
        )
        await b.hears(ticket, reply)
        await until_silent(a, b)
        assert (await a.types()).count("TicketOpened") == 1, "what an agent wrote is read"
        assert (len(a.relay.passed), len(b.relay.passed)) == (0, 2), "and is not acknowledged"


async def test_they_fall_silent_though_a_server_between_them_hides_what_they_are(
    servers: TestServers, tmp_path: Path
) -> None:
    async with two_desks(servers, tmp_path, thoughtless=True) as (a, b):
        await begin(a, b)
        await until_silent(a, b)
        for desk in (a, b):
            types = await desk.types()
            assert types.count("TicketOpened") <= TICKETS_MAX
            assert len(desk.relay.passed) <= TICKETS_MAX + 1
        assert "SubmissionQuarantined" in [*await a.types(), *await b.types()]
