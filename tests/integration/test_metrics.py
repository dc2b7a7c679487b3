"""What a running service tells Prometheus, whom it tells, and what that costs."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import generate_latest
from starlette.types import Receive, Scope, Send

from deploy.local.databases import Database
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign
from shared.ids import uuid7
from shared.metrics import Metrics
from shared.metrics.facts import QUERIES
from shared.running import Running, running
from shared.settings import ServiceSettings
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from shared.watched import route_of
from tests.integration.played import SECRET, settings_for
from tests.integration.test_core_on_kafka import INTAKE, PARROT, RESOLUTION, Say, opened
from tests.integration.watching import TOKEN, Page, calling, scraped

Databases = Callable[[str], Awaitable[Database]]


def settings(database: Database, topics: TopicNames, **changes: Any) -> ServiceSettings:
    given = settings_for(database, topics) | {"metrics_token": TOKEN} | changes
    return ServiceSettings(**given)


async def with_seens(database: Database) -> Database:
    role = await asyncpg.connect(database.url)
    await role.execute(
        "create schema seens; create table seens.seen ("
        " subject uuid primary key, number text not null, events int not null, last text not null)"
    )
    await role.close()
    return database


async def say_opened(live: Running, number: str = "LD-1") -> None:
    event = Say(opened(number, utc_now()))
    await live.runtime.handle(PARROT, uuid7(), event, actor="customer:x")


async def test_what_is_said_relayed_heard_and_reacted_to_is_counted(
    service_database: Databases, topics: TopicNames
) -> None:
    intake, resolution = (
        await service_database("intake"),
        await with_seens(await service_database("resolution")),
    )
    async with (
        running(INTAKE, settings(intake, topics)) as saying,
        running(RESOLUTION, settings(resolution, topics)) as hearing,
    ):
        for n in range(3):
            await say_opened(saying, f"LD-{n}")

        async def all_heard() -> None:
            page = await scraped(hearing)
            heard = {"type": "TicketOpened", "origin": "heard"}
            said = {"type": "WorkStarted", "origin": "said"}
            assert page.total("ledgerdesk_events_appended_total", **heard) == 3
            assert page.total("ledgerdesk_events_appended_total", **said) == 3
            assert page.total("ledgerdesk_inbox_records_total", result="ready") >= 3
            assert page.value("ledgerdesk_follower_lag_events", follower="seens") == 0
            assert page.value("ledgerdesk_kafka_lag_records", topic="tickets") == 0
            assert page.value("ledgerdesk_heard_to_seconds") < 30

        await eventually(all_heard)
        page = await scraped(saying)
        assert page.total("ledgerdesk_relay_published_total") == 3
        assert page.value("ledgerdesk_database_up") == 1
        assert page.value("ledgerdesk_follower_leading", follower="relay") == 1
        assert page.value("ledgerdesk_append_seconds_count") >= 1
        assert page.value("ledgerdesk_pool_connections_max") == 8
        assert page.value("process_resident_memory_bytes") > 1e6


async def test_a_parked_ticket_is_counted_with_why_and_since_when(
    service_database: Databases, topics: TopicNames
) -> None:
    database = await with_seens(await service_database("resolution"))
    async with running(RESOLUTION, settings(database, topics)) as live:
        await live.runtime.pool.execute(
            "insert into ledger.parked (id, follower, subject, reason, detail, parked_at)"
            " values ($1, 'seens', $2, 'ValueError', 'poison', now() - interval '90 seconds')",
            uuid7(), uuid7(),
        )  # fmt: skip
        page = await scraped(live)
        assert page.value("ledgerdesk_parked_subjects", follower="seens", reason="ValueError") == 1
        assert 89 < page.value("ledgerdesk_parked_oldest_seconds", follower="seens") < 120


async def test_requests_are_counted_by_the_template_of_their_route(
    service_database: Databases, topics: TopicNames
) -> None:
    database = await service_database("intake")
    async with running(INTAKE, settings(database, topics)) as live:
        async with calling(live) as client:
            for path in (f"/v1/parked/{uuid7()}", f"/v1/parked/{uuid7()}", "/no/such/page"):
                await client.get(path)
        page = await scraped(live)
        requests = "ledgerdesk_http_requests_total"
        assert page.value(requests, route="/v1/parked/{parked_id}", status="401") == 2
        assert page.value(requests, route="unmatched", method="GET", status="404") == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({HEADER: "operator"}, 200),
        ({HEADER: "agent"}, 403),
    ],
)
async def test_metrics_are_for_the_scraper_and_for_operators(
    headers: dict[str, str], status: int, service_database: Databases, topics: TopicNames
) -> None:
    database = await service_database("intake")
    async with running(INTAKE, settings(database, topics)) as live:
        if HEADER in headers:
            identity = Identity("agent:olga", "gateway", "Olga", role=Role(headers[HEADER]))
            headers = {HEADER: sign(SECRET, identity, "intake", utc_now())}
        async with calling(live) as client:
            assert (await client.get("/metrics", headers=headers)).status_code == status


async def test_without_a_token_in_the_settings_an_empty_one_opens_nothing(
    service_database: Databases, topics: TopicNames
) -> None:
    database = await service_database("intake")
    async with (
        running(INTAKE, settings(database, topics, metrics_token="")) as live,
        calling(live) as client,
    ):
        for given in ("", "Bearer"):
            answer = await client.get("/metrics", headers={"Authorization": given})
            assert answer.status_code == 401


LONG_LOG = """
insert into ledger.log (subject, author, version, id, said, topic, type, after, revision,
    correlation, actor, occurred_at, traceparent, data)
