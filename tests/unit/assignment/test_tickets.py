"""What may be commanded on a ticket, state by state."""

from dataclasses import replace

import pytest

from services.assignment.domain.commands import (
    AddParticipant,
    AssignTicket,
    By,
    ClaimTicket,
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
from services.assignment.domain.rejections import (
    AgentFull,
    AgentNotSuited,
    AgentOffline,
    AgentUnknown,
    AlreadyAssigned,
    NotYours,
    TicketClosedAlready,
    TicketNotFound,
)
from services.assignment.domain.tickets import Held, Waiting
from shared.events import Event
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    ParticipantAdded,
    ParticipantRemoved,
    Role,
    TicketQueued,
    TicketTransferred,
)
from shared.log.records import Claim
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


def test_an_agent_claims_a_ticket_that_nobody_has() -> None:
    claim = ClaimTicket(agent=agent("anna", load=2), now=NOW)
    (said,) = given(TICKETS, *READY, QUEUED).when(claim).then(AgentAssigned)
    assert isinstance(said, AgentAssigned)
    assert (said.agent_id, said.by, said.reason) == ("anna", "anna", "claimed")
    assert [(c.load, c.capacity) for c in said.candidates] == [(2, 10)]


def test_a_ticket_is_claimed_once() -> None:
    past = (*READY, assigned("anna"))
    given(TICKETS, *past).when(ClaimTicket(agent=agent("anna"), now=NOW)).nothing()
    no = given(TICKETS, *past).when(ClaimTicket(agent=agent("ben"), now=NOW))
    assert "anna has this ticket already" in no.rejected(AlreadyAssigned).message


@pytest.mark.parametrize(
    ("changes", "rejection", "message"),
    [
        ({"load": 10}, AgentFull, "anna has 10 of 10 places taken"),
        ({"online": False}, AgentOffline, "anna is offline"),
        ({"skills": ()}, AgentNotSuited, "anna can't take this ticket: lacks skill sap."),
        ({"team_ids": ()}, AgentNotSuited, "wrong team"),
        ({"role": Role.ADMIN}, AgentNotSuited, "an admin takes no tickets"),
        ({"active": False}, AgentUnknown, "no agent anna"),
    ],
)
def test_only_who_suits_is_present_and_has_room_can_claim(
    changes: dict[str, object], rejection: type, message: str
) -> None:
    past = (OPENED, VERIFIED, categorised(skills=("sap",)), prioritised())
    anna = replace(agent("anna", skills=("sap",)), **changes)
    no = given(TICKETS, *past).when(ClaimTicket(agent=anna, now=NOW))
    assert message in no.rejected(rejection).message


def test_a_manager_assigns_to_anybody_with_room_even_offline_and_in_another_team() -> None:
    to = agent("zoe", team_ids=("billing",), online=False)
    (said,) = given(TICKETS, *READY).when(assign(to)).then(AgentAssigned)
    assert isinstance(said, AgentAssigned)
    assert (said.agent_id, said.by, said.reason) == ("zoe", "mara", "knows the router")


def test_not_even_a_manager_assigns_above_capacity() -> None:
    no = given(TICKETS, *READY).when(assign(agent("ben", load=3, capacity=3)))
    assert no.rejected(AgentFull).message == (
        "ben has 3 of 3 places taken: there is no room for it."
    )


def test_reassigning_says_who_lost_it_and_who_got_it_together() -> None:
    past = (*READY, assigned("anna"))
    lost, got = (
        given(TICKETS, *past).when(assign(agent("ben"))).then(AgentUnassigned, AgentAssigned)
    )
    assert isinstance(lost, AgentUnassigned)
    assert (lost.agent_id, lost.by) == ("anna", "mara")
    assert isinstance(got, AgentAssigned)
    assert got.agent_id == "ben"


def test_an_agent_hands_over_only_their_own_ticket_to_somebody_who_suits() -> None:
    past = (*READY, assigned("anna"))
    given(TICKETS, *past).when(assign(agent("cleo"), BEN)).rejected(NotYours)
    given(TICKETS, *past).when(assign(agent("cleo", online=False), ANNA)).rejected(AgentOffline)
    given(TICKETS, *past).when(assign(agent("cleo"), ANNA)).then(AgentUnassigned, AgentAssigned)


def test_assigning_to_who_has_it_says_nothing() -> None:
    given(TICKETS, *READY, assigned("anna")).when(assign(agent("anna", load=10))).nothing()


def test_what_is_given_back_goes_to_somebody_else() -> None:
    past = (*READY, assigned("anna"))
    command = give_back(agent("anna", load=1), agent("ben", load=9))
    lost, got = given(TICKETS, *past).when(command).then(AgentUnassigned, AgentAssigned)
    assert isinstance(lost, AgentUnassigned)
    assert (lost.reason, lost.declined) == ("shift ends", True)
    assert isinstance(got, AgentAssigned)
    assert got.agent_id == "ben"
    assert verdicts(got.candidates)["anna"] == "gave it back"


def test_what_is_given_back_waits_when_nobody_else_is_free() -> None:
    said = given(TICKETS, *READY, assigned("anna")).when(give_back(agent("anna", load=1)))
    said.then(AgentUnassigned, TicketQueued)
    after = given(TICKETS, *READY, assigned("anna"), *said.said)
    after.when(route(agent("anna"))).nothing()
    after.when(ClaimTicket(agent=agent("anna"), now=NOW)).then(AgentAssigned)


