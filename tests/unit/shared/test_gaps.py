"""What was lost can be given up: the rest of its stream goes on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from shared.arrivals import sort_arrivals
from shared.envelope import Heard
from shared.gaps import NoGap, bridge, lacking
from shared.log.heads import Head

TICKET = uuid4()
IDS = [uuid4() for _ in range(9)]


def event(version: int, *, author: str = "intake", after: str = "", fork: bool = False) -> Heard:
    return Heard(
        subject=TICKET, author=author, version=version, id=IDS[version],
        previous=uuid4() if fork else IDS[version - 1] if version > 1 else None,
        type="NoteAdded", after=after, topic="tickets", correlation=IDS[0], causation=None,
        actor="x", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), revision=0, traceparent="",
        headers=(), data="{}",
    )  # fmt: skip


def taken(
    waiting: Sequence[Heard], heads: dict[tuple[UUID, str], Head]
) -> list[tuple[str, int, bool]]:
    def as_new(one: Heard):  # type: ignore[no-untyped-def]
        return one.as_new(said=False, kept=True)

    events = bridge(waiting, heads, as_new)
    for new in events:  # as the log checks them
        version, head = heads.get((new.subject, new.author), (0, None))
        assert (new.version, new.previous) == (version + 1, head)
        heads[new.subject, new.author] = (new.version, new.id)
    sorted_ = sort_arrivals(waiting, heads, as_new)
    assert not sorted_.early
    return [(e.author, e.version, e.kept) for e in (*events, *sorted_.ready)]


def test_the_versions_that_were_lost_are_passed_over_and_the_rest_goes_on() -> None:
    waiting = [event(5), event(4), event(6)]
    assert taken(waiting, {(TICKET, "intake"): (1, IDS[1])}) == [
        ("intake", 2, False), ("intake", 3, False), ("intake", 4, True),
        ("intake", 5, True), ("intake", 6, True),
    ]  # fmt: skip


def test_a_stream_whose_beginning_was_lost_begins_where_it_is_known() -> None:
    assert taken([event(3)], {}) == [
        ("intake", 1, False), ("intake", 2, False), ("intake", 3, True),
    ]  # fmt: skip


def test_causes_that_were_lost_are_done_without() -> None:
    assert taken([event(1, after="sla=4")], {}) == [("intake", 1, True)]


def test_a_fork_is_no_gap() -> None:
    with pytest.raises(NoGap):
        bridge([event(2, fork=True)], {(TICKET, "intake"): (1, IDS[1])}, lambda one: one)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("fork_first", [True, False])
def test_of_two_of_one_version_the_one_that_fits_or_goes_on_is_taken(*, fork_first: bool) -> None:
    abandoned = event(4, fork=True)._replace(id=uuid4())
    for version in (1, 3):
        waiting = [event(4), abandoned] if not fork_first else [abandoned, event(4)]
        heads: dict[tuple[UUID, str], Head] = {(TICKET, "intake"): (version, IDS[version])}
        waiting += [event(5), event(6)]
        assert taken(waiting, heads)[-1] == ("intake", 6, True)


def test_what_waits_and_was_passed_is_not_taken_again() -> None:
    heads: dict[tuple[UUID, str], Head] = {(TICKET, "intake"): (4, IDS[4])}
    assert taken([event(4, fork=True), event(6)], heads) == [
        ("intake", 5, False), ("intake", 6, True),
    ]  # fmt: skip


def test_what_is_missing_is_told() -> None:
    heads: dict[tuple[UUID, str], Head] = {(TICKET, "intake"): (1, IDS[1])}
    waiting = [event(4, after="sla=2"), event(5), event(6, after="sla=3")]
    assert lacking(waiting, heads) == "intake up to version 3, sla up to version 3"
    assert lacking([event(2)], heads, {"k"}) == "key k"
    assert lacking([event(2, fork=True)], heads) == "another predecessor than is here"
