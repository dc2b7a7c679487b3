"""Looking back at the gateway: review is asked as whoever asks, and its answers are pages."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.ids import uuid7
from tests.integration.gateway_harness import Databases, Desk, gateway_on
from tests.unit.gateway import story
from tests.unit.gateway.story import NUMBER

AT = "2026-03-02T09:00:00+00:00"


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        yield made


def answers(desk: Desk, *bodies: Any) -> None:
    desk.owners.answers = [httpx.Response(200, json=body) for body in bodies]


def article(**changes: Any) -> dict[str, Any]:
    known = {
        "article_id": "full-disk",
        "subject": str(uuid7()),
        "number": NUMBER,
        "title": "Full disk",
        "body": "<b>Free</b> some space.",
        "topics": ["outage"],
        "language": "en",
        "drafted_by": "ben",
        "drafted_at": AT,
        "verdict": "",
        "reviewed_by": "",
        "review_comment": "",
        "published_at": None,
        "withdrawn_at": None,
        "withdrawn_because": "",
        "waits": True,
        "solved": [{"number": NUMBER, "linked_by": "anna", "linked_at": AT}],
    }
    return known | changes


def counted(about: str, opened: int) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("response_hours_median", "resolution_hours_median", "rating_average", "score_average")
    )
    return nothing | {
        "about": about,
        "name": "",
        "opened": opened,
        "resolved": 1,
        "breached": 1,
        "reopened": 0,
        "recurred": 0,
        "ratings": 0,
    }


async def test_the_api_asks_review_as_whoever_asks(desk: Desk) -> None:
    async with desk.client("anna") as anna:
        for path in ("reviews?limit=5", "articles?which=all", "articles/x", "recurring?days=7"):
            assert (await anna.get(f"/api/v1/{path}")).status_code == 200
        assert (await anna.get("/api/v1/trends?by=team&days=7")).status_code == 200
        assert (await anna.get("/api/v1/trends?by=weather")).status_code == 422
    assert [sent.path for sent in desk.owners.sent] == [
        "/v1/reviews/due?limit=5",
        "/v1/articles?which=all",
        "/v1/articles/x",
        "/v1/recurring?days=7",
        "/v1/trends?by=team&days=7",
    ]
    assert {sent.identity.actor for sent in desk.owners.sent} == {"agent:anna"}


async def test_the_panel_shows_reviews_articles_and_trends(desk: Desk) -> None:
    async with desk.client() as anna:
        form = {"email": "anna@desk.example", "token": story.TOKENS["anna"]}
        await anna.post("/sign-in", data=form)
        due = {"number": NUMBER, "topic_name": "Outage", "agent_id": "ben", "rating": 2}
        answers(desk, [due | {"closed_at": AT, "why_review": "rated low"}])
        page = await anna.get("/reviews")
        assert ("rated low" in page.text, "2 of 5" in page.text) == (True, True)
        answers(desk, [article()])
        assert "to be read by a colleague" in (await anna.get("/articles")).text
        answers(desk, article())
        page = await anna.get("/articles/full-disk")
        assert "&lt;b&gt;Free&lt;/b&gt; some space." in page.text
        assert 'data-form="article-review"' in page.text
        answers(desk, article(drafted_by="anna"))
        assert 'data-form="article-review"' not in (await anna.get("/articles/full-disk")).text
        again = {"what": "cause", "about": "a full disk", "topic_name": "Outage", "tickets": 3}
        again |= {"organisation": "", "requesters": 2, "came_back": 0, "numbers": [NUMBER]}
        answers(desk, [counted("ben", 4), counted("", 2)], [again])
        page = await anna.get("/trends?by=agent&days=90")
        assert ('width="380.0"' in page.text, "a full disk" in page.text) == (True, True)
        desk.owners.answers = [httpx.Response(404, json={})]
        assert (await anna.get("/articles/nothing")).status_code == 404
