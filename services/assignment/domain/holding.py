"""Who has a ticket because somebody says so, and who takes part beside them."""

from services.assignment.domain import people
from services.assignment.domain.commands import (
    AddParticipant,
    AssignTicket,
    By,
    ClaimTicket,
    RemoveParticipant,
)
from services.assignment.domain.moves import assigned, open_ticket, owned, unassigned
from services.assignment.domain.people import Agent, Need
from services.assignment.domain.policy import Policy
from services.assignment.domain.rejections import (
    AgentFull,
    AgentNotSuited,
    AgentOffline,
    AgentUnknown,
    AlreadyAssigned,
)
from services.assignment.domain.tickets import Held, State, Waiting
from shared.events import Event
from shared.events.assignment import ParticipantAdded, ParticipantRemoved


def claim(command: ClaimTicket, state: State) -> list[Event]:
    match open_ticket(state):
        case Held(agent_id=holder):
            if holder == command.agent.agent_id:
                return []
            raise AlreadyAssigned(agent_id=holder)
        case Waiting() as ticket:
            _require_suited(command.agent, ticket.need)
            _require_room(command.agent, ticket, command.policy)
            by = By(command.agent.agent_id)
            return [assigned(ticket, command.agent, by, "claimed", command.now, command.policy)]


def assign(command: AssignTicket, state: State) -> list[Event]:
    ticket = owned(state, command.by)
    agent, policy = command.agent, command.policy
    if isinstance(ticket, Held) and ticket.agent_id == agent.agent_id:
        return []
    overrides: tuple[str, ...] = ()
    if command.by.manager:
        _require_holder(agent)
        overrides = people.passed_over(agent, ticket.need)
    else:
        _require_suited(agent, ticket.need)
    _require_room(agent, ticket, policy)
    got = assigned(ticket, agent, command.by, command.reason, command.now, policy, overrides)
    if isinstance(ticket, Waiting):
        return [got]
    why = f"goes to {agent.agent_id}"
    return [unassigned(ticket, command.by, why, command.now), got]


def add_participant(command: AddParticipant, state: State) -> list[Event]:
    ticket = open_ticket(state)
    agent = command.agent
    if not agent.active:
        raise AgentUnknown(agent_id=agent.agent_id)
    has_it = isinstance(ticket, Held) and ticket.agent_id == agent.agent_id
    if has_it or agent.agent_id in ticket.participants:
        return []
    return [
        ParticipantAdded(
            agent_id=agent.agent_id,
            agent_name=agent.name,
            by=command.by.id,
            added_at=command.now,
        )
    ]


def remove_participant(command: RemoveParticipant, state: State) -> list[Event]:
    if command.agent_id not in open_ticket(state).participants:
        return []
    return [ParticipantRemoved(agent_id=command.agent_id, by=command.by.id, removed_at=command.now)]


def _require_holder(agent: Agent) -> None:
    if not agent.active:
        raise AgentUnknown(agent_id=agent.agent_id)
    if agent.role not in people.HOLDS_TICKETS:
        why = f"an {agent.role.value} takes no tickets"
        raise AgentNotSuited(agent_id=agent.agent_id, why=why)


def _require_suited(agent: Agent, need: Need) -> None:
    _require_holder(agent)
    why = people.unsuited(agent, need)
    if why is not None:
        raise AgentNotSuited(agent_id=agent.agent_id, why=why)
    if not agent.online:
        raise AgentOffline(agent_id=agent.agent_id)


def _require_room(agent: Agent, ticket: Waiting | Held, policy: Policy) -> None:
    if agent.full or agent.weighs(policy.weight(ticket.facts)) > agent.room:
        raise AgentFull(agent_id=agent.agent_id, load=agent.load, capacity=agent.capacity)
