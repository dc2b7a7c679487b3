"""Which function answers which command: nothing is decided here."""

from services.resolution.domain import beside, closing, work
from services.resolution.domain.commands import (
    AddNote,
    ArchiveTicket,
    ArchiveWhenDue,
    ChangeTags,
    CloseForSilence,
    CloseMerged,
    CloseTicket,
    Command,
    ConfirmResolution,
    FollowTicket,
    HearCustomer,
    HoldTicket,
    LinkChild,
    LinkParent,
    RejectResolution,
    RemindOfClosure,
    ReopenTicket,
    ReplyToCustomer,
    ReportProgress,
    RequestEscalation,
    ResolveTicket,
    ResumeWork,
    RunMacro,
    SpendTime,
    StartWork,
    TakeUpUnmerged,
    UnfollowTicket,
    UnlinkChild,
    UnlinkParent,
    UnpinNote,
    VerifyResolution,
)
from services.resolution.domain.rejections import NothingToDo
from services.resolution.domain.states import Ticket, evolve
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
        case RemindOfClosure():
            return closing.remind_of_closure(command, ticket)
        case UnpinNote():
            return beside.unpin(command, ticket)
        case ChangeTags():
            return beside.change_tags(command, ticket)
        case FollowTicket():
            return beside.follow(command, ticket)
        case UnfollowTicket():
            return beside.unfollow(command, ticket)
        case SpendTime():
            return beside.spend_time(command, ticket)
        case LinkParent():
            return beside.link_parent(command, ticket)
        case LinkChild():
            return beside.link_child(command, ticket)
        case UnlinkParent():
            return beside.unlink_parent(command, ticket)
        case UnlinkChild():
            return beside.unlink_child(command, ticket)
        case RunMacro():
            return _all_of(command, ticket)


def _all_of(macro: RunMacro, ticket: Ticket) -> list[Event]:
    """What all of its steps say; if one of them may not be, nothing was."""
    if not macro.steps:
        raise NothingToDo
    said: list[Event] = []
    for step in macro.steps:
        new = decide(step, ticket)
        for event in new:
            ticket = evolve(ticket, event)
        said += new
    return said
