"""What a ticket's past amounts to for review: only what `domain.decide` reads."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from shared import events
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
    ArticleDrafted,
    ArticleLinked,
    ArticlePublished,
    ArticleReviewed,
    ArticleWithdrawn,
    FeedbackReceived,
    FollowUpRequested,
    QualityReviewed,
    QualityReviewRequested,
)
from shared.events.sla import BreachRetracted, TargetBreached

Given = tuple[int, str, bool]
"""A rating with its comment, and whether the problem came back."""

Judgement = tuple[str, int, str]
"""A reviewer with their score and comment."""


@dataclass(frozen=True, slots=True)
class Article:
    """A draft, and whether customers read it as it is."""

    title: str
    body: str
    topics: tuple[str, ...] = ()
    language: str = ""
    drafted_by: str = ""
    approved: bool | None = None
    """What a colleague thinks of this draft; None as long as nobody has said."""
    published: bool = False
    readable: bool = False
    """Customers read it, as it is or as an earlier draft was."""

    @property
    def text(self) -> tuple[str, str, tuple[str, ...], str]:
        """What somebody has written, for comparison."""
        return self.title, self.body, self.topics, self.language


@dataclass(frozen=True, slots=True)
class Unknown:
    """Its opening was not heard (yet)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept whatever the state."""

    requester: UUID
    topic_id: str
    workers: frozenset[str] = frozenset()
    """Agents who had it, took part in it or worked on it."""
    articles: tuple[tuple[str, Article], ...] = ()
    """By article id."""
    linked: frozenset[str] = frozenset()
    """Ids of articles, drafted from other tickets, that solved it."""
    breaches: int = 0
    reopenings: int = 0


@dataclass(frozen=True, slots=True)
class Open(Known):
    """There is work to do."""


@dataclass(frozen=True, slots=True)
class Resolved(Known):
    """There is a solution, and the customer may yet object."""


@dataclass(frozen=True, slots=True)
class Closed(Known):
    """Nothing is left to do: now it can be looked back on, archived or not."""

    closed_at: datetime | None = None
    how: ClosedHow = ClosedHow.AGENT
    solved: bool = False
    followed_up: bool = False
    feedback: Given | None = None
    """Of this closing; a later one replaces it."""
    judgements: frozenset[Judgement] = frozenset()
    to_review: bool = False
    """A colleague was asked to look at it since it was closed."""


Ticket: TypeAlias = Unknown | Open | Resolved | Closed


def evolve(ticket: Ticket, event: events.Event | events.Unknown) -> Ticket:
    """The state after `event`. Never refuses history."""
    match ticket:
        case Unknown():
            if isinstance(event, TicketOpened):
                return Open(event.requester.person_id, event.topic_id)
            return ticket
        case Open() | Resolved() | Closed():
            return _moved(_learned(ticket, event), event)


def _moved(ticket: Open | Resolved | Closed, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case TicketResolved() if isinstance(ticket, Open):
            return Resolved(**_kept(ticket))
        case TicketReopened():
            return Open(**_kept(ticket) | {"reopenings": ticket.reopenings + 1})
        case TicketClosed(closed_at=closed_at, how=how) if not isinstance(ticket, Closed):
            solved = isinstance(ticket, Resolved)
            return Closed(**_kept(ticket), closed_at=closed_at, how=how, solved=solved)
        case _:
            return _looked_back(ticket, event) if isinstance(ticket, Closed) else ticket


def _looked_back(ticket: Closed, event: events.Event | events.Unknown) -> Closed:
    match event:
        case FollowUpRequested():
            return replace(ticket, followed_up=True)
        case FeedbackReceived(rating=rating, comment=comment, recurred=recurred):
            return replace(ticket, feedback=(rating, comment, recurred))
        case QualityReviewRequested():
            return replace(ticket, to_review=True)
        case QualityReviewed(reviewed_by=by, score=score, comment=comment):
            return replace(ticket, judgements=_with(ticket.judgements, (by, score, comment)))
        case _:
            return ticket


def _learned(
    ticket: Open | Resolved | Closed, event: events.Event | events.Unknown
) -> Open | Resolved | Closed:
    """Who worked on it, and what was written about it."""
    match event:
        case (
            AgentAssigned(agent_id=agent)
            | ParticipantAdded(agent_id=agent)
            | WorkStarted(started_by=agent)
            | AgentReplied(replied_by=agent)
            | ProgressReported(reported_by=agent)
            | TicketResolved(resolved_by=agent)
            | TicketClosed(closed_by=agent, how=ClosedHow.AGENT)
        ):
            return replace(ticket, workers=ticket.workers | {agent})
        case ArticleDrafted() | ArticleReviewed() | ArticlePublished() | ArticleWithdrawn():
            return _filed(ticket, event)
        case TicketCategorised(topic_id=topic_id):
            return replace(ticket, topic_id=topic_id)
        case TargetBreached():
            return replace(ticket, breaches=ticket.breaches + 1)
        case BreachRetracted():
            return replace(ticket, breaches=max(ticket.breaches - 1, 0))
        case ArticleLinked(article_id=article_id):
            return replace(ticket, linked=ticket.linked | {article_id})
        case _:
            return ticket


def _filed(
    ticket: Open | Resolved | Closed,
    event: ArticleDrafted | ArticleReviewed | ArticlePublished | ArticleWithdrawn,
) -> Open | Resolved | Closed:
    there = dict(ticket.articles).get(event.article_id)
    articles = dict(ticket.articles) | {event.article_id: _article(there, event)}
    return replace(ticket, articles=tuple(articles.items()))


def _article(
    there: Article | None,
    event: ArticleDrafted | ArticleReviewed | ArticlePublished | ArticleWithdrawn,
) -> Article:
    """The article after `event`; a new draft begins unread."""
    known = there or Article("", "")
    match event:
        case ArticleDrafted():
            return Article(
                event.title,
                event.body,
                event.topics,
                event.language,
                event.drafted_by,
                readable=known.readable,
            )
        case ArticleReviewed():
            return replace(known, approved=event.approved)
        case ArticlePublished():
            return replace(
                known,
                title=event.title,
                body=event.body,
                topics=event.topics,
                language=event.language,
                published=True,
                readable=True,
            )
        case ArticleWithdrawn():
            return replace(known, approved=None, published=False, readable=False)


def _with(judgements: Iterable[Judgement], new: Judgement) -> frozenset[Judgement]:
    """A reviewer's later judgement takes the place of their earlier one."""
    return frozenset({judgement for judgement in judgements if judgement[0] != new[0]} | {new})


_KEPT = tuple(field.name for field in fields(Known))


def _kept(ticket: Known) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in _KEPT}