select gen_random_uuid(), 'intake', 1, gen_random_uuid(), true, 'tickets', 'TicketOpened', '',
    0, gen_random_uuid(), 'x', now(), '', '{}'
from generate_series(1, 100000)
"""
MANY_WAIT = """
insert into ledger.waiting (subject, author, version, id, headers, body, topic)
select gen_random_uuid(), 'intake', 2, gen_random_uuid(), '[]', '', 'tickets'
from generate_series(1, 50000)
"""
PAGES_MAX = 600
"""Pages of 8 KB that one scrape may look at, whatever the log's length: fewer than 5 MB."""


async def test_a_scrape_looks_at_few_pages_of_a_long_log(service_database: Databases) -> None:
    database = await service_database("sla")
    owner = await asyncpg.connect(database.owner_url)
    connection = await asyncpg.connect(database.url)
    try:
        await owner.execute(LONG_LOG)
        await owner.execute(MANY_WAIT)
        await owner.execute("vacuum analyze ledger.log, ledger.waiting")
        await connection.execute(
            "insert into ledger.cursors (name, position, born_position)"
            " select 'follower' || n, n * 10000, 0 from generate_series(1, 9) as n"
        )
        asked: list[tuple[str, tuple[Any, ...]]] = [
            (QUERIES.standings, (["follower1"], [1], [10_500])),
            (QUERIES.parked_summary, ()),
            (QUERIES.waiting_at_most, (10_000,)),
            (QUERIES.heard_to, ()),
            (QUERIES.render("oldest_due", schema="clocks"), (utc_now(),)),
        ]
        pages = 0
        for query, arguments in asked:
            explained = f"explain (analyze, buffers, format json) {query}"
            for name, value in (("enable_seqscan", "off"), ("jit", "off")):
                await connection.execute(f"set {name} = {value}")
            plan = await connection.fetchval(explained, *arguments)
            [explanation] = orjson.loads(plan)
            pages += explanation["Plan"]["Shared Hit Blocks"]
            pages += explanation["Plan"]["Shared Read Blocks"]
        assert pages < PAGES_MAX
    finally:
        await connection.close()
        await owner.close()


def test_a_method_that_nobody_knows_makes_no_new_label() -> None:
    metrics = Metrics()
    metrics.answered("BREW", "unmatched", 405, 0.1)
    page = Page.parse(generate_latest(metrics.registry).decode())
    assert page.value("ledgerdesk_http_requests_total", method="other", status="405") == 1


def test_a_page_is_read_as_prometheus_reads_it() -> None:
    page = Page.parse('# TYPE a gauge\na{b="c"} 2\n')
    assert page.value("a", b="c") == 2


async def test_a_route_is_known_by_its_whole_template() -> None:
    outer, inner = APIRouter(prefix="/v1"), APIRouter()

    @inner.get("/tickets/{ticket_id}")
    async def ticket(ticket_id: str) -> str:
        return ticket_id

    outer.include_router(inner)
    app = FastAPI()
    found: list[str] = []
    app.include_router(outer)

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        found.append(route_of(scope))

    transport = httpx.ASGITransport(noting)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        for path in ("/v1/tickets/4711", "/nowhere"):
            await client.get(path)
    assert found == ["/v1/tickets/{ticket_id}", "unmatched"]
