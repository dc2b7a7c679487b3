"""Up a tier: to somebody higher, or to a manager's attention at the top."""

import pytest

from services.assignment.domain.commands import By, EscalateTicket
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.people import Agent
from services.assignment.domain.rejections import (
    NotYours,
    TicketClosedAlready,
    TierNotHigher,
    TierUnknown,
)
from services.assignment.domain.tickets import Held, Waiting
from shared.events import Status, status_after
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    ParticipantAdded,
    TicketEscalated,
    TicketQueued,
)
from shared.testing.spec import given
from tests.unit.assignment.story import (
    ANNA,
    BEN,
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

SLA = By("sla", manager=True)
EXPERTS = (
    agent("anna", load=1),
    agent("ben"),
    agent("cleo", tier=2, load=4),
    agent("dora", tier=3),
)


def escalate(
    *candidates: Agent, by: By = ANNA, tier: int | None = None, reason: str = "too deep for me"
) -> EscalateTicket:
    return EscalateTicket(candidates=candidates, by=by, reason=reason, now=NOW, tier=tier)


def test_an_escalated_ticket_goes_to_somebody_higher_and_its_agent_stays_with_it() -> None:
    past = (*READY, assigned("anna"))
    said = given(TICKETS, *past).when(escalate(*EXPERTS))
    said.then(AgentUnassigned, ParticipantAdded, AgentAssigned, TicketEscalated)
    lost, stays, got, up = said.said
    assert isinstance(lost, AgentUnassigned)
    assert isinstance(stays, ParticipantAdded)
    assert isinstance(got, AgentAssigned)
    assert isinstance(up, TicketEscalated)
    assert (lost.agent_id, lost.declined) == ("anna", False)
    assert (stays.agent_id, stays.agent_name) == ("anna", "Anna")
    assert (got.agent_id, got.by, got.tier) == ("dora", "escalation", 3)
    assert (up.from_tier, up.tier, up.by, up.reason) == (1, 2, "anna", "too deep for me")
    state = given(TICKETS, *past, *said.said).state
    assert isinstance(state, Held)
    assert state.participants == {"anna"}
    assert state.need.tier == 2


def test_people_see_an_escalated_ticket_as_escalated() -> None:
    status: Status | None = Status.IN_PROGRESS
    for event in given(TICKETS, *READY, assigned("anna")).when(escalate(*EXPERTS)).said:
        status = status_after(status, event)
    assert status is Status.ESCALATED


def test_an_escalated_ticket_waits_when_nobody_higher_is_free() -> None:
    past = (*READY, assigned("anna"))
    busy = (agent("anna", load=1), agent("ben"), agent("cleo", tier=2, load=10))
    said = given(TICKETS, *past).when(escalate(*busy))
    said.then(AgentUnassigned, ParticipantAdded, TicketQueued, TicketEscalated)
    state = given(TICKETS, *past, *said.said).state
    assert isinstance(state, Waiting)
    assert state.queued
    assert state.need.tier == 2


def test_the_next_tier_is_above_the_one_who_has_it() -> None:
    past = (*READY, assigned("cleo", tier=2))
    said = given(TICKETS, *past).when(escalate(*EXPERTS, by=By("cleo")))
    up = said.said[-1]
    assert isinstance(up, TicketEscalated)
    assert (up.from_tier, up.tier) == (2, 3)


def test_a_tier_at_which_nobody_has_the_skills_is_passed_over() -> None:
    past = (OPENED, VERIFIED, categorised(skills=("sap",)), prioritised(), assigned("anna"))
    staff = [agent("cleo", tier=2), agent("dora", tier=3, skills=("sap",), load=9)]
    said = given(TICKETS, *past).when(escalate(*staff)).said
    got, up = said[2:]
    assert isinstance(got, AgentAssigned)
    assert isinstance(up, TicketEscalated)
    assert (got.agent_id, up.tier) == ("dora", 3)


def test_at_the_highest_tier_only_a_manager_is_told() -> None:
    past = (*READY, assigned("dora", tier=3))
    command = escalate(*EXPERTS, by=SLA, reason="the resolution target was missed")
    (up,) = given(TICKETS, *past).when(command).then(TicketEscalated)
    assert isinstance(up, TicketEscalated)
    assert (up.from_tier, up.tier, up.by) == (3, 3, "sla")
    assert up.reason.endswith("nobody higher suits it: a manager has to look at it")


def test_a_queued_ticket_that_is_late_is_not_kept_from_those_who_could_take_it() -> None:
    command = escalate(*EXPERTS, by=SLA)
    (up,) = given(TICKETS, *READY, QUEUED).when(command).then(TicketEscalated)
    assert isinstance(up, TicketEscalated)
    assert (up.from_tier, up.tier) == (1, 1)
    assert up.reason.endswith("nobody has it yet: a manager has to look at it")


def test_a_manager_names_the_tier_for_a_queued_ticket() -> None:
    command = escalate(*EXPERTS, by=MANAGER, tier=3)
    got, up = given(TICKETS, *READY, QUEUED).when(command).then(AgentAssigned, TicketEscalated)
    assert isinstance(got, AgentAssigned)
    assert isinstance(up, TicketEscalated)
    assert got.agent_id == "dora"
    assert up.tier == 3


@pytest.mark.parametrize(
    ("tier", "rejection"), [(1, TierNotHigher), (2, TierNotHigher), (4, TierUnknown)]
)
def test_a_tier_that_is_not_higher_or_where_nobody_works_is_refused(
    tier: int, rejection: type
) -> None:
    past = (*READY, assigned("cleo", tier=2))
    given(TICKETS, *past).when(escalate(*EXPERTS, by=MANAGER, tier=tier)).rejected(rejection)


def test_somebody_elses_ticket_or_a_closed_one_is_not_escalated() -> None:
    past = (*READY, assigned("anna"))
    given(TICKETS, *past).when(escalate(*EXPERTS, by=BEN)).rejected(NotYours)
    given(TICKETS, *past, CLOSED).when(escalate(*EXPERTS)).rejected(TicketClosedAlready)
