"""The story of one ticket, played by its customer and by whoever has it at the desk."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cli.demo.agents import Agents
from cli.demo.customers import Customers, NotArrived, link_token
from cli.demo.scenarios import Channel, Scenario, Turn
from cli.demo.texts import texts
from cli.demo.watch import NeverHappened, Watch
from shared.clock import monotonic_seconds
from shared.log.vector import Vector

QUESTION: Final = "demo-question"
OUTAGE: Final = "demo-outage"

HELPERS: Final = "technical"
"""The team with most people of the highest tier."""

PATIENCE_SECONDS: Final = 12
"""How long a ticket is without an agent before a manager looks at it."""

HAPPENS_SECONDS: Final = 90
"""How long people wait for what is going to happen."""

OFFERED_SECONDS: Final = 45
"""How long a customer looks for what a mail said that they could do."""

CLOSED: Final = frozenset({"Closed", "Archived"})

Json = dict[str, Any]


class NotOne(Exception):
    """The same submission, sent twice, became two tickets."""


@dataclass
class Stage:
    """The people of the demo, and what they see."""

    agents: Agents
    customers: Customers
    watch: Watch
    run: str
    opened: dict[str, Scenario] = field(default_factory=dict)
    """By the ticket's number."""
    finished: set[str] = field(default_factory=set)


