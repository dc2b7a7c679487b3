"""The pages of looking back: reviews that are due, articles, trends."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response

from services.gateway.context import Gateway
from services.gateway.owners import Answer
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import Visitor, visitor
from services.gateway.panel.rendering import render
from shared.errors import NotFound

BY: Final = {
    "week": "Week",
    "day": "Day",
    "month": "Month",
    "topic": "Topic",
    "team": "Team",
    "agent": "Agent",
    "organisation": "Organisation",
}
DAYS: Final = (7, 30, 90, 365)
WHICH: Final = {"waiting": "Waiting", "published": "Published", "all": "All"}


def add_quality_pages(router: APIRouter, gateway: Gateway) -> None:
    """Every page."""

    @router.get("/reviews")
    async def reviews(request: Request) -> Response:
        who = await visitor(gateway, request)
        due = await _ask(gateway, who, "/v1/reviews/due", limit=100)
        shown = await frame(gateway, who) | await _names(gateway)
        return render("reviews.html", **shown, rows=due.listed(), problem=_problem(due))

    @router.get("/articles")
    async def articles(request: Request, which: str = "waiting") -> Response:
        who = await visitor(gateway, request)
        which = which if which in WHICH else "waiting"
        found = await _ask(gateway, who, "/v1/articles", which=which, limit=200)
        shown = await frame(gateway, who) | await _names(gateway)
        more = {"which": which, "kinds": WHICH, "problem": _problem(found)}
        return render("articles.html", **shown, **more, rows=found.listed())

    @router.get("/articles/{article_id}")
    async def article(request: Request, article_id: str) -> Response:
        who = await visitor(gateway, request)
        found = await _ask(gateway, who, f"/v1/articles/{quote(article_id, safe='')}")
        if not found.ok:
            raise NotFound(what="article")
        shown = await frame(gateway, who) | await _names(gateway)
        return render("article.html", **shown, article=found.json())

    @router.get("/trends")
    async def trends(request: Request, by: str = "week", days: int = 30) -> Response:
        who = await visitor(gateway, request)
        by, days = (by if by in BY else "week"), (days if days in DAYS else 30)
        found = await _ask(gateway, who, "/v1/trends", by=by, days=days)
        again = await _ask(gateway, who, "/v1/recurring", days=days)
        shown = await frame(gateway, who) | await _names(gateway)
        values: dict[str, Any] = {
            "by": by,
            "days": days,
            "kinds": BY,
            "spans": DAYS,
            "rows": found.listed(),
            "recurring": again.listed(),
            "problem": _problem(found) or _problem(again),
        }
        return render("trends.html", **shown, **values)


async def _ask(gateway: Gateway, who: Visitor, path: str, **asked: object) -> Answer:
    return await gateway.send(who.agent, "review", "GET", path, query=urlencode(asked))


async def _names(gateway: Gateway) -> dict[str, Any]:
    """What agents are called, by id."""
    return {"names": {row.agent_id: row.name for row, _ in await gateway.finders.agents()}}


def _problem(answer: Answer) -> str:
    return "" if answer.ok else answer.json().get("detail", "Review did not answer.")
