"""What holds for any history of a ticket, however late it is heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.sla.domain import DECIDER
from services.sla.facts import STOPS, WaitFor
from services.sla.projection import Clocks
from shared.business_time.hours import calendar_of
from shared.events import Event, Priority
from shared.events.sla import (
    BreachRetracted,
    CalendarValues,
    ClockKind,
    TargetBreached,
    TargetMet,
)
from shared.followers.view import View
from shared.testing.spec import TICKET
from tests.unit.sla import story
from tests.unit.sla.story import ALWAYS, FIRST, LAST, MINUTES, OFFICE, Desk, at

A_LONG_TIME = 60 * 24 * 60
LAW = settings(deadline=None, max_examples=100)


@dataclass(frozen=True)
class Act:
    """Something that happens to a ticket, and what it begins and ends waiting for."""

    happen: Callable[[float], Event]
    begins: frozenset[WaitFor] = frozenset()
    ends: frozenset[WaitFor] = frozenset()
    responds: bool = False


def act(
    happen: Callable[[float], Event], begins: str = "", ends: str = "", says: bool = False
) -> Act:
    def named(names: str) -> frozenset[WaitFor]:
        return frozenset(WaitFor[name] for name in names.split())

    return Act(happen, named(begins), named(ends), says)


EVERYTHING = "CLARIFICATION CUSTOMER HOLD VERDICT"
ACTS = (
    act(story.replied, says=True),
    act(lambda m: story.replied(m, awaits=True), begins="CUSTOMER", says=True),
    act(story.progress, says=True),
    act(story.message, ends="CUSTOMER"),
    act(lambda m: story.message(m, automatic=True)),
    act(story.asked, begins="CLARIFICATION"),
    act(story.answered, ends="CLARIFICATION CUSTOMER"),
    act(story.held, begins="HOLD"),
    act(story.resumed, ends="HOLD CUSTOMER"),
    act(story.resolved, begins="VERDICT", ends="CLARIFICATION CUSTOMER HOLD", says=True),
    act(story.reopened, ends=EVERYTHING),
)
Step = tuple[int, Act]
steps = st.lists(st.tuples(st.integers(1, 900), st.sampled_from(ACTS)), max_size=14)
hours = st.sampled_from([ALWAYS, OFFICE])
delays = st.lists(st.integers(0, 2000), min_size=14, max_size=14)


def moments(history: Sequence[Step]) -> list[tuple[int, Act]]:
    """Each act with its minute."""
    now, dated = 0, []
    for gap, each in history:
        now += gap
        dated.append((now, each))
    return dated


def lived(history: Sequence[Step], calendar: CalendarValues, late: Sequence[int] = ()) -> Desk:
    """The desk after the history; each act heard with a delay, in the order of happening."""
    plan = story.plan(calendar=calendar, default_for=frozenset(Priority))
    desk, heard_at = Desk(plan).open(), 0
    for index, (minute, each) in enumerate(moments(history)):
        heard_at = max(heard_at, minute + (late[index] if late else 0))
        desk.hear(each.happen(minute), minute, late=heard_at)
    return desk.pass_time(A_LONG_TIME)


def counted(
    kind: ClockKind, history: Sequence[Step], calendar: CalendarValues
) -> tuple[float, bool]:
    """Business seconds in which nothing was waited for until it was done, the plain way."""
    made, waits, since, total = calendar_of(calendar), set[WaitFor](), at(0), 0.0
    for minute, each in moments(history):
        if not waits & STOPS[kind]:
            total += made.between(since, at(minute))
        since = at(minute)
        waits = (waits - each.ends) | each.begins
        if kind is FIRST and each.responds:
            return total, True
    return total, WaitFor.VERDICT in waits


def outcome(desk: Desk, kind: ClockKind) -> tuple[object, ...]:
    row = desk.row(kind)
    return row.state, row.breached_at, round(row.elapsed_seconds, 3), row.due_at


@LAW
@given(steps, hours)
def test_what_is_over_took_as_long_as_counting_says(
    history: list[Step], calendar: CalendarValues
) -> None:
    desk = lived(history, calendar)
    for kind, target in zip((FIRST, LAST), MINUTES[Priority.HIGH], strict=True):
        seconds, done = counted(kind, history, calendar)
        if not done or seconds == target * 60:
            continue
        row = desk.row(kind)
        assert round(row.elapsed_seconds, 3) == seconds
        assert row.state == ("met" if seconds < target * 60 else "late")
        assert (row.breached_at is not None) == (seconds > target * 60)


@LAW
@given(steps, hours, delays)
def test_hearing_late_changes_nothing_in_the_end(
    history: list[Step], calendar: CalendarValues, late: list[int]
) -> None:
    for kind, target in zip((FIRST, LAST), MINUTES[Priority.HIGH], strict=True):
        assume(counted(kind, history, calendar)[0] != target * 60)
    slow = lived(history, calendar, late)
    prompt = lived(history, calendar)
    for kind in ClockKind:
        assert outcome(slow, kind) == outcome(prompt, kind)


@LAW
@given(steps, hours, delays)
def test_a_promise_is_kept_or_broken_never_both(
    history: list[Step], calendar: CalendarValues, late: list[int]
) -> None:
    desk = lived(history, calendar, late)
    for kind in ClockKind:
        broken: datetime | None = None
        for event in desk.said:
            match event:
                case TargetBreached(clock=clock) if clock is kind:
                    assert broken is None
                    broken = event.due_at
                case BreachRetracted(clock=clock) if clock is kind:
                    assert broken == event.due_at
                    broken = None
                case TargetMet(clock=clock) if clock is kind:
                    assert broken is None
                    assert event.met_at <= event.due_at


@LAW
@given(steps, hours, st.lists(st.integers(1, 5), min_size=1))
def test_folding_in_batches_is_folding_at_once(
    history: list[Step], calendar: CalendarValues, sizes: list[int]
) -> None:
    desk = lived(history, calendar)
    projection, rows = Clocks(), View(TICKET)
    heard = {cls.__name__ for cls in projection.hears}
    log, state = list(desk.log), DECIDER.initial_state
    for turn in range(len(log)):
        size = sizes[turn % len(sizes)]
        batch, log = log[:size], log[size:]
        view = View(TICKET)
        for table in projection.tables:
            view.load(table, [replace(row) for row in rows.all(table)])
        for each in batch:
            state = DECIDER.evolve(state, each.event)
            if each.type in heard:
                projection.fold(view, each)
        rows = view
    assert state == desk.state
    assert {t.name: rows.all(t) for t in projection.tables} == desk.rows_from_scratch()
    assert desk.rows() == desk.rows_from_scratch()
