"""Archived tickets: out of every queue and count, found and open to whoever looks for them."""

from collections.abc import AsyncIterator

import pytest

from services.gateway.projection import DeskView
from shared.events.resolution import ClosedHow, TicketArchived, TicketClosed
from shared.followers.rebuilding import Generations
from shared.log.log import QUERIES
from shared.testing.eventually import eventually
from tests.integration.gateway_harness import (
    Databases,
    Desk,
    gateway_on,
    numbered,
    tickets_of,
)
from tests.unit.gateway import story
from tests.unit.gateway.story import at

(LIVE, LIVE_NUMBER), (CLOSED, CLOSED_NUMBER), (GONE, GONE_NUMBER) = numbered(3)
CLOSE = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=at(1))
ARCHIVE = TicketArchived(archived_by="timer", archived_at=at(2))


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        await made.hear(LIVE, story.opened(LIVE_NUMBER), *story.triaged(), story.assigned())
        await made.hear(CLOSED, story.opened(CLOSED_NUMBER), CLOSE)
        worked_on = [story.opened(GONE_NUMBER), *story.triaged(), story.assigned(), story.note()]
        reply = story.reply("Reset the flux capacitor")
        await made.hear(GONE, *worked_on, *story.clocks(at(15), at(240)), reply, CLOSE, ARCHIVE)
        yield made


async def test_an_archived_ticket_is_in_no_queue_and_in_no_count(desk: Desk) -> None:
    async with desk.client("anna") as anna:
        queues = (await anna.get("/api/v1/queues")).json()["queues"]
        names = {each["name"] for each in queues} | {"closed"}
        for name in names:
            page = await anna.get("/api/v1/tickets", params={"queue": name})
            assert GONE_NUMBER not in tickets_of(page), name
        closed = await anna.get("/api/v1/tickets", params={"queue": "closed"})
        assert tickets_of(closed) == [CLOSED_NUMBER]
        assert {each["name"]: each["count"] for each in queues}["mine"] == 1
    live = await desk.runtime.pool.fetch("select number from desk_view.tickets order by number")
    assert [row["number"] for row in live] == sorted([LIVE_NUMBER, CLOSED_NUMBER])


@pytest.mark.parametrize(
    "asked",
    [
        {"q": GONE_NUMBER},
        {"q": "capacitor flux"},
        {"requester": "olga@example.com"},
        {"queue": "archived"},
        {"status": "Archived"},
        {"queue": "closed", "status": "Archived"},
    ],
)
async def test_it_is_found_by_whoever_looks_for_it(desk: Desk, asked: dict[str, str]) -> None:
    async with desk.client("anna") as anna:
        assert GONE_NUMBER in tickets_of(await anna.get("/api/v1/tickets", params=asked))


async def test_pages_go_on_from_live_tickets_to_archived_ones(desk: Desk) -> None:
    found: list[str] = []
    asked = {"requester": "olga@example.com", "limit": "1"}
    async with desk.client("anna") as anna:
        for _ in range(3):
            page = await anna.get("/api/v1/tickets", params=asked)
            found += tickets_of(page)
            asked["cursor"] = page.json()["next"] or ""
    assert sorted(found) == sorted([LIVE_NUMBER, CLOSED_NUMBER, GONE_NUMBER])
    assert asked["cursor"] == ""


async def test_it_opens_with_its_conversation_its_clocks_and_its_timeline(desk: Desk) -> None:
    path = f"/api/v1/tickets/{GONE_NUMBER}"
    async with desk.client("anna") as anna:
        ticket = (await anna.get(path)).json()
        assert (ticket["status"], ticket["number"]) == ("Archived", GONE_NUMBER)
        told = (await anna.get(f"{path}/conversation")).json()["messages"]
        assert told[-1]["text"] or told[-2]["text"] == "Reset the flux capacitor"
        timeline = (await anna.get(f"{path}/timeline")).json()["events"]
        assert [each["type"] for each in timeline][-2:] == ["TicketClosed", "TicketArchived"]
        assert (await anna.get(f"/tickets/{GONE_NUMBER}")).status_code in (200, 303)
    assert len(await desk.gateway.finders.clocks(GONE)) == 2


async def test_it_stands_beside_the_other_tickets_of_its_requester(desk: Desk) -> None:
    row = await desk.gateway.finders.ticket(LIVE)
    others = await desk.gateway.finders.others_of(row)
    assert {each["number"] for each in others} == {CLOSED_NUMBER, GONE_NUMBER}
    assert [note["number"] for note in await desk.gateway.finders.pins_of(row)] == [GONE_NUMBER]
    named = await desk.gateway.finders.tickets_of([LIVE, GONE])
    assert {each["number"] for each in named} == {LIVE_NUMBER, GONE_NUMBER}


async def test_both_tables_have_the_same_columns_in_the_same_order(desk: Desk) -> None:
    columns = await desk.runtime.pool.fetch(
        "select table_name, array_agg(column_name::text order by ordinal_position) as names"
        " from information_schema.columns"
        " where table_schema = 'desk_view' and table_name in ('tickets', 'archive') group by 1"
    )
    assert len({tuple(row["names"]) for row in columns}) == 1


async def test_a_rebuild_comes_to_the_same_live_and_archived_tickets(desk: Desk) -> None:
    built = Generations(desk.runtime.log, [DeskView()], desk.runtime.settings.database_url)
    generation = await built.begin("desk_view")

    async def finished() -> str:
        rows = await desk.runtime.pool.fetch(QUERIES.generations)
        (row,) = [row for row in rows if row["generation"] == generation]
        assert row["phase"] in {"live", "differs", "failed"}, row
        return str(row["phase"])

    try:
        assert await eventually(finished) == "live"
    finally:
        await built.close()
