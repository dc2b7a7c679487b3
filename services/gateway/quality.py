"""Looking back, through the API: reviews that are due, articles, trends. Review owns them."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from services.gateway.context import Gateway
from services.gateway.forwarding import forward
from services.gateway.http import SignedIn, problems
from services.gateway.rows import AgentRow

By = Literal["topic", "team", "agent", "organisation", "day", "week", "month"]
Days = Annotated[float, Query(gt=0, le=3_660)]
Limit = Annotated[int, Query(ge=1, le=200)]
Only = Annotated[str | None, Query(max_length=100)]


def add_quality(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """Every read; what is done about a ticket or an article is among the commands."""
    me: Any = Depends(agent)
    told: dict[str, Any] = {"tags": ["quality"]}

    @router.get("/reviews", responses=problems(401, 422, 503), **told)
    async def reviews(request: Request, limit: Limit = 50, me: AgentRow = me) -> Response:
        """Closed tickets that a colleague should look at and you did not work on, and why."""
        del limit  # checked here, and passed on with the request
        return await forward(gateway, me, request, "review", "/v1/reviews/due")

    @router.get("/articles", responses=problems(401, 422, 503), **told)
    async def articles(
        request: Request,
        which: Literal["published", "waiting", "all"] = "published",
        limit: Limit = 50,
        me: AgentRow = me,
    ) -> Response:
        """Articles that customers read, or drafts that wait for somebody."""
        del which, limit
        return await forward(gateway, me, request, "review", "/v1/articles")

    @router.get("/articles/{article_id}", responses=problems(401, 404, 422, 503), **told)
    async def article(request: Request, article_id: str, me: AgentRow = me) -> Response:
        """An article, draft and published, with the tickets that it solved."""
        path = f"/v1/articles/{quote(article_id, safe='')}"
        return await forward(gateway, me, request, "review", path)

    @router.get("/trends", responses=problems(401, 422, 503), **told)
    async def trends(
        request: Request,
        by: By = "topic",
        days: Days = 30,
        topic: Only = None,
        team: Only = None,
        agent: Only = None,
        organisation: Only = None,
        me: AgentRow = me,
    ) -> Response:
        """Tickets opened within so many days: how many, how fast, how well."""
        del by, days, topic, team, agent, organisation
        return await forward(gateway, me, request, "review", "/v1/trends")

    @router.get("/recurring", responses=problems(401, 422, 503), **told)
    async def recurring(
        request: Request,
        days: Days = 30,
        at_least: Annotated[int, Query(ge=2, le=1_000)] = 3,
        me: AgentRow = me,
    ) -> Response:
        """Problems that keep coming up: a cause, a customer or organisation with one topic, a
        topic whose solutions do not hold."""
        del days, at_least
        return await forward(gateway, me, request, "review", "/v1/recurring")