def test_only_who_has_it_or_a_manager_gives_it_back() -> None:
    past = (*READY, assigned("anna"))
    given(TICKETS, *past).when(give_back(by=BEN)).rejected(NotYours)
    given(TICKETS, *past).when(give_back(by=MANAGER)).then(AgentUnassigned, TicketQueued)
    given(TICKETS, *READY, QUEUED).when(give_back()).nothing()


def test_a_transferred_ticket_goes_to_the_other_team() -> None:
    past = (*READY, assigned("anna"))
    command = transfer(agent("bill", team_ids=("billing",)))
    said = given(TICKETS, *past).when(command)
    lost, moved, got = said.then(AgentUnassigned, TicketTransferred, AgentAssigned)
    assert isinstance(lost, AgentUnassigned)
    assert isinstance(moved, TicketTransferred)
    assert isinstance(got, AgentAssigned)
    assert lost.reason == "goes to Billing"
    assert (moved.from_team_id, moved.team_id, moved.reason) == ("support", "billing", "money")
    assert (got.agent_id, got.team_id) == ("bill", "billing")


def test_a_transferred_ticket_keeps_its_tier_if_the_other_team_has_it() -> None:
    past = (OPENED, VERIFIED, categorised(tier=3), prioritised())
    expert = agent("bill", team_ids=("billing",), tier=2)
    moved, got = given(TICKETS, *past).when(transfer(expert)).then(TicketTransferred, AgentAssigned)
    assert isinstance(moved, TicketTransferred)
    assert isinstance(got, AgentAssigned)
    assert moved.tier == 2
    assert got.agent_id == "bill"


def test_an_agent_in_both_teams_may_keep_what_they_transfer() -> None:
    past = (*READY, assigned("anna"))
    both = agent("anna", team_ids=("support", "billing"), load=10)
    _, _, got = (
        given(TICKETS, *past)
        .when(transfer(both))
        .then(AgentUnassigned, TicketTransferred, AgentAssigned)
    )
    assert isinstance(got, AgentAssigned)
    assert got.candidates[0].load == 9


def test_a_ticket_is_not_transferred_to_the_team_that_has_it() -> None:
    past = (OPENED, VERIFIED, categorised("billing"), prioritised(), assigned("bill"))
    given(TICKETS, *past).when(transfer(by=MANAGER)).nothing()


def test_somebody_elses_ticket_is_not_transferred() -> None:
    given(TICKETS, *READY, assigned("anna")).when(transfer(by=BEN)).rejected(NotYours)


def test_more_than_one_agent_can_take_part() -> None:
    past: tuple[Event, ...] = (*READY, assigned("anna"))
    for name in ("ben", "cleo"):
        add = AddParticipant(agent=agent(name, load=10, online=False), by=ANNA, now=NOW)
        past += tuple(given(TICKETS, *past).when(add).then(ParticipantAdded))
        given(TICKETS, *past).when(add).nothing()
    state = given(TICKETS, *past).state
    assert isinstance(state, Held)
    assert state.participants == {"ben", "cleo"}
    remove = RemoveParticipant(agent_id="ben", by=BEN, now=NOW)
    past += tuple(given(TICKETS, *past).when(remove).then(ParticipantRemoved))
    given(TICKETS, *past).when(remove).nothing()


def test_who_has_the_ticket_takes_part_already() -> None:
    add = AddParticipant(agent=agent("anna"), by=ANNA, now=NOW)
    given(TICKETS, *READY, assigned("anna")).when(add).nothing()


def test_closing_frees_the_agents_capacity_once() -> None:
    past = (*READY, assigned("anna"), CLOSED)
    said = given(TICKETS, *past).when(ReleaseClosed(now=NOW)).then(AgentUnassigned)
    assert isinstance(said[0], AgentUnassigned)
    assert (said[0].agent_id, said[0].reason) == ("anna", "closed")
    given(TICKETS, *past, *said).when(ReleaseClosed(now=NOW)).nothing()


def test_an_agent_is_not_released_from_a_ticket_that_was_reopened_meanwhile() -> None:
    past = (*READY, assigned("anna"), CLOSED, REOPENED)
    given(TICKETS, *past).when(ReleaseClosed(now=NOW)).nothing()
    given(TICKETS, *past).when(route(agent("ben"))).nothing()


def test_the_tickets_of_an_agent_who_left_wait_for_somebody_else() -> None:
    past = (*READY, assigned("anna"))
    release = ReleaseAgent(agent_id="anna", now=NOW)
    said = given(TICKETS, *past).when(release).then(AgentUnassigned)
    assert isinstance(given(TICKETS, *past, *said).state, Waiting)
    given(TICKETS, *past).when(ReleaseAgent(agent_id="ben", now=NOW)).nothing()


@pytest.mark.parametrize(
    "command",
    [
        ClaimTicket(agent=agent("anna"), now=NOW),
        assign(agent("anna")),
        give_back(),
        transfer(),
        AddParticipant(agent=agent("ben"), by=ANNA, now=NOW),
        RemoveParticipant(agent_id="ben", by=ANNA, now=NOW),
    ],
    ids=lambda command: type(command).__name__,
)
def test_nothing_is_done_with_a_closed_ticket_or_one_nobody_heard_of(
    command: TicketCommand,
) -> None:
    past = (*READY, assigned("anna"), CLOSED)
    given(TICKETS, *past).when(command).rejected(TicketClosedAlready)
    given(TICKETS).when(command).rejected(TicketNotFound)


def test_a_ticket_takes_one_place_of_its_agents_capacity_and_gives_it_back() -> None:
    assert claims(assigned("anna")) == [Claim("agent:anna", 1)]
    assert claims(unassigned("anna")) == [Claim("agent:anna", -1)]
    assert claims(QUEUED) == ()
