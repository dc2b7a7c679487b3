"""Review's inner HTTP API: commands in, what they came to out."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.review.articles_api import add_article_commands, add_article_queries
from services.review.bodies import Feedback, Judgement
from services.review.carrying import QUERIES, carry_out
from services.review.domain import GiveFeedback, ReviewQuality
from services.review.quality import RulesInForce, add_desk
from services.review.refusals import TicketNotFound
from services.review.trends_api import add_trends
from shared.asked import Anyone, ByAgent, ByManager
from shared.service import Runtime
from shared.web import etag

Limit = Annotated[int, Query(ge=1, le=200)]


def routes(runtime: Runtime) -> APIRouter:
    """Every route of review but the core's own."""
    router = APIRouter(prefix="/v1")
    _add_commands(router, runtime)
    add_article_commands(router, runtime)
    _add_queries(router, runtime)
    add_article_queries(router, runtime)
    add_trends(router, runtime)
    add_desk(router, runtime)
    return router


def _add_commands(router: APIRouter, runtime: Runtime) -> None:
    now = runtime.clock
    rules = RulesInForce(runtime.pool)

    @router.post("/tickets/{ticket_id}/feedback")
    async def feedback(ticket_id: UUID, body: Feedback, asked: Anyone) -> Response:
        given: dict[str, Any] = {"ticket_id": ticket_id, **body.model_dump()}
        command = GiveFeedback(by=asked.by, now=now(), rules=await rules.get(), **given)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/quality-review")
    async def quality_review(ticket_id: UUID, body: Judgement, asked: ByManager) -> Response:
        command = ReviewQuality(by=asked.by, now=now(), **body.model_dump())
        return await carry_out(runtime, ticket_id, command, asked)


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
        linked = await pool.fetch(QUERIES.links_of, ticket_id)
        response.headers.update(etag(vector))
        lists = {"ratings": _dicts(ratings), "articles": _dicts(articles)}
        return dict(row) | lists | {"solved_by": _dicts(linked)}

    @router.get("/reviews/due")
    async def due(asked: ByAgent, limit: Limit = 50) -> list[dict[str, Any]]:
        """Closed tickets that the caller should look at, as they did not work on them."""
        return _dicts(await pool.fetch(QUERIES.to_review, asked.by, limit))


def _dicts(rows: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]
