"""Routing as data: which rule holds, what it changes, and what stands above it."""

from dataclasses import replace
from typing import Any

import pytest

from services.assignment.domain.commands import HandOnTicket, NoticeUntouched, RouteTicket
from services.assignment.domain.decisions import TICKETS, claims
from services.assignment.domain.people import Agent, Need
from services.assignment.domain.policy import Policy
from services.assignment.domain.tickets import Held, Waiting
from shared.events import Event, Priority, TicketType
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    RoutingRule,
    Strategy,
    TicketLeftUntouched,
    TicketQueued,
    TicketRouted,
    TicketTransferred,
)
from shared.log.records import Claim
from shared.testing.spec import T0, given
from tests.unit.assignment.story import (
    CLOSED,
    MANAGER,
    NOW,
    OPENED,
    QUEUED,
    READY,
    VERIFIED,
    agent,
    assigned,
    categorised,
    prioritised,
)

GOLD = RoutingRule(
    rule_id="gold",
    name="Gold customers",
    organisations=("linde",),
    priorities=(Priority.HIGH, Priority.CRITICAL),
    team_id="platform",
    team_name="Platform",
    skills=("databases",),
    levels={"databases": 2},
    tier=2,
    strategy=Strategy.ROUND_ROBIN,
    owner="hugo",
)
POLICY = Policy(rules=(GOLD,), weights={"critical": 3})
LINDE = categorised(skills=("sap",)).model_copy(update={"organisation": "linde"})
LINDES: tuple[Event, ...] = (OPENED, VERIFIED, LINDE, prioritised(Priority.HIGH))


def expert(agent_id: str, **fields: Any) -> Agent:
    skills = {"skills": ("databases",), "levels": {"databases": 2}}
    return agent(agent_id, team_ids=("platform",), tier=2, **(skills | fields))


def by_rules(*candidates: Agent, policy: Policy = POLICY, helped: str | None = None) -> RouteTicket:
    return RouteTicket(
        candidates=candidates, now=NOW, policy=policy, by_rules=True, helped_before=helped
    )


def test_a_rule_that_fits_says_team_skills_tier_and_who_is_asked_first() -> None:
    command = by_rules(expert("ines"), expert("hugo", load=5), agent("anna"))
    routed, got = given(TICKETS, *LINDES).when(command).then(TicketRouted, AgentAssigned)
    assert isinstance(routed, TicketRouted)
    assert isinstance(got, AgentAssigned)
    assert (routed.rule, routed.rule_name, routed.team_id) == ("gold", "Gold customers", "platform")
    assert (routed.skills, routed.levels, routed.tier) == (("databases",), {"databases": 2}, 2)
    assert (got.agent_id, got.strategy, got.rule) == ("hugo", "owner", "gold")
    assert got.reason == "looks after this customer, 5 of 10 places taken"
    after = given(TICKETS, *LINDES, routed, got)
    after.when(by_rules(expert("ines"), expert("hugo"))).nothing()


def test_without_its_first_choice_a_rule_goes_by_its_strategy() -> None:
    busy = [expert("hugo", load=10), expert("ines", assigned_at=NOW), expert("greta", load=9)]
    _, got = given(TICKETS, *LINDES).when(by_rules(*busy)).then(TicketRouted, AgentAssigned)
    assert isinstance(got, AgentAssigned)
    assert (got.agent_id, got.strategy) == ("greta", "round_robin")
    assert got.reason == "waited longest of 2 free, 9 of 10 places taken"
    by_id = {each.agent_id: each.verdict for each in got.candidates}
    assert by_id == {
        "greta": "chosen",
        "ines": "free, had a ticket more recently",
        "hugo": "full",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"organisations": ("other",)},
        {"topics": ("printer",)},
        {"types": (TicketType.BILLING,)},
        {"priorities": (Priority.LOW,)},
        {"languages": ("de",)},
    ],
)
def test_a_rule_for_others_changes_nothing(changes: dict[str, Any]) -> None:
    policy = Policy(rules=(GOLD.model_copy(update=changes),))
    sap = agent("anna", skills=("sap",))
    (got,) = given(TICKETS, *LINDES).when(by_rules(sap, policy=policy)).then(AgentAssigned)
    assert isinstance(got, AgentAssigned)
    assert (got.agent_id, got.rule) == ("anna", "")


def test_the_first_rule_that_fits_decides_and_one_in_the_same_team_adds_to_the_topic() -> None:
    own = RoutingRule(rule_id="own", skills=("vpn",), tier=2)
    policy = Policy(rules=(own, GOLD))
    (routed, _) = (
        given(TICKETS, *LINDES).when(by_rules(policy=policy)).then(TicketRouted, TicketQueued)
    )
    assert isinstance(routed, TicketRouted)
    assert (routed.rule, routed.team_id, routed.tier) == ("own", "support", 2)
    assert routed.skills == ("sap", "vpn")


def test_when_no_rule_holds_any_more_the_ticket_needs_what_its_topic_says() -> None:
    past = (*LINDES, *given(TICKETS, *LINDES).when(by_rules(expert("hugo"))).said)
    lowered = (*past, prioritised(Priority.LOW))
    said = given(TICKETS, *lowered).when(by_rules(agent("anna", skills=("sap",))))
    routed, lost, got = said.then(TicketRouted, AgentUnassigned, AgentAssigned)
    assert isinstance(routed, TicketRouted)
    assert isinstance(lost, AgentUnassigned)
    assert isinstance(got, AgentAssigned)
    assert (routed.rule, routed.team_id) == ("", "support")
    assert (lost.agent_id, got.agent_id) == ("hugo", "anna")


