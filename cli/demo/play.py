"""The story of one ticket, played by its customer and by whoever has it at the desk."""

from dataclasses import replace
from typing import Final

from cli.demo import afterwards, beside, knowledge
from cli.demo.part import CLOSED, QUESTION, Part
from cli.demo.scenarios import Channel, Scenario, Touch, Turn
from cli.demo.texts import texts

WAITING: Final = "Waiting for customer"


class Play(Part):
    """One ticket, from its first message until the rating."""

    async def play(self) -> None:
        """All of it."""
        await self.open()
        await self.go_on()

    async def go_on(self) -> None:
        """What follows once it is taken in."""
        await self._triage()
        await self._first_response()
        await self._work()
        await self._solve()
        if self.scenario.takes(Turn.REOPENED):
            await self._reopen()
        await afterwards.write_again(self)
        await knowledge.write_down(self)
        self.step = "follow-up"
        await afterwards.rate(self)
        self.stage.finished.add(self.number)

    async def _triage(self) -> None:
        """Somebody has it; mails are put under a topic with shortened clocks."""
        self.step = "assignment"
        await self.has_agent()
        if self.scenario.channel is Channel.MAIL:
            await self.do("category", topic_id=QUESTION, reason="It is a demo question")
            await self.until("put under the demo's topic", lambda t: t["topic"]["id"] == QUESTION)
            if self.scenario.takes(Turn.BREACHED):
                order = {"impact": "high", "urgency": "high", "reason": "The shop stands still"}
                await self.do("priority", by=self.stage.agents.manager, **order)
        if self.scenario.takes(Turn.BOUNCED):
            address = self.scenario.customer.email
            first = await self.stage.customers.await_mail(address)
            await self.stage.customers.bounce(self.scenario, first)

    async def _first_response(self) -> None:
        self.step = "first response"
        if self.scenario.takes(Turn.BREACHED):
            await self.until("breached", lambda t: t["breached"])
        else:
            await self.pause()
        await self.has_agent()
        await self.do("start")
        await beside.reply(self)
        if self.scenario.upset:
            await self.do("notes", text=texts().upset, pinned=True)

    async def _work(self) -> None:
        self.step = "work"
        if self.scenario.takes(Turn.ESCALATED):
            await self._escalate()
        await self.pause()
        await self.do("progress", kind="finding", text=self.scenario.matter.finding)
        await beside.note_down(self)
        await beside.speak_at_once(self)
        if self.scenario.asks or self.scenario.takes(Touch.MACRO):
            await self._ask()
        if self.scenario.held:
            await self.do("hold", reason="We wait for the maker of the till")
            await self.pause()
            await self.do("resume", reason="The maker has answered")

    async def _escalate(self) -> None:
        self.step = "escalation"
        before = await self.has_agent()
        await self.do("escalation", reason="Needs more rights than I have")
        if not before["breached"]:
            await self.until("escalated", lambda t: t["tier"] > before["tier"])
        await self.has_agent()

    async def _ask(self) -> None:
        self.step = "question"
        if self.scenario.takes(Touch.MACRO):
            await self.do(f"macros/{beside.ASKING}")
        else:
            await self.do("replies", text=self.scenario.matter.question, awaits_customer=True)
        await self.until("waiting", lambda t: t["status"] == WAITING)
        await self.pause()
        await self.write(self.scenario.matter.answer)
        await self.until("answered", lambda t: t["status"] != WAITING)

    async def _solve(self, again: bool = False) -> None:
        self.step = "solution"
        matter = self.scenario.matter
        rejected = self.scenario.takes(Turn.REJECTED) and not again
        kind = "workaround" if rejected else "fix"
        await self.pause()
        await self.do("resolve", kind=kind, cause=matter.cause, note=matter.solution)
        if self.scenario.verified and not rejected:
            await self.do("verify", method="Tried it out", result="It works", passed=True)
        resolved = await self.until("resolved", lambda t: t["status"] in {"Resolved", *CLOSED})
        await beside.try_in_vain(self)
        if rejected:
            self.step = "rejection"
            if not await self.act("reject", reason=matter.still_wrong):
                # Silence was quicker: they come back to it, and reject the next solution.
                await self.act("reopen", reason=matter.still_wrong)
                await self.until("reopened", lambda t: t["reopened"] > resolved["reopened"])
                await self._solve()
                return
            await self.until("rejected", lambda t: t["reopened"] > resolved["reopened"])
            await self._solve(again=True)
            return
        self.step = "closing"
        if not self.scenario.silent or again:
            await self.act("confirm", comment=self.phrases.works)
        await self.until("closed", lambda t: t["status"] in CLOSED)

    async def _reopen(self) -> None:
        self.step = "reopening"
        before = self.ticket["reopened"]
        if self.scenario.channel is Channel.MAIL:
            await self.write(self.scenario.matter.again)
        else:
            await self.act("reopen", reason=self.scenario.matter.again)
        await self.until("reopened", lambda t: t["reopened"] > before)
        await self.do("replies", text=self.phrases.sorry)
        await self._solve(again=True)


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
        touches=frozenset(),
        related=False,
        silent=False,
    )


async def come_back(play: Play, count: int) -> Play:
    """The customer writes to a ticket in the archive; what becomes of that, taken in."""
    play.step = "coming back"
    await play.until("archived", lambda t: t["status"] == "Archived")
    await play.answer_mail(texts().late)
    scenario = replace(
        play.scenario,
        number=2 * count + play.scenario.number,
        channel=Channel.MAIL,
        outage=False,
        turns=frozenset(),
        touches=frozenset(),
        asks=False,
        held=False,
        silent=False,
    )
    another = Play(play.stage, scenario)
    email = scenario.customer.email
    another.number = await play.stage.watch.number_of(email, beside=play.number)
    play.stage.meet(play.number, Touch.LATE)
    await another.taken_in()
    return another
