"""What people may ask for: all that is known of them, and that it be forgotten."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.intake.asked import Asked, ByAdmin
from services.intake.domain.people import PEOPLE_DECIDER, Command, ErasePerson, RecordExport
from services.intake.parts import Parts


def people_routes(parts: Parts) -> APIRouter:
    """On record, and then it is done."""
    router = APIRouter(tags=["people"])

    @router.post("/people/{person}/erasure", status_code=202)
    async def erase(person: UUID, asked: ByAdmin) -> dict[str, Any]:
        """Forget a person: all services begin at once, and each is done in its own time."""
        await _carry_out(parts, person, ErasePerson(asked.by, parts.runtime.clock()), asked)
        return {"person": person}

    @router.post("/people/{person}/exports", status_code=202)
    async def export(person: UUID, asked: ByAdmin) -> dict[str, Any]:
        """Put on record that somebody is given all that is known of a person."""
        await _carry_out(parts, person, RecordExport(asked.by, parts.runtime.clock()), asked)
        return {"person": person}

    return router


async def _carry_out(parts: Parts, person: UUID, command: Command, asked: Asked) -> None:
    derive_from = asked.derive_from(type(command).__name__)
    actor = asked.caller.actor
    await parts.runtime.handle(
        PEOPLE_DECIDER, person, command, actor=actor, derive_from=derive_from
    )