def test_a_persons_transfer_stands_above_rules_until_the_ticket_has_another_topic() -> None:
    moved = TicketTransferred(
        from_team_id="platform",
        team_id="billing",
        team_name="Billing",
        by="mara",
        reason="money",
        transferred_at=NOW,
    )
    past = (*LINDES, moved)
    (queued,) = given(TICKETS, *past).when(by_rules()).then(TicketQueued)
    assert isinstance(queued, TicketQueued)
    assert queued.team_id == "billing"
    same_again = (*past, LINDE.model_copy(update={"tags": ("vip",)}))
    given(TICKETS, *same_again).when(by_rules()).then(TicketQueued)
    other = LINDE.model_copy(update={"topic_id": "printer", "topic_name": "Printer"})
    given(TICKETS, *past, other).when(by_rules()).then(TicketRouted, TicketQueued)


def test_a_level_that_an_agent_lacks_is_told() -> None:
    _, queued = (
        given(TICKETS, *LINDES)
        .when(by_rules(expert("ines", levels={})))
        .then(TicketRouted, TicketQueued)
    )
    assert isinstance(queued, TicketQueued)
    assert queued.reason == "nobody in Platform is free: 1 skill databases only at level 1"


def test_who_last_helped_the_requester_is_asked_first_while_they_are_free() -> None:
    anna, ben = agent("anna", load=4), agent("ben")
    (got,) = given(TICKETS, *READY).when(by_rules(anna, ben, helped="anna")).then(AgentAssigned)
    assert isinstance(got, AgentAssigned)
    assert (got.agent_id, got.strategy) == ("anna", "helped_before")
    away = replace(anna, away="on leave")
    (got,) = given(TICKETS, *READY).when(by_rules(away, ben, helped="anna")).then(AgentAssigned)
    assert isinstance(got, AgentAssigned)
    assert (got.agent_id, got.candidates[1].verdict) == ("ben", "on leave")


def test_a_ticket_takes_places_by_its_weight_and_never_more_than_an_agent_has() -> None:
    urgent = (OPENED, VERIFIED, categorised(), prioritised(Priority.CRITICAL))
    full, small = agent("anna", load=8), agent("ben", capacity=2)
    (got,) = given(TICKETS, *urgent).when(by_rules(full, small)).then(AgentAssigned)
    assert isinstance(got, AgentAssigned)
    assert (got.agent_id, got.weight) == ("ben", 2)
    assert got.candidates[1].verdict == "2 free, it takes 3"
    assert claims(got) == [Claim("agent:ben", 2)]
    hand_on = HandOnTicket(
        agent_id="ben", candidates=(small,), by=MANAGER, reason="ill", now=NOW, policy=POLICY
    )
    lost, _ = given(TICKETS, *urgent, got).when(hand_on).then(AgentUnassigned, TicketQueued)
    assert claims(lost) == [Claim("agent:ben", -2)]


def test_who_leaves_hands_on_what_they_have_and_gets_none_of_it_back() -> None:
    command = HandOnTicket(
        agent_id="anna",
        candidates=(agent("anna", load=1), agent("ben", load=9)),
        by=MANAGER,
        reason="on leave",
        now=NOW,
    )
    lost, got = (
        given(TICKETS, *READY, assigned("anna")).when(command).then(AgentUnassigned, AgentAssigned)
    )
    assert isinstance(lost, AgentUnassigned)
    assert isinstance(got, AgentAssigned)
    assert (lost.by, lost.reason, got.agent_id) == ("mara", "on leave", "ben")
    given(TICKETS, *READY, assigned("ben")).when(command).nothing()
    given(TICKETS, *READY, assigned("anna"), CLOSED).when(command).nothing()


def test_rest_is_noticed_of_an_open_ticket_only() -> None:
    command = NoticeUntouched(since=T0, now=NOW)
    (held,) = given(TICKETS, *READY, assigned("anna")).when(command).then(TicketLeftUntouched)
    (waits,) = given(TICKETS, *READY, QUEUED).when(command).then(TicketLeftUntouched)
    assert isinstance(held, TicketLeftUntouched)
    assert isinstance(waits, TicketLeftUntouched)
    assert (held.agent_id, held.since, waits.agent_id) == ("anna", T0, None)
    given(TICKETS, *READY, assigned("anna"), CLOSED).when(command).nothing()
    given(TICKETS, OPENED).when(command).nothing()


def test_an_escalated_ticket_keeps_its_tier_when_rules_are_looked_at_again() -> None:
    past = (*LINDES, *given(TICKETS, *LINDES).when(by_rules()).said)
    state = given(TICKETS, *past).state
    assert isinstance(state, Waiting)
    raised = replace(state, need=replace(state.need, tier=3))
    assert POLICY.need(raised.facts, raised.need) == raised.need


def test_a_held_ticket_keeps_its_agent_when_a_rule_asks_for_nothing_more() -> None:
    own = RoutingRule(rule_id="own", strategy=Strategy.MOST_SPARE)
    past = (*LINDES, assigned("anna"))
    said = given(TICKETS, *past).when(
        by_rules(agent("anna", skills=("sap",), load=10), policy=Policy(rules=(own,)))
    )
    said.then(TicketRouted)
    state = given(TICKETS, *past, *said.said).state
    assert isinstance(state, Held)
    assert state.need == Need(
        "support", "Support", ("sap",), strategy="most_spare", rule="own", declined=()
    )
