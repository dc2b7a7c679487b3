"""Review's inner HTTP API: commands in, what they came to out."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.review.domain import (
    DECIDER,
    Command,
    DraftArticle,
    GiveFeedback,
    PublishArticle,
    ReviewQuality,
    TicketNotFound,
)
from shared.asked import Anyone, Asked, ByAgent, ByManager
from shared.ids import derived_id, uuid7
from shared.service import Runtime
from shared.sql import load_queries
from shared.web import etag

QUERIES = load_queries(__file__)

Limit = Annotated[int, Query(ge=1, le=200)]


def _without_nul(value: object) -> object:
    """Postgres keeps no NUL in text; nobody means one."""
    return value.replace("\x00", "") if isinstance(value, str) else value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=50_000),
    BeforeValidator(_without_nul),
]
Needed = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000),
    BeforeValidator(_without_nul),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    BeforeValidator(_without_nul),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
Stars = Annotated[int, Field(ge=1, le=5, description="1 (bad) to 5 (good).")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Feedback(_Body):
    rating: Stars
    comment: Text = ""
    recurred: bool = Field(False, description="The problem came back: the ticket is reopened.")


class Judgement(_Body):
    score: Stars
    comment: Text = ""


class Draft(_Body):
    title: Title
    body: Needed
    article_id: Slug | None = Field(None, description="Of an earlier draft that this replaces.")


class TrendBy(StrEnum):
    """What ratings are put together by."""

    AGENT = "agent"
    TOPIC = "topic"


def routes(runtime: Runtime) -> APIRouter:
    """Every route of review but the core's own."""
    router = APIRouter(prefix="/v1")
    _add_commands(router, runtime)
    _add_queries(router, runtime)
    return router


async def _carry_out(
    runtime: Runtime, ticket_id: UUID, command: Command, asked: Asked, **told: str
) -> JSONResponse:
    """Decide it once all that the caller knows is known here, and tell what is new."""
    await runtime.wait_for(ticket_id, asked.after)
    outcome = await runtime.handle(DECIDER, ticket_id, command, **asked.context(command))
    said = [type(event).__name__ for event in outcome.events]
    content = {"ticket_id": str(ticket_id), "events": said, **told}
    return JSONResponse(content, headers=etag(outcome.vector))


def _add_commands(router: APIRouter, runtime: Runtime) -> None:
    now = runtime.clock

    @router.post("/tickets/{ticket_id}/feedback")
    async def feedback(ticket_id: UUID, body: Feedback, asked: Anyone) -> Response:
        command = GiveFeedback(by=asked.by, now=now(), **body.model_dump())
        return await _carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/quality-review")
    async def quality_review(ticket_id: UUID, body: Judgement, asked: ByManager) -> Response:
        command = ReviewQuality(by=asked.by, now=now(), **body.model_dump())
        return await _carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/articles")
    async def draft(ticket_id: UUID, body: Draft, asked: ByAgent) -> Response:
        new_id = derived_id("article", ticket_id, asked.by, asked.key) if asked.key else uuid7()
        article_id = body.article_id or str(new_id)
        command = DraftArticle(
            by=asked.by, now=now(), article_id=article_id, title=body.title, body=body.body
        )
        return await _carry_out(runtime, ticket_id, command, asked, article_id=article_id)

    @router.post("/tickets/{ticket_id}/articles/{article_id}/publish")
    async def publish(ticket_id: UUID, article_id: Slug, asked: ByManager) -> Response:
        command = PublishArticle(by=asked.by, now=now(), article_id=article_id)
        return await _carry_out(runtime, ticket_id, command, asked, article_id=article_id)


def _add_queries(router: APIRouter, runtime: Runtime) -> None:
    pool = runtime.pool

    @router.get("/tickets/{ticket_id}/review")
    async def review(ticket_id: UUID, asked: ByAgent, response: Response) -> dict[str, Any]:
        """How the ticket was followed up and judged, with ratings and articles."""
        await runtime.wait_for(ticket_id, asked.after)
        vector = await runtime.log.vector(ticket_id)
        await runtime.wait_for(ticket_id, vector, "reviews")
        row = await pool.fetchrow(QUERIES.review_of, ticket_id)
        if row is None:
            raise TicketNotFound
        ratings = await pool.fetch(QUERIES.ratings_of, ticket_id)
        articles = await pool.fetch(QUERIES.articles_of, ticket_id)
        response.headers.update(etag(vector))
        return dict(row) | {"ratings": _dicts(ratings), "articles": _dicts(articles)}

    @router.get("/reviews/due")
    async def due(asked: ByAgent, limit: Limit = 50) -> list[dict[str, Any]]:
        """Closed tickets that the caller should look at, as they did not work on them."""
        return _dicts(await pool.fetch(QUERIES.to_review, asked.by, limit))

    @router.get("/trends")
    async def trends(
        _asked: ByAgent,
        by: TrendBy = TrendBy.AGENT,
        days: Annotated[float, Query(gt=0, le=3_660)] = 30,
    ) -> list[dict[str, Any]]:
        """Ratings of so many days, by agent or topic."""
        query = QUERIES.trend_by_agent if by is TrendBy.AGENT else QUERIES.trend_by_topic
        return _dicts(await pool.fetch(query, runtime.clock() - timedelta(days=days)))

    @router.get("/articles")
    async def articles(_asked: ByAgent, limit: Limit = 50) -> list[dict[str, Any]]:
        """Published articles, the newest first."""
        return _dicts(await pool.fetch(QUERIES.published_articles, limit))


def _dicts(rows: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]
