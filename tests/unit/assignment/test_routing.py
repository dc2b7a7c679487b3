"""Routing: who gets a ticket, and when it waits, moves on or comes back."""

import pytest

from services.assignment.domain.commands import (
    AssignTicket,
    By,
    ClaimTicket,
    GiveBackTicket,
    RouteTicket,
    TransferTicket,
)
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.people import Agent, Team
from services.assignment.domain.rejections import (
    TicketNotFound,
    TicketNotReady,
)
from shared.events import Event
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketQueued,
)
from shared.testing.spec import given
from tests.unit.assignment.story import (
    ANNA,
    CLOSED,
    MANAGER,
    NOW,
    OPENED,
    QUEUED,
    READY,
    REOPENED,
    VERIFIED,
    agent,
    assigned,
    categorised,
    prioritised,
    unassigned,
    verdicts,
)


def route(*candidates: Agent, others_ahead: bool = False) -> RouteTicket:
    return RouteTicket(candidates=candidates, others_ahead=others_ahead, now=NOW)


def assign(to: Agent, by: By = MANAGER) -> AssignTicket:
    return AssignTicket(agent=to, by=by, reason="knows the router", now=NOW)


def give_back(*candidates: Agent, by: By = ANNA) -> GiveBackTicket:
    return GiveBackTicket(candidates=candidates, by=by, reason="shift ends", now=NOW)


def transfer(*candidates: Agent, by: By = ANNA) -> TransferTicket:
    team = Team("billing", "Billing")
    return TransferTicket(team=team, candidates=candidates, by=by, reason="money", now=NOW)


def test_a_ready_ticket_goes_to_the_least_loaded_and_the_event_says_why() -> None:
    command = route(agent("anna", load=2), agent("ben", load=1), agent("cleo", online=False))
    (said,) = given(TICKETS, *READY).when(command).then(AgentAssigned)
    assert isinstance(said, AgentAssigned)
    assert (said.agent_id, said.by, said.team_name) == ("ben", "routing", "Support")
    assert said.reason == "least loaded of 2 free, 1 of 10 places taken"
    assert verdicts(said.candidates) == {
        "ben": "chosen",
        "anna": "free, has more tickets",
        "cleo": "offline",
    }
    assert [c.load for c in said.candidates] == [1, 2, 0]


def test_a_ready_ticket_waits_in_the_queue_while_nobody_is_free() -> None:
    command = route(agent("anna", load=10), agent("ben", online=False))
    (said,) = given(TICKETS, *READY).when(command).then(TicketQueued)
    assert isinstance(said, TicketQueued)
    assert said.reason == "nobody in Support is free: 1 full, 1 offline"
    assert said.queued_at == NOW


def test_a_queued_ticket_is_not_queued_again() -> None:
    given(TICKETS, *READY, QUEUED).when(route(agent("anna", load=10))).nothing()


def test_a_queued_ticket_is_taken_up_when_somebody_is_free() -> None:
    given(TICKETS, *READY, QUEUED).when(route(agent("anna"))).then(AgentAssigned)


def test_a_newcomer_goes_behind_those_who_have_waited_longer() -> None:
    command = route(agent("anna"), others_ahead=True)
    (said,) = given(TICKETS, *READY).when(command).then(TicketQueued)
    assert isinstance(said, TicketQueued)
    assert said.reason == "others, whose turn is sooner, wait for those who are free"
    given(TICKETS, *READY, QUEUED).when(command).nothing()


@pytest.mark.parametrize(
    "past",
    [
        (OPENED,),
        (OPENED, VERIFIED, categorised()),
        (OPENED, VERIFIED, prioritised()),
        (OPENED, categorised(), prioritised()),
    ],
)
def test_a_ticket_that_is_not_yet_verified_and_categorised_is_not_routed(
    past: tuple[Event, ...],
) -> None:
    given(TICKETS, *past).when(route(agent("anna"))).nothing()
    claim = ClaimTicket(agent=agent("anna"), now=NOW)
    given(TICKETS, *past).when(claim).rejected(TicketNotReady)


@pytest.mark.parametrize(
    "past",
    [
        (OPENED, VERIFIED, categorised(), prioritised()),
        (OPENED, categorised(), prioritised(), VERIFIED),
        (OPENED, prioritised(), VERIFIED, categorised()),
    ],
)
def test_it_does_not_matter_in_what_order_a_ticket_becomes_ready(past: tuple[Event, ...]) -> None:
    given(TICKETS, *past).when(route(agent("anna"))).then(AgentAssigned)


def test_a_ticket_that_somebody_has_is_not_routed_again() -> None:
    past = (*READY, assigned("anna"), prioritised())
    given(TICKETS, *past).when(route(agent("ben"))).nothing()


def test_a_closed_ticket_is_not_routed() -> None:
    given(TICKETS, *READY, QUEUED, CLOSED).when(route(agent("anna"))).nothing()


def test_a_ticket_nobody_heard_of_can_not_be_routed() -> None:
    given(TICKETS).when(route(agent("anna"))).rejected(TicketNotFound)


def test_a_recategorised_ticket_moves_on_when_its_agent_does_not_suit_it() -> None:
    past = (*READY, assigned("anna"), categorised("billing"))
    command = route(agent("bill", team_ids=("billing",)))
    left, got = given(TICKETS, *past).when(command).then(AgentUnassigned, AgentAssigned)
    assert isinstance(left, AgentUnassigned)
    assert isinstance(got, AgentAssigned)
    assert left.reason == "recategorised: wrong team"
    assert (got.agent_id, got.team_id) == ("bill", "billing")


def test_a_recategorised_ticket_stays_with_an_agent_who_suits_it() -> None:
    past = (*READY, assigned("anna"), categorised(skills=("vpn",)))
    busy = agent("anna", skills=("vpn",), load=10, online=False)
    given(TICKETS, *past).when(route(busy, agent("ben", skills=("vpn",)))).nothing()


def test_a_queued_ticket_that_needs_something_else_now_is_queued_for_that() -> None:
    past = (*READY, QUEUED, categorised("billing"))
    (said,) = given(TICKETS, *past).when(route()).then(TicketQueued)
    assert isinstance(said, TicketQueued)
    assert said.team_id == "billing"


def test_a_reopened_ticket_goes_to_who_had_it_before_if_they_have_room() -> None:
    past = (*READY, assigned("anna"), CLOSED, unassigned("anna"), REOPENED)
    command = route(agent("anna", load=9), agent("ben"))
    (said,) = given(TICKETS, *past).when(command).then(AgentAssigned)
    assert isinstance(said, AgentAssigned)
    assert (said.agent_id, said.reason) == ("anna", "had the ticket before, 9 of 10 places taken")
    full = route(agent("anna", load=10), agent("ben"))
    (said,) = given(TICKETS, *past).when(full).then(AgentAssigned)
    assert isinstance(said, AgentAssigned)
    assert said.agent_id == "ben"
