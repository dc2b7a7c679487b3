"""Agents and teams: defined once, changed by differences, present or not."""

from services.assignment.domain.desk import (
    AGENTS,
    TEAMS,
    DefineAgent,
    DefineTeam,
    RetireAgent,
    SetPresence,
    claims,
)
from services.assignment.domain.rejections import AgentUnknown
from shared.events.assignment import AgentDefined, AgentWentOffline, AgentWentOnline, TeamDefined
from shared.log.records import Claim
from shared.testing.spec import given
from tests.unit.assignment.story import NOW, defined

ONLINE = AgentWentOnline(agent_id="anna", at=NOW)
OFFLINE = AgentWentOffline(agent_id="anna", at=NOW)


def test_only_differences_are_said_of_an_agent() -> None:
    again = DefineAgent(defined(revision=9), NOW)
    given(AGENTS).when(DefineAgent(defined(), NOW)).then(defined())
    given(AGENTS, defined()).when(again).nothing()
    larger = defined(capacity=20, revision=9)
    given(AGENTS, defined()).when(DefineAgent(larger, NOW)).then(larger)


def test_only_differences_are_said_of_a_team() -> None:
    team = TeamDefined(team_id="support", name="Support", revision=1)
    given(TEAMS).when(DefineTeam(team)).then(team)
    given(TEAMS, team).when(DefineTeam(team.model_copy(update={"revision": 2}))).nothing()
    renamed = team.model_copy(update={"name": "Help"})
    given(TEAMS, team).when(DefineTeam(renamed)).then(renamed)


def test_an_agent_comes_and_goes() -> None:
    online = SetPresence("anna", online=True, now=NOW)
    offline = SetPresence("anna", online=False, now=NOW)
    given(AGENTS, defined()).when(online).then(ONLINE)
    given(AGENTS, defined(), ONLINE).when(online).nothing()
    given(AGENTS, defined(), ONLINE).when(offline).then(OFFLINE)
    given(AGENTS, defined()).when(offline).nothing()


def test_nobody_unknown_or_gone_comes_online() -> None:
    online = SetPresence("anna", online=True, now=NOW)
    given(AGENTS).when(online).rejected(AgentUnknown)
    given(AGENTS, defined(active=False)).when(online).rejected(AgentUnknown)


def test_an_agent_who_is_no_longer_named_goes_offline_and_can_not_sign_in() -> None:
    past = (defined(token_hash="abc"), ONLINE)
    said = given(AGENTS, *past).when(RetireAgent("anna", 2, NOW)).then(OFFLINE, AgentDefined)
    gone = said[1]
    assert isinstance(gone, AgentDefined)
    assert (gone.active, gone.token_hash, gone.revision) == (False, "", 2)
    given(AGENTS, *past, *said).when(RetireAgent("anna", 3, NOW)).nothing()


def test_presence_outlives_a_new_definition() -> None:
    state = given(AGENTS, defined(), ONLINE, defined(capacity=3)).state
    assert getattr(state, "online", None) is True


def test_capacity_is_the_ceiling_of_what_tickets_may_claim() -> None:
    assert claims(defined(capacity=3)) == [Claim("agent:anna", 0, ceiling=3)]
    assert claims(defined(capacity=3, active=False)) == [Claim("agent:anna", 0, ceiling=0)]
    assert claims(ONLINE) == ()
