"""Resolution in small: what people do to a ticket, and two reactions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import ClassVar, Final

from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event, Unknown
from shared.events.assignment import (
    AgentAssigned,
    AgentDefined,
    ParticipantAdded,
    TicketEscalated,
    TicketQueued,
)
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    EscalationRequested,
    NoteAdded,
    ProgressKind,
    ProgressReported,
    TicketClosed,
    TicketHeld,
    WorkResumed,
    WorkStarted,
)
from shared.events.sla import TargetBreached
from shared.followers.contracts import Directed
from shared.log import Past, Recorded
from shared.service import Reacts, Service
from shared.testing.simulation.desk.diary import Diary


class Act(Enum):
    """What is done to a ticket."""

    BEGIN = "begin"
    NOTE = "note"
    REPLY = "reply"
    HOLD = "hold"
    RESUME = "resume"
    CLOSE = "close"
    REPORT = "report"
    ASK = "ask"


@dataclass(frozen=True)
class Do:
    """A command."""

    act: Act
    at: datetime


@dataclass(frozen=True)
class Ticket:
    begun: bool = False
    held: bool = False
    closed: bool = False


class TicketNotOpen(Rejected):
    """Nobody works on this ticket."""


def _decide(command: Do, ticket: Ticket) -> list[Event]:
    at = command.at
    match command.act:
        case Act.REPORT:
            return [
                ProgressReported(kind=ProgressKind.STEP, text="", reported_by="", reported_at=at)
            ]
        case Act.ASK:
            return [EscalationRequested(reason="", requested_by="sla", requested_at=at)]
        case Act.BEGIN:
            return [] if ticket.begun else [WorkStarted(started_by="anna", started_at=at)]
        case _ if not ticket.begun or ticket.closed:
            raise TicketNotOpen
        case Act.NOTE:
            return [NoteAdded(noted_by="anna", text="", noted_at=at)]
        case Act.REPLY:
            return [AgentReplied(replied_by="anna", text="", replied_at=at)]
        case Act.HOLD:
            held = TicketHeld(reason="", held_by="anna", held_at=at)
            return [] if ticket.held else [held]
        case Act.RESUME:
            return [_resumed(at)] if ticket.held else []
        case Act.CLOSE:
            closed = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=at)
            return [_resumed(at), closed] if ticket.held else [closed]


def _resumed(at: datetime) -> WorkResumed:
    return WorkResumed(reason="", resumed_by="anna", resumed_at=at)


def _evolve(ticket: Ticket, event: Event | Unknown) -> Ticket:
    match event:
        case WorkStarted():
            return replace(ticket, begun=True)
        case TicketHeld():
            return replace(ticket, held=True)
        case WorkResumed():
            return replace(ticket, held=False)
        case TicketClosed():
            return replace(ticket, closed=True)
        case _:
            return ticket


DECIDER: Final[Decider[Do, Ticket]] = Decider(Ticket(), _decide, _evolve)


class Report:
    """Whoever waits is told that somebody has the ticket, or that nobody has yet."""

    name: ClassVar[str] = "report"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({AgentAssigned, TicketQueued})

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Do]]:
        return [Directed(recorded.subject, Do(Act.REPORT, recorded.occurred_at))]


class Ask:
    """A broken promise goes to a higher tier."""

    name: ClassVar[str] = "ask"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TargetBreached})

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Do]]:
        return [Directed(recorded.subject, Do(Act.ASK, recorded.occurred_at))]


SAYS: Final[frozenset[type[Event]]] = frozenset(
    {
        WorkStarted,
        NoteAdded,
        AgentReplied,
        TicketHeld,
        WorkResumed,
        TicketClosed,
        ProgressReported,
        EscalationRequested,
    }
)
HEARS: Final[frozenset[type[Event]]] = frozenset(
    {AgentAssigned, TicketQueued, TicketEscalated, ParticipantAdded, AgentDefined, TargetBreached}
)


class Work(Diary):
    """The diary of all that is known here."""

    name: ClassVar[str] = "work"
    hears: ClassVar[frozenset[type[Event]]] = SAYS | HEARS


SERVICE: Final = Service(
    name="resolution",
    hears=HEARS,
    says=SAYS,
    projections=[Work()],
    reactions=lambda _: [
        Reacts(Report(), DECIDER, actor="report"),
        Reacts(Ask(), DECIDER, actor="ask"),
    ],
)
