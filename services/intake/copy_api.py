"""HTTP: people in copy of a ticket, asked and answered through the portal."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter, Response

from services.intake.domain import Command
from services.intake.domain.copying import ConfirmCopy, EndCopy, InviteCopy
from services.intake.domain.ticket import SenderTakesNoPart
from services.intake.fields import Email, Line
from services.intake.parts import Parts
from services.intake.submission import Body
from shared.asked import Asked, ByCustomerOrAgent
from shared.events import Person
from shared.ids import person_id

CarryOut = Callable[[Parts, UUID, Command, Asked], Awaitable[Response]]


class Invitation(Body):
    """Somebody to be asked to take part."""

    name: Line
    email: Email


class Ending(Body):
    """Who is to take part no more."""

    person_id: UUID


def copy_routes(parts: Parts, carry_out: CarryOut) -> APIRouter:
    """The routes."""
    router = APIRouter()
    runtime = parts.runtime

    @router.post("/tickets/{ticket_id}/copies")
    async def invite(ticket_id: UUID, body: Invitation, asked: ByCustomerOrAgent) -> Response:
        """The requester asks somebody to take part: a mail asks them."""
        await runtime.wait_for(ticket_id, asked.after)
        person = Person(person_id=person_id(body.email), name=body.name, email=body.email)
        command = InviteCopy(_by_link(asked), person, runtime.clock())
        return await carry_out(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/copies/confirm")
    async def confirm(ticket_id: UUID, asked: ByCustomerOrAgent) -> Response:
        """Whoever was asked agrees, through a link that was mailed to them."""
        await runtime.wait_for(ticket_id, asked.after)
        command = ConfirmCopy(_by_link(asked), runtime.clock())
        return await carry_out(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/copies/end")
    async def end(ticket_id: UUID, body: Ending, asked: ByCustomerOrAgent) -> Response:
        """Somebody takes part no more."""
        await runtime.wait_for(ticket_id, asked.after)
        command = EndCopy(_by_link(asked), body.person_id, runtime.clock())
        return await carry_out(parts, ticket_id, command, asked)

    return router


def _by_link(asked: Asked) -> UUID:
    """The person who acted through a mailed link: only the portal has seen it."""
    if asked.person_id is None or asked.caller.issuer != "portal":
        raise SenderTakesNoPart
    return asked.person_id
