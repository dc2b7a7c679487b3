"""Names of topics, and how producers and consumers are set up. One place for both."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

from shared.kafka_access import client_options
from shared.settings import ServiceSettings

BATCH_BYTES_MAX = 262_144
"""Most that is produced at once."""

FETCH_WAIT_MS = 1_000
"""How long a fetch waits on the broker while there is nothing."""

IDLE_WAIT_MS = 50
"""How long a consumer waits before it looks again; FastStream then rests as long."""

REQUEST_BYTES_MAX = 4 * 1024 * 1024
"""Largest record that is published."""


def _closed_is_lost(send: Callable[..., Any]) -> Callable[..., Any]:
    """Of a write on a closed transport, uvloop says RuntimeError, where aiokafka knows OSError.

    Its task that keeps the cluster's metadata would die of it unseen, and whoever asks for
    metadata would wait forever.
    """

    @wraps(send)
    def closed_is_lost(connection: Any, *args: Any, **options: Any) -> Any:
        try:
            return send(connection, *args, **options)
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"{connection} is closed") from error

    return closed_is_lost


AIOKafkaConnection.send = _closed_is_lost(AIOKafkaConnection.send)


def topic_name(prefix: str, topic: str) -> str:
    """The name on Kafka of the topic `tickets`, `desk`, …"""
    return f"{prefix}.{topic}"


def make_producer(settings: ServiceSettings, name: str) -> AIOKafkaProducer:
    """An idempotent producer: what it was told is there once and in order, or an error."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.brokers,
        client_id=f"{name}-{settings.instance}",
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=BATCH_BYTES_MAX,
        max_request_size=REQUEST_BYTES_MAX,
        request_timeout_ms=15_000,
        **client_options(settings),
    )


def consumer_options(settings: ServiceSettings, service: str) -> dict[str, Any]:
    """Options of the inbox's subscription: from the beginning, as a static member."""
    return {
        "group_id": f"{settings.topic_prefix}.{service}",
        "group_instance_id": f"{service}-{settings.instance}",
        "auto_offset_reset": "earliest",
        "fetch_min_bytes": 1,
        "fetch_max_wait_ms": FETCH_WAIT_MS,
        "max_partition_fetch_bytes": REQUEST_BYTES_MAX,
        "session_timeout_ms": 30_000,
        "max_records": 2_000,
        "batch_timeout_ms": IDLE_WAIT_MS,
    }
