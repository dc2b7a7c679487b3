"""The clocks of a ticket: what keeps, risks or breaks the desk's promises. Pure.

Commands about what others said carry `at`, when it happened, and `known_at`, when this
service learnt of it: clocks are dated by the first, so that lateness falsifies nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from services.sla.clocks import Clock, NotStarted, Running, Terms, clock_after
from services.sla.facts import STOPS, Facts, WaitFor, facts_after
from services.sla.plans import BY_RULE, Plan, begin, terms_of
from services.sla.ticking import Ticking
from shared.decider import Decider
from shared.errors import NotFound, Rejected, VersionConflict
from shared.events import Event, Priority, Unknown
from shared.events.sla import (
    BreachRetracted,
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    SlaPlanApplied,
    TargetApproaching,
    TargetBreached,
    TargetMet,
)


class TicketOver(Rejected):
    """The ticket is closed: its clocks run no more."""


class NoPriorityYet(Rejected):
    """The ticket has no priority yet, which the plan's targets depend on."""


@dataclass(frozen=True)
class ApplyPlan:
    """Start the clocks under a plan, or move them to it."""

    plan: Plan
    at: datetime
    known_at: datetime
    reason: str
    by: str = BY_RULE
    priority: Priority | None = None
    """None: the ticket's."""


@dataclass(frozen=True)
class ReceiveResponse:
    """The customer heard from the desk."""

    at: datetime
    known_at: datetime
    awaits_customer: bool = False


@dataclass(frozen=True)
class Pause:
    """The ticket waits for somebody who is not the desk."""

    at: datetime
    known_at: datetime
    reason: WaitFor


@dataclass(frozen=True)
class Resume:
    """One thing that the ticket waited for is there."""

    at: datetime


@dataclass(frozen=True)
class Resolve:
    """There is a solution."""

    at: datetime
    known_at: datetime


