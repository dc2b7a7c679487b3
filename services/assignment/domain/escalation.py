"""A ticket goes up a tier: to somebody higher, or to a manager's attention at the top.

`TicketEscalated` comes last, so that people see the ticket as escalated until the one
who has it now begins to work.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.assignment.domain import people
from services.assignment.domain.commands import ESCALATION, EscalateTicket
from services.assignment.domain.moves import owned, place, unassigned
from services.assignment.domain.people import Agent, Need
from services.assignment.domain.rejections import TierNotHigher, TierUnknown
from services.assignment.domain.tickets import Held, State, Waiting
from shared.events import Event
from shared.events.assignment import ParticipantAdded, TicketEscalated

AT_THE_TOP: Final = "nobody higher suits it: a manager has to look at it"
NOBODY_HAS_IT: Final = "nobody has it yet: a manager has to look at it"


def escalate(command: EscalateTicket, state: State) -> list[Event]:
    """The ticket goes to the next tier of its team, or to `command.tier`."""
    match owned(state, command.by):
        case Waiting() as waiting:
            return _escalate_waiting(command, waiting)
        case Held() as held:
            return _escalate_held(command, held)


def _escalate_waiting(command: EscalateTicket, ticket: Waiting) -> list[Event]:
    """A queued ticket keeps its tier, unless one is named: fewer could take it higher up."""
    tier = ticket.need.tier
    if command.tier is None:
        return [_escalated(command, tier, tier, NOBODY_HAS_IT)]
    _require_tier(command, ticket.need, above=tier)
    raised = Waiting(replace(ticket.need, tier=command.tier), facts=ticket.facts)
    return [
        *place(raised, command.candidates, ESCALATION, command.now, command.policy),
        _escalated(command, tier, command.tier),
    ]


def _escalate_held(command: EscalateTicket, held: Held) -> list[Event]:
    below = max(held.need.tier, held.tier)
    if command.tier is not None:
        _require_tier(command, held.need, above=below)
    tier = command.tier or people.next_tier(command.candidates, held.need, above=below)
    if tier is None:
        return [_escalated(command, below, below, AT_THE_TOP)]
    left = people.without_ticket_of(command.candidates, held.agent_id, held.weight)
    raised = Waiting(replace(held.need, tier=tier), facts=held.facts)
    return [
        unassigned(held, command.by, f"goes to tier {tier}", command.now),
        ParticipantAdded(
            agent_id=held.agent_id,
            agent_name=_name_of(command.candidates, held.agent_id),
            by=ESCALATION.id,
            added_at=command.now,
        ),
        *place(raised, left, ESCALATION, command.now, command.policy),
        _escalated(command, below, tier),
    ]


def _require_tier(command: EscalateTicket, need: Need, above: int) -> None:
    """Raise unless the named tier is higher, and somebody in the team works there."""
    assert command.tier is not None
    if command.tier <= above:
        raise TierNotHigher(tier=above)
    reached = people.next_tier(command.candidates, need, above=command.tier - 1)
    if reached is None:
        raise TierUnknown(tier=command.tier, team=need.team_name)


def _escalated(
    command: EscalateTicket, from_tier: int, tier: int, remark: str = ""
) -> TicketEscalated:
    return TicketEscalated(
        from_tier=from_tier,
        tier=tier,
        by=command.by.id,
        reason=f"{command.reason}; {remark}" if remark else command.reason,
        escalated_at=command.now,
    )


def _name_of(candidates: Sequence[Agent], agent_id: str) -> str:
    return next((a.name for a in candidates if a.agent_id == agent_id), agent_id)
