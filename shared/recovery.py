"""After a restore: hear again what this service itself had said, before it says anything.

A database that was restored from a backup has forgotten what the service said after it. It
is on Kafka, and the inbox takes it in as said. But deciding anew before that would put
another event in the same place: a fork, for ever. So a service that starts looks at Kafka
from where its log stands, for events of its own that are not in it, and is held until they
are: commands are told to come back, reactions, timers and senders wait.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from shared.clock import monotonic_seconds
from shared.envelope import EnvelopeBroken, heard
from shared.events import Event, Unknown
from shared.kafka import topic_name
from shared.kafka_access import client_options
from shared.log import Claim, Recorded
from shared.log.log import QUERIES, Log
from shared.logging import kind_of
from shared.offsets import Offsets
from shared.outages import OUTAGES
from shared.settings import ServiceSettings

log = structlog.get_logger()

KAFKA_SECONDS_MAX = 10.0
"""A service that was not restored, as far as it knows, waits so long for Kafka, then serves."""

SCAN_SECONDS_MAX = 600.0

LOOK_SECONDS = 0.2

RECORDS_MAX = 5000

Claims = Callable[[Event], Sequence[Claim]]
"""What an event takes of limited resources, or gives back."""

Own = dict[UUID, int]
"""By subject, the newest version of this service's stream."""


class Recovery:
    """Puts the log on hold, finds out what has to be heard, and releases it."""

    def __init__(
        self,
        event_log: Log,
        settings: ServiceSettings,
        topics: Sequence[str],
        claims: Sequence[Claims] = (),
    ) -> None:
        self._log = event_log
        self._claims = claims
        self._settings = settings
        self._names = {topic_name(settings.topic_prefix, topic): topic for topic in topics}
        self.missing = 0
        """Subjects of which this service had said more than its log has."""

    async def run(self) -> None:
        """Release the hold as soon as it may be."""
        if self._names:
            said = await self._unknown(await self._said_on_kafka())
            if said:  # on record, so that after a crash, too, it is counted again
                await self._log.pool.execute(QUERIES.note_restore)
            while said := await self._unknown(said):
                if self.missing != len(said):
                    log.warning("own_events_missing", subjects=len(said))
                self.missing = len(said)
                await asyncio.sleep(LOOK_SECONDS)
        if self._claims and await self._log.pool.fetchval(QUERIES.restore_unconfirmed):
            await self._count_again()
        await self._log.pool.execute(QUERIES.confirm_restore)
        self.missing = 0
        self._log.hold.release()

    async def _said_on_kafka(self) -> Own:
        """What this service has said since where its log stands. Waits for Kafka: for ever if
        the database is known to be a restored one, else for a while."""
        restored = await self._log.pool.fetchval(QUERIES.restore_unconfirmed)
        give_up_at = monotonic_seconds() + KAFKA_SECONDS_MAX
        while True:
            try:
                async with asyncio.timeout(SCAN_SECONDS_MAX):
                    return await self._scan()
            except (KafkaError, *OUTAGES, asyncpg.PostgresError) as error:
                if not restored and monotonic_seconds() > give_up_at:
                    log.warning("serving_without_kafka", error=kind_of(error))
                    return {}
                await asyncio.sleep(LOOK_SECONDS)

    async def _scan(self) -> Own:
        consumer = AIOKafkaConsumer(  # without a group, so it has all partitions at once
            *self._names,
            bootstrap_servers=self._settings.brokers,
            client_id=f"{self._log.author}-{self._settings.instance}-recovery",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **client_options(self._settings),
        )
        try:
            await consumer.start()
            partitions = self._partitions(consumer)
            offsets = Offsets(self._log, self._names)
            await offsets.begin(consumer, partitions)
            ends = await consumer.end_offsets(partitions)
            said: Own = {}
            while await self._unread(consumer, ends):
                batches = await consumer.getmany(timeout_ms=200, max_records=RECORDS_MAX)
                for batch in batches.values():
                    self._note(offsets.known(consumer, batch), said)
            return said
        finally:
            await consumer.stop()

    def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        partitions = list(consumer.assignment())
        if {partition.topic for partition in partitions} != self._names.keys():
            raise UnknownTopicOrPartitionError(", ".join(self._names))
        return partitions

    async def _unread(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
        for partition, end in ends.items():
            if await consumer.position(partition) < end:
                return True
        return False

    def _note(self, records: Sequence[object], said: Own) -> None:
        own = f"/ledgerdesk/{self._log.author}".encode()
        for record in records:
            headers = record.headers  # type: ignore[attr-defined]
            if dict(headers).get("ce_source") != own:
                continue
            try:
                event = heard("", headers, b"null")
            except EnvelopeBroken:
                continue
            said[event.subject] = max(event.version, said.get(event.subject, 0))

    async def _count_again(self) -> None:
        """Set every limited resource to what its own events have claimed: what is heard
        again was appended without its claims."""
        used: dict[str, int] = {}
        ceilings: dict[str, int] = {}
        position = 0
        while True:
            while page := await self._log.page(position, RECORDS_MAX):
                position = page[-1].position
                for claim in self._claimed(page):
                    used[claim.resource] = max(used.get(claim.resource, 0) + claim.amount, 0)
                    if claim.ceiling is not None:
                        ceilings[claim.resource] = claim.ceiling
            given = [list(used), list(used.values()), [ceilings.get(each, 0) for each in used]]
            if await self._log.pool.fetchval(QUERIES.set_capacity, *given, position):
                return

    def _claimed(self, page: Sequence[Recorded]) -> Iterator[Claim]:
        for recorded in page:
            if recorded.said and not isinstance(recorded.event, Unknown):
                for claims in self._claims:
                    yield from claims(recorded.event)

    async def _unknown(self, said: Own) -> Own:
        """What of `said` is not in the log."""
        rows = await self._log.pool.fetch(QUERIES.heads, list(said))
        here = {row["subject"]: row["version"] for row in rows if row["author"] == self._log.author}
        return {s: version for s, version in said.items() if here.get(s, 0) < version}
