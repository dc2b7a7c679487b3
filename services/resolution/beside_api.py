"""What agents put on a ticket beside the work; macros, incidents."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.resolution import bodies
from services.resolution.answering import in_sight, vector_of
from services.resolution.api import carry_out, told
from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    ChangeTags,
    Command,
    FollowTicket,
    LinkChild,
    LinkParent,
    SpendTime,
    UnfollowTicket,
    UnlinkChild,
    UnlinkParent,
    UnpinNote,
)
from services.resolution.domain.facts import Facts
from services.resolution.domain.rejections import OwnParent, TicketInArchive, TicketNotFound
from services.resolution.domain.states import Archived, Unknown
from services.resolution.macros import Runs, commands_of
from services.resolution.rules import find, in_force, variables
from shared.asked import Asked, ByAgent
from shared.decider import Context, Outcome, handle_all
from shared.service import Runtime


def beside_routes(runtime: Runtime) -> APIRouter:
    """Tags, followers, pins, time, macros, parents."""
    router = APIRouter(prefix="/v1/tickets/{ticket_id}")
    _add_beside(router, runtime)
    _add_macros(router, runtime)
    _add_parents(router, runtime)
    return router


def _add_beside(router: APIRouter, runtime: Runtime) -> None:
    now = runtime.clock

    @router.post("/tags")
    async def tags(ticket_id: UUID, body: bodies.Tags, asked: ByAgent) -> Response:
        command = ChangeTags(by=asked.by, now=now(), add=body.add, remove=body.remove)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/followers")
    async def follow(
        ticket_id: UUID, asked: ByAgent, body: bodies.Follower | None = None
    ) -> Response:
        agent_id = (body.agent_id if body else None) or asked.by
        command = FollowTicket(by=asked.by, now=now(), agent_id=agent_id)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.delete("/followers/{agent_id}")
    async def unfollow(ticket_id: UUID, agent_id: str, asked: ByAgent) -> Response:
        command = UnfollowTicket(by=asked.by, now=now(), agent_id=agent_id)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/time")
    async def time(ticket_id: UUID, body: bodies.Spent, asked: ByAgent) -> Response:
        command = SpendTime(by=asked.by, now=now(), minutes=body.minutes, note=body.note)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.delete("/pins/{note_id}")
    async def unpin(ticket_id: UUID, note_id: UUID, asked: ByAgent) -> Response:
        command = UnpinNote(by=asked.by, now=now(), note_id=note_id)
        return await carry_out(runtime, ticket_id, command, asked)


def _add_macros(router: APIRouter, runtime: Runtime) -> None:
    @router.post("/macros/{macro_id}")
    async def run(
        ticket_id: UUID, macro_id: str, asked: ByAgent, body: bodies.Run | None = None
    ) -> Response:
        """All of the macro's commands, or none."""
        given = body or bodies.Run()
        await runtime.wait_for(ticket_id, asked.after)
        rules = await in_force(runtime)
        shown = variables(await runtime.log.read(ticket_id), asked.name)
        runs = Runs(asked.by, asked.name, runtime.clock(), rules.closing)
        command = commands_of(find(rules.macros, macro_id), shown, runs)
        seen, anyway = vector_of(given.seen), given.sent_anyway
        return told(await in_sight(runtime, ticket_id, command, asked, seen, anyway=anyway))


def _add_parents(router: APIRouter, runtime: Runtime) -> None:
    """Two tickets, two facts: each is told of the other in one transaction."""

    @router.post("/parent")
    async def link(ticket_id: UUID, body: bodies.ParentTicket, asked: ByAgent) -> Response:
        parent_id, now = body.parent_ticket_id, runtime.clock()
        if parent_id == ticket_id:
            raise OwnParent
        child, parent = await _facts(runtime, ticket_id), await _facts(runtime, parent_id)
        return told(
            await _both(
                runtime,
                asked,
                (
                    ticket_id,
                    LinkParent(by=asked.by, now=now, parent_id=parent_id, number=parent.number),
                ),
                (
                    parent_id,
                    LinkChild(by=asked.by, now=now, child_id=ticket_id, number=child.number),
                ),
            )
        )

    @router.post("/parent/unlink")
    async def unlink(ticket_id: UUID, asked: ByAgent) -> Response:
        parent, now = (await _facts(runtime, ticket_id)).parent, runtime.clock()
        parent_id = parent.ticket_id if parent else ticket_id
        return told(
            await _both(
                runtime,
                asked,
                (ticket_id, UnlinkParent(by=asked.by, now=now, parent_id=parent_id)),
                (parent_id, UnlinkChild(by=asked.by, now=now, child_id=ticket_id)),
            )
        )


async def _both(
    runtime: Runtime, asked: Asked, own: tuple[UUID, Command], other: tuple[UUID, Command]
) -> Outcome:
    context = {**asked.context(own[1]), "seen": None}
    made = Context(now=runtime.clock(), **context)
    return (await handle_all(runtime.log, DECIDER, [own, other], made))[0]


async def _facts(runtime: Runtime, ticket_id: UUID) -> Facts:
    """Raises why nothing can be put on the ticket."""
    past = await runtime.log.read(ticket_id)
    ticket = DECIDER.fold([each.event for each in past.events])
    if isinstance(ticket, Unknown):
        raise TicketNotFound
    if isinstance(ticket, Archived):
        raise TicketInArchive
    return ticket.facts
