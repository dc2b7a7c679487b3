"""Stages 6 and 7, from the solution until the ticket is archived."""

from datetime import datetime, timedelta

from services.resolution.domain.commands import (
    ArchiveTicket,
    ArchiveWhenDue,
    CloseForSilence,
    CloseMerged,
    CloseTicket,
    ConfirmResolution,
    HearCustomer,
    RejectResolution,
    RemindOfClosure,
    ReopenTicket,
    ResolveTicket,
    TakeUpUnmerged,
    VerifyResolution,
)
from services.resolution.domain.facts import Facts
from services.resolution.domain.rejections import (
    ClosingNoteMissing,
    NotTheRequester,
    TicketAlreadyClosed,
    TicketGoesOnElsewhere,
    TicketInArchive,
    TicketNotClosed,
    TicketNotFound,
    TicketNotResolved,
    TicketStaysClosed,
    not_open,
)
from services.resolution.domain.states import (
    Archived,
    Closed,
    NotStarted,
    Open,
    Resolved,
    Ticket,
    Unknown,
)
from services.resolution.domain.times import closing_times
from shared.events import Event
from shared.events.resolution import (
    ClosedHow,
    ClosureReminded,
    ResolutionConfirmed,
    ResolutionRejected,
    ResolutionVerified,
    TicketArchived,
    TicketClosed,
    TicketReopened,
    TicketResolved,
    WorkStarted,
)

CONFIRMED_NOTE = "The customer confirmed the solution."
SILENCE_NOTE = "The customer did not object to the solution."


def resolve(command: ResolveTicket, ticket: Ticket) -> list[Event]:
    """A first-time fix by whoever has not formally begun has begun with it."""
    match ticket:
        case NotStarted():
            begun = WorkStarted(started_by=command.by, started_at=command.now)
            return [begun, _solution(command, ticket.facts)]
        case Open():
            return [_solution(command, ticket.facts)]
        case Resolved(
            solution=TicketResolved(kind=command.kind, cause=command.cause, note=command.note)
        ):
            return []
        case Unknown() | Resolved() | Closed() | Archived():
            raise not_open(ticket)


def verify(command: VerifyResolution, ticket: Ticket) -> list[Event]:
    """A solution that did not pass is none: work begins anew."""
    match ticket:
        case Resolved():
            verified = ResolutionVerified(
                method=command.method,
                result=command.result,
                passed=command.passed,
                verified_by=command.by,
                verified_at=command.now,
            )
            if command.passed:
                return [verified]
            return [verified, _reopened("The solution did not pass its test.", command)]
        case Unknown():
            raise TicketNotFound
        case Open():
            raise TicketNotResolved
        case Closed():
            raise TicketAlreadyClosed
        case Archived():
            raise TicketInArchive


def confirm(command: ConfirmResolution, ticket: Ticket) -> list[Event]:
    """Nothing is left to do then, so the ticket is closed with it."""
    match ticket:
        case Resolved():
            _require_requester(command.by, ticket)
            return [
                ResolutionConfirmed(
                    confirmed_by=command.by, comment=command.comment, confirmed_at=command.now
                ),
                _closed(
                    ClosedHow.CONFIRMED,
                    command.comment or CONFIRMED_NOTE,
                    command,
                    _open_for(ticket),
                ),
            ]
        case Closed(how=ClosedHow.CONFIRMED):
            _require_requester(command.by, ticket)
            return []
        case Unknown():
            raise TicketNotFound
        case Open():
            raise TicketNotResolved
        case Closed():
            raise TicketAlreadyClosed
        case Archived():
            raise TicketInArchive


def confirmed_by_thanks(thanks: str, ticket: Resolved, command: HearCustomer) -> list[Event]:
    """The requester wrote no more than thanks: that confirms the solution."""
    confirmed = ResolutionConfirmed(
        confirmed_by=f"customer:{ticket.facts.requester.person_id}",
        comment=thanks,
        confirmed_at=command.now,
    )
    return [confirmed, _closed(ClosedHow.CONFIRMED, CONFIRMED_NOTE, command, _open_for(ticket))]


def reject(command: RejectResolution, ticket: Ticket) -> list[Event]:
    """Also after closing: the customer may have been away when the silence ran out."""
    match ticket:
        case Closed(how=ClosedHow.MERGED):
            raise TicketGoesOnElsewhere
        case Resolved() | Closed():
            _require_requester(command.by, ticket)
            _require_in_time(command.by, ticket, command.now)
            return [
                ResolutionRejected(
                    rejected_by=command.by, reason=command.reason, rejected_at=command.now
                ),
                _reopened(command.reason, command),
            ]
        case Unknown():
            raise TicketNotFound
        case Open():
            raise TicketNotResolved
        case Archived():
            raise TicketInArchive


