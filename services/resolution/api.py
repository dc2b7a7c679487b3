"""Resolution's inner HTTP API: commands in, what they came to out."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from services.resolution import answering, bodies, finders
from services.resolution.attachments import kept
from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    AddNote,
    ArchiveTicket,
    CloseTicket,
    Command,
    ConfirmResolution,
    HoldTicket,
    RejectResolution,
    ReopenTicket,
    ReportProgress,
    RequestEscalation,
    ResolveTicket,
    ResumeWork,
    StartWork,
    VerifyResolution,
)
from services.resolution.rules import in_force
from shared.asked import Asked, ByAgent, ByCustomerOrAgent
from shared.decider import Outcome
from shared.service import Runtime
from shared.web import etag

Limit = Annotated[int, Query(ge=1, le=200)]


def routes(runtime: Runtime) -> APIRouter:
    """Every route of resolution but the core's own."""
    router = APIRouter(prefix="/v1")
    _add_work(router, runtime)
    _add_closing(router, runtime)
    _add_queries(router, runtime)
    return router


async def carry_out(
    runtime: Runtime, ticket_id: UUID, command: Command, asked: Asked
) -> JSONResponse:
    """Decide it once all that the caller knows is known here, and tell what is new."""
    await runtime.wait_for(ticket_id, asked.after)
    return told(await runtime.handle(DECIDER, ticket_id, command, **asked.context(command)))


def told(outcome: Outcome) -> JSONResponse:
    """What a command came to."""
    said = [type(event).__name__ for event in outcome.events]
    content = {"ticket_id": str(outcome.subject), "events": said}
    return JSONResponse(content, headers=etag(outcome.vector))


def _add_work(router: APIRouter, runtime: Runtime) -> None:
    """Stage 5."""
    now = runtime.clock

    @router.post("/tickets/{ticket_id}/start")
    async def start(ticket_id: UUID, asked: ByAgent) -> Response:
        command = StartWork(by=asked.by, now=now())
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/replies")
    async def reply(ticket_id: UUID, body: bodies.Reply, asked: ByAgent) -> Response:
        await runtime.wait_for(ticket_id, asked.after)
        return told(await answering.reply(runtime, ticket_id, body, asked))

    @router.post("/tickets/{ticket_id}/notes")
    async def note(ticket_id: UUID, body: bodies.Note, asked: ByAgent) -> Response:
        command = AddNote(
            by=asked.by,
            agent_name=asked.name,
            now=now(),
            text=body.text,
            pinned=body.pinned,
            mentions=tuple(dict.fromkeys(body.mentions)),
            attachments=await kept(runtime, body.attachments),
        )
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/progress")
    async def progress(ticket_id: UUID, body: bodies.Progress, asked: ByAgent) -> Response:
        command = ReportProgress(
            by=asked.by, agent_name=asked.name, now=now(), kind=body.kind, text=body.text
        )
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/hold")
    async def hold(ticket_id: UUID, body: bodies.Reason, asked: ByAgent) -> Response:
        command = HoldTicket(by=asked.by, now=now(), reason=body.reason)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/resume")
    async def resume(
        ticket_id: UUID, asked: ByAgent, body: bodies.MaybeReason | None = None
    ) -> Response:
        command = ResumeWork(by=asked.by, now=now(), reason=body.reason if body else "")
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/escalation")
    async def escalation(ticket_id: UUID, body: bodies.Reason, asked: ByAgent) -> Response:
        command = RequestEscalation(by=asked.by, now=now(), reason=body.reason)
        return await carry_out(runtime, ticket_id, command, asked)


def _add_closing(router: APIRouter, runtime: Runtime) -> None:
    """Stages 6 and 7."""
    now = runtime.clock

    @router.post("/tickets/{ticket_id}/resolve")
    async def resolve(ticket_id: UUID, body: bodies.Solution, asked: ByAgent) -> Response:
        solution = {**body.model_dump(), "rules": (await in_force(runtime)).closing}
        command = ResolveTicket(by=asked.by, agent_name=asked.name, now=now(), **solution)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/verify")
    async def verify(ticket_id: UUID, body: bodies.Verification, asked: ByAgent) -> Response:
        command = VerifyResolution(by=asked.by, now=now(), **body.model_dump())
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/confirm")
    async def confirm(
        ticket_id: UUID, asked: ByCustomerOrAgent, body: bodies.Comment | None = None
    ) -> Response:
        comment = body.comment if body else ""
        command = ConfirmResolution(by=asked.by, now=now(), comment=comment)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/reject")
    async def reject(ticket_id: UUID, body: bodies.Objection, asked: ByCustomerOrAgent) -> Response:
        command = RejectResolution(by=asked.by, now=now(), reason=body.reason)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/reopen")
    async def reopen(ticket_id: UUID, body: bodies.Objection, asked: ByCustomerOrAgent) -> Response:
        command = ReopenTicket(by=asked.by, now=now(), reason=body.reason)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/close")
    async def close(
        ticket_id: UUID, asked: ByAgent, body: bodies.ClosingNote | None = None
    ) -> Response:
        rules = (await in_force(runtime)).closing
        command = CloseTicket(by=asked.by, now=now(), note=body.note if body else "", rules=rules)
        return await carry_out(runtime, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/archive")
    async def archive(ticket_id: UUID, asked: ByAgent) -> Response:
        command = ArchiveTicket(by=asked.by, now=now())
        return await carry_out(runtime, ticket_id, command, asked)


def _add_queries(router: APIRouter, runtime: Runtime) -> None:
    @router.get("/tickets/{ticket_id}/work")
    async def work(ticket_id: UUID, asked: ByAgent, response: Response) -> dict[str, Any]:
        """Where the work stands; its ETag is for `If-Match` of the next command."""
        await runtime.wait_for(ticket_id, asked.after)
        vector = await runtime.log.vector(ticket_id)
        await runtime.wait_for(ticket_id, vector, "work")
        response.headers.update(etag(vector))
        return await finders.work_of(runtime.pool, ticket_id)

    @router.get("/tickets/{ticket_id}/closing")
    async def closing(ticket_id: UUID, asked: ByAgent) -> dict[str, Any]:
        """How the ticket ended."""
        await runtime.wait_for(ticket_id, asked.after)
        await runtime.wait_for(ticket_id, await runtime.log.vector(ticket_id), "closed")
        return await finders.closing_of(runtime.pool, ticket_id)

    @router.get("/quiet")
    async def quiet(
        _asked: ByAgent,
        minutes: Annotated[float, Query(gt=0)] = 60,
        agent_id: str | None = None,
        limit: Limit = 50,
    ) -> list[dict[str, Any]]:
        """Open tickets whose customer has heard nothing of us for so many minutes."""
        since = runtime.clock() - timedelta(minutes=minutes)
        return await finders.quiet(runtime.pool, since, agent_id, limit)

    @router.get("/closings")
    async def closings(
        _asked: ByAgent, before: datetime | None = None, limit: Limit = 50
    ) -> list[dict[str, Any]]:
        """How tickets ended, the latest first."""
        until = before or runtime.clock()
        return await finders.closings(runtime.pool, until, limit)
