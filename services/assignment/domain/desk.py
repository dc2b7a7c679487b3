"""Agents, teams, and how tickets are routed: defined by the desk's configuration; agents come
and go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from services.assignment.domain.people import capacity_of
from services.assignment.domain.rejections import AgentUnknown
from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.assignment import (
    AgentDefined,
    AgentWentOffline,
    AgentWentOnline,
    RoutingDefined,
    TeamDefined,
)
from shared.log.records import Claim


@dataclass(frozen=True)
class Undefined:
    """There is no such agent or team, or nothing was ever said of routing."""


UNDEFINED: Final = Undefined()


@dataclass(frozen=True)
class DefinedAgent:
    """An agent as last defined."""

    definition: AgentDefined
    online: bool = False


AgentState: TypeAlias = Undefined | DefinedAgent


@dataclass(frozen=True)
class DefineAgent:
    """The desk has this agent."""

    definition: AgentDefined
    now: datetime


@dataclass(frozen=True)
class RetireAgent:
    """The desk no longer has this agent."""

    agent_id: str
    revision: int
    now: datetime


@dataclass(frozen=True)
class SetPresence:
    """The agent takes tickets, or takes no new ones."""

    agent_id: str
    online: bool
    now: datetime


AgentCommand: TypeAlias = DefineAgent | RetireAgent | SetPresence


def decide_agent(command: AgentCommand, state: AgentState) -> list[Event]:
    """What `command` says of an agent."""
    match command:
        case DefineAgent():
            return _define(command.definition, state, command.now)
        case RetireAgent():
            return _retire(command, state)
        case SetPresence():
            return _set_presence(command, state)


def _define(definition: AgentDefined, state: AgentState, now: datetime) -> list[Event]:
    match state:
        case Undefined():
            return [definition]
        case DefinedAgent(definition=last, online=online):
            if _same(last, definition):
                return []
            leaves = online and not definition.active
            left = AgentWentOffline(agent_id=definition.agent_id, at=now)
            return [left, definition] if leaves else [definition]


def _retire(command: RetireAgent, state: AgentState) -> list[Event]:
    match state:
        case Undefined():
            raise AgentUnknown(agent_id=command.agent_id)
        case DefinedAgent(definition=last):
            changes = {"active": False, "token_hash": "", "revision": command.revision}
            return _define(last.model_copy(update=changes), state, command.now)


def _set_presence(command: SetPresence, state: AgentState) -> list[Event]:
    match state:
        case DefinedAgent(definition=AgentDefined(active=True), online=online):
            if online == command.online:
                return []
            said = AgentWentOnline if command.online else AgentWentOffline
            return [said(agent_id=command.agent_id, at=command.now)]
        case Undefined() | DefinedAgent():
            raise AgentUnknown(agent_id=command.agent_id)


def evolve_agent(state: AgentState, event: Event | Unknown) -> AgentState:
    """The agent after `event`."""
    match state, event:
        case Undefined(), AgentDefined():
            return DefinedAgent(event)
        case DefinedAgent(online=online), AgentDefined():
            return DefinedAgent(event, online)
        case DefinedAgent(definition=definition), AgentWentOnline():
            return DefinedAgent(definition, online=True)
        case DefinedAgent(definition=definition), AgentWentOffline():
            return DefinedAgent(definition, online=False)
        case _:
            return state


def claims(event: Event) -> Sequence[Claim]:
    """An agent's capacity is the ceiling of what tickets may claim."""
    match event:
        case AgentDefined():
            ceiling = event.capacity if event.active else 0
            return [Claim(capacity_of(event.agent_id), 0, ceiling=ceiling)]
        case _:
            return ()


AGENTS: Decider[AgentCommand, AgentState] = Decider(UNDEFINED, decide_agent, evolve_agent, claims)


@dataclass(frozen=True)
class DefineTeam:
    """The desk has this team."""

    definition: TeamDefined


TeamState: TypeAlias = Undefined | TeamDefined


def decide_team(command: DefineTeam, state: TeamState) -> list[Event]:
    """What `command` says of a team."""
    if isinstance(state, TeamDefined) and _same(state, command.definition):
        return []
    return [command.definition]


def evolve_team(state: TeamState, event: Event | Unknown) -> TeamState:
    """The team after `event`."""
    return event if isinstance(event, TeamDefined) else state


TEAMS: Decider[DefineTeam, TeamState] = Decider(UNDEFINED, decide_team, evolve_team)


@dataclass(frozen=True)
class DefineRouting:
    """The desk routes like this."""

    definition: RoutingDefined


RoutingState: TypeAlias = Undefined | RoutingDefined


def decide_routing(command: DefineRouting, state: RoutingState) -> list[Event]:
    """What `command` says of the desk's routing."""
    last = state if isinstance(state, RoutingDefined) else RoutingDefined(revision=0)
    return [] if _same(last, command.definition) else [command.definition]


def evolve_routing(state: RoutingState, event: Event | Unknown) -> RoutingState:
    """The routing after `event`."""
    return event if isinstance(event, RoutingDefined) else state


ROUTING: Decider[DefineRouting, RoutingState] = Decider(UNDEFINED, decide_routing, evolve_routing)


def _same(last: Event, new: Event) -> bool:
    """Whether two definitions differ in nothing but the desk's revision."""
    return last.model_dump(exclude={"revision"}) == new.model_dump(exclude={"revision"})
