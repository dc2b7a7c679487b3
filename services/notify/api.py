"""HTTP: who was told what on a ticket, how the mail is doing, and a new link for a customer."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain import DECIDER
from services.notify.finders import QUERIES
from services.notify.letters import address_letter, link_letter
from services.notify.settings import Settings
from services.notify.story import Story, story_of
from services.notify.writing import Writer
from shared.address_links import AddressLink, seal_address_link
from shared.codes import code_for
from shared.errors import NotFound, Rejected
from shared.events.assignment import Role
from shared.ids import derived_id
from shared.service import Runtime
from shared.web import After, Caller

PROJECTION: Final = "deliveries"

LINK_EVERY_SECONDS: Final = 600
"""Within this time a new link is sent once, however often it is asked for."""


class LinkAsked(BaseModel):
    """What a customer asks for beside the link."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    challenge: UUID | None = None
    """Of a page that waits for the code that answers it."""


class AddressTyped(BaseModel):
    """What a customer says is another address of theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str = Field(max_length=254, pattern=r"^[^\s@<>\",;]+@[^\s@<>\",;]+$")


class NotTheRequester(Rejected):
    """Only the customer who opened the ticket can have a link to it."""

    http_status = 403


def routes(runtime: Runtime) -> APIRouter:
    """The inner API, called by the gateway and the portal."""
    settings = runtime.settings
    assert isinstance(settings, Settings)
    router = APIRouter(prefix="/v1")
    writer = Writer(runtime, settings)

    @router.get("/tickets/{ticket_id}/notifications")
    async def notifications(
        ticket_id: UUID, caller: Caller, after: After = None
    ) -> dict[str, list[dict[str, Any]]]:
        """Every notification on a ticket, oldest first."""
        caller.require(Role.AGENT)
        await runtime.wait_for(ticket_id, after, projection=PROJECTION)
        rows = await writer.finder.of_ticket(ticket_id)
        return {"notifications": [dict(row) for row in rows]}

    @router.get("/notifications/stats")
    async def stats(caller: Caller) -> dict[str, list[dict[str, Any]]]:
        """How many notifications are at each stage, and what the sender has in hand."""
        caller.require(Role.OPERATOR)
        outbox = await runtime.pool.fetch(QUERIES.outbox)
        return {
            "notifications": [dict(row) for row in await writer.finder.stats()],
            "outbox": [dict(row) for row in outbox],
        }

    @router.post("/tickets/{ticket_id}/link", status_code=204)
    async def link(
        ticket_id: UUID, body: LinkAsked, caller: Caller, after: After = None
    ) -> Response:
        """Mail the requester a new link, and a code: to the address on record, whoever asks."""
        await runtime.wait_for(ticket_id, after)
        story = story_of(ticket_id, (await runtime.log.read(ticket_id)).events)
        if story.requester is None:
            raise NotFound(what="ticket")
        if caller.actor != f"customer:{story.requester.person_id}":
            raise NotTheRequester
        now = runtime.clock()
        code = ""
        if body.challenge is not None:
            code = code_for(settings.link_secret, story.requester.person_id, body.challenge)
        letter, asked = link_letter(story, code), _asked(story, now, body.challenge)
        command = await writer.write([letter], story, asked, now)
        await runtime.handle(DECIDER, ticket_id, command, actor=caller.actor)
        return Response(status_code=204)

    @router.post("/tickets/{ticket_id}/address-link", status_code=204)
    async def address_link(
        ticket_id: UUID, body: AddressTyped, caller: Caller, after: After = None
    ) -> Response:
        """Mail a link to another address of the requester's, who is signed in at the portal."""
        await runtime.wait_for(ticket_id, after)
        story = story_of(ticket_id, (await runtime.log.read(ticket_id)).events)
        if story.requester is None:
            raise NotFound(what="ticket")
        if caller.actor != f"customer:{story.requester.person_id}" or caller.issuer != "portal":
            raise NotTheRequester
        now = runtime.clock()
        about = AddressLink(ticket_id, story.requester.email, body.address)
        token = seal_address_link(settings.link_secret, about, now)
        url = f"{settings.portal_url.rstrip('/')}/mine/addresses/{token}"
        letter = address_letter(story, body.address, url)
        asked = derived_id("address link", _asked(story, now, None), letter.person_id)
        command = await writer.write([letter], story, asked, now)
        await runtime.handle(DECIDER, ticket_id, command, actor=caller.actor)
        return Response(status_code=204)

    return router


def _asked(story: Story, now: datetime, challenge: UUID | None) -> UUID:
    """What stands for having asked: the same for a page; without one, the same for a while."""
    if challenge is not None:
        return derived_id("code asked for", story.ticket_id, challenge)
    return derived_id("link asked for", story.ticket_id, int(now.timestamp() / LINK_EVERY_SECONDS))
