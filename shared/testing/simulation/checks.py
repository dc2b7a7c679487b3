"""What must hold once the faults are over and everything has come to rest.

The truth of a stream is its author's own log. Everything else is held against it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from shared.events.sla import TargetBreached
from shared.followers.view import View
from shared.log import Past, Recorded, Vector
from shared.privacy.master import MasterKeys
from shared.privacy.sealing import Secret, key_name
from shared.service import Service
from shared.testing.simulation.clients import Entry
from shared.testing.simulation.clocks import EPOCH
from shared.testing.simulation.desk import assignment
from shared.testing.simulation.instance import MASTER_KEY
from shared.testing.simulation.kafka.broker import KafkaRecord
from shared.testing.simulation.postgres.server import Server


@dataclass(frozen=True)
class Kept:
    """A service, and what its database holds."""

    service: Service
    server: Server
    reactions: Sequence[Any]

    @cached_property
    def log(self) -> list[Recorded]:
        """Its log, in order, readable."""
        masters = MasterKeys(MASTER_KEY)
        secrets: dict[str, Secret | None] = {}
        for key_id, row in self.server.tables.keys.items():
            key = masters.unwrap(key_id, row["master"], row["wrapped"])
            secrets[key_name(key_id)] = Secret.of(key_id, row["person"], key)
        return [replace(Recorded(*row), secrets=secrets) for row in self.server.tables.log]

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def hears(self) -> set[str]:
        return {cls.__name__ for cls in self.service.hears}

    @property
    def topics(self) -> set[str]:
        return {cls.topic for cls in self.service.hears | self.service.says}


def unsettled(all_kept: Sequence[Kept]) -> Iterator[str]:
    """What is still to be done: nothing, once everything has come to rest."""
    for one in all_kept:
        tables = one.server.tables
        for (name, _), row in tables.cursors.items():
            if not name.startswith("timers:") and row["position"] != tables.end():
                yield f"{one.name}: {name} stands at {row['position']} of {tables.end()}"
        if tables.waiting:
            yield f"{one.name}: {len(tables.waiting)} events wait"
        for row in tables.parked.values():
            yield f"{one.name}: parked for {row['follower']}: {row['reason']}: {row['detail']}"
        for (schema, table), rows in tables.views.items():
            if table == "timers" and rows:
                yield f"{one.name}: {len(rows)} timers of {schema} have not fired"
    yield from _not_heard(all_kept)


def _not_heard(all_kept: Sequence[Kept]) -> Iterator[str]:
    """Every stream's head is where its author's is, with whoever hears its topic."""
    for author in all_kept:
        newest = {row["subject"]: row for row in author.server.tables.log if row["said"]}
        for hearer in all_kept:
            behind = [
                subject
                for subject, row in newest.items()
                if row["topic"] in hearer.topics
                and hearer.server.tables.head(subject, author.name) != (row["version"], row["id"])
            ]
            if behind:
                yield f"{hearer.name} is behind {author.name} on {len(behind)} subjects"


def broken(all_kept: Sequence[Kept], journal: Sequence[Entry]) -> Iterator[str]:
    """Everything that should be so and is not."""
    for one in all_kept:
        yield from _streams(one)
        yield from _causes(one)
        yield from _read_models(one)
    yield from _each_heard_once(all_kept)
    yield from _capacity(all_kept)
    yield from _journal(all_kept, journal)


def _streams(one: Kept) -> Iterator[str]:
    """Own streams are whole, each event naming the one before."""
    newest: dict[UUID, tuple[int, UUID | None]] = {}
    for event in (event for event in one.log if event.said):
        version, previous = newest.get(event.subject, (0, None))
        if (event.version, event.previous) != (version + 1, previous):
            yield f"{one.name}: {_named(event)} does not follow version {version}"
        newest[event.subject] = (event.version, event.id)


def _causes(one: Kept) -> Iterator[str]:
    """Whatever an event names, by its stream or its vector, stands before it."""
    place = {(e.subject, e.author, e.version): e.position for e in one.log}
    ids = {event.id: event.position for event in one.log}
    for event in one.log:
        before = {event.author: event.version - 1, **Vector.parse(event.after)}
        for author, upto in before.items():
            for version in range(1, upto + 1):
                at = place.get((event.subject, author, version))
                if at is not None and at > event.position:
                    yield f"{one.name}: {_named(event)} stands before {author}={version}"
        if event.causation is not None and ids.get(event.causation, 0) > event.position:
            yield f"{one.name}: {_named(event)} stands before its cause"


def _read_models(one: Kept) -> Iterator[str]:
    """Each is a fold of the log, from its first event."""
    for projection in one.service.projections:
        hears = {cls.__name__ for cls in projection.hears}
        views: dict[UUID, View] = {}
        for event in one.log:
            if event.type in hears:
                projection.fold(views.setdefault(event.subject, View(event.subject)), event)
        for table in projection.tables:
            rows = [row for view in views.values() for row in view.all(table)]
            wanted = {getattr(row, table.key): row for row in rows}
            found = {
                key: table.row(*row)
                for key, row in one.server.tables.views[(projection.name, table.name)].items()
            }
            for key in wanted.keys() | found.keys():
                if wanted.get(key) != found.get(key):
                    yield (
                        f"{one.name}: {projection.name}.{table.name} has {found.get(key)},"
                        f" the log says {wanted.get(key)}"
                    )


def _each_heard_once(all_kept: Sequence[Kept]) -> Iterator[str]:
    """What one says, each who hears it has once, as it was said; and nobody has more."""
    said = {event.id: event for one in all_kept for event in one.log if event.said}
    for one in all_kept:
        counts = Counter(event.id for event in one.log)
        for event in said.values():
            hears = event.author == one.name or event.type in one.hears
            if counts.pop(event.id, 0) != int(hears):
                yield f"{one.name} has not exactly once what it hears: {_named(event)}"
        if counts:
            yield f"{one.name} has {len(counts)} events that nobody said"
        for event in one.log:
            truth = said.get(event.id)
            if truth is not None and _as_said(event) != _as_said(truth):
                yield f"{one.name} has {_named(event)} otherwise than it was said"


def _as_said(event: Recorded) -> tuple[object, ...]:
    return (
        event.subject, event.author, event.version, event.previous, event.type, event.after,
        event.correlation, event.causation, event.actor, event.occurred_at, event.data,
    )  # fmt: skip


def _capacity(all_kept: Sequence[Kept]) -> Iterator[str]:
    """Nobody ever had more than they may, and what is taken is what the log says."""
    for one in all_kept:
        used: Counter[str] = Counter()
        ceilings: dict[str, int] = {}
        for event in (event for event in one.log if event.said):
            for claim in assignment.claims(event.event):  # type: ignore[arg-type]
                used[claim.resource] += claim.amount
                if claim.ceiling is not None:
                    ceilings[claim.resource] = claim.ceiling
                if used[claim.resource] > ceilings.get(claim.resource, 0):
                    yield f"{one.name}: {claim.resource} has more than they may"
        for resource, row in one.server.tables.capacity.items():
            if row["used"] != used[resource]:
                taken = f"{row['used']} taken of {resource}"
                yield f"{one.name}: {taken}, the log says {used[resource]}"


def _journal(all_kept: Sequence[Kept], journal: Sequence[Entry]) -> Iterator[str]:
    """Whatever a client was told is true is in the log."""
    logs = {one.name: {event.id for event in one.log} for one in all_kept}
    for entry in journal:
        for event_id in entry.events:
            if event_id not in logs[entry.service]:
                yield f"{entry.service}: {entry.key} was accepted and is not there"


async def unanswered(all_kept: Sequence[Kept]) -> list[str]:
    """Each command of each reaction said one event: none is missing, none is doubled."""
    found = []
    for one in all_kept:
        said = Counter((e.causation, e.subject, e.actor) for e in one.log if e.said)
        for reacts in one.reactions:
            hears = {cls.__name__ for cls in reacts.reaction.hears}
            for event in one.log:
                if event.type not in hears:
                    continue
                for directed in await reacts.reaction.react(event, Past([], Vector())):
                    times = said[(event.id, directed.subject, reacts.actor)]
                    if times != 1:
                        found.append(
                            f"{one.name}: {reacts.reaction.name} answered {_named(event)}"
                            f" {times} times on {directed.subject}"
                        )
    return found


def false_alarms(
    one: Kept, ever: Sequence[KafkaRecord], clock_error_seconds: float
) -> Iterator[str]:
    """What was on Kafka before a timer was due, was heard before it fired."""
    margin = timedelta(seconds=clock_error_seconds)
    place = {event.id: event.position for event in one.log}
    for alarm in one.log:
        if not alarm.said or not isinstance(alarm.event, TargetBreached):
            continue
        for record in ever:
            if not record.headers:
                continue
            event_id = UUID(dict(record.headers)["ce_id"].decode())
            since = EPOCH + timedelta(seconds=record.there_since) + margin
            about = record.key == str(alarm.subject).encode()
            late = place.get(event_id, 0) > alarm.position
            if about and late and since < alarm.event.due_at:
                yield f"{one.name}: {_named(alarm)} came before what was there by then"


def _named(event: Recorded) -> str:
    return f"{event.author}={event.version} {event.type} of {event.subject}"
