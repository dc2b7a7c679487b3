"""What holds for any history of a ticket, however late it is heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import assume, given, note, settings
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
    ClockStarted,
    TargetBreached,
    TargetMet,
)
from shared.followers.view import View
from shared.testing.spec import TICKET
from tests.unit.sla import story
from tests.unit.sla.story import ALWAYS, FIRST, LAST, MINUTES, NEXT, OFFICE, PROGRESS, Desk, at

A_LONG_TIME = 60 * 24 * 60
LAW = settings(deadline=None, max_examples=60)


@dataclass(frozen=True)
class Act:
    """Something that happens to a ticket, and what it begins and ends waiting for."""

    happen: Callable[[float], Event]
    begins: frozenset[WaitFor] = frozenset()
    ends: frozenset[WaitFor] = frozenset()
    responds: bool = False
    asks: bool = False


NOTHING = Act(story.progress)


def act(
    happen: Callable[[float], Event],
    begins: str = "",
    ends: str = "",
    says: bool = False,
    asks: bool = False,
) -> Act:
    def named(names: str) -> frozenset[WaitFor]:
        return frozenset(WaitFor[name] for name in names.split())

    return Act(happen, named(begins), named(ends), says, asks)


EVERYTHING = "CLARIFICATION CUSTOMER HOLD VERDICT"
ACTS = (
    act(story.replied, says=True),
    act(lambda m: story.replied(m, awaits=True), begins="CUSTOMER", says=True),
    act(story.progress, says=True),
    act(story.message, ends="CUSTOMER", asks=True),
    act(lambda m: story.message(m, automatic=True)),
    act(story.asked, begins="CLARIFICATION"),
    act(story.answered, ends="CLARIFICATION CUSTOMER"),
    act(story.held, begins="HOLD"),
    act(story.resumed, ends="HOLD CUSTOMER"),
    act(story.resolved, begins="VERDICT", ends="CLARIFICATION CUSTOMER HOLD", says=True),
    act(story.reopened, ends=EVERYTHING, asks=True),
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


def lived(
    history: Sequence[Step],
    calendar: CalendarValues,
    late: Sequence[int] = (),
    until: float = A_LONG_TIME,
) -> Desk:
    """The desk after the history; each act heard with a delay, in the order of happening."""
    plan = story.promising(story.plan(calendar=calendar, default_for=frozenset(Priority)))
    desk, heard_at = Desk(plan).open(), 0
    for index, (minute, each) in enumerate(moments(history)):
        heard_at = max(heard_at, minute + (late[index] if late else 0))
        desk.hear(each.happen(minute), minute, late=heard_at)
    return desk.pass_time(until)


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


@dataclass
class Owed:
    """One thing that is owed, the plain way: since when, how often missed, what is left."""

    target: float
    stops: frozenset[WaitFor]
    running: bool = False
    seconds: float = 0.0
    missed: int = 0

    def begin(self) -> None:
        if not self.running:
            self.running, self.seconds = True, 0.0

    def end(self) -> None:
        assume(self.seconds != self.target * 60)
        self.missed += self.running and self.seconds > self.target * 60
        self.running = False


def owed(history: Sequence[Step], calendar: CalendarValues, until: float) -> dict[ClockKind, Owed]:
    """What is owed again and again, minute by minute of what happened."""
    made, waits, since, responded, solved = calendar_of(calendar), set[WaitFor](), 0.0, False, False
    answer = Owed(story.NEXT_MINUTES, STOPS[NEXT])
    progress = Owed(story.PROGRESS_MINUTES, STOPS[PROGRESS])
    for minute, each in [*moments(history), (until, NOTHING)]:
        for clock in (answer, progress):
            if clock.running and not waits & clock.stops:
                clock.seconds += made.between(at(since), at(minute))
        since, waits = minute, (waits - each.ends) | each.begins
        reopens = WaitFor.VERDICT in each.ends
        if each.responds:
            answer.end()
            if not solved:
                progress.end()
                progress.begin()
        responded = responded or each.responds
        if WaitFor.VERDICT in each.begins:
            solved = True
            progress.running = False
        if reopens and solved and responded:
            progress.begin()
        solved = solved and not reopens
        if each.asks and responded and not solved:
            answer.begin()
    return {NEXT: answer, PROGRESS: progress}


def outcome(desk: Desk, kind: ClockKind) -> tuple[object, ...]:
    rows = [row for row in desk.rows()["clocks"] if row.clock == kind]
    if not rows:
        return ()
    (row,) = rows
    return row.breaches, row.state, row.breached_at, round(row.elapsed_seconds, 3), row.due_at


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
@given(steps, hours, st.integers(1, 3000))
def test_what_is_owed_again_is_as_counting_says_at_every_moment(
    history: list[Step], calendar: CalendarValues, more: int
) -> None:
    until = sum(gap for gap, _ in history) + more
    desk = lived(history, calendar, until=until)
    note(f"{[(m, a.happen(m)) for m, a in moments(history)]}")
    for kind, expected in owed(history, calendar, until).items():
        rows = [row for row in desk.rows()["clocks"] if row.clock == kind]
        assert expected.running == any(row.state in ("running", "paused") for row in rows)
        still_running = expected.running
        seconds = expected.seconds
        expected.end()
        assert expected.missed == sum(row.breaches for row in rows)
        if still_running:
            ticking = desk.state.ticking(kind)
            assert ticking is not None
            assert round(ticking.elapsed_until(at(until)), 3) == seconds


@LAW
@given(steps, hours, delays)
def test_hearing_late_changes_nothing_in_the_end(
    history: list[Step], calendar: CalendarValues, late: list[int]
) -> None:
    for kind, target in zip((FIRST, LAST), MINUTES[Priority.HIGH], strict=True):
        assume(counted(kind, history, calendar)[0] != target * 60)
    owed(history, calendar, A_LONG_TIME)
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
        cycle = 1
        for event in desk.said:
            match event:
                case ClockStarted(clock=clock) if clock is kind and event.cycle > cycle:
                    broken, cycle = None, event.cycle
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
