"""Whether a service lives, may be asked, and what it lacks: and that it tells the truth."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
import httpx
import pytest

from deploy.local.databases import Database
from shared.followers.follower import FollowerStopped
from shared.followers.projection import ProjectionFollower
from shared.health import STALLED_SECONDS, Health
from shared.ids import uuid7
from shared.log import Log
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.reading import NOT_CONNECTED
from shared.running import running
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from tests.integration.test_core_on_kafka import INTAKE, PARROT, RESOLUTION, Say, opened
from tests.integration.test_metrics import scraped, settings
from tests.integration.watching import calling

Databases = Callable[[str], Awaitable[Database]]
NOBODY = "127.0.0.1:9"


async def told(client: httpx.AsyncClient, path: str = "/health/ready") -> tuple[int, Any]:
    answer = await client.get(path)
    return answer.status_code, answer.json()


async def test_a_service_that_lacks_nothing_is_ready(
    service_database: Databases, topics: TopicNames
) -> None:
    database = await service_database("intake")
    async with running(INTAKE, settings(database, topics)) as live, calling(live) as client:

        async def ready() -> None:
            assert await told(client) == (200, {"status": "ready", "reasons": []})

        await eventually(ready)
        assert await told(client, "/health/live") == (200, {"status": "live", "ended": []})


# FastStream leaves the producer that could not start to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*AIOKafkaProducer")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_without_kafka_intake_goes_on_accepting_and_says_that_it_is_degraded(
    service_database: Databases, topics: TopicNames
) -> None:
    database = await service_database("intake")
    away = settings(database, topics, kafka_bootstrap_servers=NOBODY)
    async with running(INTAKE, away) as live, calling(live, "/health/ready") as client:
        event = Say(opened("LD-1"))
        assert (await live.runtime.handle(PARROT, uuid7(), event, actor="customer:x")).events

        async def degraded() -> None:
            status, body = await told(client)
            assert (status, body["status"]) == (200, "degraded")
            assert any(reason.startswith("inbox: ") for reason in body["reasons"])
            assert any(reason.startswith("relay: ") for reason in body["reasons"])
            assert NOBODY not in str(body)

        await eventually(degraded)
        page = await scraped(live)
        assert page.value("ledgerdesk_kafka_failing") == 1
        assert page.value("ledgerdesk_degraded") >= 1


async def test_without_its_database_a_service_is_not_ready_and_its_metrics_say_so(
    service_database: Databases, topics: TopicNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await service_database("intake")
    async with (
        running(INTAKE, settings(database, topics)) as live,
        calling(live, "/health/ready") as client,
    ):

        async def away(*_: object, **__: object) -> None:
            raise ConnectionRefusedError(111, "postgres at 10.0.0.7 is away")

        monkeypatch.setattr(live.runtime.log, "end", away)
        status, body = await told(client)
        assert status == 503
        assert body["reasons"][0] == "postgres: ConnectionRefusedError"
        assert "10.0.0.7" not in str(body)
        page = await scraped(live)
        assert page.value("ledgerdesk_database_up") == 0
        assert page.value("ledgerdesk_pool_connections_max") == 8
        monkeypatch.undo()


async def test_a_service_one_of_whose_tasks_has_ended_does_not_live(
    service_database: Databases, topics: TopicNames
) -> None:
    database = await service_database("intake")
    async with running(INTAKE, settings(database, topics)) as live, calling(live) as client:
        [relay] = [task for task in live.tasks if task.get_name() == "follow:relay"]
        relay.cancel()
        await asyncio.wait([relay])
        assert await told(client, "/health/live") == (
            503, {"status": "dead", "ended": ["follow:relay"]},
        )  # fmt: skip
        assert (await told(client))[0] == 503


async def test_a_service_that_has_just_started_is_not_ready_while_it_is_far_behind(
    service_database: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = await open_pool((await service_database("resolution")).url, 2, "test")
    log, hearing = Log(pool, "resolution"), cast(Any, Consumer(behind=0))
    hearing.failing, hearing.behind = NOT_CONNECTED, {}
    seens = ProjectionFollower(log, RESOLUTION.projections[0], "0")
    await seens.create(born=0)

    async def end() -> int:
        return 5_000

    monkeypatch.setattr(log, "end", end)
    health = Health(log, [seens], hearing)
    unknown = "inbox: has not looked at Kafka yet"
    assert await health.not_ready() == ["seens: 5000 events behind", unknown]
    await pool.execute("update ledger.cursors set position = 4500")
    assert await health.not_ready() == [unknown]
    hearing.failing, hearing.behind = "", {"tickets": 5_000}
    assert await health.not_ready() == ["inbox: 5000 records behind"]
    hearing.behind = {"tickets": 500}
    assert await health.not_ready() == []
    hearing.behind = {"tickets": 5_000}  # it was ready, and stays so
    assert await health.not_ready() == []
    log.hold.put_on(1)
    assert len(await health.not_ready()) == 1
    await pool.close()


async def test_a_follower_that_was_stopped_is_told_of_by_every_replica_until_it_is_resumed(
    service_database: Databases,
) -> None:
    pool = await open_pool((await service_database("resolution")).url, 2, "test")
    log = Log(pool, "resolution")
    here, there = (ProjectionFollower(log, RESOLUTION.projections[0], n) for n in ("0", "1"))
    await here.create(born=0)
    await here._stop(FollowerStopped(follower="seens"))
    health = Health(log, [here, there], None)
    assert not await there._lead()
    assert health.lacks() == ["seens: FollowerStopped"] * 2
    await pool.execute(QUERIES.resume_follower, "seens")
    for each in (here, there):
        each._lease_renewed = 0.0
        await each._lead()
    assert health.lacks() == []
    await pool.close()


class Consumer:
    """A hearing whose facts a test sets."""

    failing = ""
    behind: dict[str, int]
    read = 0

    def __init__(self, behind: int) -> None:
        self.behind = {"tickets": behind}


def test_records_that_wait_unread_for_a_minute_mean_a_dead_consumer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("shared.health.monotonic_seconds", lambda: now)
    hearing: Any = Consumer(behind=7)
    health = Health(None, [], hearing)  # type: ignore[arg-type]
    assert health.lacks() == []
    now += STALLED_SECONDS + 1
    assert health.lacks() == ["inbox: records wait on Kafka and none is read"]
    hearing.read = 1
    assert health.lacks() == []
    now += STALLED_SECONDS + 1
    hearing.behind = {"tickets": 0}
    assert health.lacks() == []


def test_what_a_part_says_fails_is_told() -> None:
    troubles = {"mail server": "can't be reached"}
    health = Health(None, [], None, troubles=troubles)  # type: ignore[arg-type]
    assert health.lacks() == ["mail server: can't be reached"]


async def test_the_pool_that_is_used_up_is_told_within_seconds(service_database: Databases) -> None:
    database = await service_database("intake")
    pool = await asyncpg.create_pool(database.url, min_size=1, max_size=1)
    try:
        health = Health(Log(pool, "intake"), [], None)
        async with pool.acquire():
            assert await health.not_ready() == ["postgres: TimeoutError"]
    finally:
        await pool.close()
