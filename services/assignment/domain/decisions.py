"""What comes of a command on a ticket."""

from collections.abc import Sequence
from typing import Final

from services.assignment.domain import people
from services.assignment.domain.commands import (
    ROUTING,
    AddParticipant,
    AssignTicket,
    By,
    ClaimTicket,
    EscalateTicket,
    GiveBackTicket,
    HandOnTicket,
    NoticeUntouched,
    ReleaseAgent,
    ReleaseClosed,
    RemoveParticipant,
    RouteTicket,
    TicketCommand,
    TransferTicket,
)
from services.assignment.domain.escalation import escalate
from services.assignment.domain.holding import add_participant, assign, claim, remove_participant
from services.assignment.domain.moves import (
    owned,
    place,
    queued,
    routed,
    unassigned,
)
from services.assignment.domain.people import Agent
from services.assignment.domain.rejections import (
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
    TicketLeftUntouched,
    TicketTransferred,
)
from shared.log.records import Claim

OTHERS_AHEAD: Final = "others, whose turn is sooner, wait for those who are free"


def decide(command: TicketCommand, state: State) -> list[Event]:
    """What `command` says on a ticket in `state`; raises a `Rejected` if it may not be."""
    match command:
        case RouteTicket():
            return _route(command, state)
        case ClaimTicket():
            return claim(command, state)
        case AssignTicket():
            return assign(command, state)
        case GiveBackTicket():
            return _give_back(command, state)
        case HandOnTicket():
            return _hand_on(command, state)
        case TransferTicket():
            return _transfer(command, state)
        case EscalateTicket():
            return escalate(command, state)
        case AddParticipant():
            return add_participant(command, state)
        case RemoveParticipant():
            return remove_participant(command, state)
        case ReleaseClosed() | ReleaseAgent() | NoticeUntouched():
            return _follow(command, state)


def _route(command: RouteTicket, state: State) -> list[Event]:
    match state:
        case Unheard():
            raise TicketNotFound
        case Waiting() | Held() if command.by_rules:
            moved = routed(state, command.policy, command.now)
            return [*moved, *_placed(command, after(state, moved))]
        case Waiting() | Held():
            return _placed(command, state)
        case Incoming() | Closed():
            return []


def _placed(command: RouteTicket, ticket: Waiting | Held) -> list[Event]:
    match ticket:
        case Waiting() if command.others_ahead:
            return queued(ticket, OTHERS_AHEAD, (), command.now, command.policy)
        case Waiting():
            return place(
                ticket,
                command.candidates,
                ROUTING,
                command.now,
                command.policy,
                command.helped_before,
            )
        case Held(recategorised=True):
            return _route_anew(command, ticket)
        case Held():
            return []


def _route_anew(command: RouteTicket, state: Held) -> list[Event]:
    """The ticket needs something else now: it moves on if its agent doesn't suit that."""
    holder = next((a for a in command.candidates if a.agent_id == state.agent_id), None)
    why = people.unsuited(holder, state.need) if holder else "wrong team"
    if why is None:
        return []
    return _moved_on(state, command, ROUTING, f"recategorised: {why}")


def _give_back(command: GiveBackTicket, state: State) -> list[Event]:
    match owned(state, command.by):
        case Waiting():
            return []
        case Held() as held:
            return _moved_on(held, command, command.by, command.reason, declined=True)


def _hand_on(command: HandOnTicket, state: State) -> list[Event]:
    match state:
        case Held(agent_id=command.agent_id):
            return _moved_on(state, command, command.by, command.reason, declined=True)
        case Unheard() | Incoming() | Waiting() | Held() | Closed():
            return []


def _notice(command: NoticeUntouched, state: State) -> list[Event]:
    match state:
        case Waiting(need=need) | Held(need=need):
            return [
                TicketLeftUntouched(
                    team_id=need.team_id,
                    team_name=need.team_name,
                    agent_id=state.agent_id if isinstance(state, Held) else None,
                    since=command.since,
                    noticed_at=command.now,
                )
            ]
        case Unheard() | Incoming() | Closed():
            return []


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
        candidates = people.without_ticket_of(candidates, ticket.agent_id, ticket.weight)
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
    moved = after(ticket, events)
    assert isinstance(moved, Waiting)
    return events + place(moved, candidates, ROUTING, command.now, command.policy)


def _follow(command: ReleaseClosed | ReleaseAgent | NoticeUntouched, state: State) -> list[Event]:
    """What nobody commands: it follows from what has happened, or has not."""
    match command:
        case ReleaseClosed():
            return _release_closed(command, state)
        case ReleaseAgent():
            return _release_agent(command, state)
        case NoticeUntouched():
            return _notice(command, state)


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
    command: RouteTicket | GiveBackTicket | HandOnTicket,
    by: By,
    reason: str,
    *,
    declined: bool = False,
) -> list[Event]:
    """The agent loses the ticket, and it is placed anew."""
    lost = unassigned(held, by, reason, command.now, declined=declined)
    left = people.without_ticket_of(command.candidates, held.agent_id, held.weight)
    waiting = after(held, [lost])
    assert isinstance(waiting, Waiting)
    return [lost, *place(waiting, left, ROUTING, command.now, command.policy)]


def after(ticket: Waiting | Held, events: Sequence[Event]) -> Waiting | Held:
    """The ticket after what is said of it."""
    state: State = ticket
    for event in events:
        state = evolve(state, event)
    assert isinstance(state, Waiting | Held)
    return state


def _highest_tier(candidates: Sequence[Agent], default: int) -> int:
    return max((a.tier for a in candidates if people.holds_tickets(a)), default=default)


def claims(event: Event) -> Sequence[Claim]:
    """A ticket takes places of its agent's capacity by its weight, and gives them back."""
    match event:
        case AgentAssigned():
            return [Claim(people.capacity_of(event.agent_id), event.weight)]
        case AgentUnassigned():
            return [Claim(people.capacity_of(event.agent_id), -event.weight)]
        case _:
            return ()


TICKETS: Decider[TicketCommand, State] = Decider(UNHEARD, decide, evolve, claims)
