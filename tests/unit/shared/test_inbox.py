"""The inbox's order: after the predecessor and after every cause, however things arrive."""

from dataclasses import dataclass
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.arrivals import sort_arrivals
from shared.envelope import Heard
from shared.ids import derived_id
from shared.log import NewEvent, Vector
from shared.log.heads import Head
from shared.testing.spec import T0

TICKETS = [derived_id("ticket", number) for number in range(2)]
AUTHORS = ["intake", "assignment", "sla"]


@dataclass(frozen=True)
class Step:
    """An author says something on a ticket, knowing all that was said up to `lag` steps ago."""

    ticket: int
    author: int
    lag: int


steps = st.lists(
    st.builds(Step, st.integers(0, 1), st.integers(0, 2), st.integers(0, 3)), max_size=30
)


def history(plan: list[Step]) -> list[Heard]:
    """A causal history: every event names its predecessor and what its author knew."""
    events: list[Heard] = []
    for step in plan:
        ticket, author = TICKETS[step.ticket], AUTHORS[step.author]
        known = [e for e in events[: max(len(events) - step.lag, 0)] if e.subject == ticket]
        own = [e for e in events if e.subject == ticket and e.author == author]
        vector = Vector()
        for event in [*own, *known]:
            vector = vector.merged(Vector.parse(event.after)).merged({event.author: event.version})
        events.append(heard(ticket, author, len(own) + 1, vector.without(author)))
    return events


def heard(subject: UUID, author: str, version: int, after: Vector) -> Heard:
    return Heard(
        subject=subject,
        author=author,
        version=version,
        id=event_id(subject, author, version),
        previous=event_id(subject, author, version - 1) if version > 1 else None,
        type="Something",
        after=str(after),
        topic="tickets",
        correlation=event_id(subject, author, version),
        causation=None,
        actor="",
        occurred_at=T0,
        revision=0,
        traceparent="",
        headers=(),
        data="{}",
    )


def event_id(subject: UUID, author: str, version: int) -> UUID:
    return derived_id("event", subject, author, version)


def as_new(one: Heard) -> NewEvent:
    return NewEvent(
        subject=one.subject,
        author=one.author,
        version=one.version,
        id=one.id,
        topic=one.topic,
        type=one.type,
        after=one.after,
        correlation=one.id,
        actor="",
        occurred_at=T0,
        data="{}",
        previous=one.previous,
    )


@settings(max_examples=200)
@given(steps, st.data())
def test_whatever_the_order_duplicates_and_batches_all_is_appended_once_after_its_causes(
    plan: list[Step], data: st.DataObject
) -> None:
    events = history(plan)
    arrivals = data.draw(st.permutations(events + events[::2]))
    heads: dict[tuple[UUID, str], Head] = {}
    appended: list[NewEvent] = []
    waiting: list[Heard] = []
    while arrivals:
        size = data.draw(st.integers(1, len(arrivals)))
        batch, arrivals = arrivals[:size], arrivals[size:]
        done = sort_arrivals([*batch, *waiting], heads, as_new)
        appended += done.ready
        waiting = done.early
    assert not waiting
    assert {e.id for e in appended} == {e.id for e in events}
    assert len(appended) == len(events)
    known: dict[UUID, Vector] = {}
    for event in appended:
        before = known.get(event.subject, Vector())
        assert before[event.author] == event.version - 1
        assert before.covers(Vector.parse(event.after))
        known[event.subject] = before.moved(event.author, event.version)


def test_an_event_waits_for_its_predecessor() -> None:
    ticket = TICKETS[0]
    heads: dict[tuple[UUID, str], Head] = {}
    second = heard(ticket, "intake", 2, Vector())
    assert sort_arrivals([second], heads, as_new).early == [second]


def test_an_event_waits_for_what_its_author_had_seen() -> None:
    ticket = TICKETS[0]
    effect = heard(ticket, "assignment", 1, Vector({"intake": 1}))
    cause = heard(ticket, "intake", 1, Vector())
    assert sort_arrivals([effect], {}, as_new).early == [effect]
    ready = sort_arrivals([effect, cause], {}, as_new).ready
    assert [e.author for e in ready] == ["intake", "assignment"]


def test_a_successor_of_a_fork_is_not_taken_for_the_real_one() -> None:
    ticket = TICKETS[0]
    heads: dict[tuple[UUID, str], Head] = {(ticket, "intake"): (1, derived_id("another"))}
    second = heard(ticket, "intake", 2, Vector())
    assert sort_arrivals([second], heads, as_new).early == [second]


def test_of_two_early_ones_of_a_version_both_wait_and_the_one_that_fits_is_taken() -> None:
    ticket = TICKETS[0]
    first, second, third = (heard(ticket, "intake", version, Vector()) for version in (1, 2, 3))
    fork = third._replace(id=derived_id("fork"), previous=derived_id("another"))
    heads: dict[tuple[UUID, str], Head] = {(ticket, "intake"): (1, first.id)}
    waiting = sort_arrivals([fork, third, fork], heads, as_new).early
    assert waiting == [fork, third]
    done = sort_arrivals([second, *waiting], heads, as_new)
    assert [e.id for e in done.ready] == [second.id, third.id]
    assert (done.old, done.early) == ([fork], [])


def test_what_has_been_heard_is_old() -> None:
    ticket = TICKETS[0]
    first = heard(ticket, "intake", 1, Vector())
    heads: dict[tuple[UUID, str], Head] = {(ticket, "intake"): (1, first.id)}
    done = sort_arrivals([first], heads, as_new)
    assert (done.ready, done.old, done.early) == ([], [first], [])
