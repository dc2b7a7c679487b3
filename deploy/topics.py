"""The topics as `topics.yaml` declares them: created when missing, checked when present."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.kafka_access import KafkaAccess, client_options

DECLARED_IN: Final = Path(__file__).with_name("topics.yaml")
REQUEST_TIMEOUT_MS: Final = 20_000
VISIBLE_WITHIN_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


def declared(prefix: str, brokers: int = 1) -> list[Topic]:
    """Every topic under a prefix, as `{prefix}.tickets`.

    Three brokers keep three copies, of which two must be there; the environment may say
    otherwise.
    """
    page = yaml.safe_load(DECLARED_IN.read_text())
    copies = 3 if brokers >= 3 else page["replication_factor"]
    copies = int(os.environ.get("LEDGERDESK_REPLICATION_FACTOR", copies))
    shared = page["all"]
    if brokers >= 3:
        shared = shared | {"min.insync.replicas": copies - 1}
    in_sync = os.environ.get("LEDGERDESK_MIN_INSYNC_REPLICAS")
    if in_sync:
        shared = shared | {"min.insync.replicas": in_sync}
    return [
        _topic(f"{prefix}.{name}", copies, shared | settings)
        for name, settings in page["topics"].items()
    ]


def _topic(name: str, copies: int, settings: Mapping[str, Any]) -> Topic:
    config = {key: str(value) for key, value in settings.items() if key != "partitions"}
    return Topic(name, settings["partitions"], copies, config)


async def create(bootstrap: str, prefix: str, *, alter: bool = True, brokers: int = 1) -> list[str]:
    """Create what is missing, and alter what differs unless the broker is not ours.

    Returns one line for every difference that is left.
    """
    topics = declared(prefix, brokers)
    admin = _admin(bootstrap)
    await admin.start()
    try:
        await _create(admin, topics)
        await _settled(lambda: _missing(admin, topics))
        left = await _differences(admin, topics)
        if alter and left:
            await _alter(admin, topics)
            left = await _settled(lambda: _differences(admin, topics))
        return left
    finally:
        await admin.close()


async def differences(bootstrap: str, prefix: str, brokers: int = 1) -> list[str]:
    """One line for every difference between the broker's topics and the declared ones."""
    topics = declared(prefix, brokers)
    admin = _admin(bootstrap)
    await admin.start()
    try:
        missing = await _missing(admin, topics)
        present = [topic for topic in topics if topic.name not in missing]
        return [f"{name} is missing" for name in missing] + await _differences(admin, present)
    finally:
        await admin.close()


def _admin(bootstrap: str) -> AIOKafkaAdminClient:
    return AIOKafkaAdminClient(
        bootstrap_servers=bootstrap,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **client_options(KafkaAccess()),
    )


async def _settled(look: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Look again, for a while, until nothing is left: a broker does what it says later."""
    loop = asyncio.get_running_loop()
    until = loop.time() + VISIBLE_WITHIN_SECONDS
    while (left := await look()) and loop.time() < until:
        await asyncio.sleep(0.05)
    return left


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    missing = await _missing(admin, topics)
    new = [
        NewTopic(topic.name, topic.partitions, topic.replication_factor, None, dict(topic.config))
        for topic in topics
        if topic.name in missing
    ]
    if not new:
        return
    answer = await admin.create_topics(new)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(name)


async def _alter(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    """Give the topics their declared settings, and as many partitions."""
    kind = ConfigResourceType.TOPIC
    await admin.alter_configs([ConfigResource(kind, each.name, each.config) for each in topics])
    described = await admin.describe_topics(_names(topics))
    present = {each["topic"]: len(each["partitions"]) for each in described}
    more = {
        each.name: NewPartitions(each.partitions)
        for each in topics
        if each.partitions > present[each.name]
    }
    if more:
        await admin.create_partitions(more)


async def _missing(admin: AIOKafkaAdminClient, topics: list[Topic]) -> list[str]:
    present = set(await admin.list_topics())
    return [topic.name for topic in topics if topic.name not in present]


async def _differences(admin: AIOKafkaAdminClient, topics: list[Topic]) -> list[str]:
    found: list[str] = []
    described = {each["topic"]: each for each in await admin.describe_topics(_names(topics))}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in _names(topics)]
    configured = {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in await admin.describe_configs(resources)
        for _, _, _, name, entries in answer.resources
    }
    for topic in topics:
        partitions = len(described[topic.name]["partitions"])
        if partitions < topic.partitions:
            found.append(f"{topic.name} has {partitions} partitions, not {topic.partitions}")
        found += [
            f"{topic.name} has {key}={configured[topic.name].get(key)}, not {value}"
            for key, value in topic.config.items()
            if configured[topic.name].get(key) != value
        ]
    return found


def _names(topics: list[Topic]) -> list[str]:
    return [topic.name for topic in topics]
