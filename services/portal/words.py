"""Plain words for customers: what happened, what is going on, when to expect an answer."""

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.portal.rows import TicketRow
from shared.events import Event, Person
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketEscalated,
    TicketQueued,
    TicketTransferred,
)
from shared.events.base import Status
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
    ProgressReported,
    ResolutionConfirmed,
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

_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
LINE_LENGTH_MAX: Final = 300

CLOSED_HOW: Final = {
    "confirmed": "You confirmed the solution, and the ticket was closed.",
    "silence": "We heard nothing more from you, and closed the ticket.",
    "agent": "We closed the ticket.",
    "merged": "The ticket was closed, as it goes on in another one.",
}

GOING_ON: Final = {
    Status.NEW: "We have your request and are looking at it.",
    Status.NEEDS_INFORMATION: "We need your answer before we can start.",
    Status.QUEUED: "Your request waits for the next free colleague.",
    Status.ASSIGNED: "Your request is with a colleague, who will start on it soon.",
    Status.IN_PROGRESS: "We are working on it.",
    Status.WAITING_FOR_CUSTOMER: "We need your answer before we can go on.",
    Status.ON_HOLD: "We are waiting for something before we can go on.",
    Status.ESCALATED: "Your request has gone to our specialists.",
    Status.RESOLVED: "There is a solution: please tell us whether it works for you.",
    Status.CLOSED: "This ticket is closed.",
    Status.ARCHIVED: "This ticket is closed and in our archive.",
}


def clean(text: str) -> str:
    """Text of several lines, with nothing in it that a program would obey."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str, length_max: int = LINE_LENGTH_MAX) -> str:
    """One line of text, shortened if need be."""
    flat = re.sub(r"\s+", " ", clean(text)).strip()
    return flat if len(flat) <= length_max else flat[: length_max - 1].rstrip() + "…"


def first_name(name: str) -> str:
    """What customers call an agent."""
    return line(name, 60).split(" ", 1)[0] or "somebody"


def moment(at: datetime | None, zone: str) -> str:
    """`Monday 2 March 2026, 14:00 (Europe/Berlin)`; empty for none."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({zone.replace('_', ' ')})"


def short_moment(at: datetime, zone: str) -> str:
    """`2 Mar 2026, 14:00`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M}"


def expected(ticket: TicketRow, zone: str, now: datetime) -> str:
    """When the customer may expect to hear from us."""
    if ticket.status in {Status.RESOLVED, Status.CLOSED, Status.ARCHIVED}:
        return ""
    if ticket.held:
        return ""
    if ticket.status == Status.NEEDS_INFORMATION:
        return "We go on as soon as we have your answer."
    for what, due_at, state in (
        ("a first answer", ticket.first_due_at, ticket.first_state),
        ("a solution", ticket.solution_due_at, ticket.solution_state),
    ):
        if state == "paused":
            return f"You can expect {what} once we have what we are waiting for."
        if state == "running" and due_at is not None:
            if due_at < now:
                return f"{what.capitalize()} is late. We are sorry; managers have been told."
            return f"You can expect {what} by {moment(due_at, zone)}."
    return "We will get back to you as soon as we can."


def happened(event: Event) -> str:
    """What the timeline says of an event; empty for what it passes over."""
    return (
        _intake(event)
        or _beside_others(event)
        or _copies(event)
        or _assignment(event)
        or _resolution(event)
        or _rest(event)
    )


def _intake(event: Event) -> str:
    match event:
        case TicketOpened():
            how = {"web": "by our form", "email": "by e-mail", "api": "by our interface"}
            return f"Your request reached us {how[event.channel.value]}."
        case TicketVerified():
            return "We checked that we have all we need."
        case ClarificationRequested():
            return "We asked you for more information."
        case ClarificationProvided():
            return "You gave us the information we asked for."
        case ClarificationReminded():
            return "We asked you once more for what we need."
        case ClarificationLapsed():
            return "We go on with what we have. You can still write to us."
        case TicketPrioritised():
            return f"Its priority is {event.priority.label}."
        case CustomerMessageReceived(automatic=True):
            return "An automatic answer came from your mail."
        case CustomerMessageReceived():
            return "You wrote to us."
        case AddressConfirmed(how=ConfirmedHow.AGENT):
            return ""
        case AddressConfirmed():
            return "You confirmed your address."
        case _:
            return ""


def _beside_others(event: Event) -> str:
    match event:
        case TicketMerged():
            return f"It goes on in {line(event.into_number)}."
        case TicketUnmerged():
            return f"It goes on by itself again, not in {line(event.from_number)}."
        case TicketReleased():
            return f"{line(event.source_number)} goes on by itself again."
        case TicketSplit():
            return f"Part of it goes on in {line(event.into_number)}."
        case TicketSplitOff():
            return f"It began as part of {line(event.source_number)}."
        case TicketAbsorbed():
            return f"{line(event.source_number)} goes on in this ticket."
        case _:
            return ""


def _copies(event: Event) -> str:
    match event:
        case CopyInvited():
            return f"{_named(event.person)} was asked to be in copy."
        case CopyConfirmed():
            return "Somebody agreed to be in copy."
        case CopyEnded():
            return "Somebody is in copy no more."
        case _:
            return ""


def _assignment(event: Event) -> str:
    match event:
        case TicketQueued():
            return f"It waits for somebody of {line(event.team_name)}."
        case AgentAssigned():
            return f"{first_name(event.agent_name)} from {line(event.team_name)} took it over."
        case AgentUnassigned(reason="closed"):
            return ""
        case AgentUnassigned():
            return "It waits for another colleague."
        case TicketTransferred():
            return f"It went to {line(event.team_name)}."
        case TicketEscalated():
            return "It went to our specialists."
        case _:
            return ""


def _resolution(event: Event) -> str:
    match event:
        case WorkStarted():
            return "Work on it began."
        case AgentReplied():
            return f"{_who(event.agent_name)} wrote to you."
        case ProgressReported():
            told = {
                "step": "told you how far we are",
                "finding": "told you what we found",
                "workaround": "told you a way around it for now",
            }
            return f"{_who(event.agent_name)} {told[event.kind.value]}."
        case TicketHeld():
            return f"Work waits: {line(event.reason)}"
        case WorkResumed():
            return "Work goes on."
        case TicketResolved():
            return f"{_who(event.agent_name)} offered a {event.kind.value}."
        case ResolutionVerified():
            result = "it worked" if event.passed else "it did not work yet"
            return f"We tried the solution, and {result}."
        case ResolutionConfirmed():
            return "You confirmed that it works."
        case ResolutionRejected():
            return "You told us that it does not work."
        case TicketReopened():
            return "Work on it began again."
        case TicketClosed():
            return CLOSED_HOW[event.how.value]
        case _:
            return ""


def _rest(event: Event) -> str:
    match event:
        case SlaPlanApplied():
            return f"The plan {line(event.plan_name)} applies."
        case TargetMet(clock=ClockKind.FIRST_RESPONSE):
            return "Our first answer came in time."
        case FollowUpRequested():
            return "We asked you whether the solution held."
        case FeedbackReceived():
            return f"You rated us {event.rating} of 5."
        case _:
            return ""


def _named(person: Person) -> str:
    return line(person.name, 60) or line(person.email, 60) or "Somebody"


def _who(name: str) -> str:
    return first_name(name) if name.strip() else "We"
