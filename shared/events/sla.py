"""What the SLA service says: promises, clocks, and whether they were kept."""

from enum import StrEnum
from typing import ClassVar

from shared.events.base import DESK, Event, Moment, Personal, Priority, TicketType, Value


class _SlaEvent(Event):
    author: ClassVar[str] = "sla"


class ClockKind(StrEnum):
    """What is timed."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    """An answer to what the customer wrote since they last heard from us."""
    PROGRESS = "progress"
    """Something to hear every so often, from the first response until there is a solution."""
    RESOLUTION = "resolution"


class Target(Value):
    """How long a clock may run, in business time."""

    clock: ClockKind
    minutes: float
    """Business minutes; a fraction for demonstrations."""


class Interval(Value):
    """Open hours within a day, local wall time `HH:MM`; `24:00` ends the day."""

    start: str
    end: str


class CalendarValues(Value):
    """Business hours as they stood when they were used."""

    timezone: str
    hours: dict[str, tuple[Interval, ...]]
    holidays: tuple[str, ...] = ()
    special_hours: dict[str, tuple[Interval, ...]] = {}


class EscalationStep(Value):
    """What is done when a share of a target has passed and it is not met."""

    share: float
    """1 is the target itself; less is a warning, more is overdue."""
    tell: tuple[str, ...] = ()
    """`agent`, `team`, `managers`, or agents by their ids; empty: whom it always concerns."""
    raise_tier: bool = False
    raise_priority_to: Priority | None = None
    clocks: tuple[ClockKind, ...] = ()
    """The targets it is about; empty: all."""


class Stops(Value):
    """What a clock stands still for."""

    clock: ClockKind
    waits: tuple[str, ...]
    """Of `clarification`, `customer`, `hold` and `verdict`."""


class DueStep(Value):
    """A step that is still to come."""

    share: float
    at: Moment


class SlaPlanApplied(_SlaEvent):
    """A plan holds for the ticket from now on."""

    public: ClassVar[bool] = True

    plan_id: str
    plan_name: str
    priority: Priority
    targets: tuple[Target, ...]
    calendar_id: str
    reason: Personal
    by: str = "rule"
    applied_at: Moment
    calendar: CalendarValues | None = None
    """The business hours in force, so that every due time can be worked out again."""
    warn_at_share: float = 0.75
    escalate_on_breach: bool = True
    plan_revision: int = 0
    """The desk revision in which the plan was last defined."""
    escalation: tuple[EscalationStep, ...] = ()
    """Empty: a warning at `warn_at_share`, and what `escalate_on_breach` says."""
    stops: tuple[Stops, ...] = ()
    """Clocks that are not named stand still for what they always do."""


class ClockStarted(_SlaEvent):
    """A clock runs; it is due at an instant that may move with pauses and plans."""

    public: ClassVar[bool] = True

    clock: ClockKind
    target_minutes: float
    started_at: Moment
    due_at: Moment
    warn_at: Moment
    previous_due_at: Moment | None = None
    """Where a changed plan, priority or a reopening moved it from."""
    elapsed_seconds: float = 0.0
    """Business seconds that had passed before (a restart after a change)."""
    reason: Personal = ""
    cycle: int = 1
    """How many times this was promised: answers and progress are owed again and again."""
    steps: tuple[DueStep, ...] = ()
    """What comes before and after the target; empty: the warning alone."""


class ClockPaused(_SlaEvent):
    """The clock stands still, as we wait for somebody else."""

    public: ClassVar[bool] = True

    clock: ClockKind
    paused_at: Moment
    remaining_seconds: float
    """Business seconds left; negative once breached."""
    reason: str


class ClockResumed(_SlaEvent):
    """The clock runs again."""

    public: ClassVar[bool] = True

    clock: ClockKind
    resumed_at: Moment
    due_at: Moment
    warn_at: Moment
    steps: tuple[DueStep, ...] = ()


class ClockStopped(_SlaEvent):
    """The clock runs no more, though its target was not met: it was called off, e.g. as the
    ticket was merged, or what was promised was done too late."""

    clock: ClockKind
    stopped_at: Moment
    reason: str
    late: bool = False
    """What was promised was done, after the target."""
    elapsed_seconds: float = 0.0
    due_at: Moment | None = None


class TargetApproaching(_SlaEvent):
    """The warning before a breach."""

    clock: ClockKind
    due_at: Moment
    warned_at: Moment
    remaining_seconds: float
    share: float = 0.0
    """The share of the target that has passed; 0: not said."""
    tell: tuple[str, ...] = ()
    escalate: bool = False
    """The plan asks for a higher tier."""
    raise_priority_to: Priority | None = None


class TargetMet(_SlaEvent):
    """What was promised was done in time."""

    public: ClassVar[bool] = True

    clock: ClockKind
    met_at: Moment
    due_at: Moment
    elapsed_seconds: float


class TargetBreached(_SlaEvent):
    """The promise was broken; it stays so, unless the cause was earlier in fact."""

    clock: ClockKind
    due_at: Moment
    breached_at: Moment
    escalate: bool = False
    """The plan asks for a higher tier on this breach."""
    tell: tuple[str, ...] = ()
    raise_priority_to: Priority | None = None


class TargetOverdue(_SlaEvent):
    """The target was missed long enough ago for the plan's next step."""

    clock: ClockKind
    due_at: Moment
    share: float
    """The share of the target that has passed, more than 1."""
    reached_at: Moment
    tell: tuple[str, ...] = ()
    escalate: bool = False
    raise_priority_to: Priority | None = None


