"""Looking back on a ticket, decided: pure.

    Open ──► Resolved ──► Closed ── follow-up, feedback, quality review
      ▲                      │
      └──── reopened ────────┘      articles are drafted once it was solved

The customer may rate each closing; a second thought takes the place of the first, as both
are on record. The states are in `states.py`, articles in `articles.py`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, TypeAlias
from uuid import UUID

from services.review.articles import ArticleCommand, decide_article
from services.review.refusals import TicketNotClosed, TicketNotFound
from services.review.rules import DEFAULT, is_low, why_review
from services.review.states import Closed, Known, Open, Resolved, Ticket, Unknown, evolve
from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event
from shared.events.resolution import ClosedHow
from shared.events.review import (
    FeedbackReceived,
    FollowUpRequested,
    QualityReviewed,
    QualityReviewRequested,
    QualityRulesDefined,
)


class NotTheRequester(Rejected):
    """Only the customer who opened the ticket can rate it."""

    http_status: ClassVar[int] = 403


class ReviewerWorkedOnTicket(Rejected):
    """Whoever worked on a ticket does not review it: ask a colleague."""

    http_status: ClassVar[int] = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    by: str
    """An agent's id, or who else as an actor: `customer:<person id>`, `timer`."""
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFollowUp(_Asked):
    """The set time after the closing of `closed_at` is over."""

    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveFeedback(_Asked):
    rating: int
    """1 (bad) to 5 (good)."""
    comment: str = ""
    recurred: bool = False
    ticket_id: UUID
    rules: QualityRulesDefined = DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectForReview(_Asked):
    """Look whether a colleague should look at the ticket, by the rules in force."""

    ticket_id: UUID
    rules: QualityRulesDefined


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQuality(_Asked):
    score: int
    """1 (bad) to 5 (good)."""
    comment: str = ""


Command: TypeAlias = (
    RequestFollowUp | GiveFeedback | SelectForReview | ReviewQuality | ArticleCommand
)


def decide(command: Command, ticket: Ticket) -> list[Event]:
    """What is newly true; nothing if it was so already. Raises the rejections above."""
    match command:
        case RequestFollowUp():
            return _request_follow_up(command, ticket)
        case GiveFeedback():
            return _give_feedback(command, ticket)
        case SelectForReview():
            return _select(command, ticket) if isinstance(ticket, Closed) else []
        case ReviewQuality():
            return _review_quality(command, ticket)
        case _:
            return decide_article(command, ticket)


def _request_follow_up(command: RequestFollowUp, ticket: Ticket) -> list[Event]:
    """Whoever's ticket goes on in another is asked about that one."""
    match ticket:
        case Closed(followed_up=True) | Closed(how=ClosedHow.MERGED):
            return []
        case Closed(closed_at=command.closed_at):
            return [FollowUpRequested(requested_at=command.now)]
        case Unknown() | Open() | Resolved() | Closed():
            return []


def _give_feedback(command: GiveFeedback, ticket: Ticket) -> list[Event]:
    match ticket:
        case Unknown():
            raise TicketNotFound
        case Known() if command.by != f"customer:{ticket.requester}":
            raise NotTheRequester
        case Open() | Resolved():
            raise TicketNotClosed
        case Closed():
            if ticket.feedback == (command.rating, command.comment, command.recurred):
                return []
            return _feedback(command, ticket)


def _feedback(command: GiveFeedback, ticket: Closed) -> list[Event]:
    """A low rating makes it a ticket to be looked at by a colleague, if it was none."""
    low = is_low(command.rating, command.rules)
    given = FeedbackReceived(
        rating=command.rating,
        comment=command.comment,
        recurred=command.recurred,
        given_by=command.by,
        given_at=command.now,
        low=low,
        reopens=low and command.rules.low_rating_reopens,
    )
    rated = replace(ticket, feedback=(command.rating, command.comment, command.recurred))
    select = SelectForReview(
        by=command.by, now=command.now, ticket_id=command.ticket_id, rules=command.rules
    )
    return [given, *(_select(select, rated) if low else [])]


def _select(command: SelectForReview, ticket: Closed) -> list[Event]:
    """Once a closing: whatever asks for it first is why."""
    why = why_review(ticket, command.ticket_id, command.rules)
    if ticket.to_review or ticket.judgements or not why:
        return []
    return [
        QualityReviewRequested(
            why=why, rules_revision=command.rules.revision, requested_at=command.now
        )
    ]


def _review_quality(command: ReviewQuality, ticket: Ticket) -> list[Event]:
    match ticket:
        case Unknown():
            raise TicketNotFound
        case Open() | Resolved():
            raise TicketNotClosed
        case Closed() if command.by in ticket.workers:
            raise ReviewerWorkedOnTicket
        case Closed():
            if (command.by, command.score, command.comment) in ticket.judgements:
                return []
            return [
                QualityReviewed(
                    score=command.score,
                    comment=command.comment,
                    reviewed_by=command.by,
                    reviewed_at=command.now,
                )
            ]


DECIDER: Decider[Command, Ticket] = Decider(initial_state=Unknown(), decide=decide, evolve=evolve)
