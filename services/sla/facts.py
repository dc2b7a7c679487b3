"""What others said of a ticket, as far as its clocks are concerned: pure.

Times here are those of the facts themselves, so it does not matter when they were heard.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from shared.events import Event, Priority, Unknown
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketCategorised,
    TicketMerged,
    TicketOpened,
    TicketPrioritised,
)
from shared.events.resolution import (
    AgentReplied,
    ProgressReported,
    ResolutionRejected,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
)
from shared.events.sla import ClockKind


class WaitFor(Enum):
    """What a ticket waits for while the desk is not at fault."""

    CLARIFICATION = "waiting for clarification"
    CUSTOMER = "waiting for the customer"
    HOLD = "on hold"
    VERDICT = "waiting for the customer's verdict"


STOPS = {
    ClockKind.FIRST_RESPONSE: frozenset({WaitFor.CLARIFICATION}),
    ClockKind.RESOLUTION: frozenset(WaitFor),
}
"""What each clock stands still for."""


@dataclass(frozen=True)
class Wait:
    """A time in which the ticket waited; `until` is None while it still does."""

    reason: WaitFor
    since: datetime
    until: datetime | None = None

    def covers(self, instant: datetime) -> bool:
        """Whether the ticket waited at `instant`."""
        return self.since <= instant and (self.until is None or instant < self.until)


@dataclass(frozen=True)
class Facts:
    """What is known of a ticket from others."""

    opened_at: datetime | None = None
    categorised: bool = False
    plan_wanted: str | None = None
    """The plan that the topic, or an entitled customer, asks for."""
    priority: Priority | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    """None again once the ticket is reopened."""
    over: bool = False
    """Closed, or merged into another."""
    waits: tuple[Wait, ...] = ()

    def waits_of(self, clock: ClockKind) -> Iterator[Wait]:
        """The times in which `clock` stands still."""
        return (wait for wait in self.waits if wait.reason in STOPS[clock])

    def waiting(self, clock: ClockKind, instant: datetime) -> bool:
        """Whether `clock` stands still at `instant`."""
        return any(wait.covers(instant) for wait in self.waits_of(clock))


def facts_after(facts: Facts, event: Event | Unknown) -> Facts:
    """`facts`, and what `event` adds to them."""
    match event:
        case TicketOpened():
            return replace(facts, opened_at=facts.opened_at or event.opened_at)
        case TicketCategorised():
            return replace(facts, categorised=True, plan_wanted=event.plan_id)
        case TicketPrioritised():
            return replace(facts, priority=event.priority)
        case TicketMerged() | TicketClosed():
            return replace(facts, over=True)
        case ProgressReported():
            return _responded(facts, event.reported_at)
        case AgentReplied():
            responded = _responded(facts, event.replied_at)
            if not event.awaits_customer:
                return responded
            return _waits(responded, WaitFor.CUSTOMER, event.replied_at)
        case TicketResolved():
            done = _goes_on(_responded(facts, event.resolved_at), event.resolved_at, *WaitFor)
            resolved = replace(done, resolved_at=event.resolved_at)
            return _waits(resolved, WaitFor.VERDICT, event.resolved_at)
        case ResolutionRejected():
            return _reopened(facts, event.rejected_at)
        case TicketReopened():
            return _reopened(facts, event.reopened_at)
        case _:
            return _waits_after(facts, event)


def _waits_after(facts: Facts, event: Event | Unknown) -> Facts:
    match event:
        case ClarificationRequested():
            return _waits(facts, WaitFor.CLARIFICATION, event.requested_at)
        case ClarificationLapsed():
            return _goes_on(facts, event.lapsed_at, WaitFor.CLARIFICATION)
        case ClarificationProvided():
            answered = (WaitFor.CLARIFICATION, WaitFor.CUSTOMER)
            return _goes_on(facts, event.provided_at, *answered)
        case TicketHeld():
            return _waits(facts, WaitFor.HOLD, event.held_at)
        case WorkResumed():
            return _goes_on(facts, event.resumed_at, WaitFor.HOLD, WaitFor.CUSTOMER)
        case CustomerMessageReceived(automatic=False):
            return _goes_on(facts, event.received_at, WaitFor.CUSTOMER)
        case _:
            return facts


def _responded(facts: Facts, at: datetime) -> Facts:
    known = facts.responded_at
    return replace(facts, responded_at=at if known is None else min(known, at))


def _reopened(facts: Facts, at: datetime) -> Facts:
    return replace(_goes_on(facts, at, *WaitFor), resolved_at=None, over=False)


def _waits(facts: Facts, reason: WaitFor, since: datetime) -> Facts:
    if any(wait.reason is reason and wait.until is None for wait in facts.waits):
        return facts
    return replace(facts, waits=(*facts.waits, Wait(reason, since)))


def _goes_on(facts: Facts, until: datetime, *reasons: WaitFor) -> Facts:
    return replace(
        facts,
        waits=tuple(
            replace(wait, until=max(wait.since, until))
            if wait.until is None and wait.reason in reasons
            else wait
            for wait in facts.waits
        ),
    )
