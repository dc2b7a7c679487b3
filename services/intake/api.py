"""Intake's HTTP API: tickets from the public, and commands on tickets from the inside."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.intake import bodies
from services.intake.batches import batches
from services.intake.description import description
from services.intake.desk_api import desk_routes
from services.intake.domain import (
    DECIDER,
    Absorb,
    Command,
    ConfirmAddress,
    MergeInto,
    OverridePriority,
    ProvideClarification,
    Recategorise,
    ReceiveMessage,
)
from services.intake.domain.related import NotIntoItself
from services.intake.domain.ticket import SenderTakesNoPart, known
from services.intake.keys_api import key_routes
from services.intake.lookups import lookups
from services.intake.parts import Parts
from services.intake.people_api import people_routes
from services.intake.quarantine_api import quarantine_routes
from services.intake.submitting import submitting
from shared.asked import Asked, ByAgent, ByCustomerOrAgent, ByManager
from shared.body_budget import BodyBudget
from shared.decider import Context, Outcome, handle_all
from shared.errors import Stale
from shared.events.intake import Channel
from shared.log import Vector
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
    router.include_router(desk_routes(parts))
    router.include_router(lookups(parts))
    router.include_router(quarantine_routes(parts))
    router.include_router(people_routes(parts))
    router.include_router(key_routes(parts))
    router.include_router(description(router))
    return router


def _add_conversation(router: APIRouter, parts: Parts) -> None:
    runtime = parts.runtime

    @router.post("/tickets/{ticket_id}/messages")
    async def message(
        ticket_id: UUID, body: bodies.CustomerMessage, asked: ByCustomerOrAgent
    ) -> Response:
        """The customer writes, through the portal."""
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
        return await _carry_out(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/address")
    async def address(ticket_id: UUID, asked: ByCustomerOrAgent) -> Response:
        """The customer acted through a link that was mailed to them, says the portal."""
        if asked.person_id is None or asked.caller.issuer != "portal":
            raise SenderTakesNoPart
        await runtime.wait_for(ticket_id, asked.after)
        command = ConfirmAddress(asked.person_id, runtime.clock())
        return await _carry_out(parts, ticket_id, command, asked)

    @router.post("/tickets/{ticket_id}/clarification")
    async def clarification(
        ticket_id: UUID, body: bodies.Clarification, asked: ByCustomerOrAgent
    ) -> Response:
        """What was asked is answered, by the customer or by an agent who asked on the phone."""
        answers = {name: value.strip() for name, value in body.answers.items() if value.strip()}
        if not answers and not body.text:
            raise Invalid([("answers", "is required, unless there is a text")])
        await runtime.wait_for(ticket_id, asked.after)
        command = ProvideClarification(
            person_id=asked.person_id,
            answers=answers,
            text=body.text,
            topics=await parts.catalogue.topics(),
            now=runtime.clock(),
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

    @router.post("/tickets/{ticket_id}/merge")
    async def merge(ticket_id: UUID, body: bodies.MergeOrder, asked: ByAgent) -> Response:
        """Go on with this ticket in another: two facts, one transaction."""
        await runtime.wait_for(ticket_id, asked.after)
        target_id = await parts.ticket_named(body.into_ticket_id)
        return _answer(await _merge(parts, ticket_id, target_id, body.reason, asked))


async def _merge(
    parts: Parts, source_id: UUID, target_id: UUID, reason: str, asked: Asked
) -> Outcome:
    if source_id == target_id:
        raise NotIntoItself
    log = parts.runtime.log
    past = await log.read(source_id)
    _check_seen(parts.runtime.hearable(asked.seen), past.vector)
    source = known(DECIDER.fold([recorded.event for recorded in past.events]))
    into = MergeInto(target_id, parts.number_of(target_id), reason, asked.by)
    absorb = Absorb(
        source_ticket_id=source_id,
        source_number=source.facts.number,
        source_requester=source.facts.requester.person_id,
        reason=reason,
        by=asked.by,
    )
    context = Context(
        **asked.context(f"merge {source_id}") | {"seen": None},
        now=parts.runtime.clock(),
        revision=(await parts.catalogue.topics()).revision,
    )
    # The target first: what is wrong with it is what the caller can mend.
    pair: list[tuple[UUID, Command]] = [(target_id, absorb), (source_id, into)]
    return (await handle_all(log, DECIDER, pair, context))[1]


def _check_seen(seen: Vector | None, now: Vector) -> None:
    if seen is not None and not seen.covers(now):
        raise Stale(seen=str(seen), now=str(now))


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
