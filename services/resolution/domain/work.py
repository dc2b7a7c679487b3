"""Stage 5, investigation and troubleshooting: what follows while the ticket is open."""

from services.resolution.domain.closing import confirmed_by_thanks
from services.resolution.domain.commands import (
    AddNote,
    HearCustomer,
    HoldTicket,
    ReplyToCustomer,
    ReportProgress,
    RequestEscalation,
    ResumeWork,
    StartWork,
)
from services.resolution.domain.rejections import TicketNotOnHold, not_open
from services.resolution.domain.states import (
    Archived,
    Closed,
    InProgress,
    NotStarted,
    OnHold,
    Open,
    Resolved,
    Ticket,
    Unknown,
    WaitingForCustomer,
)
from shared.events import Event
from shared.events.resolution import (
    AgentReplied,
    EscalationRequested,
    NoteAdded,
    ProgressReported,
    TicketHeld,
    TicketReopened,
    WorkResumed,
    WorkStarted,
)


def start(command: StartWork, ticket: Ticket) -> list[Event]:
    match ticket:
        case NotStarted():
            return _begun(command, ticket)
        case InProgress():
            return []
        case WaitingForCustomer() | OnHold():
            return [_resumed("The agent went on with it.", command)]
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def reply(command: ReplyToCustomer, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open():
            replied = AgentReplied(
                replied_by=command.by,
                agent_name=command.agent_name,
                text=command.text,
                awaits_customer=command.awaits_customer,
                attachments=command.attachments,
                replied_at=command.now,
                seen=command.seen,
                sent_anyway=command.sent_anyway,
            )
            return [*_begun(command, ticket), replied]
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def add_note(command: AddNote, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open() | Resolved() | Closed():
            return [
                NoteAdded(
                    noted_by=command.by,
                    agent_name=command.agent_name,
                    text=command.text,
                    pinned=command.pinned,
                    noted_at=command.now,
                    mentions=command.mentions,
                    attachments=command.attachments,
                )
            ]
        case Unknown() | Archived():
            raise not_open(ticket)


def report_progress(command: ReportProgress, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open():
            reported = ProgressReported(
                kind=command.kind,
                text=command.text,
                reported_by=command.by,
                agent_name=command.agent_name,
                reported_at=command.now,
            )
            return [*_begun(command, ticket), reported]
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def hold(command: HoldTicket, ticket: Ticket) -> list[Event]:
    match ticket:
        case OnHold(reason=command.reason):
            return []
        case Open():
            return [TicketHeld(reason=command.reason, held_by=command.by, held_at=command.now)]
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def resume(command: ResumeWork, ticket: Ticket) -> list[Event]:
    match ticket:
        case OnHold() | WaitingForCustomer():
            return [_resumed(command.reason, command)]
        case InProgress():
            return []
        case NotStarted():
            raise TicketNotOnHold
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def request_escalation(command: RequestEscalation, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open(escalation=command.reason):
            return []
        case Open():
            return [
                EscalationRequested(
                    reason=command.reason, requested_by=command.by, requested_at=command.now
                )
            ]
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def hear_customer(command: HearCustomer, ticket: Ticket) -> list[Event]:
    """Only if they spoke after what they spoke against: see `states.py`.

    Whoever only says thanks for a solution has confirmed it.
    """
    match ticket:
        case Resolved(customer_spoke=False, thanks=str(thanks)):
            return confirmed_by_thanks(thanks, ticket, command)
        case WaitingForCustomer(customer_spoke=True):
            return [_resumed(command.reason, command)]
        case Resolved(customer_spoke=True) | Closed(customer_spoke=True):
            return [
                TicketReopened(
                    reason=command.reason, reopened_by=command.by, reopened_at=command.now
                )
            ]
        case Unknown() | Open() | Resolved() | Closed() | Archived():
            return []


def _begun(command: StartWork | ReplyToCustomer | ReportProgress, ticket: Open) -> list[Event]:
    """Who answers or reports has begun."""
    if not isinstance(ticket, NotStarted):
        return []
    return [WorkStarted(started_by=command.by, started_at=command.now)]


def _resumed(reason: str, command: StartWork | ResumeWork | HearCustomer) -> Event:
    return WorkResumed(reason=reason, resumed_by=command.by, resumed_at=command.now)