def reopen(command: ReopenTicket, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open():
            _require_requester(command.by, ticket)
            return []
        case Closed(how=ClosedHow.MERGED):
            raise TicketGoesOnElsewhere
        case Resolved() | Closed():
            _require_requester(command.by, ticket)
            _require_in_time(command.by, ticket, command.now)
            return [_reopened(command.reason, command)]
        case Unknown():
            raise TicketNotFound
        case Archived():
            raise TicketInArchive


def close(command: CloseTicket, ticket: Ticket) -> list[Event]:
    """By hand: without a solution, the note is what documents it."""
    match ticket:
        case Open() if not command.note.strip():
            raise ClosingNoteMissing
        case Open() | Resolved():
            minutes = command.rules.reopen_minutes
            return [_closed(ClosedHow.AGENT, command.note, command, minutes)]
        case Closed() | Archived():
            return []
        case Unknown():
            raise TicketNotFound


def close_merged(command: CloseMerged, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open() | Resolved():
            note = f"It goes on in {command.into_number}."
            return [_closed(ClosedHow.MERGED, note, command)]
        case Unknown() | Closed() | Archived():
            return []


def take_up_unmerged(command: TakeUpUnmerged, ticket: Ticket) -> list[Event]:
    """Only what a merger closed: anything else ended for a reason of its own."""
    match ticket:
        case Closed(how=ClosedHow.MERGED):
            return [_reopened(command.reason, command)]
        case Unknown() | Open() | Resolved() | Closed() | Archived():
            return []


def close_for_silence(command: CloseForSilence, ticket: Ticket) -> list[Event]:
    """Not if they did speak, nor for a solution that has been replaced meanwhile."""
    match ticket:
        case Resolved(solution=TicketResolved(resolved_at=command.resolved_at)) if (
            not ticket.customer_spoke
        ):
            return [_closed(ClosedHow.SILENCE, SILENCE_NOTE, command, _open_for(ticket))]
        case Unknown() | Open() | Resolved() | Closed() | Archived():
            return []


def remind_of_closure(command: RemindOfClosure, ticket: Ticket) -> list[Event]:
    """As long as silence is what would close it."""
    match ticket:
        case Resolved(
            solution=TicketResolved(resolved_at=command.resolved_at, closes_at=datetime() as at),
            customer_spoke=False,
        ):
            return [ClosureReminded(closes_at=at, reminded_at=command.now)]
        case Unknown() | Open() | Resolved() | Closed() | Archived():
            return []


def archive(command: ArchiveTicket, ticket: Ticket) -> list[Event]:
    match ticket:
        case Closed():
            return [TicketArchived(archived_by=command.by, archived_at=command.now)]
        case Archived():
            return []
        case Unknown():
            raise TicketNotFound
        case Open() | Resolved():
            raise TicketNotClosed


def archive_when_due(command: ArchiveWhenDue, ticket: Ticket) -> list[Event]:
    match ticket:
        case Closed(closed_at=command.closed_at, customer_spoke=False):
            return [TicketArchived(archived_by=command.by, archived_at=command.now)]
        case Unknown() | Open() | Resolved() | Closed() | Archived():
            return []


def _require_requester(by: str, ticket: Open | Resolved | Closed) -> None:
    """A customer acts only on a ticket of their own; agents act on their behalf."""
    if by.startswith("customer:") and by != f"customer:{ticket.facts.requester.person_id}":
        raise NotTheRequester


def _require_in_time(by: str, ticket: Resolved | Closed, now: datetime) -> None:
    """A customer reopens only for so long; agents until it is archived."""
    if by.startswith("customer:") and isinstance(ticket, Closed) and not ticket.opens_again(now):
        raise TicketStaysClosed


def _open_for(ticket: Resolved) -> float | None:
    return ticket.solution.reopen_minutes


def _solution(command: ResolveTicket, facts: Facts) -> Event:
    closes_at, remind_at = closing_times(facts.close_after_minutes, command.rules, command.now)
    return TicketResolved(
        kind=command.kind,
        cause=command.cause,
        note=command.note,
        resolved_by=command.by,
        agent_name=command.agent_name,
        resolved_at=command.now,
        closes_at=closes_at,
        remind_at=remind_at,
        reopen_minutes=command.rules.reopen_minutes,
    )


def _reopened(
    reason: str, command: VerifyResolution | RejectResolution | ReopenTicket | TakeUpUnmerged
) -> Event:
    return TicketReopened(reason=reason, reopened_by=command.by, reopened_at=command.now)


def _closed(
    how: ClosedHow,
    note: str,
    command: ConfirmResolution | CloseTicket | CloseMerged | CloseForSilence | HearCustomer,
    reopen_minutes: float | None = None,
) -> Event:
    until = None if reopen_minutes is None else command.now + timedelta(minutes=reopen_minutes)
    return TicketClosed(
        how=how, note=note, closed_by=command.by, closed_at=command.now, reopens_until=until
    )
