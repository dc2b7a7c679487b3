"""Articles for the knowledge base, decided: pure.

    drafted ──► reviewed by a colleague ──► published ──► withdrawn
       ▲               │                        │             │
       └── drafted anew, when sent back, to improve it, or to bring it back ──┘

Two people stand behind whatever customers read: whoever drafted it, and somebody else who
approved of it or published it themselves.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias

from services.review.refusals import TicketNotFound, TicketNotResolved
from services.review.states import Article, Closed, Open, Resolved, Ticket, Unknown
from shared.errors import NotFound, Rejected
from shared.events import Event
from shared.events.review import (
    ArticleDrafted,
    ArticleLinked,
    ArticlePublished,
    ArticleReviewed,
    ArticleWithdrawn,
)


class ArticleNotFound(NotFound):
    """No such article was drafted from this ticket."""


class ArticleNotReviewed(Rejected):
    """Nobody but its author has read this draft yet: a colleague approves or publishes it."""


class ArticleSentBack(Rejected):
    """A colleague did not approve of this draft: draft it anew."""


class AuthorReviewsNot(Rejected):
    """Whoever drafted an article does not review it: ask a colleague."""

    http_status: ClassVar[int] = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    by: str
    now: datetime
    article_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftArticle(_Asked):
    title: str
    body: str
    topics: tuple[str, ...] = ()
    """Empty: the ticket's own."""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewArticle(_Asked):
    approved: bool
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishArticle(_Asked):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawArticle(_Asked):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkArticle(_Asked):
    """The published article, drafted from another ticket, solved this one, too."""

    title: str


ArticleCommand: TypeAlias = (
    DraftArticle | ReviewArticle | PublishArticle | WithdrawArticle | LinkArticle
)


def decide_article(command: ArticleCommand, ticket: Ticket) -> list[Event]:
    """What is newly true of an article; nothing if it was so already."""
    match ticket:
        case Unknown():
            raise TicketNotFound
        case _:
            pass
    match command:
        case DraftArticle():
            return _draft(command, ticket)
        case ReviewArticle():
            return _review(command, _find(command, ticket))
        case PublishArticle():
            return _publish(command, ticket)
        case WithdrawArticle():
            return _withdraw(command, _find(command, ticket))
        case LinkArticle():
            return _link(command, ticket)


def _draft(command: DraftArticle, ticket: Open | Resolved | Closed) -> list[Event]:
    _check_solved(ticket)
    there = dict(ticket.articles).get(command.article_id)
    topics = command.topics or (ticket.topic_id,)
    wanted = (command.title, command.body, topics, command.language)
    if there is not None and there.text == wanted:
        return []
    return [
        ArticleDrafted(
            article_id=command.article_id,
            title=command.title,
            body=command.body,
            topics=topics,
            language=command.language,
            drafted_by=command.by,
            drafted_at=command.now,
        )
    ]


def _review(command: ReviewArticle, article: Article) -> list[Event]:
    if command.by == article.drafted_by:
        raise AuthorReviewsNot
    if article.approved is command.approved:
        return []
    return [
        ArticleReviewed(
            article_id=command.article_id,
            approved=command.approved,
            comment=command.comment,
            reviewed_by=command.by,
            reviewed_at=command.now,
        )
    ]


def _publish(command: PublishArticle, ticket: Open | Resolved | Closed) -> list[Event]:
    """Not while the ticket is open again: the solution may have been none."""
    _check_solved(ticket)
    article = _find(command, ticket)
    if article.published:
        return []
    if article.approved is False:
        raise ArticleSentBack
    if article.approved is None and command.by == article.drafted_by:
        raise ArticleNotReviewed
    return [
        ArticlePublished(
            article_id=command.article_id,
            title=article.title,
            body=article.body,
            topics=article.topics,
            language=article.language,
            published_by=command.by,
            published_at=command.now,
        )
    ]


def _withdraw(command: WithdrawArticle, article: Article) -> list[Event]:
    """At any time: what turns out to be wrong must not wait for a ticket to be closed."""
    if not article.readable:
        return []
    return [
        ArticleWithdrawn(
            article_id=command.article_id,
            reason=command.reason,
            withdrawn_by=command.by,
            withdrawn_at=command.now,
        )
    ]


def _link(command: LinkArticle, ticket: Open | Resolved | Closed) -> list[Event]:
    if command.article_id in ticket.linked or command.article_id in dict(ticket.articles):
        return []
    return [
        ArticleLinked(
            article_id=command.article_id,
            title=command.title,
            linked_by=command.by,
            linked_at=command.now,
        )
    ]


def _check_solved(ticket: Open | Resolved | Closed) -> None:
    match ticket:
        case Resolved() | Closed(solved=True):
            return
        case Open() | Closed():
            raise TicketNotResolved


def _find(command: ArticleCommand, ticket: Open | Resolved | Closed) -> Article:
    article = dict(ticket.articles).get(command.article_id)
    if article is None:
        raise ArticleNotFound
    return article
