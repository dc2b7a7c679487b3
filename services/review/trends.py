"""The read model `trends`: what became of each ticket, to be counted by topic, team, agent,
organisation and time. A ticket counts in the time in which it was opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from shared.events import Event
from shared.events.assignment import AgentAssigned, TicketQueued, TicketTransferred
from shared.events.intake import TicketCategorised, TicketOpened
from shared.events.relations import TicketMerged, TicketUnmerged
from shared.events.resolution import AgentReplied, TicketClosed, TicketReopened, TicketResolved
from shared.events.review import FeedbackReceived, QualityReviewed
from shared.events.sla import BreachRetracted, TargetBreached
from shared.followers.view import Table, View
from shared.log.records import Recorded
from shared.privacy.sealing import ERASED

CAUSE_LENGTH_MAX: Final = 200


@dataclass(frozen=True)
class TrendRow:
    """What became of a ticket."""

    subject: UUID
    number: str
    requester_id: UUID
    topic_id: str
    topic_name: str
    opened_at: datetime
    organisation: str = ""
    team_id: str = ""
    team_name: str = ""
    agent_id: str = ""
    """Who has or had it last."""
    cause: str = ""
    """Of its last solution, in small letters and single spaces."""
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    """Of its last solution; None while it is open again."""
    closed_at: datetime | None = None
    reopenings: int = 0
    breaches: int = 0
    rating: int | None = None
    """The last one."""
    recurred: bool = False
    score: int | None = None
    """The latest quality review's."""
    merged: bool = False
    """It goes on in another ticket, and counts there."""


TRENDS: Final = Table("tickets", TrendRow)


class Trends:
    """A row a ticket."""

    name: ClassVar[str] = "trends"
    tables: ClassVar[Sequence[Table[Any]]] = (TRENDS,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketOpened,
            TicketCategorised,
            TicketMerged,
            TicketUnmerged,
            TicketQueued,
            TicketTransferred,
            AgentAssigned,
            AgentReplied,
            TicketResolved,
            TicketReopened,
            TicketClosed,
            TargetBreached,
            BreachRetracted,
            FeedbackReceived,
            QualityReviewed,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        row = view.get(TRENDS)
        if row is not None:
            view.put(TRENDS, replace(row, **_changes(row, recorded)))
        elif isinstance(recorded.event, TicketOpened):
            view.put(TRENDS, _opened(recorded.subject, recorded.event))


def _opened(ticket_id: UUID, event: TicketOpened) -> TrendRow:
    return TrendRow(
        subject=ticket_id,
        number=event.number,
        requester_id=event.requester.person_id,
        topic_id=event.topic_id,
        topic_name=event.topic_name,
        opened_at=event.opened_at,
        organisation=event.organisation,
    )


def _changes(row: TrendRow, recorded: Recorded) -> Mapping[str, Any]:
    match recorded.event:
        case TicketCategorised() as event:
            return {
                "topic_id": event.topic_id,
                "topic_name": event.topic_name,
                "team_id": event.team_id,
                "team_name": event.team_name,
                "organisation": event.organisation or row.organisation,
            }
        case TicketQueued() | TicketTransferred() as event:
            return {"team_id": event.team_id, "team_name": event.team_name}
        case AgentAssigned() as event:
            team = {"team_id": event.team_id, "team_name": event.team_name}
            return {"agent_id": event.agent_id, **team}
        case TicketMerged():
            return {"merged": True}
        case TicketUnmerged():
            return {"merged": False}
        case _:
            return _went(row, recorded)


def _went(row: TrendRow, recorded: Recorded) -> Mapping[str, Any]:
    match recorded.event:
        case AgentReplied(replied_at=at):
            return {"responded_at": row.responded_at or at}
        case TicketResolved(resolved_at=at, cause=cause):
            responded_at = row.responded_at or at
            return {"resolved_at": at, "responded_at": responded_at, "cause": _plain(cause)}
        case TicketReopened():
            return {"resolved_at": None, "closed_at": None, "reopenings": row.reopenings + 1}
        case TicketClosed(closed_at=at):
            return {"closed_at": at}
        case TargetBreached():
            return {"breaches": row.breaches + 1}
        case BreachRetracted():
            return {"breaches": max(row.breaches - 1, 0)}
        case FeedbackReceived(rating=rating, recurred=recurred):
            return {"rating": rating, "recurred": recurred}
        case QualityReviewed(score=score):
            return {"score": score}
        case _:
            return {}


def _plain(cause: str) -> str:
    """A cause as it is compared with others."""
    if cause == ERASED:
        return ""
    return " ".join(cause.casefold().split()).strip(" .!")[:CAUSE_LENGTH_MAX]
