"""What several commands have in common: who may, who gets the ticket, who loses it."""

from collections.abc import Sequence
from datetime import datetime

from services.assignment.domain import choice
from services.assignment.domain.choice import Agent, Need
from services.assignment.domain.commands import By
from services.assignment.domain.rejections import (
    NotYours,
    TicketClosedAlready,
    TicketNotFound,
    TicketNotReady,
)
from services.assignment.domain.tickets import Closed, Held, Incoming, State, Unheard, Waiting
from shared.events import Event
from shared.events.assignment import AgentAssigned, AgentUnassigned, Candidate, TicketQueued


def open_ticket(state: State) -> Waiting | Held:
    """The ticket, if it can be given to anybody; raises a `Rejected` if not."""
    match state:
        case Unheard():
            raise TicketNotFound
        case Incoming():
            raise TicketNotReady
        case Closed():
            raise TicketClosedAlready
        case Waiting() | Held():
            return state


def owned(state: State, by: By) -> Waiting | Held:
    """The open ticket, if `by` may say what becomes of it: nobody has it, or they do."""
    ticket = open_ticket(state)
    if isinstance(ticket, Held) and not by.manager and ticket.agent_id != by.id:
        raise NotYours(agent_id=ticket.agent_id)
    return ticket


def place(ticket: Waiting, candidates: Sequence[Agent], by: By, now: datetime) -> list[Event]:
    """The ticket goes to whoever suits best, or to the queue, unless it is there already."""
    need = ticket.need
    chosen, verdicts = choice.choose(candidates, need, prefer=ticket.had_before)
    if chosen is not None:
        why = choice.why_chosen(chosen, verdicts, prefer=ticket.had_before)
        return [assigned(chosen, need, by, why, now=now, verdicts=verdicts)]
    return queued(ticket, choice.why_queued(need, verdicts), verdicts, now)


def queued(
    ticket: Waiting, reason: str, verdicts: Sequence[Candidate], now: datetime
) -> list[Event]:
    """The ticket goes to its team's queue, unless it is there already."""
    if ticket.queued:
        return []
    need = ticket.need
    return [
        TicketQueued(
            team_id=need.team_id,
            team_name=need.team_name,
            skills=need.skills,
            tier=need.tier,
            reason=reason,
            candidates=choice.told(verdicts),
            queued_at=now,
        )
    ]


def assigned(
    agent: Agent,
    need: Need,
    by: By,
    reason: str,
    *,
    now: datetime,
    verdicts: Sequence[Candidate] | None = None,
) -> AgentAssigned:
    """The agent gets the ticket; without `verdicts` nobody else was looked at."""
    alone = Candidate(
        agent_id=agent.agent_id, load=agent.load, capacity=agent.capacity, verdict="chosen"
    )
    return AgentAssigned(
        agent_id=agent.agent_id,
        agent_name=agent.name,
        team_id=need.team_id,
        team_name=need.team_name,
        tier=agent.tier,
        by=by.id,
        reason=reason,
        candidates=choice.told([alone] if verdicts is None else verdicts),
        assigned_at=now,
    )


def unassigned(
    held: Held, by: By, reason: str, now: datetime, *, declined: bool = False
) -> AgentUnassigned:
    """The agent loses the ticket."""
    return AgentUnassigned(
        agent_id=held.agent_id, by=by.id, reason=reason, declined=declined, unassigned_at=now
    )
