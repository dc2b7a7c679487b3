"""What comes of a command on a ticket."""

from collections.abc import Sequence
from datetime import datetime

from services.assignment.domain import choice
from services.assignment.domain.choice import Agent, Need
from services.assignment.domain.commands import (
    ROUTING,
    AddParticipant,
    AssignTicket,
    By,
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
from services.assignment.domain.escalation import escalate
from services.assignment.domain.moves import assigned, open_ticket, owned, place, queued, unassigned
from services.assignment.domain.rejections import (
    AgentFull,
    AgentNotSuited,
    AgentOffline,
    AgentUnknown,
    AlreadyAssigned,
    TicketNotFound,
)
from services.assignment.domain.tickets import (
    UNHEARD,
    Closed,
    Held,
    Incoming,
    State,
    Unheard,
    Waiting,
    evolve,
)
from shared.decider import Decider
from shared.events import Event
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    ParticipantAdded,
    ParticipantRemoved,
    TicketTransferred,
)
from shared.log.records import Claim


def decide(command: TicketCommand, state: State) -> list[Event]:
    """What `command` says on a ticket in `state`; raises a `Rejected` if it may not be."""
    match command:
        case RouteTicket():
            return _route(command, state)
        case ClaimTicket():
            return _claim(command, state)
        case AssignTicket():
            return _assign(command, state)
        case GiveBackTicket():
            return _give_back(command, state)
        case TransferTicket():
            return _transfer(command, state)
        case EscalateTicket():
            return escalate(command, state)
        case AddParticipant():
            return _add_participant(command, state)
        case RemoveParticipant():
            return _remove_participant(command, state)
        case ReleaseClosed():
            return _release_closed(command, state)
        case ReleaseAgent():
            return _release_agent(command, state)


def _route(command: RouteTicket, state: State) -> list[Event]:
    match state:
        case Unheard():
            raise TicketNotFound
        case Waiting() if command.others_ahead:
            return queued(state, "others have waited longer", (), command.now)
        case Waiting():
            return place(state, command.candidates, ROUTING, command.now)
        case Held(recategorised=True):
            return _route_anew(command, state)
        case Incoming() | Held() | Closed():
            return []


def _route_anew(command: RouteTicket, state: Held) -> list[Event]:
    """The ticket needs something else now: it moves on if its agent doesn't suit that."""
    holder = next((a for a in command.candidates if a.agent_id == state.agent_id), None)
    why = choice.unsuited(holder, state.need) if holder else "wrong team"
    if why is None:
        return []
    return _moved_on(state, ROUTING, f"recategorised: {why}", command.candidates, command.now)


def _claim(command: ClaimTicket, state: State) -> list[Event]:
    match open_ticket(state):
        case Held(agent_id=holder):
            if holder == command.agent.agent_id:
                return []
            raise AlreadyAssigned(agent_id=holder)
        case Waiting(need=need):
            _require_suited(command.agent, need)
            _require_room(command.agent)
            by = By(command.agent.agent_id)
            return [assigned(command.agent, need, by, "claimed", now=command.now)]


def _assign(command: AssignTicket, state: State) -> list[Event]:
    ticket = owned(state, command.by)
    if isinstance(ticket, Held) and ticket.agent_id == command.agent.agent_id:
        return []
    if command.by.manager:
        _require_holder(command.agent)
    else:
        _require_suited(command.agent, ticket.need)
    _require_room(command.agent)
    got = assigned(command.agent, ticket.need, command.by, command.reason, now=command.now)
    if isinstance(ticket, Waiting):
        return [got]
    why = f"goes to {command.agent.agent_id}"
    return [unassigned(ticket, command.by, why, command.now), got]


def _give_back(command: GiveBackTicket, state: State) -> list[Event]:
    match owned(state, command.by):
        case Waiting():
            return []
        case Held() as held:
            return _moved_on(
                held, command.by, command.reason, command.candidates, command.now, declined=True
            )