@dataclass
class Play:
    """One ticket."""

    stage: Stage
    scenario: Scenario
    number: str = ""
    token: str = ""
    """Of the magic link in the customer's mails."""
    step: str = "opening"
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    _after: Vector = field(default_factory=Vector)
    _commands: int = 0

    async def play(self) -> None:
        """From the first message until the rating."""
        await self._open()
        await self._triage()
        await self._first_response()
        await self._work()
        await self._solve()
        if self.scenario.takes(Turn.REOPENED):
            await self._reopen()
        await self._follow_up()
        self.stage.finished.add(self.number)

    async def _open(self) -> None:
        scenario, customers = self.scenario, self.stage.customers
        twice = 2 if scenario.takes(Turn.DUPLICATED) else 1
        key = f"demo-{self.stage.run}-{scenario.number}-{scenario.subject}"[:200]
        match scenario.channel:
            case Channel.HTTP:
                receipts = [
                    await customers.submit(scenario, self._topic, key) for _ in range(twice)
                ]
                if len({receipt["ticket_id"] for receipt in receipts}) != 1:
                    raise NotOne(receipts[0]["number"])
                self.number = receipts[0]["number"]
            case Channel.FORM:
                form = await customers.form(self._topic)
                for _ in range(twice):
                    await customers.fill_in(scenario, self._topic, form)
                self.number = await self.stage.watch.number_of(scenario.customer.email)
            case Channel.MAIL:
                message_id = f"<{key.replace(' ', '.')}@customers.example>"
                for _ in range(twice):
                    await customers.mail(scenario, scenario.subject, scenario.text, message_id)
                self.number = await self.stage.watch.number_of(scenario.customer.email)
        self.stage.opened[self.number] = scenario
        self.opened.set()
        # The receipt's link shows how the ticket stands; what was answered is for who has the mail.
        self.token = link_token(await customers.await_mail(scenario.customer.email, self.number))

    @property
    def _topic(self) -> str:
        return OUTAGE if self.scenario.outage else QUESTION

    async def _triage(self) -> None:
        """Somebody has it; mails are put under a topic with shortened clocks."""
        self.step = "assignment"
        await self._has_agent()
        if self.scenario.channel is Channel.MAIL:
            await self._do("category", topic_id=QUESTION, reason="It is a demo question")
            await self._until("put under the demo's topic", lambda t: t["topic"]["id"] == QUESTION)
            if self.scenario.takes(Turn.BREACHED):
                order = {"impact": "high", "urgency": "high", "reason": "The shop stands still"}
                await self._do("priority", by=self.stage.agents.manager, **order)
        if self.scenario.takes(Turn.BOUNCED):
            address = self.scenario.customer.email
            first = await self.stage.customers.await_mail(address)
            await self.stage.customers.bounce(self.scenario, first)

    async def _first_response(self) -> None:
        self.step = "first response"
        if self.scenario.takes(Turn.BREACHED):
            await self._until("breached", lambda t: t["breached"])
        else:
            await self._pause()
        await self._has_agent()
        await self._do("start")
        replies = texts().first_replies
        await self._do("replies", text=replies[self.scenario.number % len(replies)])
        if self.scenario.upset:
            await self._do("notes", text=texts().upset, pinned=True)

    async def _work(self) -> None:
        self.step = "work"
        if self.scenario.takes(Turn.ESCALATED):
            await self._escalate()
        await self._pause()
        await self._do("progress", kind="finding", text=self.scenario.matter.finding)
        if self.scenario.asks:
            await self._ask()
        if self.scenario.held:
            await self._do("hold", reason="We wait for the maker of the till")
            await self._pause()
            await self._do("resume", reason="The maker has answered")

    async def _escalate(self) -> None:
        self.step = "escalation"
        before = await self._has_agent()
        await self._do("escalation", reason="Needs more rights than I have")
        if not before["breached"]:
            await self._until("escalated", lambda t: t["tier"] > before["tier"])
        await self._has_agent()

    async def _ask(self) -> None:
        self.step = "question"
        await self._do("replies", text=self.scenario.matter.question, awaits_customer=True)
        waiting = "Waiting for customer"
        await self._until("waiting", lambda t: t["status"] == waiting)
        await self._pause()
        await self._write(self.scenario.matter.answer)
        await self._until("answered", lambda t: t["status"] != waiting)

    async def _write(self, text: str) -> None:
        """The customer writes, the way they came; on the portal once their mail bounced."""
        by_mail = self.scenario.channel is Channel.MAIL and not self.scenario.takes(Turn.BOUNCED)
        if not by_mail:
            await self._act("reply", text=text)
            return
        mails = await self.stage.customers.mails(self.scenario.customer.email)
        about = next(mail for mail in mails if self.number in mail["subject"])
        self._commands += 1
        named = f"answer-{self.stage.run}-{self.scenario.number}-{self._commands}"
        message_id = f"<{named}@customers.example>"
        subject = f"Re: {about['subject']}"
        await self.stage.customers.mail(self.scenario, subject, text, message_id, about)

    async def _solve(self, again: bool = False) -> None:
        self.step = "solution"
        matter = self.scenario.matter
        rejected = self.scenario.takes(Turn.REJECTED) and not again
        kind = "workaround" if rejected else "fix"
        await self._pause()
        await self._do("resolve", kind=kind, cause=matter.cause, note=matter.solution)
        if self.scenario.verified and not rejected:
            await self._do("verify", method="Tried it out", result="It works", passed=True)
        resolved = await self._until("resolved", lambda t: t["status"] in {"Resolved", *CLOSED})
        if rejected:
            self.step = "rejection"
            if not await self._act("reject", reason=matter.still_wrong):
                # Silence was quicker: they come back to it, and reject the next solution.
                await self._act("reopen", reason=matter.still_wrong)
                await self._until("reopened", lambda t: t["reopened"] > resolved["reopened"])
                await self._solve()
                return
            await self._until("rejected", lambda t: t["reopened"] > resolved["reopened"])
            await self._solve(again=True)
            return
        self.step = "closing"
        if not self.scenario.silent or again:
            await self._act("confirm", comment="It works.")
        await self._until("closed", lambda t: t["status"] in CLOSED)

    async def _reopen(self) -> None:
        self.step = "reopening"
        before = self.stage.watch.seen[self.number]["reopened"]
        if self.scenario.channel is Channel.MAIL:
            await self._write(self.scenario.matter.again)
        else:
            await self._act("reopen", reason=self.scenario.matter.again)
        await self._until("reopened", lambda t: t["reopened"] > before)
        await self._do("replies", text="Sorry! We look at it once more.")
        await self._solve(again=True)

    async def _follow_up(self) -> None:
        self.step = "follow-up"
        await self._until("followed up", lambda t: t["followed_up_at"] is not None)
        rating = self.scenario.rating
        if rating is None:
            return
        praise = texts().praise[self.scenario.number % len(texts().praise)] if rating > 3 else ""
        if await self._act("feedback", rating=str(rating), comment=praise):
            await self._until("rated", lambda t: t["rating"] == rating)

    async def _act(self, action: str, **typed: str) -> bool:
        """The customer does something on the portal, as soon as it offers it.

        False if a clock was quicker: what can be done on a resolved ticket no longer can
        once silence has closed it, nor on a closed one that is in the archive.
        """
        too_late = {"confirm": CLOSED, "reject": CLOSED}.get(action, frozenset({"Archived"}))
        give_up_at = monotonic_seconds() + OFFERED_SECONDS
        while True:
            try:
                await self.stage.customers.act(self.token, action, **typed)
            except NotArrived:
                if self.stage.watch.seen[self.number]["status"] in too_late:
                    return False
                if monotonic_seconds() > give_up_at:
                    raise
                await asyncio.sleep(0.5)
            else:
                return True

    async def _has_agent(self) -> Json:
        """The ticket, once somebody has it; a manager helps where nobody of its team can."""

        def assigned(ticket: Json) -> bool:
            return ticket["agent"] is not None

        with suppress(NeverHappened):
            return await self._until("assigned", assigned, timeout=PATIENCE_SECONDS)
        team = (self.stage.watch.seen[self.number]["team"] or {}).get("id")
        if team is not None and team != HELPERS:
            order = {"team_id": HELPERS, "reason": "Nobody of this tier is free in your team"}
            await self._do("transfer", by=self.stage.agents.manager, **order)
        return await self._until("assigned", assigned)

    async def _until(
        self, what: str, holds: Callable[[Json], bool], timeout: float = HAPPENS_SECONDS
    ) -> Json:
        ticket = await self.stage.watch.until(self.number, what, holds, timeout)
        self._after = self._after.merged(Vector.parse(ticket["version"]))
        return ticket

    async def _do(self, command: str, by: str | None = None, **body: Any) -> None:
        """Give a command as whoever has the ticket, knowing all that was seen of it so far."""
        ticket = self.stage.watch.seen[self.number]
        self._after = self._after.merged(Vector.parse(ticket["version"]))
        agent = by or (ticket["agent"] or {}).get("id") or self.stage.agents.manager
        self._commands += 1
        answer = await self.stage.agents.say(
            agent,
            "POST",
            f"/tickets/{ticket['id']}/{command}",
            body or None,
            after=str(self._after),
            key=f"demo-{self.stage.run}-{self.number}-{self._commands}",
        )
        after = answer.headers.get("Ledgerdesk-After")
        if after:
            self._after = self._after.merged(Vector.parse(after))

    async def _pause(self) -> None:
        await asyncio.sleep(self.scenario.pace)


def sequel(scenario: Scenario, count: int) -> Scenario:
    """The second ticket of a customer about the same, told in other words."""
    matter = scenario.matter
    subject = next(s for s in matter.subjects if s != scenario.subject)
    return replace(
        scenario,
        number=count + scenario.number,
        channel=Channel.HTTP,
        subject=subject,
        text=f"{scenario.text}\n\nI wrote about this before: {scenario.subject}",
        turns=frozenset(),
        related=False,
        silent=False,
    )
