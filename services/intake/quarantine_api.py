"""The quarantine: what came in and was not taken, why, and what an agent makes of it."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from services.intake import bodies
from services.intake.domain.quarantine import (
    QUARANTINE_DECIDER,
    SENDER_DECIDER,
    BlockSender,
    Command,
    RejectSubmission,
    ReleaseSubmission,
    UnblockSender,
)
from services.intake.explaining import explain
from services.intake.mail import understand
from services.intake.mailing import Mailing
from services.intake.parts import Parts
from services.intake.placing import Envelope, mailbox_of
from shared.asked import Asked, ByAgent, ByManager
from shared.errors import NotFound, Rejected
from shared.ids import person_id

Limit = Annotated[int, Query(ge=1, le=200)]


class SenderUnknown(Rejected):
    """Nobody can be blocked: the mail names no sender."""

    http_status = 422


def quarantine_routes(parts: Parts) -> APIRouter:
    """What agents ask of the quarantine, and do about it."""
    router = APIRouter(tags=["quarantine"])
    _add_reads(router, parts)
    _add_decisions(router, parts)
    _add_senders(router, parts)
    return router


def _add_reads(router: APIRouter, parts: Parts) -> None:
    @router.get("/quarantine")
    async def quarantine(
        _asked: ByAgent,
        before: datetime | None = None,
        before_id: UUID | None = None,
        limit: Limit = 50,
    ) -> list[dict[str, Any]]:
        """What was not taken and nobody has decided on, the newest first; page on with the last
        one's `received_at` and `quarantine_id` as `before` and `before_id`."""
        rows = await parts.finders.quarantine(before, before_id, limit)
        return [_shown(row) for row in rows]

    @router.get("/quarantine/{quarantine_id}")
    async def quarantined(quarantine_id: UUID, _asked: ByAgent) -> dict[str, Any]:
        """One of them, with what was understood of it, and why it was not taken; its raw bytes
        are the file `raw_file_id`."""
        row = await _row(parts, quarantine_id)
        raw = await parts.store.get(row["raw_file_id"])
        told = await asyncio.to_thread(
            explain, raw, _envelope(row), parts.link_secret, (parts.settings.mail_domain,)
        )
        return {**_shown(row), "explained": told}


def _add_decisions(router: APIRouter, parts: Parts) -> None:
    mailing = Mailing(parts)

    @router.post("/quarantine/{quarantine_id}/release")
    async def release(
        quarantine_id: UUID, asked: ByAgent, body: bodies.Release | None = None
    ) -> dict[str, Any]:
        """Take it after all, on the agent's word: into a ticket, or as one of its own."""
        row = await _row(parts, quarantine_id)
        into = None
        if body is not None and body.into_ticket_id is not None:
            into = await parts.ticket_named(body.into_ticket_id)
        raw = await parts.store.get(row["raw_file_id"])
        ticket_id = await mailing.release(raw, _envelope(row), into)
        number = parts.number_of(ticket_id)
        command = ReleaseSubmission(ticket_id, number, asked.by, parts.runtime.clock())
        await _decide(parts, quarantine_id, command, asked)
        return {"ticket_id": ticket_id, "number": number}

    @router.post("/quarantine/{quarantine_id}/reject")
    async def reject(quarantine_id: UUID, asked: ByAgent) -> dict[str, Any]:
        """It is nothing for us: it is kept, and listed no more."""
        await _row(parts, quarantine_id)
        await _decide(
            parts, quarantine_id, RejectSubmission(asked.by, parts.runtime.clock()), asked
        )
        return {"quarantine_id": quarantine_id, "settled": "rejected"}

    @router.post("/quarantine/{quarantine_id}/block")
    async def block(quarantine_id: UUID, asked: ByAgent) -> dict[str, Any]:
        """Reject it, and take no mail from its author any more: that is said to whoever tries."""
        row = await _row(parts, quarantine_id)
        address = understand(await parts.store.get(row["raw_file_id"])).from_address
        address = address or row["envelope_from"]
        if "@" not in address:
            raise SenderUnknown
        now = parts.runtime.clock()
        await _decide(parts, quarantine_id, RejectSubmission(asked.by, now), asked)
        blocked = await _block(parts, address, asked)
        return {"quarantine_id": quarantine_id, **blocked}


def _add_senders(router: APIRouter, parts: Parts) -> None:
    @router.get("/blocked-senders")
    async def blocked(_asked: ByAgent) -> list[dict[str, Any]]:
        """From whom no mail is taken, who said so and when, and how many were refused since."""
        return await parts.finders.blocked()

    @router.post("/blocked-senders")
    async def block(body: bodies.Sender, asked: ByAgent) -> dict[str, Any]:
        """Take no mail from this address any more: that is said to whoever tries."""
        return await _block(parts, body.address, asked)

    @router.delete("/blocked-senders/{person}")
    async def unblock(person: UUID, asked: ByManager) -> dict[str, Any]:
        """Take mail from this person again."""
        await _decide_on_sender(
            parts, person, UnblockSender(asked.by, parts.runtime.clock()), asked
        )
        return {"person_id": person, "blocked": False}


async def _block(parts: Parts, address: str, asked: Asked) -> dict[str, Any]:
    person = person_id(address)
    command = BlockSender(address, asked.by, parts.runtime.clock())
    await _decide_on_sender(parts, person, command, asked)
    return {"blocked": address, "person_id": person}


async def _decide_on_sender(
    parts: Parts, person: UUID, command: BlockSender | UnblockSender, asked: Asked
) -> None:
    """Do it, and answer once it is in force here."""
    outcome = await parts.runtime.handle(SENDER_DECIDER, person, command, actor=asked.caller.actor)
    await parts.runtime.wait_for(person, outcome.vector, "submissions")


async def _row(parts: Parts, quarantine_id: UUID) -> dict[str, Any]:
    row = await parts.finders.quarantined(quarantine_id)
    if row is None:
        raise NotFound(what="quarantined submission")
    return row


async def _decide(parts: Parts, quarantine_id: UUID, command: Command, asked: Asked) -> None:
    outcome = await parts.runtime.handle(
        QUARANTINE_DECIDER, quarantine_id, command, **asked.context(command)
    )
    await parts.runtime.wait_for(quarantine_id, outcome.vector, "submissions")


def _envelope(row: dict[str, Any]) -> Envelope:
    return Envelope(row["envelope_from"], tuple(map(mailbox_of, row["envelope_to"])))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "quarantine_id": row["subject"],
        **{name: value for name, value in row.items() if name != "subject"},
        "raw_file": f"/v1/files/{row['raw_file_id']}",
    }
