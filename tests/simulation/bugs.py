"""Bugs seeded on purpose: each takes the place of one named method while the switch is on.

A simulation that finds none of them would find nothing else either. Each tells what it is,
why it is tempting, and where it has been seen.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from shared import arrivals as arrivals_module
from shared import inbox as inbox_module
from shared.decider import Context, Work
from shared.envelope import Heard
from shared.errors import CursorLost
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.followers.relay import Relay
from shared.ids import derived_id, uuid7
from shared.inbox import Inbox
from shared.log import Recorded
from shared.log.log import QUERIES
from shared.outages import OUTAGES
from shared.reading import Reading
from shared.testing.simulation.postgres.statements import STATEMENTS
from shared.testing.simulation.postgres.tables import Row, Tables
from shared.timers import TimerFollower

Switch = Any
"""A context manager: within, the bug is there."""


def cursor_moved_without_its_effect() -> Switch:
    """A projection moves its cursor in a transaction of its own, before it writes.

    Tempting: a short transaction each. Seen in every "at most once" consumer that stores its
    offset first: what a crash falls between is skipped silently.
    """

    async def _write(self: ProjectionFollower, to: int, views: Any, *_others: Any) -> list[Any]:
        moved = await self.log.pool.fetchval(
            QUERIES.move_cursor, self.name, self.generation, self.stored, to
        )
        if not moved:
            raise CursorLost(follower=self.name)
        async with self.log.pool.acquire() as connection, connection.transaction():
            await self._save(connection, views.values())
        return []

    return patch.object(ProjectionFollower, "_write", _write)


def effect_written_without_looking_who_leads() -> Switch:
    """A projection moves its cursor wherever it stands: the lease says who leads.

    Tempting: the lease seems to make the comparison needless. Seen wherever a lock with a
    time-out is taken for a fence: who wakes up after it ran out writes what another has
    written already.
    """

    def move_cursor(
        tables: Tables, _now: Any, name: str, generation: int, _seen: int, to: int
    ) -> list[Row]:
        row = tables.cursors[(name, generation)]
        tables.cursors[(name, generation)] = row.but(position=to)
        return [Row(("moved",), (1,))]

    names = ("move_cursor", "store_cursor")
    return patch.dict(
        STATEMENTS, {name: replace(STATEMENTS[name], serve=move_cursor) for name in names}
    )


def acknowledged_before_it_is_committed() -> Switch:
    """A batch counts as read when it comes in, and is appended after that.

    Tempting: it is what FastStream does by default (`ACK_FIRST`), and any consumer with
    `enable.auto.commit`. What a crash falls between is never delivered again.
    """
    real = Reading.take

    async def take(self: Reading, records: Sequence[Any]) -> None:
        consumer = self._consumer()
        assert consumer is not None
        records = self._offsets.known(consumer, records)
        self._offsets.taken(records, dict(self._offsets.places))
        with suppress(*OUTAGES):
            await self.commit()
        await real(self, records)

    return patch.object(Reading, "take", take)


def head_not_moved_for_unheard_types() -> Switch:
    """What nobody here hears is dropped at once.

    Tempting: why write down what is not wanted? Then every later event of the stream waits
    for a predecessor that was there all along.
    """
    real = Inbox.take

    async def take(self: Inbox, arrivals: Sequence[Heard]) -> int:
        wanted = [one for one in arrivals if one.type in self._hears]
        return await real(self, wanted) if wanted else 0

    return patch.object(Inbox, "take", take)


def early_events_dropped() -> Switch:
    """What comes before its predecessor is dropped, as Kafka keeps the order.

    Tempting: within one partition it does. Two producers, one more partition, a repetition
    or a rebalance, and it does not.
    """

    async def _keep_waiting(_self: Inbox, _early: Sequence[Heard]) -> None:
        return None

    return patch.object(Inbox, "_keep_waiting", _keep_waiting)


def causes_not_waited_for() -> Switch:
    """An event is appended after its predecessor, whatever else its author had seen.

    Tempting: one key, one partition, so the causes must have come before. The answer to a
    question then stands before the question.
    """
    return patch.object(arrivals_module, "_causes_known", lambda _one, _heads: True)


def second_of_two_members_not_expected() -> Switch:
    """The inbox expects that another was first to be told as a conflict, never as a duplicate.

    Tempting: the stream's head has moved, so it is a conflict; but the id is looked at first.
    Here in earnest until a simulation found it: the sweep, and its process, ended.
    """
    return patch.object(inbox_module, "DuplicateEvent", _Never)


class _Never(Exception):
    """Raised by nobody."""


def waiting_known_only_to_its_process() -> Switch:
    """Nobody sweeps: what waits is looked at when the next event of its subject comes.

    Tempting: the next event nearly always comes, and counting in memory is free. A crash or
    a rebalance strands what waits; so it was in the first prototype of this inbox.
    """

    async def sweep(_self: Inbox) -> int:
        return 0

    return patch.object(Inbox, "sweep", sweep)


def reaction_id_without_its_target() -> Switch:
    """The id of what a reaction says derives from its cause alone.

    Tempting: one cause, one effect. A reaction to two subjects says only one of them, and
    takes the other for a repetition.
    """
    real = ReactionFollower._context

    def _context(self: Any, cause: Recorded, _index: int, *given: Any) -> Context:
        return real(self, cause, 0, *given)

    def _event_id(_self: Work[Any, Any], _subject: UUID, context: Context, ordinal: int) -> UUID:
        return derived_id(*(context.derive_from or (uuid7(),)), ordinal)

    return _both(
        patch.object(ReactionFollower, "_context", _context),
        patch.object(Work, "_event_id", _event_id),
    )


def reaction_with_new_ids_and_a_lazy_cursor() -> Switch:
    """A reaction appends what it says under new ids, and moves its cursor afterwards.

    Tempting: it is how a handler is written that knows of no log: do it, then acknowledge.
    A crash between the two, or a lost answer, and it is done twice.
    """
    real = ReactionFollower._context

    async def _append(self: Any, work: Work[Any, Any], to: int | None) -> None:
        batch = work.batch(None)
        if batch.events or batch.claims:
            await self.log.append(batch)
        if to is not None:
            await self.passed_over(to)

    def _context(self: Any, *given: Any) -> Context:
        known = real(self, *given)
        return replace(known, derive_from=None)

    return _both(
        patch.object(ReactionFollower, "_append", _append),
        patch.object(ReactionFollower, "_context", _context),
    )


def relay_stores_its_cursor_before_it_has_sent() -> Switch:
    """The relay keeps its cursor as soon as records are handed to the producer.

    Tempting: the producer retries by itself. What was in its buffer dies with the process,
    and is never published.
    """
    real = Relay._page

    async def _page(self: Relay) -> list[Recorded]:
        page = await real(self)
        if page:
            self.position = page[-1].position
            await self.store()
        return page

    return patch.object(Relay, "_page", _page)


def timer_fires_by_its_own_clock() -> Switch:
    """A timer fires when the clock says so, whatever has not been heard yet.

    Tempting: it is what every scheduler does. A service that lags blames an agent who had
    answered in time.
    """

    async def _as_of(self: TimerFollower) -> Any:
        return self._clock()

    return patch.object(TimerFollower, "_as_of", _as_of)


def one_reader_speaks_for_all() -> Switch:
    """How far has been read is kept once for a service, and any of its processes moves it.

    Tempting: one instant, one row. A process that has read its own partitions to their ends
    then speaks for another that is asleep over its own.
    """
    known = STATEMENTS["set_read_to"]

    def set_read_to(
        tables: Tables, now: Any, _topics: list[str], _partitions: list[int], as_of: Any
    ) -> list[Row]:
        everything = [list(column) for column in zip(*tables.read_to, strict=True)]
        return known.serve(tables, now, *everything, as_of)

    return patch.dict(STATEMENTS, set_read_to=replace(known, serve=set_read_to))


def capacity_checked_before_it_is_taken() -> Switch:
    """Whether there is room is looked up when deciding, and only counted when appending.

    Tempting: deciders stay pure, and the look-up was a moment ago. Two decide in that moment.
    """
    append = STATEMENTS["append"]

    def unchecked(tables: Tables, now: Any, *columns: Sequence[Any]) -> list[Row]:
        ceilings = dict(tables.capacity)
        for name, row in ceilings.items():
            tables.capacity[name] = row.but(ceiling=10**6)
        rows = append.serve(tables, now, *columns)
        for name, row in ceilings.items():
            used, ceiling = tables.capacity[name]["used"], tables.capacity[name]["ceiling"]
            kept = row["ceiling"] if ceiling == 10**6 else ceiling
            tables.capacity[name] = row.but(used=used, ceiling=kept)
        return rows

    return patch.dict(STATEMENTS, append=replace(append, serve=unchecked))


@contextmanager
def _both(one: Switch, other: Switch) -> Iterator[None]:
    with one, other:
        yield


WITHOUT_A_FAULT = {
    head_not_moved_for_unheard_types,
    early_events_dropped,
    reaction_id_without_its_target,
    capacity_checked_before_it_is_taken,
    second_of_two_members_not_expected,
    waiting_known_only_to_its_process,
}
"""Do harm when nothing goes wrong, only much at once; the others work until something does."""

BUGS = [
    cursor_moved_without_its_effect,
    effect_written_without_looking_who_leads,
    acknowledged_before_it_is_committed,
    head_not_moved_for_unheard_types,
    early_events_dropped,
    causes_not_waited_for,
    second_of_two_members_not_expected,
    waiting_known_only_to_its_process,
    reaction_id_without_its_target,
    reaction_with_new_ids_and_a_lazy_cursor,
    relay_stores_its_cursor_before_it_has_sent,
    timer_fires_by_its_own_clock,
    one_reader_speaks_for_all,
    capacity_checked_before_it_is_taken,
]
