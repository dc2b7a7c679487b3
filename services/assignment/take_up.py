"""The queue is taken up as soon as somebody is free: by due time, then priority, then age.

A loop that looks whenever the log has grown, and regularly, in the process that keeps the
read model. Should several look at once, it is settled where events are appended which of
them gives a ticket to whom. A look at an empty queue
is one look at an index; a round is bounded by the room there is.
"""

import asyncio
from typing import Any, Final

import asyncpg
import structlog

from services.assignment.directory import QUERIES, Directory
from services.assignment.domain.commands import ROUTING, RouteTicket
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.policy import Policy
from services.assignment.projection import Queues
from services.assignment.rows import need_of
from services.assignment.staff import Staff
from shared.errors import CapacityExceeded
from shared.events.assignment import AgentAssigned
from shared.logging import kind_of
from shared.outages import OUTAGES
from shared.service import Runtime

log = structlog.get_logger()

ROUND_TICKETS_MAX: Final = 200
"""Most room that is filled in one round, for each need."""

SPARE_HEADS: Final = 20
"""Tickets looked at beyond the room there is: some may have been taken meanwhile."""

SETTLE_SECONDS: Final = 0.1
"""From the log's growing until the queue is looked at: the read model follows, and what
happens together is looked at together."""

OUTAGE_SECONDS: Final = 1.0
"""Rest after Postgres could not be reached."""


class Queue:
    """Gives queued tickets to whoever is free."""

    def __init__(self, runtime: Runtime, interval_seconds: float) -> None:
        self._runtime = runtime
        self._directory = Directory(runtime.pool, runtime.clock)
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        """Take up the queue until cancelled."""
        while True:
            try:
                taken = 0 if self._others_look() else await self.take_up()
            except (*OUTAGES, asyncpg.PostgresError) as error:
                log.warning("take_up_failing", error=kind_of(error))
                await asyncio.sleep(OUTAGE_SECONDS)
            else:
                if not taken:
                    await self._runtime.log.growth(self._interval_seconds)
                    await asyncio.sleep(SETTLE_SECONDS)

    def _others_look(self) -> bool:
        """Whether another process keeps the read model: it looks, and sees the queue sooner.

        That saves work, and nothing rests on it: two that look at once give nothing twice.
        """
        followers = self._runtime.followers
        return any(each.name == Queues.name and not each.leading for each in followers)

    async def take_up(self) -> int:
        """One round: how many tickets found somebody."""
        needs = [row["need"] for row in await self._runtime.pool.fetch(QUERIES.queued_needs)]
        if not needs:
            return 0
        staff = Staff(await self._directory.agents())
        room = {key: min(staff.room(need_of(key)), ROUND_TICKETS_MAX) for key in needs}
        open_needs = [key for key in needs if room[key] > 0]
        if not open_needs:
            return 0
        limits = [room[key] + SPARE_HEADS for key in open_needs]
        heads = await self._runtime.pool.fetch(QUERIES.queue_heads, open_needs, limits)
        policy = await self._directory.policy()
        taken = 0
        for head in heads:
            if staff.room(need_of(head["need"])):
                taken += await self._place(head, staff, policy)
        return taken

    async def _place(self, head: Any, staff: Staff, policy: Policy) -> bool:
        need, now = need_of(head["need"]), self._runtime.clock()
        command = RouteTicket(
            candidates=staff.of(need.team_id),
            now=now,
            policy=policy,
            helped_before=head["helped_before"] if policy.same_agent else None,
        )
        ticket_id = head["subject"]
        try:
            outcome = await self._runtime.handle(TICKETS, ticket_id, command, actor=ROUTING.id)
        except CapacityExceeded:
            staff.look_again(await self._directory.agents())
            return False
        except OUTAGES:
            raise
        except Exception as error:  # noqa: BLE001 - one ticket's trouble is no other's
            log.warning("take_up_refused", ticket_id=ticket_id, code=type(error).__name__)
            return False
        found = [event for event in outcome.events if isinstance(event, AgentAssigned)]
        for event in found:
            staff.took(event.agent_id, event.weight, now)
        if not found and policy.weights.get(head["priority"], 1) > 1:
            staff.keep_for(need)
        return bool(found)
