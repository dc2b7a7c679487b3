"""What a ticket's past amounts to for review: only what `domain.decide` reads."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared import events
from shared.events.assignment import AgentAssigned, ParticipantAdded
from shared.events.intake import TicketOpened
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
    ArticlePublished,
    FeedbackReceived,
    FollowUpRequested,
    QualityReviewed,
)

Given = tuple[int, str, bool]
"""A rating with its comment, and whether the problem came back."""

Judgement = tuple[str, int, str]
"""A reviewer with their score and comment."""


@dataclass(frozen=True, slots=True)
class Article:
    """A draft, and whether customers read it as it is."""

    title: str
    body: str
    published: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Its opening was not heard (yet)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept whatever the state."""

    requester: UUID
    workers: frozenset[str] = frozenset()
    """Agents who had it, took part in it or worked on it."""
    articles: tuple[tuple[str, Article], ...] = ()
    """By article id."""


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


Ticket: TypeAlias = Unknown | Open | Resolved | Closed


def evolve(ticket: Ticket, event: events.Event | events.Unknown) -> Ticket:
    """The state after `event`. Never refuses history."""
    match ticket:
        case Unknown():
            if isinstance(event, TicketOpened):
                return Open(event.requester.person_id)
            return ticket
        case Open() | Resolved() | Closed():
            return _moved(_learned(ticket, event), event)


def _moved(ticket: Open | Resolved | Closed, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case TicketResolved() if isinstance(ticket, Open):
            return Resolved(*_kept(ticket))
        case TicketReopened():
            return Open(*_kept(ticket))
        case TicketClosed(closed_at=closed_at, how=how) if not isinstance(ticket, Closed):
            solved = isinstance(ticket, Resolved)
            return Closed(*_kept(ticket), closed_at=closed_at, how=how, solved=solved)
        case _:
            return _looked_back(ticket, event) if isinstance(ticket, Closed) else ticket


def _looked_back(ticket: Closed, event: events.Event | events.Unknown) -> Closed:
    match event:
        case FollowUpRequested():
            return replace(ticket, followed_up=True)
        case FeedbackReceived(rating=rating, comment=comment, recurred=recurred):
            return replace(ticket, feedback=(rating, comment, recurred))
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
        case ArticleDrafted(article_id=article_id, title=title, body=body):
            return _filed(ticket, article_id, Article(title, body))
        case ArticlePublished(article_id=article_id, title=title, body=body):
            return _filed(ticket, article_id, Article(title, body, published=True))
        case _:
            return ticket


def _filed(
    ticket: Open | Resolved | Closed, article_id: str, article: Article
) -> Open | Resolved | Closed:
    articles = dict(ticket.articles) | {article_id: article}
    return replace(ticket, articles=tuple(articles.items()))


def _with(judgements: Iterable[Judgement], new: Judgement) -> frozenset[Judgement]:
    """A reviewer's later judgement takes the place of their earlier one."""
    return frozenset({judgement for judgement in judgements if judgement[0] != new[0]} | {new})


def _kept(ticket: Known) -> tuple[UUID, frozenset[str], tuple[tuple[str, Article], ...]]:
    return ticket.requester, ticket.workers, ticket.articles
