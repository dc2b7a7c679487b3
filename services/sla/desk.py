"""Plans and calendars, as the desk defines them: pure. Only differences are said."""

from dataclasses import dataclass
from typing import TypeVar

from services.sla.facts import WaitFor
from services.sla.plans import minutes_of
from shared.business_time.hours import calendar_of
from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event, Unknown
from shared.events.sla import CalendarDefined, CalendarValues, ClockKind, SlaPlanDefined

D = TypeVar("D", CalendarDefined, SlaPlanDefined)


class PlanNotValid(Rejected):
    """The plan {plan_id} can't be kept: {what}."""

    http_status = 422


@dataclass(frozen=True)
class DefineCalendar:
    """These are the business hours from now on."""

    definition: CalendarDefined


@dataclass(frozen=True)
class DefinePlan:
    """This is what the plan promises from now on."""

    definition: SlaPlanDefined


def values_of(definition: CalendarDefined) -> CalendarValues:
    """The business hours without their name."""
    return CalendarValues(
        timezone=definition.timezone,
        hours=definition.hours,
        holidays=(*definition.holidays, *definition.public_holidays),
        special_hours=definition.special_hours,
    )


def _decide_calendar(command: DefineCalendar, last: CalendarDefined | None) -> list[Event]:
    calendar_of(values_of(command.definition))  # raises CalendarNotValid
    return _difference(command.definition, last)


def _decide_plan(command: DefinePlan, last: SlaPlanDefined | None) -> list[Event]:
    plan = command.definition
    wrong = [
        f"{each.priority.value} has a target of no time"
        for each in plan.targets
        if any(minutes is not None and minutes <= 0 for minutes in minutes_of(each).values())
    ]
    promised = [each.priority for each in plan.targets]
    if not promised:
        wrong.append("it has no targets")
    if len(set(promised)) < len(promised):
        wrong.append("a priority has targets twice")
    wrong += [
        f"it is the default for {priority.value}, but promises nothing for it"
        for priority in plan.default_for
        if priority not in promised
    ]
    if not 0 < plan.warn_at_share <= 1:
        wrong.append("the share at which it warns is not above 0 and up to 1")
    shares = [(clock, step.share) for step in plan.escalation for clock in step.clocks or ClockKind]
    if any(share <= 0 for _, share in shares):
        wrong.append("a step of its escalation is at a share that is not above 0")
    if len(set(shares)) < len(shares):
        wrong.append("two steps of its escalation are at the same share of a target")
    known = {wait.name.lower() for wait in WaitFor}
    wrong += [
        f"a clock can't stop for {wait!r}, only for {', '.join(sorted(known))}"
        for stops in plan.stops
        for wait in stops.waits
        if wait not in known
    ]
    if wrong:
        raise PlanNotValid(plan_id=plan.plan_id, what="; ".join(wrong))
    return _difference(plan, last)


def _difference(definition: D, last: D | None) -> list[Event]:
    if last is not None and definition == last.model_copy(update={"revision": definition.revision}):
        return []
    return [definition]


def _evolve_calendar(
    last: CalendarDefined | None, event: Event | Unknown
) -> CalendarDefined | None:
    return event if isinstance(event, CalendarDefined) else last


def _evolve_plan(last: SlaPlanDefined | None, event: Event | Unknown) -> SlaPlanDefined | None:
    return event if isinstance(event, SlaPlanDefined) else last


CALENDARS: Decider[DefineCalendar, CalendarDefined | None] = Decider(
    initial_state=None, decide=_decide_calendar, evolve=_evolve_calendar
)
PLANS: Decider[DefinePlan, SlaPlanDefined | None] = Decider(
    initial_state=None, decide=_decide_plan, evolve=_evolve_plan
)
