"""Which function answers which command: nothing is decided here."""

from services.resolution.domain import closing, work
from services.resolution.domain.commands import (
    AddNote,
    ArchiveTicket,
    ArchiveWhenDue,
    CloseForSilence,
    CloseMerged,
    CloseTicket,
    Command,
    ConfirmResolution,
    HearCustomer,
    HoldTicket,
    RejectResolution,
    ReopenTicket,
    ReplyToCustomer,
    ReportProgress,
    RequestEscalation,
    ResolveTicket,
    ResumeWork,
    StartWork,
    TakeUpUnmerged,
    VerifyResolution,
)
from services.resolution.domain.states import Ticket
from shared.events import Event


def decide(command: Command, ticket: Ticket) -> list[Event]:  # noqa: C901, PLR0912  one case each
    """What is newly true; nothing if it was so already. Raises what is in `rejections.py`."""
    match command:
        case StartWork():
            return work.start(command, ticket)
        case ReplyToCustomer():
            return work.reply(command, ticket)
        case AddNote():
            return work.add_note(command, ticket)
        case ReportProgress():
            return work.report_progress(command, ticket)
        case HoldTicket():
            return work.hold(command, ticket)
        case ResumeWork():
            return work.resume(command, ticket)
        case RequestEscalation():
            return work.request_escalation(command, ticket)
        case HearCustomer():
            return work.hear_customer(command, ticket)
        case ResolveTicket():
            return closing.resolve(command, ticket)
        case VerifyResolution():
            return closing.verify(command, ticket)
        case ConfirmResolution():
            return closing.confirm(command, ticket)
        case RejectResolution():
            return closing.reject(command, ticket)
        case ReopenTicket():
            return closing.reopen(command, ticket)
        case CloseTicket():
            return closing.close(command, ticket)
        case CloseMerged():
            return closing.close_merged(command, ticket)
        case TakeUpUnmerged():
            return closing.take_up_unmerged(command, ticket)
        case CloseForSilence():
            return closing.close_for_silence(command, ticket)
        case ArchiveTicket():
            return closing.archive(command, ticket)
        case ArchiveWhenDue():
            return closing.archive_when_due(command, ticket)
