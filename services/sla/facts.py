"""What others said of a ticket, as far as its clocks are concerned: pure.

Times here are those of the facts themselves, so it does not matter when they were heard.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from shared.events import Event, Priority, TicketType, Unknown
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
)
from shared.events.relations import TicketMerged
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

BY_CUSTOMER: Final = "customer"
"""How the actor of what a customer did begins."""


class WaitFor(Enum):
    """What a ticket waits for while the desk is not at fault."""

    CLARIFICATION = "waiting for clarification"
    CUSTOMER = "waiting for the customer"
    HOLD = "on hold"
    VERDICT = "waiting for the customer's verdict"


STOPS = {
    ClockKind.FIRST_RESPONSE: frozenset({WaitFor.CLARIFICATION}),
    ClockKind.NEXT_RESPONSE: frozenset[WaitFor](),
    ClockKind.PROGRESS: frozenset({WaitFor.CLARIFICATION, WaitFor.CUSTOMER, WaitFor.VERDICT}),
    ClockKind.RESOLUTION: frozenset(WaitFor),
}
"""What each clock stands still for, where the plan says nothing else: who wrote is owed an
answer whatever we wait for, and a hold is no reason to be silent."""


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
    customers_plan: str | None = None
    """The plan that the customer themselves chose, if any."""
    organisation: str = ""
    topic_id: str = ""
    type: TicketType | None = None
    responses: tuple[datetime, ...] = ()
    """When the customer heard from the desk, in order."""
    messages: tuple[datetime, ...] = ()
    """When the customer wrote, or refused a solution, while the ticket was open; in order."""
    over: bool = False
    """Closed, or merged into another."""
    waits: tuple[Wait, ...] = ()

    def waits_for(self, reasons: frozenset[WaitFor]) -> Iterator[Wait]:
        """The times in which the ticket waited for one of the reasons."""
        return (wait for wait in self.waits if wait.reason in reasons)

    def waiting(self, reasons: frozenset[WaitFor], instant: datetime) -> Wait | None:
        """The wait for one of the reasons that covers `instant`."""
        return next((each for each in self.waits_for(reasons) if each.covers(instant)), None)

    def solved_by(self, instant: datetime) -> bool:
        """Whether there was a solution, or the ticket is over."""
        return self.over or (self.resolved_at is not None and self.resolved_at <= instant)

    def answer_to(self, message: datetime) -> datetime | None:
        """The first response after something that the customer wrote."""
        return next((each for each in self.responses if each > message), None)

    def message_after(self, instant: datetime) -> datetime | None:
        """The first message after `instant`."""
        return next((each for each in self.messages if each > instant), None)


def facts_after(facts: Facts, event: Event | Unknown) -> Facts:
    """`facts`, and what `event` adds to them."""
    match event:
        case TicketOpened():
            opened_at = facts.opened_at or event.opened_at
            return replace(facts, opened_at=opened_at, customers_plan=event.plan_wanted)
        case TicketCategorised():
            return replace(
                facts,
                categorised=True,
                plan_wanted=event.plan_id,
                organisation=event.organisation,
                topic_id=event.topic_id,
                type=event.type,
            )
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
            return _wrote(_reopened(facts, event.rejected_at), event.rejected_at)
        case TicketReopened():
            again = _reopened(facts, event.reopened_at)
            asks = event.reopened_by.startswith(BY_CUSTOMER)
            return _wrote(again, event.reopened_at) if asks else again
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
            goes_on = _goes_on(facts, event.received_at, WaitFor.CUSTOMER)
            return _wrote(goes_on, event.received_at)
        case _:
            return facts


def _responded(facts: Facts, at: datetime) -> Facts:
    responses = tuple(sorted({*facts.responses, at}))
    return replace(facts, responses=responses, responded_at=responses[0])


def _wrote(facts: Facts, at: datetime) -> Facts:
    """The customer is owed an answer, unless there was a solution by then."""
    if facts.solved_by(at):
        return facts
    return replace(facts, messages=tuple(sorted({*facts.messages, at})))


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
