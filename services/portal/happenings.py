"""What the timeline of a ticket says of each event. Pure."""

from typing import Final

from services.portal.speaking import Said, said
from services.portal.words import first_name, line
from shared.events import Event, Priority
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketEscalated,
    TicketQueued,
    TicketTransferred,
)
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationReminded,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import (
    AddressConfirmed,
    ConfirmedHow,
    CopyConfirmed,
    CopyEnded,
    CopyInvited,
)
from shared.events.relations import (
    TicketAbsorbed,
    TicketMerged,
    TicketReleased,
    TicketSplit,
    TicketSplitOff,
    TicketUnmerged,
)
from shared.events.resolution import (
    AgentReplied,
    ProgressKind,
    ProgressReported,
    ResolutionConfirmed,
    ResolutionKind,
    ResolutionRejected,
    ResolutionVerified,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
    WorkStarted,
)
from shared.events.review import FeedbackReceived, FollowUpRequested
from shared.events.sla import ClockKind, SlaPlanApplied, TargetMet

CLOSED_HOW: Final = {
    "confirmed": said("You confirmed the solution, and the ticket was closed."),
    "silence": said("We heard nothing more from you, and closed the ticket."),
    "agent": said("We closed the ticket."),
    "merged": said("The ticket was closed, as it goes on in another one."),
}

_OPENED: Final = {
    "web": said("Your request reached us by our form."),
    "email": said("Your request reached us by e-mail."),
    "api": said("Your request reached us by our interface."),
}

_PRIORITY: Final = {
    Priority.LOW: said("Its priority is Low."),
    Priority.MEDIUM: said("Its priority is Medium."),
    Priority.HIGH: said("Its priority is High."),
    Priority.CRITICAL: said("Its priority is Emergency."),
}


def happened(event: Event) -> Said | None:
    """What the timeline says of an event; none for what it passes over."""
    return (
        _intake(event)
        or _beside_others(event)
        or _copies(event)
        or _assignment(event)
        or _resolution(event)
        or _rest(event)
    )


def _intake(event: Event) -> Said | None:
    match event:
        case TicketOpened():
            return _OPENED[event.channel.value]
        case TicketVerified():
            return said("We checked that we have all we need.")
        case ClarificationRequested():
            return said("We asked you for more information.")
        case ClarificationProvided():
            return said("You gave us the information we asked for.")
        case ClarificationReminded():
            return said("We asked you once more for what we need.")
        case ClarificationLapsed():
            return said("We go on with what we have. You can still write to us.")
        case TicketPrioritised():
            return _PRIORITY[event.priority]
        case CustomerMessageReceived(automatic=True):
            return said("An automatic answer came from your mail.")
        case CustomerMessageReceived():
            return said("You wrote to us.")
        case AddressConfirmed(how=ConfirmedHow.AGENT):
            return None
        case AddressConfirmed():
            return said("You confirmed your address.")
        case _:
            return None


def _beside_others(event: Event) -> Said | None:
    match event:
        case TicketMerged():
            return said("It goes on in {number}.", number=line(event.into_number))
        case TicketUnmerged():
            number = line(event.from_number)
            return said("It goes on by itself again, not in {number}.", number=number)
        case TicketReleased():
            return said("{number} goes on by itself again.", number=line(event.source_number))
        case TicketSplit():
            return said("Part of it goes on in {number}.", number=line(event.into_number))
        case TicketSplitOff():
            return said("It began as part of {number}.", number=line(event.source_number))
        case TicketAbsorbed():
            return said("{number} goes on in this ticket.", number=line(event.source_number))
        case _:
            return None


def _copies(event: Event) -> Said | None:
    match event:
        case CopyInvited(person=person):
            name = line(person.name, 60) or line(person.email, 60)
            return _by(
                name,
                said("{who} was asked to be in copy."),
                said("Somebody was asked to be in copy."),
            )
        case CopyConfirmed():
            return said("Somebody agreed to be in copy.")
        case CopyEnded():
            return said("Somebody is in copy no more.")
        case _:
            return None


def _assignment(event: Event) -> Said | None:
    match event:
        case TicketQueued():
            return said("It waits for somebody of {team}.", team=line(event.team_name))
        case AgentAssigned():
            name, team = first_name(event.agent_name), line(event.team_name)
            return _by(
                name,
                said("{who} from {team} took it over."),
                said("{team} took it over."),
                team=team,
            )
        case AgentUnassigned(reason="closed"):
            return None
        case AgentUnassigned():
            return said("It waits for another colleague.")
        case TicketTransferred():
            return said("It went to {team}.", team=line(event.team_name))
        case TicketEscalated():
            return said("It went to our specialists.")
        case _:
            return None


def _resolution(event: Event) -> Said | None:
    match event:
        case WorkStarted():
            return said("Work on it began.")
        case AgentReplied() | ProgressReported() | TicketResolved():
            return _answered(event)
        case TicketHeld():
            return said("Work waits: {reason}", reason=line(event.reason))
        case WorkResumed():
            return said("Work goes on.")
        case ResolutionVerified(passed=True):
            return said("We tried the solution, and it worked.")
        case ResolutionVerified():
            return said("We tried the solution, and it did not work yet.")
        case ResolutionConfirmed():
            return said("You confirmed that it works.")
        case ResolutionRejected():
            return said("You told us that it does not work.")
        case TicketReopened():
            return said("Work on it began again.")
        case TicketClosed():
            return CLOSED_HOW[event.how.value]
        case _:
            return None


def _answered(event: AgentReplied | ProgressReported | TicketResolved) -> Said:
    name = first_name(event.agent_name)
    match event:
        case AgentReplied():
            return _by(name, said("{who} wrote to you."), said("We wrote to you."))
        case ProgressReported(kind=ProgressKind.STEP):
            return _by(
                name, said("{who} told you how far we are."), said("We told you how far we are.")
            )
        case ProgressReported(kind=ProgressKind.FINDING):
            return _by(
                name, said("{who} told you what we found."), said("We told you what we found.")
            )
        case ProgressReported():
            words = said("{who} told you a way around it for now.")
            return _by(name, words, said("We told you a way around it for now."))
        case TicketResolved(kind=ResolutionKind.FIX):
            return _by(name, said("{who} offered a fix."), said("We offered a fix."))
        case TicketResolved():
            return _by(name, said("{who} offered a workaround."), said("We offered a workaround."))


def _rest(event: Event) -> Said | None:
    match event:
        case SlaPlanApplied():
            return said("The plan {plan} applies.", plan=line(event.plan_name))
        case TargetMet(clock=ClockKind.FIRST_RESPONSE):
            return said("Our first answer came in time.")
        case FollowUpRequested():
            return said("We asked you whether the solution held.")
        case FeedbackReceived():
            return said("You rated us {rating} of 5.", rating=event.rating)
        case _:
            return None


def _by(name: str, words: Said, nameless: Said, **facts: str) -> Said:
    return words.given(who=name, **facts) if name else nameless.given(**facts)
