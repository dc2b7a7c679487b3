"""Giving up what was lost: what waits is taken in without it, when an operator says so.

For a stream whose events nobody has any more: its author was restored from an older backup
and Kafka had forgotten them. Whoever still has them says them again instead (`republish`).
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from shared.envelope import Heard
from shared.errors import Rejected
from shared.ids import derived_id
from shared.log.records import NewEvent
from shared.log.vector import Vector

Head = tuple[int, UUID | None]


class NoGap(Rejected):
    """What waits there is not waiting for anything that was lost: it can't be skipped."""


def bridge(
    waiting: Sequence[Heard],
    heads: Mapping[tuple[UUID, str], Head],
    as_new: Callable[[Heard], NewEvent],
) -> list[NewEvent]:
    """The first event that waits in each stream, and in the place of those missing before it
    nothing but their versions; causes in other streams are done without. Pure.

    Of several that claim to be the same version, one that fits is taken before one that does not,
    and one that is gone on from before one that is not. Raises `NoGap` if nothing is missing: the
    first one that waits is a fork, perhaps.
    """
    named = {one.previous for one in waiting}

    def forks(one: Heard) -> bool:
        version, head = heads.get((one.subject, one.author), (0, None))
        return one.version == version + 1 and one.previous != head

    first: dict[str, Heard] = {}
    for one in sorted(waiting, key=lambda one: (one.version, forks(one), one.id not in named)):
        if one.version > heads.get((one.subject, one.author), (0, None))[0]:
            first.setdefault(one.author, one)
    events: list[NewEvent] = []
    for author, one in first.items():
        if forks(one):
            continue
        version, head = heads.get((one.subject, author), (0, None))
        events += _lost(one, version, head, as_new)
        events.append(as_new(one))
    if not events:
        raise NoGap
    return events


def lacking(
    waiting: Sequence[Heard],
    heads: Mapping[tuple[UUID, str], Head],
    keys: AbstractSet[str] = frozenset(),
) -> str:
    """What `waiting` waits for, of one subject: streams up to a version, and `keys`. Pure."""
    here = {(one.author, one.version) for one in waiting}
    wanted = Vector()
    for one in waiting:
        needed = Vector.parse(one.after) if one.after else Vector()
        if one.version > 1:
            needed = needed.merged({one.author: one.version - 1})
        unheard = {
            author: version
            for author, version in needed.items()
            if heads.get((one.subject, author), (0, None))[0] < version
            and (author, version) not in here
        }
        wanted = wanted.merged(unheard)
    parts = [f"{author} up to version {version}" for author, version in sorted(wanted.items())]
    parts += [f"key {name}" for name in sorted(keys)]
    return ", ".join(parts) or "another predecessor than is here"


def _lost(
    one: Heard, version: int, previous: UUID | None, as_new: Callable[[Heard], NewEvent]
) -> list[NewEvent]:
    """Versions between the head and `one`, of which nothing is known but the last one's id."""
    lost = []
    for number in range(version + 1, one.version):
        last = number == one.version - 1
        known = one.previous if last else None
        event_id = known or derived_id("lost", one.subject, one.author, number)
        lost.append(_place(as_new(one), number, event_id, previous))
        previous = event_id
    return lost


def _place(like: NewEvent, version: int, event_id: UUID, previous: UUID | None) -> NewEvent:
    return NewEvent(
        subject=like.subject,
        author=like.author,
        version=version,
        id=event_id,
        topic=like.topic,
        type="Lost",
        after="",
        correlation=like.correlation,
        actor="",
        occurred_at=like.occurred_at,
        data="null",
        said=False,
        kept=False,
        previous=previous,
    )