@dataclass(frozen=True)
class Restart:
    """The solution did not hold."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class CallOff:
    """The ticket is over: what still runs is stopped."""

    at: datetime
    known_at: datetime
    reason: str


@dataclass(frozen=True)
class Warn:
    """A warning is due `at`."""

    clock: ClockKind
    due_at: datetime
    at: datetime


@dataclass(frozen=True)
class Breach:
    """A target is due."""

    clock: ClockKind
    due_at: datetime


Command = ApplyPlan | ReceiveResponse | Pause | Resume | Resolve | Restart | CallOff | Warn | Breach

_NOT_STARTED: Mapping[ClockKind, Clock] = MappingProxyType(
    {kind: NotStarted() for kind in ClockKind}
)


@dataclass(frozen=True)
class State:
    """What is known of the ticket, the plan that holds, and its clocks."""

    facts: Facts = field(default_factory=Facts)
    plan: SlaPlanApplied | None = None
    terms: Terms | None = None
    clocks: Mapping[ClockKind, Clock] = field(default_factory=lambda: _NOT_STARTED)

    @property
    def by(self) -> str:
        """Who chose the plan: the rule, or a person, whose choice a rule leaves alone."""
        return BY_RULE if self.plan is None else self.plan.by

    def ticking(self, kind: ClockKind) -> Ticking | None:
        """The clock under its terms; None while no plan holds."""
        return None if self.terms is None else Ticking(kind, self.terms, self.clocks[kind])


def decide(command: Command, state: State) -> list[Event]:
    """What follows from the command."""
    match command:
        case ApplyPlan():
            return _apply_plan(command, state)
        case ReceiveResponse():
            return _receive_response(command, state)
        case Pause():
            return _pause(command, state)
        case Resume():
            return _resume(command, state)
        case Resolve():
            return _each(state, lambda clock: clock.meet(command.at, command.known_at))
        case Restart():
            return _restart(command, state)
        case CallOff():
            at, known_at, reason = command.at, command.known_at, command.reason
            return _each(state, lambda clock: clock.call_off(at, known_at, reason))
        case Warn():
            return _when_due(command, state, lambda c: c.warn(command.due_at, command.at))
        case Breach():
            return _when_due(command, state, lambda c: c.breach(command.due_at))


def _each(
    state: State,
    happen: Callable[[Ticking], Ticking],
    kinds: Sequence[ClockKind] = tuple(ClockKind),
) -> list[Event]:
    clocks = [clock for kind in kinds if (clock := state.ticking(kind)) is not None]
    return [event for clock in clocks for event in happen(clock).said]


def _apply_plan(command: ApplyPlan, state: State) -> list[Event]:
    facts, at, known_at, reason = state.facts, command.at, command.known_at, command.reason
    if facts.opened_at is None:
        raise NotFound(what="ticket")
    if facts.over:
        raise TicketOver
    priority = command.priority or facts.priority
    if priority is None:
        raise NoPriorityYet
    if command.by == BY_RULE != state.by:
        # A person has chosen meanwhile: the rule looks again.
        raise VersionConflict
    applied = command.plan.applied(priority, command.at, command.reason, command.by)
    terms = terms_of(applied)
    if terms is None or (terms == state.terms and command.by in (BY_RULE, state.by)):
        return []
    if state.terms is None:
        begun = [begin(kind, terms, facts, applied, known_at) for kind in ClockKind]
        return [applied, *(event for clock in begun for event in clock.said)]
    return [applied, *_each(state, lambda c: c.move(terms, at, known_at, reason))]


def _receive_response(command: ReceiveResponse, state: State) -> list[Event]:
    at, known_at = command.at, command.known_at
    met = _each(state, lambda clock: clock.meet(at, known_at), [ClockKind.FIRST_RESPONSE])
    if not command.awaits_customer:
        return met
    return met + _pause(Pause(at, known_at, WaitFor.CUSTOMER), state)


def _pause(command: Pause, state: State) -> list[Event]:
    def pause(clock: Ticking) -> Ticking:
        if _known(clock, command, state):
            return clock
        return clock.pause(command.at, command.known_at, command.reason.value)

    kinds = [kind for kind in ClockKind if command.reason in STOPS[kind]]
    return _each(state, pause, kinds)


def _known(clock: Ticking, command: Pause, state: State) -> bool:
    """Whether the clock already went on after this very wait, as its plan came later."""
    waits = [wait for wait in state.facts.waits if wait.reason is command.reason]
    match clock.clock:
        case Running(since=since):
            return bool(waits) and all(w.until is not None and w.until <= since for w in waits)
        case _:
            return False


def _resume(command: Resume, state: State) -> list[Event]:
    def resume(clock: Ticking) -> Ticking:
        waiting = state.facts.waiting(clock.kind, command.at)
        return clock if waiting else clock.resume(command.at)

    return _each(state, resume)


def _restart(command: Restart, state: State) -> list[Event]:
    resolution = [ClockKind.RESOLUTION]
    restarted = _each(state, lambda c: c.restart(command.at, command.reason), resolution)
    return restarted + _resume(Resume(command.at), state)


def _when_due(
    command: Warn | Breach, state: State, happen: Callable[[Ticking], Ticking]
) -> list[Event]:
    until = command.at if isinstance(command, Warn) else command.due_at
    if _prevented(state, command.clock, until):
        return []
    return _each(state, happen, [command.clock])


def _prevented(state: State, kind: ClockKind, until: datetime) -> bool:
    """Whether something is already known by which the clock did not run `until` then, though
    the reaction to it is still to come."""
    match state.clocks[kind]:
        case Running(since=since):
            facts = state.facts
        case _:
            return True
    answered = facts.responded_at if kind is ClockKind.FIRST_RESPONSE else None
    if facts.over or (answered is not None and answered <= until):
        return True
    return any(
        wait.since <= until and (wait.until is None or wait.until > since)
        for wait in facts.waits_of(kind)
    )


def evolve(state: State, event: Event | Unknown) -> State:
    """The state after `event`, whoever said it."""
    match event:
        case SlaPlanApplied():
            return replace(state, plan=event, terms=terms_of(event) or state.terms)
        case (
            ClockStarted()
            | ClockPaused()
            | ClockResumed()
            | ClockStopped()
            | TargetApproaching()
            | TargetMet()
            | TargetBreached()
            | BreachRetracted()
        ):
            clock = clock_after(state.clocks[event.clock], event)
            return replace(state, clocks={**state.clocks, event.clock: clock})
        case _:
            return replace(state, facts=facts_after(state.facts, event))


DECIDER: Decider[Command, State] = Decider(initial_state=State(), decide=decide, evolve=evolve)
