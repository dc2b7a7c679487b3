"""The inner HTTP API of audit, for operators: all events, a ticket's, and the proof."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.audit import finders
from services.audit.proof import prove
from shared.clock import monotonic_seconds
from shared.errors import NotFound
from shared.events.assignment import Role
from shared.log import Recorded
from shared.service import Runtime
from shared.web import Caller

Limit = Annotated[int, Query(ge=1, le=1000)]
WAIT_SECONDS_MAX = 20


def routes(runtime: Runtime) -> APIRouter:
    """Every route of audit but the core's own."""
    router = APIRouter(prefix="/v1")

    async def as_shown(events: list[Recorded]) -> list[dict[str, Any]]:
        numbers = await finders.numbers_of(runtime.pool, events)
        return [finders.shown(event, numbers.get(event.subject)) for event in events]

    @router.get("/events")
    async def events(
        caller: Caller,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Limit = 100,
        wait_seconds: Annotated[float, Query(ge=0, le=WAIT_SECONDS_MAX)] = 0,
    ) -> dict[str, Any]:
        """The next events behind a position; waits for some if asked to."""
        caller.require(Role.OPERATOR)
        until = monotonic_seconds() + wait_seconds
        page = await runtime.log.page(after, limit)
        while not page and (left := until - monotonic_seconds()) > 0:
            await runtime.log.growth(min(left, 0.5))
            page = await runtime.log.page(after, limit)
        end = await runtime.log.end()
        reached = page[-1].position if page else after
        return {"events": await as_shown(page), "next": reached, "end": end}

    @router.get("/tickets/{ticket}/events")
    async def ticket_events(ticket: str, caller: Caller) -> dict[str, Any]:
        """Everything that happened to a ticket (or an agent, a plan, …), in order."""
        caller.require(Role.OPERATOR)
        subject = await finders.ticket_id(runtime.pool, ticket)
        past = (await runtime.log.read(subject)).events
        if not past:
            raise NotFound(what="ticket")
        told = await as_shown(list(past))
        return {"ticket_id": subject, "number": told[0]["number"], "events": told}

    @router.get("/proof")
    async def proof(caller: Caller, ticket: str | None = None) -> dict[str, Any]:
        """Whether anything is missing, in the whole sequence or of one ticket."""
        caller.require(Role.OPERATOR)
        subject = None if ticket is None else await finders.ticket_id(runtime.pool, ticket)
        return await prove(runtime.log, subject, runtime.clock())

    return router
