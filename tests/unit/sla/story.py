"""Tickets, plans and events for tests of sla, and a desk in memory that hears them."""

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from services.sla.app import due
from services.sla.commands import Command
from services.sla.domain import DECIDER
from services.sla.plans import Plan
from services.sla.projection import Clocks
from services.sla.reactions import KeepClocks
from services.sla.rows import CLOCKS, ClockRow
from shared.errors import Rejected
from shared.events import Event, Level, Person, Priority, TicketType
from shared.events.intake import (
    Channel,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    Question,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
)
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    ProgressKind,
    ProgressReported,
    ResolutionKind,
    ResolutionRejected,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
)
from shared.events.sla import CalendarValues, ClockKind, Interval, PlanTargets
from shared.followers.contracts import Directed, Timer
from shared.followers.view import View
from shared.ids import derived_id, person_id
from shared.log.records import Past, Recorded
from shared.log.vector import Vector
from shared.service import TIMERS
from shared.testing.spec import T0, TICKET, recorded

T = TypeVar("T")
FIRST, LAST = ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION
NEXT, PROGRESS = ClockKind.NEXT_RESPONSE, ClockKind.PROGRESS
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = CalendarValues(
    timezone="UTC", hours={day: (Interval(start="00:00", end="24:00"),) for day in WEEK}
)
OFFICE = CalendarValues(
    timezone="UTC", hours={day: (Interval(start="09:00", end="17:00"),) for day in WEEK[:5]}
)
MINUTES = {
    Priority.LOW: (480, 2400),
    Priority.MEDIUM: (120, 960),
    Priority.HIGH: (60, 240),
    Priority.CRITICAL: (15, 120),
}


def plan(plan_id: str = "standard", calendar: CalendarValues = ALWAYS, **changes: Any) -> Plan:
    """A plan with targets for all priorities."""
    targets = tuple(
        PlanTargets(priority=each, first_response_minutes=first, resolution_minutes=last)
        for each, (first, last) in MINUTES.items()
    )
    made = Plan(plan_id, plan_id.capitalize(), targets, "hours", calendar)
    return replace(made, **changes)


STANDARD = plan(default_for=frozenset(Priority))
EMERGENCY = plan(
    "emergency",
    targets=(
        PlanTargets(priority=Priority.CRITICAL, first_response_minutes=5, resolution_minutes=60),
    ),
)


NEXT_MINUTES, PROGRESS_MINUTES = 30, 90


def promising(plan_: Plan = STANDARD, **changes: Any) -> Plan:
    """The plan, which promises an answer to each message and progress every so often, too."""
    more = {"next_response_minutes": NEXT_MINUTES, "progress_every_minutes": PROGRESS_MINUTES}
    targets = tuple(each.model_copy(update=more) for each in plan_.targets)
    return replace(plan_, targets=targets, **changes)


def at(minutes: float) -> datetime:
    """That many minutes after Monday morning, 9 o'clock."""
    return T0 + timedelta(minutes=minutes)


CUSTOMER = Person(person_id=person_id("carla@example.org"), name="Carla", email="carla@example.org")


def opened(minutes: float = 0) -> TicketOpened:
    return TicketOpened(
        number="LD-00000-00000-0",
        channel=Channel.WEB,
        topic_id="general",
        topic_name="General",
        requester=CUSTOMER,
        subject="The printer is on fire",
        description="Flames.",
        opened_at=at(minutes),
    )


def categorised(plan_id: str | None = None) -> TicketCategorised:
    return TicketCategorised(
        type=TicketType.TECHNICAL,
        topic_id="general",
        topic_name="General",
        team_id="first-line",
        team_name="First line",
        plan_id=plan_id,
    )


def prioritised(priority: Priority = Priority.HIGH) -> TicketPrioritised:
    return TicketPrioritised(impact=Level.HIGH, urgency=Level.HIGH, priority=priority)


def replied(minutes: float, *, awaits: bool = False) -> AgentReplied:
    return AgentReplied(
        replied_by="anna", text="Hello", awaits_customer=awaits, replied_at=at(minutes)
    )


def progress(minutes: float) -> ProgressReported:
    return ProgressReported(
        kind=ProgressKind.STEP, text="Looking", reported_by="anna", reported_at=at(minutes)
    )


def message(minutes: float, *, automatic: bool = False) -> CustomerMessageReceived:
    return CustomerMessageReceived(
        sender=CUSTOMER,
        channel=Channel.EMAIL,
        text="Well",
        received_at=at(minutes),
        automatic=automatic,
    )


def asked(minutes: float) -> ClarificationRequested:
    question = Question(field="model", text="Which printer?")
    return ClarificationRequested(questions=(question,), requested_at=at(minutes))


def answered(minutes: float) -> ClarificationProvided:
    return ClarificationProvided(text="The big one", provided_at=at(minutes))


def held(minutes: float) -> TicketHeld:
    return TicketHeld(reason="parts", held_by="anna", held_at=at(minutes))


def resumed(minutes: float) -> WorkResumed:
    return WorkResumed(reason="parts are here", resumed_by="anna", resumed_at=at(minutes))


