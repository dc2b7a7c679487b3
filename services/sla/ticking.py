"""What is said of a clock when something happens to its ticket: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.sla.clocks import (
    Clock,
    NotStarted,
    Over,
    Paused,
    Running,
    Terms,
    clock_after,
)
from shared.events import Event
from shared.events.sla import (
    BreachRetracted,
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DueStep,
    TargetApproaching,
    TargetBreached,
    TargetMet,
    TargetOverdue,
)


@dataclass(frozen=True)
class Ticking:
    """A clock, the terms it runs under, and what has been said of it so far.

    Each method returns the clock as it then is; nothing happens to one that it does not
    concern. `at` is when something happened, `known_at` when this service learnt of it.
    """

    kind: ClockKind
    terms: Terms
    clock: Clock
    said: tuple[Event, ...] = ()
    was_due_at: datetime | None = None
    """When it was due before it is started again."""

    def start(self, at: datetime, reason: str, elapsed_seconds: float = 0.0) -> "Ticking":
        """Start the clock, or start it again with what had passed before."""
        cycle = 1 if isinstance(self.clock, NotStarted) else self.clock.cycle
        return self._start(at, reason, elapsed_seconds, cycle)

    def start_anew(self, at: datetime, reason: str) -> "Ticking":
        """Promise the same once more: nothing that was before counts."""
        cycle = 1 if isinstance(self.clock, NotStarted) else self.clock.cycle + 1
        return self._start(at, reason, 0.0, cycle)

    def _start(self, at: datetime, reason: str, elapsed_seconds: float, cycle: int) -> "Ticking":
        steps = self.terms.steps_due(self.kind, at, elapsed_seconds)
        target = self.terms.target_seconds(self.kind)
        due_at = self.terms.due(at, target - elapsed_seconds)
        return self.say(
            ClockStarted(
                clock=self.kind,
                target_minutes=self.terms.target_minutes[self.kind],
                started_at=at,
                due_at=due_at,
                warn_at=_warn_at(steps, due_at),
                previous_due_at=self.was_due_at,
                elapsed_seconds=elapsed_seconds,
                reason=reason,
                cycle=cycle,
                steps=steps,
            )
        )

    def pause(self, at: datetime, known_at: datetime, reason: str) -> "Ticking":
        """Stop counting, as the desk waits for somebody else."""
        now = self._as_of(at, known_at)
        match now.clock:
            case Running() as running:
                since = max(at, running.since)
                remaining = running.target_seconds - now.elapsed_until(since)
                return now.say(
                    ClockPaused(
                        clock=self.kind,
                        paused_at=since,
                        remaining_seconds=remaining,
                        reason=reason,
                    )
                )
            case _:
                return self

    def resume(self, at: datetime) -> "Ticking":
        """Count again."""
        match self.clock:
            case Paused() as paused:
                since = max(at, paused.since)
                due_at = self.terms.due(since, paused.remaining_seconds)
                steps = self.terms.steps_due(
                    self.kind, since, paused.elapsed_seconds, paused.reached
                )
                return self.say(
                    ClockResumed(
                        clock=self.kind,
                        resumed_at=since,
                        due_at=due_at,
                        warn_at=_warn_at(steps, due_at),
                        steps=steps,
                    )
                )
            case _:
                return self

    def meet(self, at: datetime, known_at: datetime) -> "Ticking":
        """What was promised was done `at` that instant, in time or late."""
        now = self._as_of(at, known_at, just_in_time=True)
        match now.clock:
            case Over(late=True, breach=None, due_at=datetime() as due_at) as over:
                counted_since = self.terms.calendar.between(at, over.ended_at)
                return now.met(at, due_at, over.elapsed_seconds - counted_since)
            case Running() | Paused():
                elapsed, due_at = now.elapsed_until(at), now.due_at(at) or at
                if now.clock.breach is None:
                    return now.met(at, due_at, elapsed)
                return now.stop(at, "done after the target", late=True)
            case _:
                return self

    def call_off(self, at: datetime, known_at: datetime, reason: str) -> "Ticking":
        """Nothing is promised any longer."""
        match self.clock:
            case Running() | Paused():
                return self._as_of(at, known_at, just_in_time=True).stop(at, reason)
            case _:
                return self

    def restart(self, at: datetime, reason: str) -> "Ticking":
        """Go on from where it was over, with the time that had passed."""
        match self.clock:
            case Over(elapsed_seconds=elapsed, due_at=due_at):
                again = replace(self, was_due_at=due_at).start(at, reason, elapsed)
                return again.breach_if_due(at)
            case _:
                return self

    def move(self, terms: Terms, at: datetime, known_at: datetime, reason: str) -> "Ticking":
        """Go on under other terms, with the time that has passed."""
        match self.clock:
            case Running() | Paused() if self.same_as_under(terms):
                return replace(self, terms=terms)
            case Running(since=since) | Paused(since=since):
                at = max(at, since)
                old = self._as_of(at, known_at)
            case _:
                return replace(self, terms=terms)
        elapsed = old.elapsed_until(at)
        moved = replace(old, terms=terms, was_due_at=old.due_at(at)).start(at, reason, elapsed)
        if isinstance(old.clock, Paused):
            return moved.pause(at, known_at, old.clock.reason)
        return moved.breach_if_due(at)

    def same_as_under(self, terms: Terms) -> bool:
        """Whether other terms change nothing for this clock."""
        same_target = self.terms.target_minutes[self.kind] == terms.target_minutes[self.kind]
        same_steps = self.terms.steps_of(self.kind) == terms.steps_of(self.kind)
        return same_target and same_steps and self.terms.calendar == terms.calendar

    def breach_if_due(self, at: datetime) -> "Ticking":
        """The target lies behind us, as no time is left under the terms `at` that instant."""
        match self.clock:
            case Running(breach=None, due_at=due_at) if due_at < at:
                return self._breached(due_at, at)
            case _:
                return self

    def warn(self, due_at: datetime, at: datetime, share: float) -> "Ticking":
        """The warning that was due `at`, if it is still about the same target."""
        match self.clock:
            case Running(reached=reached, breach=None, due_at=due) if (
                due == due_at and reached < share
            ):
                step = self.terms.step(self.kind, share)
                return self.say(
                    TargetApproaching(
                        clock=self.kind,
                        due_at=due,
                        warned_at=at,
                        remaining_seconds=self.terms.calendar.between(at, due),
                        share=share,
                        tell=step.tell,
                        escalate=step.raise_tier,
                        raise_priority_to=step.raise_priority_to,
                    )
                )
            case _:
                return self

    def overdue(self, due_at: datetime, at: datetime, share: float) -> "Ticking":
        """The step after the target that was due `at`, if it is still the same one."""
        match self.clock:
            case Running(reached=reached, due_at=due) if due == due_at and reached < share:
                step = self.terms.step(self.kind, share)
                return self.breach_if_due(at).say(
                    TargetOverdue(
                        clock=self.kind,
                        due_at=due,
                        share=share,
                        reached_at=at,
                        tell=step.tell,
                        escalate=step.raise_tier,
                        raise_priority_to=step.raise_priority_to,
                    )
                )
            case _:
                return self

    def breach(self, due_at: datetime) -> "Ticking":
        """The target has passed, if it is still the same one."""
        match self.clock:
            case Running(breach=None, due_at=due) if due == due_at:
                return self._breached(due, due)
            case _:
                return self

    def stop(self, at: datetime, reason: str, *, late: bool = False) -> "Ticking":
        return self.say(
            ClockStopped(
                clock=self.kind,
                stopped_at=at,
                reason=reason,
                late=late,
                elapsed_seconds=self.elapsed_until(at),
                due_at=self.due_at(at),
            )
        )

    def elapsed_until(self, at: datetime) -> float:
        """Business seconds that have passed."""
        match self.clock:
            case Running() as running:
                return running.elapsed_seconds + self.terms.calendar.between(running.since, at)
            case Paused() | Over() as still:
                return still.elapsed_seconds
            case NotStarted():
                return 0.0

    def _as_of(self, at: datetime, known_at: datetime, *, just_in_time: bool = False) -> "Ticking":
        """The clock with its breach as it stands for something that happened `at`: said now
        if the timer has not come to it, taken back if it came too early."""
        breach = None if isinstance(self.clock, NotStarted) else self.clock.breach
        match self.clock:
            case Running(breach=None, due_at=due_at) if due_at < at:
                return self._breached(due_at, due_at)
            case _ if breach is not None and (at < breach or (just_in_time and at == breach)):
                return self.say(
                    BreachRetracted(
                        clock=self.kind,
                        due_at=breach,
                        retracted_at=max(known_at, breach),
                        reason=f"what happened at {at.isoformat()} was heard late",
                    )
                )
            case _:
                return self

    def _breached(self, due_at: datetime, at: datetime) -> "Ticking":
        step = self.terms.step(self.kind, 1.0)
        return self.say(
            TargetBreached(
                clock=self.kind,
                due_at=due_at,
                breached_at=at,
                escalate=step.raise_tier,
                tell=step.tell,
                raise_priority_to=step.raise_priority_to,
            )
        )

    def met(self, at: datetime, due_at: datetime, elapsed_seconds: float) -> "Ticking":
        return self.say(
            TargetMet(clock=self.kind, met_at=at, due_at=due_at, elapsed_seconds=elapsed_seconds)
        )

    def due_at(self, at: datetime) -> datetime | None:
        match self.clock:
            case Running(due_at=due_at):
                return due_at
            case Paused() as paused:
                return self.terms.due(at, paused.remaining_seconds)
            case Over(due_at=due_at):
                return due_at
            case NotStarted():
                return None

    def say(self, event: Event) -> "Ticking":
        clock = clock_after(self.clock, event)
        return replace(self, clock=clock, said=(*self.said, event))


def _warn_at(steps: Sequence[DueStep], due_at: datetime) -> datetime:
    """When the first warning is due."""
    return min((step.at for step in steps if step.share < 1), default=due_at)
