"""The inner HTTP API of audit, for operators: all events, a ticket's, and the proof."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from services.audit import finders
from services.audit.people import behind, events_of, number_of, told, what_it_names
from services.audit.proof import prove
from shared.clock import monotonic_seconds
from shared.errors import NotFound
from shared.events.assignment import Role
from shared.log import Recorded
from shared.service import Runtime
from shared.web import Caller

Limit = Annotated[int, Query(ge=1, le=1000)]
Position = Annotated[int, Query(ge=0)]
Persons = Annotated[list[UUID], Query(min_length=1, max_length=100)]
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
        return {
            "ticket_id": subject,
            "number": told[0]["number"],
            "names": await finders.names_of(runtime.log, past),
            "events": told,
        }

    @router.get("/people")
    async def people(caller: Caller, email: str) -> dict[str, Any]:
        """Who stands behind a mail address, and how much is known of them."""
        caller.require(Role.ADMIN)
        known = await behind(runtime.log, email)
        return {"persons": known.persons, "active_agents": known.active_agents}

    @router.get("/people/events")
    async def people_events(
        caller: Caller, person: Persons, after: Position = 0, limit: Limit = 500
    ) -> dict[str, Any]:
        """The next events that are about people or by them, readable as far as they are theirs;
        and what these events name."""
        caller.require(Role.ADMIN)
        page, names = await events_of(runtime.log, person, after, limit)
        named = [what_it_names(event) for event in page]
        return {
            "events": [told(event, names) for event in page],
            "tickets": [number for number in map(number_of, page) if number],
            "files": [file for files, _ in named for file in files],
            "mails": [mail for _, mail in named if mail],
            "next": page[-1].position if page else None,
        }

    @router.get("/proof")
    async def proof(caller: Caller, ticket: str | None = None) -> dict[str, Any]:
        """Whether anything is missing, in the whole sequence or of one ticket."""
        caller.require(Role.OPERATOR)
        subject = None if ticket is None else await finders.ticket_id(runtime.pool, ticket)
        return await prove(runtime.log, subject, runtime.clock())

    return router
