"""Intake's HTTP API: tickets from the public, and commands on tickets from the inside."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.intake import bodies
from services.intake.batches import batches
from services.intake.copy_api import copy_routes
from services.intake.description import description
from services.intake.desk_api import desk_routes
from services.intake.domain import (
    DECIDER,
    Command,
    ConfirmAddress,
    OverridePriority,
    ProvideClarification,
    Recategorise,
    ReceiveMessage,
)
from services.intake.domain.ticket import SenderTakesNoPart, TicketIsArchived
from services.intake.following_up import followed_up
from services.intake.keys_api import key_routes
from services.intake.lookups import lookups
from services.intake.parts import Parts
from services.intake.people_api import people_routes
from services.intake.persons_api import person_routes
from services.intake.quarantine_api import quarantine_routes
from services.intake.submitting import submitting
from services.intake.together_api import together_routes
from shared.asked import Asked, ByAgent, ByCustomerOrAgent, ByManager
from shared.body_budget import BodyBudget
from shared.decider import Outcome
from shared.events.intake import Channel
from shared.service import Runtime
from shared.web import Invalid, etag


def routes(runtime: Runtime) -> APIRouter:
    """Every route of intake but the core's own."""
    parts = Parts.of(runtime)
    router = APIRouter(prefix="/v1")
    held = BodyBudget(parts.settings.bytes_in_flight_max)
    router.include_router(submitting(parts, held))
    router.include_router(batches(parts, held))
    _add_conversation(router, parts)
    _add_triage(router, parts)
    router.include_router(copy_routes(parts, _carry_out))
    router.include_router(together_routes(parts))
    router.include_router(desk_routes(parts))
    router.include_router(lookups(parts))
    router.include_router(quarantine_routes(parts))
    router.include_router(people_routes(parts))
    router.include_router(person_routes(parts))
    router.include_router(key_routes(parts))
    router.include_router(description(router))
    return router


def _add_conversation(router: APIRouter, parts: Parts) -> None:
    runtime = parts.runtime

    @router.post("/tickets/{ticket_id}/messages")
    async def message(
        ticket_id: UUID, body: bodies.CustomerMessage, asked: ByCustomerOrAgent
    ) -> Response:
        """The customer writes, through the portal; too late for this ticket, on one of its own."""
        if asked.person_id is None:
            raise SenderTakesNoPart
        if not body.text and not body.attachments:
            raise Invalid([("text", "is required, unless there are attachments")])
        await runtime.wait_for(ticket_id, asked.after)
        command = ReceiveMessage(
            sender=asked.person_id,
            channel=Channel.WEB,
            text=body.text,
            topics=await parts.catalogue.topics(),
            now=runtime.clock(),
            attachments=await parts.stored(body.attachments),
        )
        try:
            return await _carry_out(parts, ticket_id, command, asked)
        except TicketIsArchived:
            return await followed_up(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/address")
    async def address(ticket_id: UUID, asked: ByCustomerOrAgent) -> Response:
        """The customer acted through a link that was mailed to them, says the portal."""
        if asked.person_id is None or asked.caller.issuer != "portal":
            raise SenderTakesNoPart
        await runtime.wait_for(ticket_id, asked.after)
        command = ConfirmAddress(asked.person_id, await parts.catalogue.topics(), runtime.clock())
        return await _carry_out(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/clarification")
    async def clarification(
        ticket_id: UUID, body: bodies.Clarification, asked: ByCustomerOrAgent
    ) -> Response:
        """What was asked is answered, by the customer or by an agent who asked on the phone."""
        answers = body.given
        if not answers and not body.text and not body.attachments:
            raise Invalid([("answers", "is required, unless there is a text")])
        await runtime.wait_for(ticket_id, asked.after)
        command = ProvideClarification(
            person_id=asked.person_id,
            answers=answers,
            text=body.text,
            topics=await parts.catalogue.topics(),
            now=runtime.clock(),
            attachments=await parts.stored(body.attachments),
        )
        return await _carry_out(parts, ticket_id, command, asked)


def _add_triage(router: APIRouter, parts: Parts) -> None:
    runtime = parts.runtime

    @router.post("/tickets/{ticket_id}/priority")
    async def priority(ticket_id: UUID, body: bodies.PriorityOrder, asked: ByManager) -> Response:
        """Impact and urgency, or a priority in place of what follows from them."""
        if body.impact is None and body.urgency is None and body.priority is None:
            raise Invalid([("priority", "is required, unless there is an impact or an urgency")])
        await runtime.wait_for(ticket_id, asked.after)
        command = OverridePriority(
            impact=body.impact,
            urgency=body.urgency,
            priority=body.priority,
            reason=body.reason,
            by=asked.by,
            topics=await parts.catalogue.topics(),
            now=runtime.clock(),
        )
        return await _carry_out(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/category")
    async def category(ticket_id: UUID, body: bodies.CategoryOrder, asked: ByAgent) -> Response:
        """Another topic or type."""
        if body.topic_id is None and body.type is None:
            raise Invalid([("topic_id", "is required, unless there is a type")])
        await runtime.wait_for(ticket_id, asked.after)
        command = Recategorise(
            topic_id=body.topic_id,
            type=body.type,
            reason=body.reason,
            by=asked.by,
            topics=await parts.catalogue.topics(),
            now=runtime.clock(),
        )
        return await _carry_out(parts, ticket_id, command, asked)


async def _carry_out(parts: Parts, ticket_id: UUID, command: Command, asked: Asked) -> Response:
    topics = await parts.catalogue.topics()
    outcome = await parts.runtime.handle(
        DECIDER,
        ticket_id,
        command,
        **asked.context(command),
        revision=topics.revision,
    )
    return _answer(outcome)


def _answer(outcome: Outcome) -> JSONResponse:
    content: dict[str, Any] = {
        "ticket_id": str(outcome.subject),
        "events": [type(event).__name__ for event in outcome.events],
    }
    return JSONResponse(content, headers=etag(outcome.vector))