class BreachRetracted(_SlaEvent):
    """The cause had been in time, and was only heard late."""

    clock: ClockKind
    due_at: Moment
    retracted_at: Moment
    reason: str


class CalendarDefined(_SlaEvent):
    """Business hours of the desk. Subject: the calendar."""

    topic: ClassVar[str] = DESK

    calendar_id: str
    timezone: str
    """An IANA zone, e.g. `Europe/Berlin`."""
    hours: dict[str, tuple[Interval, ...]]
    """Open intervals per weekday: mon, tue, wed, thu, fri, sat, sun."""
    holidays: tuple[str, ...] = ()
    """`2026-12-25`, or `--12-25` for every year."""
    special_hours: dict[str, tuple[Interval, ...]] = {}
    """Hours of single dates, e.g. `2026-12-24`; they win over holidays and weekdays."""
    revision: int
    country: str = ""
    """Whose public holidays it keeps, besides `holidays`: ISO 3166-1, e.g. `DE`."""
    region: str = ""
    """A part of the country, e.g. `BE`."""
    public_holidays: tuple[str, ...] = ()
    """Their dates, as they were known when the calendar was defined."""


class PlanTargets(Value):
    """What a plan promises for one priority."""

    priority: Priority
    first_response_minutes: float
    resolution_minutes: float
    next_response_minutes: float | None = None
    progress_every_minutes: float | None = None
    """None: nothing is promised."""


class SlaPlanDefined(_SlaEvent):
    """A plan. Subject: the plan."""

    topic: ClassVar[str] = DESK
    public: ClassVar[bool] = True

    plan_id: str
    name: str
    description: str = ""
    calendar_id: str
    targets: tuple[PlanTargets, ...]
    default_for: tuple[Priority, ...] = ()
    """Priorities that get this plan when nothing else is said."""
    warn_at_share: float = 0.75
    """Share of the target after which a warning is due."""
    escalate_on_breach: bool = True
    revision: int
    escalation: tuple[EscalationStep, ...] = ()
    stops: tuple[Stops, ...] = ()
    organisations: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    types: tuple[TicketType, ...] = ()
    """Tickets that get this plan by what they are: all that is given must hold."""
