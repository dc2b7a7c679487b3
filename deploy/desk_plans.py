"""Plans and calendars in the desk's configuration: what is promised, and in which hours."""

from collections.abc import Container, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from deploy.desk_parts import WEEKDAYS, Day, Hours, Line, Minutes, Part, Place, Slug, intervals
from shared.events import Priority, TicketType
from shared.events.sla import ClockKind, EscalationStep, PlanTargets

Customer = Annotated[str, StringConstraints(pattern=r"^([^@\s]+@)?[^@\s.]+(\.[^@\s.]+)+$")]


class Targets(Part):
    first_response_minutes: Minutes
    resolution_minutes: Minutes
    next_response_minutes: Minutes | None = None
    progress_every_minutes: Minutes | None = None


class Calendar(Part):
    timezone: Line
    hours: dict[str, tuple[Hours, ...]]
    holidays: tuple[str, ...] = ()
    special_hours: Annotated[
        dict[Day, tuple[Hours, ...]],
        Field(description="Hours of single dates; they win over holidays and weekdays."),
    ] = {}
    country: Annotated[
        str | None,
        Field(
            pattern="^[A-Z]{2}$",
            description="Whose public holidays it keeps, besides its own: ISO 3166-1.",
        ),
    ] = None
    region: Annotated[str | None, Field(description="A part of the country: BE of DE.")] = None

    def as_defined(self) -> dict[str, Any]:
        """Its fields, as sla takes them."""
        return {
            "timezone": self.timezone,
            "hours": intervals(self.hours),
            "holidays": self.holidays,
            "special_hours": intervals(self.special_hours),
            "country": self.country or "",
            "region": self.region or "",
        }


class Plan(Part):
    """`entitled`: mail addresses and domains whose owners may choose it, where a topic offers it;
    left out, everybody may."""

    name: Line
    entitled: tuple[Customer, ...] | None = None
    description: str = ""
    calendar: Slug
    targets: dict[Priority, Targets]
    default_for: tuple[Priority, ...] = ()
    warn_at_share: Annotated[float, Field(gt=0, le=1)] = 0.75
    escalate_on_breach: bool = True
    escalation: Annotated[
        tuple[EscalationStep, ...],
        Field(description="Who is told and what is raised at which share of a target."),
    ] = ()
    stops: Annotated[
        dict[ClockKind, tuple[Literal["clarification", "customer", "hold", "verdict"], ...]],
        Field(description="What a clock stands still for, where not the usual."),
    ] = {}
    organisations: Annotated[
        tuple[Slug, ...], Field(description="Whose tickets get this plan.")
    ] = ()
    topics: Annotated[
        tuple[Slug, ...], Field(description="Tickets under these topics get this plan.")
    ] = ()
    types: tuple[TicketType, ...] = ()

    def as_defined(self) -> dict[str, Any]:
        """Its fields, as sla takes them."""
        made = self.model_dump(mode="json", exclude={"calendar", "targets", "entitled", "stops"})
        stops = [{"clock": clock, "waits": waits} for clock, waits in self.stops.items()]
        targets = [
            PlanTargets(priority=priority, **targets.model_dump()).model_dump(mode="json")
            for priority, targets in self.targets.items()
        ]
        return {"calendar_id": self.calendar, "targets": targets, "stops": stops, **made}


def untrue_plans(
    plans: Mapping[str, Plan], calendars: Mapping[str, Calendar], topics: Container[str]
) -> Iterator[tuple[Place, str]]:
    """What is not true of plans and calendars taken together, with its place."""
    for calendar_id, calendar in calendars.items():
        for day in calendar.hours:
            if day not in WEEKDAYS:
                yield ("calendars", calendar_id, "hours"), f"{day} is none of {', '.join(WEEKDAYS)}"
    for plan_id, plan in plans.items():
        for topic in plan.topics:
            if topic not in topics:
                yield ("plans", plan_id, "topics"), f"there is no topic {topic}"
        if plan.calendar not in calendars:
            yield ("plans", plan_id, "calendar"), f"there is no calendar {plan.calendar}"
    defaults = [priority for plan in plans.values() for priority in plan.default_for]
    for priority in Priority:
        if defaults.count(priority) != 1:
            count = defaults.count(priority)
            yield ("plans",), f"{count} plans are the default for {priority}; it takes one"
