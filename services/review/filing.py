"""Articles in the read model `reviews`: drafts, what colleagues think of them, and what
customers read. A newer draft stands beside what is published until it takes its place."""

from dataclasses import replace
from typing import Final

from services.review.rows import ARTICLES, LINKS, ArticleRow, LinkRow
from shared.events import Event
from shared.events.review import (
    ArticleDrafted,
    ArticleLinked,
    ArticlePublished,
    ArticleReviewed,
    ArticleWithdrawn,
)
from shared.followers.view import View
from shared.ids import derived_id
from shared.log.records import Recorded

ARTICLE_EVENTS: Final[frozenset[type[Event]]] = frozenset(
    {ArticleDrafted, ArticleReviewed, ArticlePublished, ArticleWithdrawn, ArticleLinked}
)
"""All that is said about articles."""


def file_article(view: View, number: str, recorded: Recorded) -> None:
    """Change the article that an event is about; other events change none."""
    match recorded.event:
        case ArticleDrafted() as event:
            view.put(ARTICLES, _drafted(view, number, event))
        case ArticleReviewed() as event:
            _change(
                view,
                event.article_id,
                verdict="approved" if event.approved else "sent back",
                reviewed_by=event.reviewed_by,
                review_comment=event.comment,
            )
        case ArticlePublished() as event:
            _change(
                view,
                event.article_id,
                published_title=event.title,
                published_body=event.body,
                published_topics=list(event.topics),
                published_language=event.language,
                published_by=event.published_by,
                published_at=event.published_at,
                withdrawn_at=None,
                withdrawn_because="",
                waits=False,
            )
        case ArticleWithdrawn() as event:
            _change(
                view,
                event.article_id,
                verdict="",
                published_title="",
                published_body="",
                published_at=None,
                withdrawn_at=event.withdrawn_at,
                withdrawn_because=event.reason,
                waits=True,
            )
        case ArticleLinked() as event:
            view.put(LINKS, _linked(view, number, event))
        case _:
            return


def _drafted(view: View, number: str, event: ArticleDrafted) -> ArticleRow:
    key = derived_id("article", view.subject, event.article_id)
    there = view.get(ARTICLES, key)
    drafted = ArticleRow(
        id=key,
        subject=view.subject,
        number=number,
        article_id=event.article_id,
        title=event.title,
        body=event.body,
        drafted_by=event.drafted_by,
        drafted_at=event.drafted_at,
        topics=list(event.topics),
        language=event.language,
    )
    if there is None:
        return drafted
    return replace(
        drafted,
        published_title=there.published_title,
        published_body=there.published_body,
        published_topics=there.published_topics,
        published_language=there.published_language,
        published_by=there.published_by,
        published_at=there.published_at,
        withdrawn_at=there.withdrawn_at,
        withdrawn_because=there.withdrawn_because,
    )


def _linked(view: View, number: str, event: ArticleLinked) -> LinkRow:
    return LinkRow(
        id=derived_id("article link", view.subject, event.article_id),
        subject=view.subject,
        number=number,
        article_id=event.article_id,
        linked_by=event.linked_by,
        linked_at=event.linked_at,
    )


def _change(view: View, article_id: str, **fields: object) -> None:
    view.change(ARTICLES, derived_id("article", view.subject, article_id), **fields)
