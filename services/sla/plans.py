"""Plans: what one promises a ticket, and how its clocks begin under it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.sla.clocks import NotStarted, Terms
from services.sla.facts import Facts, Wait
from services.sla.public import around
from services.sla.ticking import Ticking
from shared.business_time.hours import calendar_of
from shared.errors import Rejected
from shared.events import Priority
from shared.events.sla import CalendarValues, ClockKind, PlanTargets, SlaPlanApplied, Target

BY_RULE: Final = "rule"


class PlanWithoutTargets(Rejected):
    """The plan {plan_id} promises nothing for {priority} priority."""

    http_status = 422


@dataclass(frozen=True)
class Plan:
    """A plan as it is defined, with its business hours."""

    plan_id: str
    name: str
    targets: tuple[PlanTargets, ...]
    calendar_id: str
    calendar: CalendarValues
    default_for: frozenset[Priority] = frozenset()
    warn_at_share: float = 0.75
    escalate_on_breach: bool = True
    revision: int = 0
    public_holidays: tuple[str, ...] = ()
    """The dates on which the calendar is closed besides its own holidays."""

    def covers(self, priority: Priority) -> bool:
        """Whether it promises anything for `priority`."""
        return any(each.priority is priority for each in self.targets)

    def applied(self, priority: Priority, at: datetime, reason: str, by: str) -> SlaPlanApplied:
        """The event that it holds. Raises `PlanWithoutTargets`."""
        if not self.covers(priority):
            raise PlanWithoutTargets(plan_id=self.plan_id, priority=priority.value)
        promised = next(each for each in self.targets if each.priority is priority)
        first, last = promised.first_response_minutes, promised.resolution_minutes
        return SlaPlanApplied(
            plan_id=self.plan_id,
            plan_name=self.name,
            priority=priority,
            targets=(
                Target(clock=ClockKind.FIRST_RESPONSE, minutes=first),
                Target(clock=ClockKind.RESOLUTION, minutes=last),
            ),
            calendar_id=self.calendar_id,
            reason=reason,
            by=by,
            applied_at=at,
            calendar=self._calendar(at),
            warn_at_share=self.warn_at_share,
            escalate_on_breach=self.escalate_on_breach,
            plan_revision=self.revision,
        )

    def _calendar(self, at: datetime) -> CalendarValues:
        named = (*self.calendar.holidays, *around(self.public_holidays, at.date()))
        return self.calendar.model_copy(update={"holidays": named})


def terms_of(applied: SlaPlanApplied) -> Terms | None:
    """The terms under which clocks run; None if the event does not say its calendar."""
    if applied.calendar is None:
        return None
    return Terms(
        plan_id=applied.plan_id,
        priority=applied.priority,
        target_minutes={each.clock: each.minutes for each in applied.targets},
        calendar=calendar_of(applied.calendar),
        warn_at_share=applied.warn_at_share,
        escalate_on_breach=applied.escalate_on_breach,
    )


def begin(
    kind: ClockKind, terms: Terms, facts: Facts, applied: SlaPlanApplied, known_at: datetime
) -> Ticking:
    """Start a clock at the ticket's opening, leaving out what it has waited for since."""
    done_at = facts.responded_at if kind is ClockKind.FIRST_RESPONSE else facts.resolved_at
    since, elapsed = facts.opened_at or applied.applied_at, 0.0
    waits: Wait | None = None
    for wait in sorted(facts.waits_of(kind), key=lambda wait: wait.since):
        if waits is not None or (done_at is not None and wait.since >= done_at):
            break
        if wait.until is None:
            waits = wait
        elif wait.until > since:
            elapsed += terms.calendar.between(since, wait.since)
            since = wait.until
    clock = Ticking(kind, terms, NotStarted()).start(since, applied.reason, elapsed)
    if waits is not None:
        clock = clock.pause(waits.since, known_at, waits.reason.value)
    return clock if done_at is None else clock.meet(done_at, known_at)
