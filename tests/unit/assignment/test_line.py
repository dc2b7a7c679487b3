"""Whose turn it is; and that nobody waits for ever, whatever comes after."""

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from services.assignment.domain.choice import choose
from services.assignment.domain.line import PATIENCE, Standing, stands
from services.assignment.domain.people import Need
from services.assignment.staff import Staff
from shared.events import Event, Priority
from shared.events.resolution import TicketReopened
from shared.events.sla import ClockKind, ClockResumed, TargetMet
from shared.testing.spec import T0
from tests.unit.assignment.story import (
    DUE,
    LAW,
    OPENED,
    PAUSED,
    READY,
    SUPPORT,
    agent,
    at,
    prioritised,
)

MET = TargetMet(clock=ClockKind.FIRST_RESPONSE, met_at=at(5), due_at=at(30), elapsed_seconds=300)
LATER = DUE.model_copy(update={"clock": ClockKind.RESOLUTION, "due_at": at(240)})


def standing(*events: Event) -> Standing:
    found: Standing | None = None
    for event in events:
        found = stands(found, event)
    assert found is not None
    return found


def test_a_ticket_is_in_line_by_the_next_of_its_due_times() -> None:
    assert standing(*READY, DUE, LATER).line_at == at(30)
    assert standing(*READY, DUE, LATER, MET).line_at == at(240)
    assert standing(*READY, DUE, LATER, PAUSED).line_at == at(240)
    resumed = ClockResumed(
        clock=ClockKind.FIRST_RESPONSE, resumed_at=at(50), due_at=at(70), warn_at=at(60)
    )
    assert standing(*READY, DUE, PAUSED, resumed).due_at == at(70)
    earlier = DUE.model_copy(update={"due_at": at(10)})
    assert standing(*READY, DUE, earlier).due_at == at(10)


def test_of_equally_due_tickets_the_more_urgent_is_first() -> None:
    low, high = (standing(OPENED, prioritised(p), DUE) for p in (Priority.LOW, Priority.CRITICAL))
    assert high.place < low.place


def test_without_a_due_time_its_priority_says_how_long_it_may_wait() -> None:
    for priority in Priority:
        assert standing(OPENED, prioritised(priority)).line_at == T0 + PATIENCE[priority.rank]
    reopened = TicketReopened(reason="again", reopened_by="kim", reopened_at=at(90))
    assert standing(*READY, reopened).line_at == at(90) + PATIENCE[Priority.MEDIUM.rank]


@dataclass(frozen=True)
class Ticket:
    """A ticket of a simulated desk; whoever can't take it can never take it."""

    number: int
    standing: Standing
    need: Need
    weight: int

    @property
    def order(self) -> tuple[object, ...]:
        return (*self.standing.place, self.standing.since, self.number)


NEEDS = (SUPPORT, replace(SUPPORT, skills=("sap",)), replace(SUPPORT, tier=2))

tickets_any = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(NEEDS), st.integers(1, 3), st.none() | st.integers(1, 90)
    ),
    min_size=1,
    max_size=25,
)


def opened(number: int, minute: int, rank: int, need: Need, weight: int, due: int | None) -> Ticket:
    clocks = {} if due is None else {"first_response": at(minute + due)}
    return Ticket(number, Standing(at(minute), rank, clocks), need, weight)


def round_of(line: list[Ticket], staff: Staff) -> dict[int, str]:
    """One round of the queue, as `take_up` does it: who got which."""
    got: dict[int, str] = {}
    for ticket in sorted(line, key=lambda t: t.order):
        if not staff.room(ticket.need):
            continue
        chosen, _ = choose(staff.of("support"), ticket.need, weight=ticket.weight)
        if chosen is None:
            if ticket.weight > 1:
                staff.keep_for(ticket.need)
            continue
        staff.took(chosen.agent.agent_id, chosen.agent.weighs(ticket.weight), T0)
        got[ticket.number] = chosen.agent.agent_id
    return got


@settings(LAW, max_examples=40)
@given_any(tickets_any, st.integers(0, 10_000))
def test_law_nobody_starves_while_more_urgent_tickets_come_without_end(
    first: list[tuple[int, Need, int, int | None]], luck: int
) -> None:
    """Every minute a critical ticket comes, due in a quarter of an hour, for every place that is
    freed: still all that were there before are taken up, and in the order of the line."""
    staff = {
        a.agent_id: a
        for a in (agent("anna", capacity=2), agent("ben", skills=("sap",), tier=2, capacity=3))
    }
    line = [opened(n, 0, *ticket) for n, ticket in enumerate(first)]
    waiting = {ticket.number for ticket in line}
    held: list[tuple[Ticket, str, int]] = []
    longest = int(max(PATIENCE) / timedelta(minutes=1)) // 30
    for step in range(longest + 6 * len(first) + 60):
        now = Staff(staff.values())
        got = round_of(line, now)
        staff = now.agents
        for ticket in [t for t in line if t.number in got]:
            who = got[ticket.number]
            held.append((ticket, who, staff[who].weighs(ticket.weight)))
            line.remove(ticket)
        waiting -= got.keys()
        if not waiting:
            return
        if held:
            _, who, weight = held.pop(luck * (step + 1) % len(held))
            staff[who] = replace(staff[who], load=staff[who].load - weight)
        newcomer = opened(1000 + step, 30 * step, 3, NEEDS[0], 1, 15)
        line.append(newcomer)
    raise AssertionError(f"still waiting: {[t for t in line if t.number in waiting]}")


def test_a_heavy_ticket_gets_the_places_that_lighter_ones_behind_it_would_fill() -> None:
    staff = Staff([agent("anna", capacity=3, load=2), agent("ben", capacity=3, load=3)])
    heavy = opened(1, 0, 3, SUPPORT, 3, 10)
    light = opened(2, 0, 0, SUPPORT, 1, 20)
    assert round_of([light, heavy], staff) == {}
    freed = Staff([agent("anna", capacity=3), agent("ben", capacity=3, load=2)])
    assert round_of([light, heavy], freed) == {1: "anna", 2: "ben"}
