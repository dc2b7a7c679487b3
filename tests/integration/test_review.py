"""Review on the real parts; the other services are played by `world.py`."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.review.app import SERVICE
from services.review.carrying import QUERIES
from services.review.rules import DEFAULT, why_review
from services.review.settings import Settings
from services.review.states import Closed
from shared.clock import utc_now
from shared.events import Event
from shared.events.assignment import Role
from shared.events.resolution import ClosedHow, TicketClosed
from shared.ids import person_id, uuid7
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.world import (
    MovingClock,
    World,
    agent,
    code,
    customer,
    nobody,
    said,
    settings_for,
    settled,
    world,
)
from tests.unit.review import story

CARLA = story.CARLA.person_id


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(servers: TestServers) -> AsyncIterator[World]:
    async with world(await servers.topics()) as made:
        yield made


@pytest.fixture(scope="module")
def clock() -> MovingClock:
    return MovingClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(
    servers: TestServers,
    others: World,
    clock: MovingClock,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Running]:
    """One review for all tests of this module, as each has a ticket of its own."""
    database = clock.database = await servers.database("review")
    given = settings_for(database, others.topics, tmp_path_factory.mktemp("data"))
    async with running(SERVICE, Settings(**given), clock) as made:
        yield made


def closed_now(live: Running) -> Event:
    """A closing at the present of the service, however far a test has moved it."""
    now = live.runtime.clock()
    return TicketClosed(how=ClosedHow.CONFIRMED, closed_by=story.CUSTOMER, closed_at=now)


async def closed_ticket(
    live: Running, others: World, follow_up_after: float = 600, agent_id: str = "anna"
) -> UUID:
    """A ticket that an agent solved, as soon as review knows."""
    ticket = next(each for each in iter(uuid7, None) if not is_sampled(each))
    opening = (story.opened(), story.categorised(follow_up_after), story.assigned(agent_id))
    past = (*opening, story.started(agent_id), story.resolved(agent_id))
    known = await others.say(ticket, *past, closed_now(live))
    await live.runtime.wait_for(ticket, known)
    return ticket


def is_sampled(ticket: UUID) -> bool:
    """Whether review would ask a colleague to look at it, as it does of one in ten."""
    closed = Closed(requester=ticket, topic_id="", closed_at=utc_now(), how=ClosedHow.CONFIRMED)
    return bool(why_review(closed, ticket, DEFAULT))


async def types(live: Running, ticket: UUID) -> list[str]:
    past = await live.runtime.log.read(ticket)
    return [event.type for event in past.events if event.said]


async def review_of(live: Running, ticket: UUID) -> dict[str, Any]:
    answer = await agent(live).get(f"/tickets/{ticket}/review")
    assert answer.status_code == 200, answer.text
    row: dict[str, Any] = answer.json()
    return row


async def test_a_closed_ticket_is_followed_up_when_due_and_rated(
    live: Running, others: World, clock: MovingClock
) -> None:
    ticket = await closed_ticket(live, others, follow_up_after=60)
    await clock.move(minutes=61)

    async def followed_up() -> None:
        assert await types(live, ticket) == ["FollowUpRequested"]

    await eventually(followed_up)
    events = [each.event for each in (await live.runtime.log.read(ticket)).events]
    closed, asked = events[-2:]
    assert asked.requested_at - closed.closed_at == timedelta(minutes=60)  # type: ignore[union-attr]
    carla, path = customer(live, CARLA), f"/tickets/{ticket}/feedback"
    assert said(await carla.post(path, {"rating": 4})) == ["FeedbackReceived"]
    second = {"rating": 5, "comment": "It held.", "recurred": False}
    assert said(await carla.post(path, second)) == ["FeedbackReceived"]
    assert said(await carla.post(path, second)) == []
    row = await review_of(live, ticket)
    (rating,) = row["ratings"]
    assert (rating["closing"], rating["rating"], rating["comment"]) == (1, 5, "It held.")

    async def published() -> None:
        heard = await others.heard("review", ticket)
        assert heard == [
            ("FollowUpRequested", 1),
            ("FeedbackReceived", 2),
            ("FeedbackReceived", 3),
        ]

    await eventually(published)


async def test_a_reopened_ticket_is_not_followed_up(
    live: Running, others: World, clock: MovingClock
) -> None:
    ticket = await closed_ticket(live, others, follow_up_after=60)
    known = await others.say(ticket, story.reopened())
    await live.runtime.wait_for(ticket, known, "reviews")
    await clock.move(minutes=61)
    await others.say_all_again()
    await settled(2)
    assert await types(live, ticket) == []


async def test_who_may_do_what(live: Running, others: World) -> None:
    ticket = await closed_ticket(live, others)
    path = f"/tickets/{ticket}"
    mallory, carla = customer(live, person_id("mal@example.com")), customer(live, CARLA)
    assert code(await nobody(live).post(f"{path}/feedback", {"rating": 5})) == (
        401,
        "not_signed_in",
    )
    for other in (mallory, agent(live)):
        refused = await other.post(f"{path}/feedback", {"rating": 5})
        assert code(refused) == (403, "not_the_requester")
    assert code(await carla.post(f"{path}/quality-review", {"score": 5})) == (403, "not_allowed")
    refused = await agent(live, "ben").post(f"{path}/quality-review", {"score": 3})
    assert code(refused) == (403, "not_allowed")
    anna, ben = (agent(live, name, Role.MANAGER) for name in ("anna", "ben"))
    mine = await anna.post(f"{path}/quality-review", {"score": 5})
    assert code(mine) == (403, "reviewer_worked_on_ticket")
    assert said(await ben.post(f"{path}/quality-review", {"score": 3})) == ["QualityReviewed"]


async def test_refusals_have_stable_codes(live: Running, others: World) -> None:
    ticket = uuid7()
    carla, path = customer(live, CARLA), f"/tickets/{ticket}"
    assert code(await carla.post(f"{path}/feedback", {"rating": 3})) == (404, "ticket_not_found")
    await live.runtime.wait_for(ticket, await others.say(ticket, story.opened()))
    assert code(await carla.post(f"{path}/feedback", {"rating": 3})) == (409, "ticket_not_closed")
    malformed = await carla.post(f"{path}/feedback", {"rating": 6, "recurred": "perhaps"})
    fields = {error["field"] for error in malformed.json()["errors"]}
    assert fields == {"rating", "recurred"}
    draft = {"title": "Full disk", "body": "Free some space."}
    assert code(await agent(live).post(f"{path}/articles", draft)) == (409, "ticket_not_resolved")


async def test_an_article_is_drafted_and_published(live: Running, others: World) -> None:
    ticket, anna = await closed_ticket(live, others), agent(live)
    path = f"/tickets/{ticket}/articles"
    draft = {"title": "Full disk", "body": "Free some space."}
    drafted = await anna.post(path, draft, Idempotency_Key="k1")
    assert said(drafted) == ["ArticleDrafted"]
    article_id = drafted.json()["article_id"]
    again = await anna.post(path, draft, Idempotency_Key="k1")
    assert (said(again), again.json()["article_id"]) == ([], article_id)
    assert code(await anna.post(f"{path}/{article_id}/publish")) == (403, "not_allowed")
    assert code(await anna.post(path, {**draft, "article_id": "Not a slug"})) == (422, "invalid")
    anna, ben = agent(live, "anna", Role.MANAGER), agent(live, "ben")
    refused = await anna.post(f"{path}/{article_id}/publish")
    assert code(refused) == (409, "article_not_reviewed")
    verdict = {"approved": True}
    assert said(await ben.post(f"{path}/{article_id}/review", verdict)) == ["ArticleReviewed"]
    assert said(await anna.post(f"{path}/{article_id}/publish")) == ["ArticlePublished"]
    assert code(await anna.post(f"{path}/nothing/publish")) == (404, "article_not_found")
    (row,) = (await review_of(live, ticket))["articles"]
    assert (row["article_id"], row["title"]) == (article_id, "Full disk")
    (article,) = [
        each for each in (await anna.get("/articles")).json() if each["subject"] == str(ticket)
    ]
    assert (article["title"], article["body"]) == ("Full disk", "Free some space.")
    assert article["topics"] == ["payments"]
    other = await closed_ticket(live, others)
    stolen = await ben.post(f"/tickets/{other}/articles", {**draft, "article_id": article_id})
    assert code(stolen) == (409, "article_id_taken")
    link = f"/tickets/{other}/articles/{article_id}/link"
    assert said(await ben.post(link)) == ["ArticleLinked"]
    (by,) = (await review_of(live, other))["solved_by"]
    assert by["title"] == "Full disk"
    (solved,) = (await ben.get(f"/articles/{article_id}")).json()["solved"]
    assert solved["subject"] == str(other)
    withdraw = f"{path}/{article_id}/withdraw"
    assert said(await anna.post(withdraw, {"reason": "Wrong."})) == ["ArticleWithdrawn"]
    await review_of(live, ticket)
    assert article_id not in (await ben.get("/articles")).text
    assert article_id in (await ben.get("/articles?which=waiting")).text


async def test_what_went_wrong_is_shown_to_colleagues_and_trends_are_reckoned(
    live: Running, others: World
) -> None:
    late = await closed_ticket(live, others, agent_id="gus")
    fine = await closed_ticket(live, others, agent_id="gus")
    known = await others.say(late, story.breached())
    await live.runtime.wait_for(late, known)
    for ticket, rating in ((late, 2), (fine, 5)):
        said(await customer(live, CARLA).post(f"/tickets/{ticket}/feedback", {"rating": rating}))
        await review_of(live, ticket)
    due = (await agent(live, "ben").get("/reviews/due")).json()
    why = {row["subject"]: row["why_review"] for row in due}
    assert why[str(late)] == "breached"
    assert str(late) not in str((await agent(live, "gus").get("/reviews/due")).json())

    async def counted() -> None:
        by_agent = (await agent(live).get("/trends?by=agent&days=3660")).json()
        (gus,) = [row for row in by_agent if row["about"] == "gus"]
        assert (gus["opened"], gus["resolved"], gus["breached"]) == (2, 2, 1)
        assert (gus["ratings"], gus["rating_average"]) == (2, 3.5)

    await eventually(counted)
    (topic,) = (await agent(live).get("/trends?by=topic&days=3660&agent=gus")).json()
    assert (topic["about"], topic["name"], topic["opened"]) == ("payments", "Payments", 2)
    (month,) = (await agent(live).get("/trends?by=month&days=3660&agent=gus")).json()
    assert month["about"] == "2026-03-01"
    found = (await agent(live).get("/recurring?days=3660&at_least=2")).json()
    causes = {row["about"]: row["tickets"] for row in found if row["what"] == "cause"}
    assert causes["a full disk"] >= 2
    assert (await agent(live).get("/recurring?days=0.001")).json() == []


async def test_the_desks_rules_choose_what_is_looked_at(live: Running, others: World) -> None:
    admin, rules = agent(live, "petra", Role.ADMIN), {"sample_share": 1.0, "low_rating_at_most": 3}
    section = {"revision": 7, "quality": rules}
    assert code(await agent(live).put("/desk", section)) == (403, "not_allowed")
    changed = (await admin.put("/desk", section)).json()["changed"]
    assert changed == ["quality: how tickets are looked back on"]
    assert (await admin.put("/desk", section)).json()["changed"] == []
    assert (await admin.get("/desk")).json()["quality"]["sample_share"] == 1.0
    ticket = await closed_ticket(live, others)

    async def chosen() -> None:
        assert (await review_of(live, ticket))["why_review"] == "sampled"

    await eventually(chosen)
    assert said(await customer(live, CARLA).post(f"/tickets/{ticket}/feedback", {"rating": 3})) == [
        "FeedbackReceived"
    ]
    past = (await live.runtime.log.read(ticket)).events
    assert past[-1].event.low  # type: ignore[union-attr]
    await admin.put("/desk", {"revision": 8})


async def test_the_list_to_review_scans_no_table_at_100_000_tickets(
    servers: TestServers,
) -> None:
    connection = await asyncpg.connect((await servers.database("review")).url)
    await connection.execute(
        "insert into reviews.tickets (subject, number, topic_id, topic_name, agent_id, workers,"
        " closings, reopenings, breaches, closed_at, follow_up_after_minutes, recurred, why_review,"
        " reviewed_at) select gen_random_uuid(), 'LD', 't', 'T', 'a' || n % 50,"
        " array['a' || n % 50], 1, 0, 0, now() - n * interval '1 minute', 1, false,"
        " case when n % 10 = 0 then 'sampled' else '' end, case when n > 1000 then now() end"
        " from generate_series(1, 100000) n"
    )
    await connection.execute("analyze")
    plan = await connection.fetch("explain " + QUERIES.to_review, "a7", 50)
    assert not any("Seq Scan" in line[0] for line in plan), plan
    await connection.close()