def resolved(minutes: float) -> TicketResolved:
    return TicketResolved(
        kind=ResolutionKind.FIX,
        cause="Fire",
        note="Extinguished",
        resolved_by="anna",
        resolved_at=at(minutes),
    )


def rejected(minutes: float) -> ResolutionRejected:
    return ResolutionRejected(rejected_by="carla", reason="Still burns", rejected_at=at(minutes))


def reopened(minutes: float) -> TicketReopened:
    return TicketReopened(reason="rejected", reopened_by="customer:carla", reopened_at=at(minutes))


def closed(minutes: float) -> TicketClosed:
    return TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=at(minutes))


class Desk:
    """The sla service in memory: hears of one ticket, decides, folds, fires timers."""

    def __init__(self, *plans: Plan) -> None:
        self.log: list[Recorded] = []
        self.plans = list(plans) or [STANDARD, EMERGENCY]
        self.state = DECIDER.initial_state
        self.now = T0
        self._view = View(TICKET)
        self._fired: set[tuple[object, datetime]] = set()
        self._reaction: Any = KeepClocks(self, lambda: self.now)  # type: ignore[arg-type]

    async def all(self) -> list[Plan]:
        """Its own plans."""
        return self.plans

    @property
    def said(self) -> list[Event]:
        return [e.event for e in self.log if e.said and isinstance(e.event, Event)]

    def told(self) -> list[str]:
        """What was said, in short: type and clock."""
        return [
            f"{type(e).__name__} {clock.value}" if (clock := getattr(e, "clock", None)) else
            type(e).__name__
            for e in self.said
        ]  # fmt: skip

    def open(self, priority: Priority = Priority.HIGH, plan_id: str | None = None) -> "Desk":
        """A ticket comes in, complete, at T0."""
        for event in (opened(), categorised(plan_id), prioritised(priority)):
            self.hear(event, 0)
        return self

    def hear(self, event: Event, minutes: float, *, late: float | None = None) -> "Desk":
        """Others say something at an instant; it is heard then, or `late`, with all that
        was due until then."""
        self.pass_time(minutes if late is None else late)
        heard = self._append(event, at(minutes), at(minutes if late is None else late))
        self.react(heard)
        return self

    def hear_only(self, event: Event, minutes: float) -> Recorded:
        """It is in the log, and the reaction to it is still to come."""
        return self._append(event, at(minutes), at(minutes))

    def react(self, heard: Recorded) -> None:
        for each in _now(self._reacted(heard, Past(list(self.log), Vector()))):
            self.command(each.command, heard.occurred_at)

    async def _reacted(self, heard: Recorded, past: Past) -> Sequence[Directed[Command]]:
        await self._reaction.look_ahead([heard])
        found: Sequence[Directed[Command]] = await self._reaction.react(heard, past)
        return found

    def command(self, command: Command, now: datetime) -> list[Event]:
        try:
            said = DECIDER.decide(command, self.state)
        except Rejected:
            return []
        for event in said:
            self._append(event, now, now)
        return said

    def pass_time(self, minutes: float) -> "Desk":
        """Let it be that late: what is due fires, the earliest first."""
        while due_now := [
            timer
            for timer in self.rows()[TIMERS.name]
            if timer.due_at <= at(minutes) and (timer.id, timer.due_at) not in self._fired
        ]:
            timer = min(due_now, key=lambda each: (each.due_at, each.kind))
            self.fire(timer)
        return self

    def fire(self, timer: Timer) -> None:
        """What is due fires, whatever else is."""
        self._fired.add((timer.id, timer.due_at))
        self.command(due(timer), max(timer.due_at, self.log[-1].occurred_at))

    def rows(self) -> dict[str, list[Any]]:
        """The read model."""
        return {table.name: self._view.all(table) for table in Clocks.tables}

    def rows_from_scratch(self) -> dict[str, list[Any]]:
        """The same, as a rebuild makes it."""
        projection, view = Clocks(), View(TICKET)
        for each in self.log:
            if type(each.event) in projection.hears:
                projection.fold(view, each)
        return {table.name: view.all(table) for table in projection.tables}

    def row(self, kind: ClockKind) -> ClockRow:
        """A clock as people see it."""
        (row,) = [row for row in self.rows()[CLOCKS.name] if row.clock == kind.value]
        assert isinstance(row, ClockRow)
        return row

    def _append(self, event: Event, occurred_at: datetime, recorded_at: datetime) -> Recorded:
        version = 1 + sum(each.author == event.author for each in self.log)
        made = replace(
            recorded(event, author="sla")[0],
            position=len(self.log) + 1,
            version=version,
            id=derived_id("test", event.author, version),
            occurred_at=occurred_at,
            recorded_at=recorded_at,
        )
        self.log.append(made)
        self.now = recorded_at
        self.state = DECIDER.evolve(self.state, made.event)
        if type(made.event) in Clocks.hears:
            Clocks().fold(self._view, made)
        return made


def _now(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("it waits for something")
