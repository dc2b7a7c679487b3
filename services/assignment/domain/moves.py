"""What several commands have in common: who may, who gets the ticket, who loses it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.assignment.domain import choice
from services.assignment.domain.choice import Found
from services.assignment.domain.commands import By
from services.assignment.domain.people import Agent
from services.assignment.domain.policy import Policy, asked_first
from services.assignment.domain.rejections import (
    NotYours,
    TicketClosedAlready,
    TicketNotFound,
    TicketNotReady,
)
from services.assignment.domain.tickets import Closed, Held, Incoming, State, Unheard, Waiting
from shared.events import Event
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketQueued,
    TicketRouted,
)

BY_HAND: Final = "by_hand"
"""The strategy of whoever names an agent."""


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


def place(
    ticket: Waiting,
    candidates: Sequence[Agent],
    by: By,
    now: datetime,
    policy: Policy,
    helped_before: str | None = None,
) -> list[Event]:
    """The ticket goes to whoever suits best, or to the queue, unless it is there already."""
    need = ticket.need
    chosen, found = choice.choose(
        candidates,
        need,
        weight=policy.weight(ticket.facts),
        strategy=policy.strategy(need),
        prefer=asked_first(need, ticket.had_before, helped_before),
    )
    if chosen is None:
        return queued(ticket, choice.why_queued(need, found), found, now, policy)
    got = assigned(ticket, chosen.agent, by, chosen.why, now, policy)
    named = {"strategy": chosen.strategy, "candidates": choice.told(found)}
    return [got.model_copy(update=named)]


def queued(
    ticket: Waiting, reason: str, found: Sequence[Found], now: datetime, policy: Policy
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
            candidates=choice.told(found),
            queued_at=now,
            levels=dict(need.levels),
            rule=need.rule,
            untouched_after_minutes=policy.untouched_queued_minutes,
            untouched_calendar=policy.counts_in(policy.untouched_queued_minutes),
        )
    ]


def assigned(
    ticket: Waiting | Held,
    agent: Agent,
    by: By,
    reason: str,
    now: datetime,
    policy: Policy,
    overrides: tuple[str, ...] = (),
) -> AgentAssigned:
    """The agent gets the ticket because somebody says so: nobody else was looked at."""
    need = ticket.need
    alone = Found(agent.agent_id, agent.load, agent.capacity, "chosen")
    return AgentAssigned(
        agent_id=agent.agent_id,
        agent_name=agent.name,
        team_id=need.team_id,
        team_name=need.team_name,
        tier=agent.tier,
        by=by.id,
        reason=reason,
        candidates=choice.told([alone]),
        assigned_at=now,
        rule=need.rule,
        strategy=BY_HAND,
        weight=agent.weighs(policy.weight(ticket.facts)),
        overrides=overrides,
        untouched_after_minutes=policy.untouched_assigned_minutes,
        untouched_calendar=policy.counts_in(policy.untouched_assigned_minutes),
    )


def unassigned(
    held: Held, by: By, reason: str, now: datetime, *, declined: bool = False
) -> AgentUnassigned:
    """The agent loses the ticket."""
    return AgentUnassigned(
        agent_id=held.agent_id,
        by=by.id,
        reason=reason,
        declined=declined,
        unassigned_at=now,
        weight=held.weight,
    )


def routed(ticket: Waiting | Held, policy: Policy, now: datetime) -> list[Event]:
    """What the rules change of what the ticket needs."""
    need = policy.need(ticket.facts, ticket.need)
    if need == ticket.need:
        return []
    return [
        TicketRouted(
            rule=need.rule,
            rule_name=policy.rule_name(need.rule),
            team_id=need.team_id,
            team_name=need.team_name,
            skills=need.skills,
            levels=dict(need.levels),
            tier=need.tier,
            strategy=need.strategy,
            owner=need.owner,
            routed_at=now,
        )
    ]
