"""A connection to Kafka that is lost is said to be lost, on the event loop of the services."""

import asyncio

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

import shared.kafka  # noqa: F401 - mends what is tested here
from deploy.local.stack import Kafka


def test_a_write_on_a_closed_transport_is_a_lost_connection(kafka: Kafka) -> None:
    async def lose() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        await client.bootstrap()
        try:
            node = client.get_random_node()
            await client.send(node, MetadataRequest([]))
            connection = await client._get_conn(node)
            connection._writer.transport.abort()
            await asyncio.sleep(0)  # closed now, and whoever reads has not heard of it
            with pytest.raises(KafkaConnectionError, match="is closed"):
                await connection.send(MetadataRequest([]))
            assert await client.force_metadata_update()
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(lose())
