"""Events of a ticket's life, as notify hears them."""

from datetime import timedelta
from typing import Any

from shared.events import Level, Person, Priority, TicketType
from shared.events.assignment import AgentAssigned, TicketEscalated, TicketLeftUntouched
from shared.events.intake import (
    Channel,
    ClarificationReminded,
    ClarificationRequested,
    CustomerMessageReceived,
    Question,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
)
from shared.events.participants import AddressProofReminded, CopyInvited
from shared.events.relations import OutsiderWrote
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    ClosureReminded,
    NoteAdded,
    ProgressKind,
    ProgressReported,
    ResolutionKind,
    ResolutionRejected,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.events.review import FeedbackReceived, FollowUpRequested
from shared.events.sla import (
    ClockKind,
    ClockStarted,
    TargetApproaching,
    TargetBreached,
    TargetOverdue,
)
from shared.ids import person_id
from shared.testing.spec import T0, TICKET

CUSTOMER = "maria@example.com"
NUMBER = "LD-7KQ4M-2XR9C-5"


def opened(**changes: Any) -> TicketOpened:
    facts: dict[str, Any] = {
        "number": NUMBER,
        "channel": Channel.WEB,
        "topic_id": "outage",
        "topic_name": "Business critical outage",
        "requester": Person(person_id=person_id(CUSTOMER), name="Maria Silva", email=CUSTOMER),
        "subject": "Checkout is down",
        "description": "Nobody can pay since 9:00.",
        "opened_at": T0,
    }
    return TicketOpened(**(facts | changes))


def categorised() -> TicketCategorised:
    return TicketCategorised(
        type=TicketType.TECHNICAL,
        topic_id="outage",
        topic_name="Business critical outage",
        team_id="operations",
        team_name="Operations",
    )


def prioritised(priority: Priority = Priority.CRITICAL) -> TicketPrioritised:
    return TicketPrioritised(impact=Level.HIGH, urgency=Level.HIGH, priority=priority)


def assigned(agent: str = "anna", name: str = "Anna Berg", by: str = "routing") -> AgentAssigned:
    return AgentAssigned(
        agent_id=agent,
        agent_name=name,
        team_id="operations",
        team_name="Operations",
        tier=3,
        by=by,
        reason="least loaded",
        assigned_at=T0,
    )


def clock(kind: ClockKind = ClockKind.FIRST_RESPONSE, minutes: float = 15) -> ClockStarted:
    due = T0 + timedelta(minutes=minutes)
    return ClockStarted(clock=kind, target_minutes=minutes, started_at=T0, due_at=due, warn_at=due)


def message(text: str = "Any news?", **changes: Any) -> CustomerMessageReceived:
    sender = Person(person_id=person_id(CUSTOMER), name="Maria Silva", email=CUSTOMER)
    facts = {"sender": sender, "channel": Channel.WEB, "text": text, "received_at": T0}
    return CustomerMessageReceived(**(facts | changes))


def resolved(kind: ResolutionKind = ResolutionKind.FIX, text: str = "Restarted.") -> TicketResolved:
    return TicketResolved(
        kind=kind,
        cause=text,
        note=text,
        resolved_by="agent:anna",
        agent_name="Anna Berg",
        resolved_at=T0,
    )


def closed(how: ClosedHow = ClosedHow.CONFIRMED, note: str = "") -> TicketClosed:
    return TicketClosed(how=how, note=note, closed_by="customer", closed_at=T0)


def told_events(text: str = "Some words") -> list[Any]:
    """One of each event that somebody is told of, saying `text` wherever it can."""
    return [
        opened(description=text, subject=text, topic_name=text),
        ClarificationRequested(questions=(Question(field="f", text=text),), requested_at=T0),
        ClarificationReminded(
            questions=(Question(field="f", text=text),), reminder=1, ends_at=T0, reminded_at=T0
        ),
        assigned(name=text),
        AgentReplied(replied_by="agent:anna", agent_name=text, text=text, replied_at=T0),
        ProgressReported(
            kind=ProgressKind.WORKAROUND,
            text=text,
            reported_by="a",
            agent_name=text,
            reported_at=T0,
        ),
        message(text),
        OutsiderWrote(ticket_id=TICKET, number="LD-1", written_at=T0),
        TicketEscalated(from_tier=1, tier=2, by="agent:x", reason=text, escalated_at=T0),
        resolved(text=text),
        ResolutionRejected(rejected_by="customer:x", reason=text, rejected_at=T0),
        TicketReopened(reason=text, reopened_by="customer:x", reopened_at=T0),
        NoteAdded(noted_by="a", agent_name=text, text=text, mentions=("ben",), noted_at=T0),
        ClosureReminded(closes_at=T0, reminded_at=T0),
        closed(ClosedHow.AGENT, text),
        FollowUpRequested(requested_at=T0),
        TicketLeftUntouched(team_id="support", team_name=text, since=T0, noticed_at=T0),
        FeedbackReceived(rating=1, comment=text, given_by="customer:x", given_at=T0, low=True),
        TargetApproaching(
            clock=ClockKind.FIRST_RESPONSE, due_at=T0, warned_at=T0, remaining_seconds=90
        ),
        TargetBreached(clock=ClockKind.RESOLUTION, due_at=T0, breached_at=T0, escalate=True),
        AddressProofReminded(reminder=1, ends_at=T0, reminded_at=T0),
        CopyInvited(
            person=Person(person_id=TICKET, name=text, email="emil@example.com"), invited_at=T0
        ),
        TargetOverdue(clock=ClockKind.NEXT_RESPONSE, due_at=T0, share=2, reached_at=T0),
    ]
