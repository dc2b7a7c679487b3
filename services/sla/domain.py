"""The clocks of a ticket: what keeps, risks or breaks the desk's promises. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType

from services.sla.beginning import answer, begin, owe, renew
from services.sla.clocks import Clock, NotStarted, Over, Paused, Running, Terms, clock_after
from services.sla.commands import (
    ApplyPlan,
    Breach,
    CallOff,
    Command,
    NoPriorityYet,
    Pause,
    ReceiveMessage,
    ReceiveResponse,
    Resolve,
    Restart,
    Resume,
    Reterm,
    TicketOver,
    Warn,
)
from services.sla.facts import Facts, WaitFor, facts_after
from services.sla.plans import BY_RULE, terms_of
from services.sla.ticking import Ticking
from shared.decider import Decider
from shared.errors import NotFound, VersionConflict
from shared.events import Event, Unknown
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
    TargetOverdue,
)

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
        """The clock under its terms; None while no plan promises it."""
        if self.terms is None or kind not in self.terms.target_minutes:
            return None
        return Ticking(kind, self.terms, self.clocks[kind])


def decide(command: Command, state: State) -> list[Event]:
    """What follows from the command."""
    match command:
        case ApplyPlan():
            return _apply_plan(command, state)
        case Reterm():
            return _reterm(command, state)
        case ReceiveResponse():
            return _receive_response(command, state)
        case ReceiveMessage():
            return _resume(Resume(command.at), state) + _answer(state, command.known_at)
        case Pause():
            return _pause(command, state)
        case Resume():
            return _resume(command, state)
        case Resolve():
            return _resolve(command, state)
        case Restart():
            return _restart(command, state)
        case CallOff():
            at, known_at, reason = command.at, command.known_at, command.reason
            return _each(state, lambda clock: clock.call_off(at, known_at, reason))
        case Warn():
            return _when_due(command, state, _warned(command))
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
    facts = state.facts
    if facts.opened_at is None:
        raise NotFound(what="ticket")
    if facts.over:
        raise TicketOver
    priority = command.priority or facts.priority
    if priority is None:
        raise NoPriorityYet
    if command.by == BY_RULE and state.by not in (BY_RULE, command.instead_of):
        # A person has chosen meanwhile: the rule looks again.
        raise VersionConflict
    applied = command.plan.applied(priority, command.at, command.reason, command.by)
    terms = terms_of(applied)
    if terms is None or (terms == state.terms and command.by in (BY_RULE, state.by)):
        return []
    moved = [
        _moved(Ticking(kind, state.terms or terms, state.clocks[kind]), terms, command, facts)
        for kind in ClockKind
    ]
    return [applied, *(event for clock in moved for event in clock.said)]


def _reterm(command: Reterm, state: State) -> list[Event]:
    """The same plan for the same priority by the same choice, as it now is; nothing for a
    ticket that is over, or has another plan meanwhile."""
    plan, by = command.plan, state.by
    if state.plan is None or state.plan.plan_id != plan.plan_id or state.facts.over:
        return []
    at, known_at, reason = command.at, command.known_at, command.reason
    if not plan.covers(state.plan.priority):
        return []
    return _apply_plan(ApplyPlan(plan, at, known_at, reason, by, state.plan.priority), state)


def _moved(clock: Ticking, terms: Terms, command: ApplyPlan, facts: Facts) -> Ticking:
    """The clock under the new terms, which may promise it first, or no longer."""
    at, known_at, reason = command.at, command.known_at, command.reason
    if clock.kind not in terms.target_minutes:
        return clock.call_off(at, known_at, "no longer promised")
    if isinstance(clock.clock, NotStarted):
        return begin(replace(clock, terms=terms), facts, known_at, reason)
    if clock.kind in clock.terms.target_minutes:
        clock = clock.move(terms, at, known_at, reason)
    waits = facts.waiting(terms.stops_for(clock.kind), at)
    match clock.clock:
        case Running() if waits is not None:
            return clock.pause(at, known_at, waits.reason.value)
        case Paused() if waits is None:
            return clock.resume(at)
        case _:
            return replace(clock, terms=terms)


def _receive_response(command: ReceiveResponse, state: State) -> list[Event]:
    at, known_at = command.at, command.known_at
    met = _each(state, lambda clock: clock.meet(at, known_at), [ClockKind.FIRST_RESPONSE])
    met += _answer(state, known_at)
    if not state.facts.solved_by(at):
        met += _each(state, lambda c: renew(c, state.facts, at, known_at), [ClockKind.PROGRESS])
    if not command.awaits_customer:
        return met
    return met + _pause(Pause(at, known_at, WaitFor.CUSTOMER), reduce(evolve, met, state))


def _answer(state: State, known_at: datetime) -> list[Event]:
    return _each(state, lambda c: answer(c, state.facts, known_at), [ClockKind.NEXT_RESPONSE])


def _resolve(command: Resolve, state: State) -> list[Event]:
    kinds = [kind for kind in ClockKind if kind is not ClockKind.NEXT_RESPONSE]
    met = _each(state, lambda clock: clock.meet(command.at, command.known_at), kinds)
    return met + _answer(state, command.known_at)


def _pause(command: Pause, state: State) -> list[Event]:
    def pause(clock: Ticking) -> Ticking:
        stops = clock.terms.stops_for(clock.kind)
        if command.reason not in stops or _known(clock, command, state):
            return clock
        return clock.pause(command.at, command.known_at, command.reason.value)

    return _each(state, pause)


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
        waits = state.facts.waiting(clock.terms.stops_for(clock.kind), command.at)
        return clock if waits is not None else clock.resume(command.at)

    return _each(state, resume)


def _restart(command: Restart, state: State) -> list[Event]:
    def again(clock: Ticking) -> Ticking:
        match clock.kind, clock.clock:
            case ClockKind.RESOLUTION, _:
                return clock.restart(command.at, command.reason)
            case ClockKind.FIRST_RESPONSE, Over(called_off=True):
                return clock.restart(command.at, command.reason)
            case ClockKind.PROGRESS, Over() | NotStarted() if state.facts.responses:
                return owe(clock, state.facts, command.at, command.known_at, command.reason)
            case _:
                return clock

    restarted = _each(state, again) + _answer(state, command.known_at)
    return restarted + _resume(Resume(command.at), state)


def _warned(command: Warn) -> Callable[[Ticking], Ticking]:
    due_at, at, share = command.due_at, command.at, command.share

    def warned(clock: Ticking) -> Ticking:
        return (clock.warn if share < 1 else clock.overdue)(due_at, at, share)

    return warned


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
    clock, facts = state.clocks[kind], state.facts
    if not isinstance(clock, Running) or state.terms is None or facts.over:
        return True
    answered = _answered(kind, clock, facts)
    if answered is not None and answered <= until:
        return True
    return any(
        wait.since <= until and (wait.until is None or wait.until > clock.since)
        for wait in facts.waits_for(state.terms.stops_for(kind))
    )


def _answered(kind: ClockKind, clock: Running, facts: Facts) -> datetime | None:
    """When what the clock is about was done, as far as that is a response."""
    match kind:
        case ClockKind.FIRST_RESPONSE:
            return facts.responded_at
        case ClockKind.NEXT_RESPONSE | ClockKind.PROGRESS:
            return facts.answer_to(clock.began)
        case ClockKind.RESOLUTION:
            return None


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
            | TargetOverdue()
            | BreachRetracted()
        ):
            clock = clock_after(state.clocks[event.clock], event)
            return replace(state, clocks={**state.clocks, event.clock: clock})
        case _:
            return replace(state, facts=facts_after(state.facts, event))


DECIDER: Decider[Command, State] = Decider(initial_state=State(), decide=decide, evolve=evolve)