def _transfer(command: TransferTicket, state: State) -> list[Event]:
    ticket = owned(state, command.by)
    team = command.team
    if ticket.need.team_id == team.team_id:
        return []
    tier = min(ticket.need.tier, _highest_tier(command.candidates, default=1))
    candidates: Sequence[Agent] = command.candidates
    events: list[Event] = []
    if isinstance(ticket, Held):
        events.append(unassigned(ticket, command.by, f"goes to {team.name}", command.now))
        candidates = choice.without_ticket_of(candidates, ticket.agent_id)
    events.append(
        TicketTransferred(
            from_team_id=ticket.need.team_id,
            team_id=team.team_id,
            team_name=team.name,
            tier=tier,
            by=command.by.id,
            reason=command.reason,
            transferred_at=command.now,
        )
    )
    return events + _placed_after(ticket, events, candidates, ROUTING, command.now)


def _add_participant(command: AddParticipant, state: State) -> list[Event]:
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


def _remove_participant(command: RemoveParticipant, state: State) -> list[Event]:
    if command.agent_id not in open_ticket(state).participants:
        return []
    return [ParticipantRemoved(agent_id=command.agent_id, by=command.by.id, removed_at=command.now)]


def _release_closed(command: ReleaseClosed, state: State) -> list[Event]:
    match state:
        case Closed(before=Held() as held):
            return [unassigned(held, ROUTING, "closed", command.now)]
        case Unheard() | Incoming() | Waiting() | Held() | Closed():
            return []


def _release_agent(command: ReleaseAgent, state: State) -> list[Event]:
    match state:
        case Held(agent_id=command.agent_id) | Closed(before=Held(agent_id=command.agent_id)):
            held = state.before if isinstance(state, Closed) else state
            assert isinstance(held, Held)
            return [unassigned(held, ROUTING, "no longer at this desk", command.now)]
        case Unheard() | Incoming() | Waiting() | Held() | Closed():
            return []


def _moved_on(
    held: Held,
    by: By,
    reason: str,
    candidates: Sequence[Agent],
    now: datetime,
    *,
    declined: bool = False,
) -> list[Event]:
    """The agent loses the ticket, and it is placed anew."""
    lost = unassigned(held, by, reason, now, declined=declined)
    left = choice.without_ticket_of(candidates, held.agent_id)
    return [lost, *_placed_after(held, [lost], left, ROUTING, now)]


def _placed_after(
    ticket: State, events: Sequence[Event], candidates: Sequence[Agent], by: By, now: datetime
) -> list[Event]:
    for event in events:
        ticket = evolve(ticket, event)
    assert isinstance(ticket, Waiting)
    return place(ticket, candidates, by, now)


def _require_holder(agent: Agent) -> None:
    if not agent.active:
        raise AgentUnknown(agent_id=agent.agent_id)
    if agent.role not in choice.HOLDS_TICKETS:
        why = f"an {agent.role.value} takes no tickets"
        raise AgentNotSuited(agent_id=agent.agent_id, why=why)


def _require_suited(agent: Agent, need: Need) -> None:
    _require_holder(agent)
    why = choice.unsuited(agent, need)
    if why is not None:
        raise AgentNotSuited(agent_id=agent.agent_id, why=why)
    if not agent.online:
        raise AgentOffline(agent_id=agent.agent_id)


def _require_room(agent: Agent) -> None:
    if agent.full:
        raise AgentFull(agent_id=agent.agent_id, load=agent.load, capacity=agent.capacity)


def _highest_tier(candidates: Sequence[Agent], default: int) -> int:
    return max((a.tier for a in candidates if choice.holds_tickets(a)), default=default)


def claims(event: Event) -> Sequence[Claim]:
    """A ticket takes one place of its agent's capacity, and gives it back."""
    match event:
        case AgentAssigned():
            return [Claim(choice.capacity_of(event.agent_id), 1)]
        case AgentUnassigned():
            return [Claim(choice.capacity_of(event.agent_id), -1)]
        case _:
            return ()


TICKETS: Decider[TicketCommand, State] = Decider(UNHEARD, decide, evolve, claims)
