"""What can be asked of a ticket's clocks, and why it may be refused.

Commands about what others said carry `at`, when it happened, and `known_at`, when this
service learnt of it: clocks are dated by the first, so that lateness falsifies nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from services.sla.facts import WaitFor
from services.sla.plans import BY_RULE, Plan
from shared.errors import Rejected
from shared.events import Priority
from shared.events.sla import ClockKind


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
    instead_of: str = BY_RULE
    """Whose choice the rule knows of, and takes the place of where it can't stay."""


@dataclass(frozen=True)
class Reterm:
    """The plan that holds was defined anew, and holds as it now is."""

    plan: Plan
    at: datetime
    known_at: datetime
    reason: str


@dataclass(frozen=True)
class ReceiveResponse:
    """The customer heard from the desk."""

    at: datetime
    known_at: datetime
    awaits_customer: bool = False


@dataclass(frozen=True)
class ReceiveMessage:
    """The customer wrote."""

    at: datetime
    known_at: datetime


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
    """The solution did not hold, or the ticket goes on for another reason."""

    at: datetime
    known_at: datetime
    reason: str


@dataclass(frozen=True)
class CallOff:
    """The ticket is over: what still runs is stopped."""

    at: datetime
    known_at: datetime
    reason: str


@dataclass(frozen=True)
class Warn:
    """A step of the plan before or after the target is due `at`."""

    clock: ClockKind
    due_at: datetime
    at: datetime
    share: float


@dataclass(frozen=True)
class Breach:
    """A target is due."""

    clock: ClockKind
    due_at: datetime


Command = (
    ApplyPlan
    | Reterm
    | ReceiveResponse
    | ReceiveMessage
    | Pause
    | Resume
    | Resolve
    | Restart
    | CallOff
    | Warn
    | Breach
)
