"""The read model `reviews`: how each closed ticket was followed up and judged, every rating,
the articles drafted from tickets, and the follow-ups that are due."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from services.review.filing import ARTICLE_EVENTS, file_article
from services.review.rows import ARTICLES, LINKS, RATINGS, REVIEWS, RatingRow, ReviewRow
from shared.business_time.hours import calendar_of
from shared.events import Event
from shared.events.assignment import AgentAssigned, ParticipantAdded
from shared.events.intake import TicketCategorised, TicketOpened
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    ProgressReported,
    TicketClosed,
    TicketReopened,
    TicketResolved,
    WorkStarted,
)
from shared.events.review import (
    FeedbackReceived,
    FollowUpRequested,
    QualityReviewed,
    QualityReviewRequested,
)
from shared.events.sla import BreachRetracted, CalendarValues, SlaPlanApplied, TargetBreached
from shared.followers.contracts import Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log.records import Recorded
from shared.service import TIMERS

FOLLOW_UP: Final = "follow_up"

SAID: Final[frozenset[type[Event]]] = frozenset(
    {
        FollowUpRequested,
        FeedbackReceived,
        QualityReviewRequested,
        QualityReviewed,
        *ARTICLE_EVENTS,
    }
)
"""All that review says about tickets."""

HEARS: Final[frozenset[type[Event]]] = frozenset(
    {
        TicketOpened,
        TicketCategorised,
        AgentAssigned,
        ParticipantAdded,
        WorkStarted,
        AgentReplied,
        ProgressReported,
        TicketResolved,
        TicketReopened,
        TicketClosed,
        SlaPlanApplied,
        TargetBreached,
        BreachRetracted,
    }
)


class Reviews:
    """Closed tickets looked back on."""

    name: ClassVar[str] = "reviews"
    tables: ClassVar[Sequence[Table[Any]]] = (REVIEWS, RATINGS, ARTICLES, LINKS, TIMERS)
    hears: ClassVar[frozenset[type[Event]]] = SAID | HEARS

    def fold(self, view: View, recorded: Recorded) -> None:
        """Change the ticket's row; its follow-up timer follows from the row."""
        event = recorded.event
        row = view.get(REVIEWS)
        if row is None:
            if isinstance(event, TicketOpened):
                view.put(REVIEWS, _opened(event, recorded))
            return
        changed = replace(row, **_changes(row, recorded))
        view.put(REVIEWS, changed)
        if isinstance(event, FeedbackReceived):
            view.put(RATINGS, _rated(changed, event))
        file_article(view, row.number, recorded)
        _set_timer(view, changed, recorded)


def _opened(event: TicketOpened, recorded: Recorded) -> ReviewRow:
    return ReviewRow(recorded.subject, event.number, event.topic_id, event.topic_name)


def _changes(row: ReviewRow, recorded: Recorded) -> Mapping[str, Any]:
    match recorded.event:
        case TicketCategorised() as event:
            return {
                "topic_id": event.topic_id,
                "topic_name": event.topic_name,
                "follow_up_after_minutes": event.follow_up_after_minutes,
            }
        case AgentAssigned(agent_id=agent):
            return {"agent_id": agent, "workers": _with(row.workers, agent)}
        case (
            ParticipantAdded(agent_id=agent)
            | WorkStarted(started_by=agent)
            | AgentReplied(replied_by=agent)
            | ProgressReported(reported_by=agent)
            | TicketResolved(resolved_by=agent)
        ):
            return {"workers": _with(row.workers, agent)}
        case SlaPlanApplied(calendar=calendar):
            return {"calendar": None if calendar is None else calendar.model_dump(mode="json")}
        case TargetBreached():
            return {"breaches": row.breaches + 1}
        case BreachRetracted():
            return {"breaches": max(row.breaches - 1, 0)}
        case _:
            return _looked_back(row, recorded)


def _looked_back(row: ReviewRow, recorded: Recorded) -> Mapping[str, Any]:
    match recorded.event:
        case TicketClosed(how=how, closed_at=at, closed_by=by):
            done = {"closings": row.closings + 1, "closed_at": at, "how": how.value}
            by_hand = how is ClosedHow.AGENT
            return done | ({"workers": _with(row.workers, by)} if by_hand else {})
        case TicketReopened():
            again = {"closed_at": None, "how": None, "followed_up_at": None}
            judged = {"score": None, "reviewed_by": None, "reviewed_at": None}
            rated = {"rating": None, "recurred": False, "why_review": ""}
            return {"reopenings": row.reopenings + 1, **again, **judged, **rated}
        case FollowUpRequested(requested_at=at):
            return {"followed_up_at": at}
        case FeedbackReceived(rating=rating, recurred=recurred):
            return {"rating": rating, "recurred": recurred}
        case QualityReviewRequested(why=why):
            return {"why_review": why}
        case QualityReviewed(score=score, reviewed_by=by, reviewed_at=at):
            return {"score": score, "reviewed_by": by, "reviewed_at": at}
        case _:
            return {}


def _with(workers: Sequence[str], agent: str) -> list[str]:
    return sorted({*workers, agent})


def _rated(row: ReviewRow, event: FeedbackReceived) -> RatingRow:
    return RatingRow(
        id=derived_id("rating", row.subject, row.closings),
        subject=row.subject,
        closing=row.closings,
        agent_id=row.agent_id,
        topic_id=row.topic_id,
        topic_name=row.topic_name,
        rating=event.rating,
        comment=event.comment,
        recurred=event.recurred,
        given_at=event.given_at,
    )


def _set_timer(view: View, row: ReviewRow, recorded: Recorded) -> None:
    """A closed ticket is due to be followed up, once; a merged one is not."""
    timer_id = derived_id("timer", FOLLOW_UP, row.subject)
    there = view.get(TIMERS, timer_id)
    if row.closed_at is None or row.how == ClosedHow.MERGED or row.followed_up_at is not None:
        if there is not None:
            view.delete(TIMERS, timer_id)
        return
    due_at = _later(row.calendar, row.closed_at, row.follow_up_after_minutes)
    if there is not None and there.due_at == due_at:
        return
    timer = Timer(
        id=timer_id,
        subject=row.subject,
        kind=FOLLOW_UP,
        due_at=due_at,
        command={"closed_at": row.closed_at.isoformat()},
        cause=recorded.id,
        correlation=recorded.correlation,
    )
    view.put(TIMERS, timer)


def _later(calendar: dict[str, Any] | None, since: datetime, minutes: float) -> datetime:
    """So many minutes of business time after an instant; of any time without a calendar."""
    if calendar is None:
        return since + timedelta(minutes=minutes)
    return calendar_of(CalendarValues.model_validate(calendar)).add(since, minutes * 60)
