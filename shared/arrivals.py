"""What came from Kafka, told apart: ready to be appended, early, or old. Pure."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from uuid import UUID

from shared.envelope import Heard
from shared.log.heads import Head
from shared.log.records import NewEvent, Recorded
from shared.log.vector import Vector

Place = tuple[UUID, str, int, UUID]
"""Subject, author and version; and the id, as a fork is another event in the same place."""


def place_of(event: Heard | NewEvent | Recorded) -> Place:
    """Where in its stream an event stands, or claims to."""
    return event.subject, event.author, event.version, event.id


@dataclass
class Sorted:
    """A batch of arrivals, told apart by what the heads say of each."""

    ready: list[NewEvent] = field(default_factory=list)
    early: list[Heard] = field(default_factory=list)
    old: list[Heard] = field(default_factory=list)


def sort_arrivals(
    arrivals: Sequence[Heard],
    heads: dict[tuple[UUID, str], Head],
    as_new: Callable[[Heard], NewEvent],
    missing: AbstractSet[str] = frozenset(),
) -> Sorted:
    """Tell ready, early and old events apart, and move `heads` past the ready ones. Pure.
    What is sealed with a key that is `missing` is early.

    Goes round until nothing more becomes ready, so that the order within a batch does
    not matter.
    """
    result = Sorted()
    pending: Sequence[Heard] = arrivals
    while pending:
        early = []
        for one in pending:
            version, head_id = heads.get((one.subject, one.author), (0, None))
            if one.version <= version:
                result.old.append(one)
            elif (
                one.version == version + 1
                and one.previous == head_id
                and _causes_known(one, heads)
                and not (one.keys and missing and not missing.isdisjoint(one.keys.split(",")))
            ):
                result.ready.append(as_new(one))
                heads[(one.subject, one.author)] = (one.version, one.id)
            else:
                early.append(one)
        if len(early) == len(pending):
            break
        pending = early
    else:
        early = []
    result.early = list({place_of(e): e for e in early}.values())
    return result


def _causes_known(one: Heard, heads: dict[tuple[UUID, str], Head]) -> bool:
    if not one.after:
        return True
    return all(
        heads.get((one.subject, author), (0, None))[0] >= version
        for author, version in Vector.parse(one.after).items()
    )
