"""Choosing an agent: examples that people can follow, and laws that always hold."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from services.assignment.domain import choice, people
from services.assignment.domain.choice import Preferred, best, choose
from services.assignment.domain.people import Agent, Need
from shared.events.assignment import Role
from shared.testing.spec import T0
from tests.unit.assignment.story import LAW, SUPPORT, agent, at, verdicts


def chosen_id(*candidates: Agent, need: Need = SUPPORT, prefer: str | None = None) -> str | None:
    first = [Preferred(prefer, "had_before", "had the ticket before")] if prefer else []
    chosen, _ = choose(candidates, need, prefer=first)
    return chosen.agent.agent_id if chosen else None


def test_the_least_loaded_wins() -> None:
    assert chosen_id(agent("anna", load=3), agent("ben", load=1), agent("cleo", load=2)) == "ben"


def test_equally_loaded_are_told_apart_by_room_then_tier_then_idleness() -> None:
    small, large = agent("anna", load=1, capacity=2), agent("ben", load=1, capacity=9)
    assert chosen_id(small, large) == "ben"
    assert chosen_id(agent("anna", tier=3), agent("ben", tier=1)) == "ben"
    assert chosen_id(agent("anna", assigned_at=at(5)), agent("ben", assigned_at=at(1))) == "ben"
    assert chosen_id(agent("anna", assigned_at=at(5)), agent("ben")) == "ben"
    assert chosen_id(agent("ben"), agent("anna")) == "anna"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"online": False}, "offline"),
        ({"load": 10}, "full"),
        ({"load": 11}, "full"),
        ({"capacity": 0}, "full"),
        ({"team_ids": ("billing",)}, "wrong team"),
        ({"skills": ("vpn",)}, "lacks skill sap"),
        ({"tier": 1}, "tier too low"),
        ({"active": False}, "no longer at this desk"),
        ({"role": Role.OPERATOR}, "an operator takes no tickets"),
    ],
)
def test_who_can_not_take_a_ticket_is_told_why(changes: dict[str, object], verdict: str) -> None:
    need = replace(SUPPORT, skills=("sap",), tier=2)
    anna = replace(agent("anna", skills=("sap",), tier=2), **changes)
    chosen, found = choose([anna], need)
    assert chosen is None
    assert verdicts(found) == {"anna": verdict}


def test_who_gave_it_back_does_not_get_it_again() -> None:
    need = replace(SUPPORT, declined=("anna",))
    chosen, found = choose([agent("anna"), agent("ben", load=9)], need)
    assert chosen is not None
    assert chosen.agent.agent_id == "ben"
    assert verdicts(found)["anna"] == "gave it back"


def test_who_had_it_before_comes_first_while_they_have_room() -> None:
    busy, idle = agent("anna", load=9), agent("ben")
    assert chosen_id(busy, idle, prefer="anna") == "anna"
    assert chosen_id(replace(busy, load=10), idle, prefer="anna") == "ben"
    assert chosen_id(replace(busy, online=False), idle, prefer="anna") == "ben"


def test_a_manager_in_the_team_takes_tickets_too() -> None:
    assert chosen_id(agent("mara", role=Role.MANAGER)) == "mara"


def test_the_reason_counts_who_was_looked_at() -> None:
    candidates = [
        agent("anna", load=1),
        agent("ben", load=2),
        agent("cleo", online=False),
        agent("dora", load=10),
    ]
    chosen, found = choose(candidates, SUPPORT)
    assert chosen is not None
    assert chosen.why == "least loaded of 2 free, 1 of 10 places taken"
    assert verdicts(found) == {
        "anna": "chosen",
        "ben": "free, has more tickets",
        "cleo": "offline",
        "dora": "full",
    }
    nobody, found = choose(candidates[2:], SUPPORT)
    assert nobody is None
    assert choice.why_queued(SUPPORT, found) == "nobody in Support is free: 1 full, 1 offline"
    assert choice.why_queued(SUPPORT, []) == "there is nobody in Support"


def test_an_event_names_a_bounded_number_of_candidates_the_chosen_one_first() -> None:
    crowd = [agent(f"agent-{number:03}", load=number % 7) for number in range(200)]
    chosen, found = choose(crowd, SUPPORT)
    told = choice.told(found)
    assert len(told) == choice.CANDIDATES_MAX
    assert told[0].verdict == "chosen"
    assert chosen is not None
    assert chosen.why.startswith("least loaded of 200 free")


TEAMS = ("support", "billing")
SKILLS = ("sap", "vpn", "linux")

agents_any = st.lists(
    st.builds(
        Agent,
        agent_id=st.sampled_from([f"agent-{number}" for number in range(8)]),
        name=st.just("Somebody"),
        role=st.sampled_from(Role),
        team_ids=st.lists(st.sampled_from(TEAMS), unique=True).map(tuple),
        skills=st.lists(st.sampled_from(SKILLS), unique=True).map(tuple),
        tier=st.integers(1, 3),
        capacity=st.integers(0, 4),
        load=st.integers(0, 6),
        online=st.booleans(),
        active=st.booleans(),
        assigned_at=st.none() | st.integers(0, 9).map(at),
    ),
    unique_by=lambda a: a.agent_id,
)
needs_any = st.builds(
    Need,
    team_id=st.sampled_from(TEAMS),
    team_name=st.just("Team"),
    skills=st.lists(st.sampled_from(SKILLS), unique=True, max_size=2).map(tuple),
    tier=st.integers(1, 3),
    declined=st.lists(st.sampled_from(["agent-0", "agent-1"]), unique=True).map(tuple),
)


@LAW
@given_any(agents_any, needs_any, st.none() | st.just("agent-2"))
def test_law_only_somebody_suited_present_and_with_room_is_chosen(
    candidates: list[Agent], need: Need, prefer: str | None
) -> None:
    first = [Preferred(prefer, "owner", "looks after this customer")] if prefer else []
    choice_made, found = choose(candidates, need, prefer=first)
    chosen = choice_made.agent if choice_made else None
    assert best(candidates, need, prefer=first) == chosen
    assert {verdict.agent_id for verdict in found} == {a.agent_id for a in candidates}
    assert sum(verdict.verdict == "chosen" for verdict in found) == (chosen is not None)
    if chosen is None:
        return
    assert chosen.load < chosen.capacity
    assert chosen.online
    assert chosen.active
    assert chosen.role in (Role.AGENT, Role.MANAGER)
    assert need.team_id in chosen.team_ids
    assert set(need.skills) <= set(chosen.skills)
    assert chosen.tier >= need.tier
    assert chosen.agent_id not in need.declined


def could(candidate: Agent, need: Need) -> bool:
    """The rule once more, in other words."""
    return (
        candidate.active
        and candidate.online
        and candidate.role in (Role.AGENT, Role.MANAGER)
        and need.team_id in candidate.team_ids
        and not set(need.skills) - set(candidate.skills)
        and candidate.tier >= need.tier
        and candidate.capacity - candidate.load > 0
        and candidate.agent_id not in need.declined
    )


@LAW
@given_any(agents_any, needs_any)
def test_law_somebody_is_chosen_whenever_anybody_could_and_nobody_has_less(
    candidates: list[Agent], need: Need
) -> None:
    able = [candidate for candidate in candidates if could(candidate, need)]
    chosen, _ = choose(candidates, need)
    assert (chosen is None) == (not able)
    if chosen is not None:
        assert chosen.agent.load == min(candidate.load for candidate in able)


@LAW
@given_any(agents_any, needs_any, st.randoms(use_true_random=False))
def test_law_the_order_of_candidates_does_not_matter(
    candidates: list[Agent], need: Need, random: object
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(shuffled, need) == choose(candidates, need)


def give(candidates: list[Agent], number: int) -> tuple[list[Agent], str | None]:
    chosen, _ = choose(candidates, SUPPORT)
    if chosen is None:
        return candidates, None
    now = T0 + timedelta(minutes=number)
    return [
        replace(a, load=a.load + 1, assigned_at=now) if a.agent_id == chosen.agent.agent_id else a
        for a in candidates
    ], chosen.agent.agent_id


@LAW
@given_any(
    st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(min_value=0, max_value=40)
)
def test_law_tickets_fill_capacity_evenly_and_never_above_it(
    capacities: list[int], tickets: int
) -> None:
    staff = [agent(f"agent-{i}", capacity=capacity) for i, capacity in enumerate(capacities)]
    given_away = 0
    for number in range(tickets):
        staff, chosen = give(staff, number)
        given_away += chosen is not None
    assert given_away == min(tickets, sum(capacities))
    assert all(a.load <= a.capacity for a in staff)
    with_room = [a.load for a in staff if not a.full]
    assert not with_room or max(a.load for a in staff) - min(with_room) <= 1


@LAW
@given_any(st.integers(1, 6), st.integers(1, 60))
def test_law_equals_get_equally_many_even_when_tickets_are_closed_at_once(
    size: int, tickets: int
) -> None:
    staff = [agent(f"agent-{number}") for number in range(size)]
    got: Counter[str] = Counter({a.agent_id: 0 for a in staff})
    for number in range(tickets):
        staff, chosen = give(staff, number)
        assert chosen is not None
        got[chosen] += 1
        staff = list(people.without_ticket_of(staff, chosen))
    assert max(got.values()) - min(got.values()) <= 1
