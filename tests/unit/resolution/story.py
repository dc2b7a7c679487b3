"""What may have happened to a ticket, in words short enough for a test's first line."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.events import Event, Person, TicketType
from shared.events.assignment import AgentAssigned, AgentUnassigned, TicketEscalated, TicketQueued
from shared.events.intake import Channel, CustomerMessageReceived, TicketCategorised, TicketOpened
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    EscalationRequested,
    ResolutionKind,
    TicketArchived,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
    WorkStarted,
)
from shared.events.review import FeedbackReceived
from shared.ids import person_id
from shared.testing.spec import T0

CARLA = Person(person_id=person_id("carla@example.com"), name="Carla", email="carla@example.com")
MALLORY = Person(person_id=person_id("mal@example.com"), name="Mal", email="mal@example.com")
OTHER_TICKET = UUID("01890000-0000-7000-8000-000000000002")


def customer(person: Person = CARLA) -> str:
    return f"customer:{person.person_id}"


def at(minutes: float) -> Any:
    return T0 + timedelta(minutes=minutes)


def opened() -> Event:
    return TicketOpened(
        number="LD-7KQ4M-2XR9C-5",
        channel=Channel.WEB,
        topic_id="outage",
        topic_name="Business critical outage",
        requester=CARLA,
        subject="The shop is down",
        description="Nobody can pay.",
        opened_at=T0,
    )


def categorised(close_after: float = 60, archive_after: float = 600) -> Event:
    return TicketCategorised(
        type=TicketType.TECHNICAL,
        topic_id="outage",
        topic_name="Business critical outage",
        team_id="ops",
        team_name="Operations",
        close_after_minutes=close_after,
        archive_after_minutes=archive_after,
    )


def queued() -> Event:
    return TicketQueued(team_id="ops", team_name="Operations", reason="all busy", queued_at=T0)


def assigned(agent_id: str = "anna") -> Event:
    return AgentAssigned(
        agent_id=agent_id,
        agent_name=agent_id.capitalize(),
        team_id="ops",
        team_name="Operations",
        tier=1,
        by="routing",
        reason="least loaded",
        assigned_at=T0,
    )


def unassigned() -> Event:
    return AgentUnassigned(agent_id="anna", by="anna", reason="on leave", unassigned_at=T0)


def escalated() -> Event:
    return TicketEscalated(from_tier=1, tier=2, by="anna", reason="too hard", escalated_at=T0)


def started() -> Event:
    return WorkStarted(started_by="anna", started_at=T0)


def replied(awaits_customer: bool = False, minutes: float = 5) -> Event:
    return AgentReplied(
        replied_by="anna",
        agent_name="Anna",
        text="Please try again.",
        awaits_customer=awaits_customer,
        replied_at=at(minutes),
    )


def asked() -> Event:
    return replied(awaits_customer=True)


def held(reason: str = "the supplier looks at it") -> Event:
    return TicketHeld(reason=reason, held_by="anna", held_at=at(6))


def resumed() -> Event:
    return WorkResumed(reason="it goes on", resumed_by="anna", resumed_at=at(7))


def escalation_requested(reason: str = "too hard") -> Event:
    return EscalationRequested(reason=reason, requested_by="anna", requested_at=at(8))


def wrote(
    person: Person = CARLA,
    automatic: bool = False,
    minutes: float = 9,
    text: str = "It is down again.",
) -> Event:
    return CustomerMessageReceived(
        sender=person,
        channel=Channel.EMAIL,
        text=text,
        received_at=at(minutes),
        automatic=automatic,
    )


def resolved(minutes: float = 10, note: str = "Restarted the database.") -> Event:
    return TicketResolved(
        kind=ResolutionKind.FIX,
        cause="A full disk.",
        note=note,
        resolved_by="anna",
        agent_name="Anna",
        resolved_at=at(minutes),
    )


def reopened(minutes: float = 15) -> Event:
    return TicketReopened(reason="Down again.", reopened_by=customer(), reopened_at=at(minutes))


def closed(how: ClosedHow = ClosedHow.CONFIRMED, minutes: float = 20) -> Event:
    return TicketClosed(how=how, note="Done.", closed_by="anna", closed_at=at(minutes))


def archived() -> Event:
    return TicketArchived(archived_by="timer", archived_at=at(1_000))


def merged() -> Event:
    return TicketMerged(
        into_ticket_id=OTHER_TICKET,
        into_number="LD-00000-0000A-A",
        reason="the same outage",
        merged_by="anna",
    )


def feedback(recurred: bool, reopens: bool = False) -> Event:
    return FeedbackReceived(
        rating=2, recurred=recurred, given_by=customer(), given_at=at(30), reopens=reopens
    )


NOT_STARTED = (opened(), assigned())
IN_PROGRESS = (*NOT_STARTED, started())
WAITING = (*IN_PROGRESS, asked())
ON_HOLD = (*IN_PROGRESS, held())
RESOLVED = (*IN_PROGRESS, resolved())
CLOSED = (*RESOLVED, closed())
CLOSED_BY_SILENCE = (*RESOLVED, closed(ClosedHow.SILENCE))
MERGED = (*IN_PROGRESS, merged(), closed(ClosedHow.MERGED))
ARCHIVED = (*CLOSED, archived())

OPEN = {
    "not started": NOT_STARTED,
    "in progress": IN_PROGRESS,
    "waiting for the customer": WAITING,
    "on hold": ON_HOLD,
}
EVERY_STATE = {
    "unknown": (),
    **OPEN,
    "resolved": RESOLVED,
    "closed": CLOSED,
    "merged": MERGED,
    "archived": ARCHIVED,
}
