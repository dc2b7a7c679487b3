"""What sla is asked over HTTP: the shapes of its requests."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.sla.public import public_holidays
from shared.events import Priority, TicketType
from shared.events.sla import (
    CalendarDefined,
    EscalationStep,
    Interval,
    PlanTargets,
    SlaPlanDefined,
    Stops,
)

Slug = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Revision = Annotated[int, Field(ge=0)]


def _interval(value: Any) -> Any:
    """`["09:00", "17:00"]` and `"09:00-17:00"` mean what they say."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split("-")]
    if isinstance(value, list | tuple) and len(value) == 2:
        return {"start": value[0], "end": value[1]}
    return value


Hours = Annotated[Interval, BeforeValidator(_interval)]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChoosePlan(Body):
    """A manager's choice."""

    plan_id: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=2000)


class Reapply(Body):
    """A plan or its calendar was defined anew, and is to hold for open tickets too."""

    reason: str = Field(min_length=1, max_length=2000)


class CalendarBody(Body):
    """Business hours of the desk."""

    calendar_id: Slug
    timezone: str
    hours: dict[str, tuple[Hours, ...]]
    holidays: tuple[str, ...] = ()
    special_hours: dict[str, tuple[Hours, ...]] = {}
    country: str = Field("", pattern=r"^([A-Z]{2})?$")
    region: str = Field("", max_length=40)

    def defined(self, revision: int, year: int) -> CalendarDefined:
        """The event that defines it, with the public holidays from `year` on.

        Raises `CalendarNotValid` for a country or region that nobody knows.
        """
        found = public_holidays(self.country, self.region, year)
        return CalendarDefined(**self.model_dump(), public_holidays=found, revision=revision)


class PlanBody(Body):
    """A plan."""

    plan_id: Slug
    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    calendar_id: str
    targets: tuple[PlanTargets, ...]
    default_for: tuple[Priority, ...] = ()
    warn_at_share: float = 0.75
    escalate_on_breach: bool = True
    escalation: tuple[EscalationStep, ...] = ()
    stops: tuple[Stops, ...] = ()
    organisations: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    types: tuple[TicketType, ...] = ()

    def defined(self, revision: int) -> SlaPlanDefined:
        """The event that defines it."""
        return SlaPlanDefined(**self.model_dump(), revision=revision)


class DeskBody(Body):
    """Everything of the desk that is sla's."""

    revision: Revision
    calendars: tuple[CalendarBody, ...] = ()
    plans: tuple[PlanBody, ...] = ()


class Calc(Body):
    """A ticket that might be."""

    plan_id: str
    priority: Priority
    start: AwareDatetime
