"""What holds of a ticket whatever is heard and commanded, in whatever order."""

from dataclasses import replace

from hypothesis import given as given_any
from hypothesis import strategies as st

from services.assignment.domain.commands import (
    ROUTING,
    AddParticipant,
    AssignTicket,
    ClaimTicket,
    EscalateTicket,
    GiveBackTicket,
    ReleaseAgent,
    ReleaseClosed,
    RemoveParticipant,
    RouteTicket,
    TicketCommand,
    TransferTicket,
)
from services.assignment.domain.decisions import TICKETS, claims
from services.assignment.domain.people import Agent, Team
from services.assignment.domain.tickets import Closed, Held, State
from shared.errors import Rejected
from shared.events import Event
from shared.events.assignment import AgentAssigned
from tests.unit.assignment.story import (
    ANNA,
    BEN,
    CLOSED,
    LAW,
    MANAGER,
    NOW,
    OPENED,
    READY,
    REOPENED,
    agent,
    categorised,
    prioritised,
)

NAMES = ("anna", "ben", "cleo", "dora")
HEARD: list[Event] = [
    OPENED,
    *READY,
    categorised("billing"),
    categorised(skills=("sap",), tier=2),
    prioritised(),
    CLOSED,
    REOPENED,
]

agents_any = st.builds(
    lambda name, team_ids, skills, tier, load, online: replace(
        agent(name),
        team_ids=tuple(team_ids),
        skills=tuple(skills),
        tier=tier,
        capacity=2,
        load=load,
        online=online,
    ),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(["support", "billing"]), unique=True),
    st.lists(st.just("sap"), max_size=1),
    st.integers(1, 3),
    st.integers(0, 2),
    st.booleans(),
)
staff_any = st.lists(agents_any, unique_by=lambda a: a.agent_id).map(tuple)
by_any = st.sampled_from([ANNA, BEN, MANAGER, ROUTING])
why = st.just("because")
now = st.just(NOW)
commands_any: st.SearchStrategy[TicketCommand] = st.one_of(
    st.builds(RouteTicket, candidates=staff_any, others_ahead=st.booleans(), now=now),
    st.builds(ClaimTicket, agent=agents_any, now=now),
    st.builds(AssignTicket, agent=agents_any, by=by_any, reason=why, now=now),
    st.builds(GiveBackTicket, candidates=staff_any, by=by_any, reason=why, now=now),
    st.builds(
        TransferTicket,
        team=st.sampled_from([Team("support", "Support"), Team("billing", "Billing")]),
        candidates=staff_any,
        by=by_any,
        reason=why,
        now=now,
    ),
    st.builds(
        EscalateTicket,
        candidates=staff_any,
        by=by_any,
        reason=why,
        now=now,
        tier=st.none() | st.integers(1, 4),
    ),
    st.builds(AddParticipant, agent=agents_any, by=by_any, now=now),
    st.builds(RemoveParticipant, agent_id=st.sampled_from(NAMES), by=by_any, now=now),
    st.builds(ReleaseClosed, now=now),
    st.builds(ReleaseAgent, agent_id=st.sampled_from(NAMES), now=now),
)
steps_any = st.lists(st.sampled_from(HEARD) | commands_any, max_size=25)


def holder(state: State) -> str | None:
    inner = state.before if isinstance(state, Closed) else state
    return inner.agent_id if isinstance(inner, Held) else None


def live(steps: list[Event | TicketCommand]) -> tuple[State, list[Event]]:
    """A ticket's life: what was heard and said, and where it ended."""
    state: State = TICKETS.fold(READY)
    past: list[Event] = list(READY)
    for step in steps:
        said = [step] if isinstance(step, Event) else decide(step, state)
        for event in said:
            state = TICKETS.evolve(state, event)
            past.append(event)
    return state, past


def decide(command: TicketCommand, state: State) -> list[Event]:
    try:
        said = TICKETS.decide(command, state)
    except Rejected:
        return []
    for event in said:
        if isinstance(event, AgentAssigned):
            assert_there_was_room(event, command, state)
    return said


def assert_there_was_room(event: AgentAssigned, command: TicketCommand, state: State) -> None:
    looked_at: tuple[Agent, ...] = getattr(command, "candidates", ())
    if not looked_at:
        assert isinstance(command, ClaimTicket | AssignTicket)
        looked_at = (command.agent,)
    (chosen,) = [a for a in looked_at if a.agent_id == event.agent_id]
    freed = 1 if holder(state) == event.agent_id else 0
    assert chosen.load - freed < chosen.capacity


@LAW
@given_any(steps_any)
def test_law_a_ticket_takes_exactly_one_place_of_who_has_it_and_none_of_others(
    steps: list[Event | TicketCommand],
) -> None:
    state, past = live(steps)
    taken: dict[str, int] = {}
    for event in past:
        for claim in claims(event):
            taken[claim.resource] = taken.get(claim.resource, 0) + claim.amount
            assert taken[claim.resource] in (0, 1)
    having = holder(state)
    expected = {} if having is None else {f"agent:{having}": 1}
    assert {resource: used for resource, used in taken.items() if used} == expected


@LAW
@given_any(steps_any, staff_any)
def test_law_routing_again_says_nothing_new(
    steps: list[Event | TicketCommand], staff: tuple[Agent, ...]
) -> None:
    state, _ = live(steps)
    command = RouteTicket(candidates=staff, now=NOW)
    for event in decide(command, state):
        state = TICKETS.evolve(state, event)
    assert decide(command, state) == []
