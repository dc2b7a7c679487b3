"""One ticket, and what its customer and whoever has it at the desk can do about it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from cli.demo.agents import Agents
from cli.demo.customers import Customers, NotArrived, link_token
from cli.demo.scenarios import Channel, Scenario, Touch, Turn
from cli.demo.texts import Phrases, texts
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
    articles: dict[str, str] = field(default_factory=dict)
    """Those published, by the cause that they are about."""
    met: dict[str, set[Touch]] = field(default_factory=dict)
    """What people met with that no event tells, by the ticket's number."""

    def meet(self, number: str, touch: Touch) -> None:
        """Somebody met with it."""
        self.met.setdefault(number, set()).add(touch)


@dataclass
class Part:
    """Of a ticket."""

    stage: Stage
    scenario: Scenario
    number: str = ""
    token: str = ""
    """Of the magic link in the customer's mails."""
    step: str = "opening"
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    _after: Vector = field(default_factory=Vector)
    _commands: int = 0

    @property
    def ticket(self) -> Json:
        """As it was last seen."""
        return self.stage.watch.seen[self.number]

    @property
    def phrases(self) -> Phrases:
        """What is said in the customer's language."""
        return texts().german if self.scenario.takes(Touch.GERMAN) else texts()

    async def open(self) -> None:
        """The customer writes, some of them twice."""
        scenario, customers = self.scenario, self.stage.customers
        twice = 2 if scenario.takes(Turn.DUPLICATED) else 1
        key = f"demo-{self.stage.run}-{scenario.number}-{scenario.subject}"[:200]
        topic = OUTAGE if scenario.outage else QUESTION
        match scenario.channel:
            case Channel.HTTP:
                receipts = [await customers.submit(scenario, topic, key) for _ in range(twice)]
                if len({receipt["ticket_id"] for receipt in receipts}) != 1:
                    raise NotOne(receipts[0]["number"])
                self.number = receipts[0]["number"]
            case Channel.FORM:
                form = await customers.form(topic)
                for _ in range(twice):
                    await customers.fill_in(scenario, topic, form)
                self.number = await self.stage.watch.number_of(scenario.customer.email)
            case Channel.MAIL:
                for _ in range(twice):
                    message_id = f"<{_plain(key)}@customers.example>"
                    await customers.mail(scenario, scenario.subject, scenario.text, message_id)
                self.number = await self.stage.watch.number_of(scenario.customer.email)
        await self.taken_in()

    async def taken_in(self) -> None:
        """It has a number, and its customer a link to it."""
        self.stage.opened[self.number] = self.scenario
        self.opened.set()
        # The receipt's link shows how the ticket stands; what was answered is for who has the mail.
        mail = await self.stage.customers.await_mail(self.scenario.customer.email, self.number)
        self.token = link_token(mail)

    async def write(self, text: str) -> None:
        """The customer writes, the way they came; on the portal once their mail bounced."""
        if self.scenario.channel is Channel.MAIL and not self.scenario.takes(Turn.BOUNCED):
            await self.answer_mail(text)
        else:
            await self.act("reply", text=text)

    async def answer_mail(self, text: str, *, automatic: bool = False) -> None:
        """The customer, or their mail program by itself, answers the last mail of the desk."""
        mails = await self.stage.customers.mails(self.scenario.customer.email, self.number)
        about = mails[0]
        self._commands += 1
        named = f"answer-{self.stage.run}-{self.scenario.number}-{self._commands}"
        message_id = f"<{named}@customers.example>"
        begins = "Automatic reply" if automatic else "Re"
        await self.stage.customers.mail(
            self.scenario, f"{begins}: {about['subject']}", text, message_id, about,
            automatic=automatic,
        )  # fmt: skip

    async def act(self, action: str, **typed: str) -> bool:
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
                if self.ticket["status"] in too_late:
                    return False
                if monotonic_seconds() > give_up_at:
                    raise
                await self.stage.watch.look_at(self.number)
            else:
                return True

    async def has_agent(self) -> Json:
        """The ticket, once somebody has it; a manager helps where nobody of its team can."""

        def assigned(ticket: Json) -> bool:
            return ticket["agent"] is not None

        with suppress(NeverHappened):
            return await self.until("assigned", assigned, timeout=PATIENCE_SECONDS)
        team = (self.ticket["team"] or {}).get("id")
        if team is not None and team != HELPERS:
            order = {"team_id": HELPERS, "reason": "Nobody of this tier is free in your team"}
            await self.do("transfer", by=self.stage.agents.manager, **order)
        return await self.until("assigned", assigned)

    async def until(
        self, what: str, holds: Callable[[Json], bool], timeout: float = HAPPENS_SECONDS
    ) -> Json:
        """The ticket, as soon as something holds."""
        ticket = await self.stage.watch.until(self.number, what, holds, timeout)
        self._after = self._after.merged(Vector.parse(ticket["version"]))
        return ticket

    async def do(self, command: str, by: str | None = None, **body: Any) -> Json:
        """Give a command as whoever has the ticket, knowing all that was seen of it so far."""
        ticket = self.ticket
        self._after = self._after.merged(Vector.parse(ticket["version"]))
        self._commands += 1
        answer = await self.stage.agents.say(
            by or self.agent,
            "POST",
            f"/tickets/{ticket['id']}/{command}",
            body or None,
            after=str(self._after),
            key=f"demo-{self.stage.run}-{self.number}-{self._commands}",
        )
        after = answer.headers.get("Ledgerdesk-After")
        if after:
            self._after = self._after.merged(Vector.parse(after))
        done: Json = answer.json()
        return done

    @property
    def agent(self) -> str:
        """Whoever has the ticket, or a manager while nobody has."""
        return (self.ticket["agent"] or {}).get("id") or self.stage.agents.manager

    async def pause(self) -> None:
        """As long as people take between two things."""
        await asyncio.sleep(self.scenario.pace)


def _plain(text: str) -> str:
    """As a Message-ID can have it."""
    return "".join(each if each.isascii() and each.isalnum() else "." for each in text)
