"""Plans: what one promises a ticket, which tickets it is for, and under which terms. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.sla.clocks import Terms
from services.sla.facts import Facts, WaitFor
from services.sla.public import around
from shared.business_time.hours import calendar_of
from shared.errors import Rejected
from shared.events import Priority, TicketType
from shared.events.sla import (
    CalendarValues,
    ClockKind,
    EscalationStep,
    PlanTargets,
    SlaPlanApplied,
    Stops,
    Target,
)

BY_RULE: Final = "rule"

OF_ORGANISATION: Final = 4
"""How closely a plan fits that says whose tickets it is for, and nothing else."""


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
    escalation: tuple[EscalationStep, ...] = ()
    stops: tuple[Stops, ...] = ()
    organisations: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    types: frozenset[TicketType] = frozenset()

    def covers(self, priority: Priority) -> bool:
        """Whether it promises anything for `priority`."""
        return any(each.priority is priority for each in self.targets)

    def closeness(self, facts: Facts) -> int:
        """How closely the plan is meant for tickets like this one: 0 is not, and whose it is
        says more than what it is about."""
        conditions = (
            (OF_ORGANISATION, self.organisations, facts.organisation),
            (2, self.topics, facts.topic_id),
            (1, self.types, facts.type),
        )
        given = [(weight, has in wanted) for weight, wanted, has in conditions if wanted]
        return sum(weight for weight, _ in given) if all(fits for _, fits in given) else 0

    def applied(self, priority: Priority, at: datetime, reason: str, by: str) -> SlaPlanApplied:
        """The event that it holds. Raises `PlanWithoutTargets`."""
        if not self.covers(priority):
            raise PlanWithoutTargets(plan_id=self.plan_id, priority=priority.value)
        promised = next(each for each in self.targets if each.priority is priority)
        return SlaPlanApplied(
            plan_id=self.plan_id,
            plan_name=self.name,
            priority=priority,
            targets=tuple(
                Target(clock=clock, minutes=minutes)
                for clock, minutes in minutes_of(promised).items()
                if minutes is not None
            ),
            calendar_id=self.calendar_id,
            reason=reason,
            by=by,
            applied_at=at,
            calendar=self._calendar(at),
            warn_at_share=self.warn_at_share,
            escalate_on_breach=self.escalate_on_breach,
            plan_revision=self.revision,
            escalation=self.escalation,
            stops=self.stops,
        )

    def _calendar(self, at: datetime) -> CalendarValues:
        named = (*self.calendar.holidays, *around(self.public_holidays, at.date()))
        return self.calendar.model_copy(update={"holidays": named})


def minutes_of(targets: PlanTargets) -> dict[ClockKind, float | None]:
    """What is promised of each clock; None: nothing."""
    return {
        ClockKind.FIRST_RESPONSE: targets.first_response_minutes,
        ClockKind.NEXT_RESPONSE: targets.next_response_minutes,
        ClockKind.PROGRESS: targets.progress_every_minutes,
        ClockKind.RESOLUTION: targets.resolution_minutes,
    }


def terms_of(applied: SlaPlanApplied) -> Terms | None:
    """The terms under which clocks run; None if the event does not say its calendar."""
    if applied.calendar is None:
        return None
    return Terms(
        plan_id=applied.plan_id,
        priority=applied.priority,
        target_minutes={each.clock: each.minutes for each in applied.targets},
        calendar=calendar_of(applied.calendar),
        steps=_steps(applied),
        stops={each.clock: frozenset(map(wait_of, each.waits)) for each in applied.stops},
    )


def wait_of(name: str) -> WaitFor:
    """What a plan calls by this name. Raises `KeyError`."""
    return WaitFor[name.upper()]


def _steps(applied: SlaPlanApplied) -> tuple[EscalationStep, ...]:
    if applied.escalation:
        return tuple(sorted(applied.escalation, key=lambda step: step.share))
    return (
        EscalationStep(share=applied.warn_at_share),
        EscalationStep(share=1, raise_tier=applied.escalate_on_breach),
    )
