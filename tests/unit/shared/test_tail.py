"""The tail and the pasts: whatever is kept in memory, what is read is what the log holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.resolution import WorkStarted
from shared.log import Past, Recorded, Vector, pasts, tail
from shared.log.pasts import Pasts
from shared.log.tail import Tail
from shared.testing.spec import T0, recorded

SUBJECTS = [UUID(int=number) for number in range(3)]
(EVENT,) = recorded(WorkStarted(started_by="agent:anna", started_at=T0))


class Store:
    """A log in memory, with gaps between its positions."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.reads = 0

    def add(self, subject: UUID, gap: int = 1) -> None:
        position = (self.events[-1].position if self.events else 0) + gap
        self.events.append(replace(EVENT, position=position, subject=subject))

    async def page(self, after: int, limit: int) -> list[Recorded]:
        self.reads += 1
        return [event for event in self.events if event.position > after][:limit]

    async def newer(self, subjects: Sequence[UUID], known: Sequence[int]) -> dict[UUID, Past]:
        self.reads += 1
        behind = dict(zip(subjects, known, strict=True))
        return {
            subject: Past(
                [e for e in self.events if e.subject == subject and e.position > behind[subject]],
                Vector({"resolution": sum(e.subject == subject for e in self.events)}),
            )
            for subject in subjects
        }


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 3), st.integers(0, 2)),
        st.tuples(st.just("read"), st.integers(0, 40), st.integers(1, 5)),
        st.tuples(st.just("forget"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
async def test_a_page_of_the_tail_is_a_page_of_the_log_as_far_as_it_goes(
    taken: list[tuple[str, int, int]],
) -> None:
    store = Store()
    held = Tail(store.page)
    for what, number, more in taken:
        if what == "add":
            store.add(SUBJECTS[more], gap=number)
        elif what == "forget":
            held.forget()
        else:
            page = await held.page(number, more)
            expected = [event for event in store.events if event.position > number]
            assert page == expected[: len(page)]
            assert page or not expected


async def test_all_followers_of_a_process_share_one_read() -> None:
    store = Store()
    for _ in range(5):
        store.add(SUBJECTS[0])
    held = Tail(store.page)
    pages = [await held.page(0, 100) for _ in range(3)]
    assert store.reads == 1
    assert all(mine is first for page in pages for mine, first in zip(page, pages[0], strict=True))


async def test_a_follower_far_behind_reads_for_itself_and_displaces_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tail, "EVENTS_MAX", 10)
    store = Store()
    held = Tail(store.page)
    for _ in range(30):
        store.add(SUBJECTS[0])
        await held.page(store.events[-1].position - 1, 10)
    reads = store.reads
    assert len(await held.page(0, 10)) == 10
    assert await held.page(store.events[-1].position - 1, 10) == store.events[-1:]
    assert store.reads == reads + 1


@given(steps)
async def test_a_remembered_past_is_the_whole_past(taken: list[tuple[str, int, int]]) -> None:
    store = Store()
    remembered = Pasts(store.newer)
    for what, number, more in taken:
        if what == "add":
            store.add(SUBJECTS[more], gap=number)
        elif what == "forget":
            remembered.forget()
        else:
            asked = SUBJECTS[: more % 3 + 1]
            found = await remembered.read(asked)
            assert list(found) == asked
            for subject, past in found.items():
                assert list(past.events) == [e for e in store.events if e.subject == subject]
                assert past.vector["resolution"] == len(past.events)
                assert past.fold("positions", (), positions) == tuple(
                    event.position for event in past.events
                )


def positions(state: tuple[int, ...], recorded: Recorded) -> tuple[int, ...]:
    return (*state, recorded.position)


async def test_a_fold_goes_on_from_where_the_last_one_ended_and_each_reader_has_its_own_past(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, seen = Store(), []
    remembered = Pasts(store.newer)
    store.add(SUBJECTS[0])
    earlier = (await remembered.read(SUBJECTS[:1]))[SUBJECTS[0]]
    store.add(SUBJECTS[0])
    monkeypatch.setattr(pasts, "CHARACTERS_MAX", 0)
    later = (await remembered.read(SUBJECTS[:1]))[SUBJECTS[0]]

    def count(state: int, recorded: Recorded) -> int:
        seen.append(recorded.position)
        return state + 1

    assert later.fold("count", 0, count) == 2
    assert earlier.fold("count", 0, count) == 1
    store.add(SUBJECTS[0])
    newest = (await remembered.read(SUBJECTS[:1]))[SUBJECTS[0]]
    seen.clear()
    assert later.fold("count", 0, count) + newest.fold("count", 0, count) == 5
    assert seen == [2, 3]
    remembered.forget()
    assert (await remembered.read(SUBJECTS[:1]))[SUBJECTS[0]].folded == {}


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pasts, "SUBJECTS_MAX", 2)
    store = Store()
    remembered = Pasts(store.newer)
    for subject in SUBJECTS:
        store.add(subject)
        await remembered.read([subject])
    assert len(remembered._known) == 2
    monkeypatch.setattr(pasts, "CHARACTERS_MAX", 0)
    await remembered.read(SUBJECTS)
    assert (len(remembered._known), remembered._characters) == (0, 0)


async def test_what_is_forgotten_during_a_read_is_read_again() -> None:
    store = Store()
    store.add(SUBJECTS[0])
    rounds: list[int] = []

    async def newer(subjects: Sequence[UUID], known: Sequence[int]) -> dict[UUID, Past]:
        found = await store.newer(subjects, known)
        rounds.append(len(known))
        if len(rounds) == 1:
            remembered.forget()
        return found

    remembered = Pasts(newer)
    async with asyncio.timeout(5):
        first, second = await asyncio.gather(
            remembered.read(SUBJECTS[:1]), remembered.read(SUBJECTS[:1])
        )
        assert list(first[SUBJECTS[0]].events) == list(second[SUBJECTS[0]].events) == store.events
        assert list(await remembered.read(SUBJECTS[1:2])) == SUBJECTS[1:2]
