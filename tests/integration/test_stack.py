"""The servers that everything else is tested on."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy import topics as declared
from deploy.local.databases import Database
from deploy.local.stack import Postgres
from shared.testing.infra import TestServers, TopicNames


async def test_postgres_is_version_18(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.admin_url)
    assert connection.get_server_version().major == 18
    await connection.close()


async def test_each_database_is_fresh_and_has_two_roles(
    service_database: Callable[[str], Awaitable[Database]],
) -> None:
    one, other = await service_database("intake"), await service_database("intake")
    assert one.name != other.name
    assert one.role == "intake"
    connection = await asyncpg.connect(one.url)
    assert await connection.fetchval("select current_user") == "intake"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("drop schema ledger cascade")
    await connection.execute("create schema next_generation")
    await connection.close()


async def test_a_server_started_twice_is_the_same_server(servers: TestServers) -> None:
    before = servers.postgres().admin_url
    assert servers.postgres().admin_url == before


async def test_a_record_produced_is_consumed(topics: TopicNames) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=topics.bootstrap, enable_idempotence=True, acks="all"
    ) as producer:
        await producer.send_and_wait(topics.tickets, b"body", key=b"ticket")
    async with AIOKafkaConsumer(
        topics.tickets, bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
        assert (record.key, record.value) == (b"ticket", b"body")


async def test_topics_are_as_declared(topics: TopicNames) -> None:
    assert await declared.differences(topics.bootstrap, topics.prefix) == []


async def test_a_missing_topic_is_named(servers: TestServers) -> None:
    bootstrap = servers.kafka().bootstrap
    assert "nobody.tickets is missing" in await declared.differences(bootstrap, "nobody")
