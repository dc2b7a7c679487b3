"""What people may ask for: all that is known of them, and that it be forgotten."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.intake.domain.people import PEOPLE_DECIDER, Command, ErasePerson, RecordExport
from services.intake.parts import Parts
from shared.asked import Asked, ByAdmin


def people_routes(parts: Parts) -> APIRouter:
    """On record, and then it is done."""
    router = APIRouter(tags=["people"])

    @router.post("/people/{person}/erasure", status_code=202)
    async def erase(person: UUID, asked: ByAdmin) -> dict[str, Any]:
        """Forget a person: all services begin at once, and each is done in its own time."""
        command = ErasePerson(asked.by, parts.runtime.clock())
        return {"person": person, "version": await _carry_out(parts, person, command, asked)}

    @router.post("/people/{person}/exports", status_code=202)
    async def export(person: UUID, asked: ByAdmin) -> dict[str, Any]:
        """Put on record that somebody is given all that is known of a person."""
        command = RecordExport(asked.by, parts.runtime.clock())
        return {"person": person, "version": await _carry_out(parts, person, command, asked)}

    return router


async def _carry_out(parts: Parts, person: UUID, command: Command, asked: Asked) -> int:
    derive_from = asked.context(command)["derive_from"]
    actor = asked.caller.actor
    outcome = await parts.runtime.handle(
        PEOPLE_DECIDER, person, command, actor=actor, derive_from=derive_from
    )
    return outcome.vector[parts.runtime.name]
