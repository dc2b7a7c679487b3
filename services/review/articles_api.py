"""Articles over HTTP: drafted, reviewed, published, withdrawn, and linked to what they solved."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.review.articles import (
    ArticleNotFound,
    DraftArticle,
    LinkArticle,
    PublishArticle,
    ReviewArticle,
    WithdrawArticle,
)
from services.review.bodies import Draft, Slug, Verdict, Withdrawal
from services.review.carrying import QUERIES, carry_out
from shared.asked import ByAgent, ByManager
from shared.errors import Rejected
from shared.ids import derived_id, uuid7
from shared.service import Runtime


class ArticleIdTaken(Rejected):
    """The article {article_id} was drafted from another ticket: choose another id."""


class Which(StrEnum):
    """Which articles."""

    PUBLISHED = "published"
    WAITING = "waiting"
    ALL = "all"


def add_article_commands(router: APIRouter, runtime: Runtime) -> None:
    """Every command; each is on the ticket that the article was drafted from, but a link."""
    now = runtime.clock

    @router.post("/tickets/{ticket_id}/articles")
    async def draft(ticket_id: UUID, body: Draft, asked: ByAgent) -> Response:
        new_id = derived_id("article", ticket_id, asked.by, asked.key) if asked.key else uuid7()
        article_id = body.article_id or str(new_id)
        if await runtime.pool.fetchval(QUERIES.article_taken, article_id, ticket_id):
            raise ArticleIdTaken(article_id=article_id)
        command = DraftArticle(
            by=asked.by,
            now=now(),
            article_id=article_id,
            title=body.title,
            body=body.body,
            topics=body.topics,
            language=body.language,
        )
        return await carry_out(runtime, ticket_id, command, asked, article_id=article_id)

    @router.post("/tickets/{ticket_id}/articles/{article_id}/review")
    async def review(ticket_id: UUID, article_id: Slug, body: Verdict, asked: ByAgent) -> Response:
        command = ReviewArticle(by=asked.by, now=now(), article_id=article_id, **body.model_dump())
        return await carry_out(runtime, ticket_id, command, asked, article_id=article_id)

    @router.post("/tickets/{ticket_id}/articles/{article_id}/publish")
    async def publish(ticket_id: UUID, article_id: Slug, asked: ByManager) -> Response:
        command = PublishArticle(by=asked.by, now=now(), article_id=article_id)
        return await carry_out(runtime, ticket_id, command, asked, article_id=article_id)

    @router.post("/tickets/{ticket_id}/articles/{article_id}/withdraw")
    async def withdraw(
        ticket_id: UUID, article_id: Slug, body: Withdrawal, asked: ByManager
    ) -> Response:
        command = WithdrawArticle(by=asked.by, now=now(), article_id=article_id, reason=body.reason)
        return await carry_out(runtime, ticket_id, command, asked, article_id=article_id)

    @router.post("/tickets/{ticket_id}/articles/{article_id}/link")
    async def link(ticket_id: UUID, article_id: Slug, asked: ByAgent) -> Response:
        """The ticket was solved by what is published already."""
        title = await runtime.pool.fetchval(QUERIES.published_title, article_id)
        if title is None:
            raise ArticleNotFound
        command = LinkArticle(by=asked.by, now=now(), article_id=article_id, title=title)
        return await carry_out(runtime, ticket_id, command, asked, article_id=article_id)


def add_article_queries(router: APIRouter, runtime: Runtime) -> None:
    """The list of articles, and one with all that it solved."""
    pool = runtime.pool

    @router.get("/articles")
    async def articles(
        _asked: ByAgent,
        which: Which = Which.PUBLISHED,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[dict[str, Any]]:
        """What customers read, the newest first; what waits for somebody, the oldest first."""
        queries = {
            Which.PUBLISHED: QUERIES.published_articles,
            Which.WAITING: QUERIES.waiting_articles,
            Which.ALL: QUERIES.all_articles,
        }
        return [dict(row) for row in await pool.fetch(queries[which], limit)]

    @router.get("/articles/{article_id}")
    async def article(article_id: Slug, _asked: ByAgent) -> dict[str, Any]:
        """An article, draft and published, with the tickets that it solved."""
        row = await pool.fetchrow(QUERIES.article, article_id)
        if row is None:
            raise ArticleNotFound
        linked = await pool.fetch(QUERIES.solved_by, article_id)
        return dict(row) | {"solved": [dict(each) for each in linked]}
