"""What helps an agent at work: prepared texts and macros, drafts, the case file of a ticket."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from services.gateway.casefile import as_file
from services.gateway.context import Gateway
from services.gateway.http import Seen, SignedIn, TicketName, problems, respond
from services.gateway.prepared import prepared_for
from services.gateway.rows import AgentRow

FormName = Annotated[str, Path(pattern=r"^[a-z-]{1,30}$", description="reply, note, resolve, …")]


class DraftBody(BaseModel):
    """What was typed, by the names of the form's fields."""

    typed: dict[str, str] = Field(max_length=20)


def add_work(router: APIRouter, gateway: Gateway, reader: SignedIn, agent: SignedIn) -> None:
    """Their routes."""
    _add_prepared(router, gateway, agent)
    _add_drafts(router, gateway, agent)
    _add_case_file(router, gateway, reader)


def _add_prepared(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    me: Any = Depends(agent)

    @router.get("/tickets/{ticket}/prepared", tags=["work"], responses=problems(401, 403, 404, 503))
    async def prepared(ticket: TicketName, seen: Seen, me: AgentRow = me) -> Response:
        """Canned responses, as the customer would read them, and macros for such a ticket."""
        row = await gateway.find(ticket, seen)
        return respond(prepared_for(row, await gateway.finders.work_rules(), me))


def _add_drafts(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    me: Any = Depends(agent)

    @router.get("/tickets/{ticket}/drafts", tags=["work"], responses=problems(401, 403, 404, 503))
    async def drafts(ticket: TicketName, me: AgentRow = me) -> Response:
        """What you have typed on the ticket and not sent."""
        ticket_id = await gateway.finders.ticket_id(ticket)
        found = await gateway.drafts.of(me.agent_id, ticket_id)
        return respond(
            {"drafts": [{"form": each.form, "typed": each.typed, "saved_at": each.saved_at}
                        for each in found.values()]}
        )  # fmt: skip

    @router.put(
        "/tickets/{ticket}/drafts/{form}", tags=["work"], responses=problems(401, 403, 404, 503)
    )
    async def keep(
        ticket: TicketName, form: FormName, body: DraftBody, me: AgentRow = me
    ) -> Response:
        """Keep what you have typed in a form; nothing typed drops the draft."""
        row = await gateway.find(ticket)
        now = gateway.runtime.clock()
        kept = await gateway.drafts.keep(me.agent_id, row.subject, form, body.typed, now)
        return respond({"kept": kept})

    @router.delete(
        "/tickets/{ticket}/drafts/{form}", tags=["work"], responses=problems(401, 403, 404, 503)
    )
    async def drop(ticket: TicketName, form: FormName, me: AgentRow = me) -> Response:
        """Throw a draft away."""
        await gateway.drafts.drop(me.agent_id, await gateway.finders.ticket_id(ticket), form)
        return respond({"kept": False})


def _add_case_file(router: APIRouter, gateway: Gateway, reader: SignedIn) -> None:
    me: Any = Depends(reader)

    @router.get("/tickets/{ticket}/case-file", tags=["tickets"], responses=problems(401, 404, 503))
    async def case(
        ticket: TicketName,
        seen: Seen,
        kind: Annotated[Literal["json", "html"], Query(alias="format")] = "json",
        me: AgentRow = me,
    ) -> Response:
        """The ticket's whole story in one file, as JSON or as a page that needs nothing else."""
        row = await gateway.look(ticket, me, seen)
        return await as_file(gateway, row, me, kind)
