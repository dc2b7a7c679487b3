"""An agent leaves, for a day or for good: all their tickets go to others at once."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.assignment.asked import by
from services.assignment.bodies import Body
from services.assignment.directory import QUERIES, Directory
from services.assignment.domain.commands import HandOnTicket
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.tickets import Held
from services.assignment.projection import Queues
from shared.asked import Asked, ByAgent
from shared.clock import monotonic_seconds
from shared.errors import CapacityExceeded, NotYet
from shared.events.assignment import AgentAssigned, Role
from shared.followers.projection import position_of
from shared.service import Runtime

CHOICES_MAX = 20
"""How often others may take the room before a ticket is left where it is."""


class Leaving(Body):
    reason: str = Field(min_length=1, max_length=2000)


def add_leaving(router: APIRouter, runtime: Runtime) -> None:
    """One route: it says of each ticket who has it now."""
    directory = Directory(runtime.pool, runtime.clock)

    @router.post("/agents/{agent_id}/hand-on")
    async def hand_on(agent_id: str, body: Leaving, asked: ByAgent) -> dict[str, Any]:
        """Tickets come to others by the usual rules, or into the queue; not back to the agent."""
        if asked.caller.agent_id != agent_id:
            asked.caller.require(Role.MANAGER)
        await directory.agent(agent_id)
        moved = {}
        for ticket_id in await _held_by(runtime, agent_id):
            moved[str(ticket_id)] = await _hand_on(
                runtime, directory, ticket_id, agent_id, body.reason, asked
            )
        return {"agent_id": agent_id, "tickets": moved}


async def _held_by(runtime: Runtime, agent_id: str) -> list[UUID]:
    """All tickets that the agent has as of now."""
    end = await runtime.log.end()
    give_up_at = monotonic_seconds() + runtime.settings.wait_seconds_max
    while await position_of(runtime.pool, Queues.name) < end:
        if monotonic_seconds() > give_up_at:
            raise NotYet
        await asyncio.sleep(0.015)
    return [row["subject"] for row in await runtime.pool.fetch(QUERIES.held_by, agent_id)]


async def _hand_on(
    runtime: Runtime,
    directory: Directory,
    ticket_id: UUID,
    agent_id: str,
    reason: str,
    asked: Asked,
) -> str | None:
    """Who has the ticket now; None if it waits."""
    past = await runtime.log.read(ticket_id)
    ticket = TICKETS.fold([recorded.event for recorded in past.events])
    if not isinstance(ticket, Held):
        return None
    for attempt in range(CHOICES_MAX):
        command = HandOnTicket(
            agent_id=agent_id,
            candidates=await directory.agents_of(ticket.need.team_id),
            by=by(asked),
            reason=reason,
            now=runtime.clock(),
            policy=await directory.policy(),
        )
        try:
            outcome = await runtime.handle(
                TICKETS, ticket_id, command, **{**asked.context(command), "seen": None}
            )
        except CapacityExceeded:
            if attempt == CHOICES_MAX - 1:
                raise
            continue
        got = [event.agent_id for event in outcome.events if isinstance(event, AgentAssigned)]
        return got[0] if got else None
    raise AssertionError("unreachable")
