"""The delivery ledger over HTTP: what became of every notification, and whom no mail is sent."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query

from services.notify.domain import Stage
from services.notify.finders import QUERIES, is_lifted
from services.notify.settings import Settings
from services.notify.suppressions import SUPPRESSIONS, LiftSuppression
from shared.asked import ByAgent, ByManager
from shared.errors import NotFound
from shared.ids import person_id
from shared.service import Runtime
from shared.web import Invalid

LAST: Final = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
"""Behind every notification."""


def ledger_routes(runtime: Runtime) -> APIRouter:
    """Every route."""
    router = APIRouter(prefix="/v1")
    _add_ledger(router, runtime)
    _add_suppressions(router, runtime)
    return router


def _add_ledger(router: APIRouter, runtime: Runtime) -> None:
    @router.get("/notifications")
    async def ledger(
        _asked: ByAgent,
        stage: Stage | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Every notification, the latest first: one for each fact and person, how often it was
        tried, and when it is tried again."""
        before = LAST if cursor is None else _place(cursor)
        rows = await runtime.pool.fetch(
            QUERIES.ledger, stage.value if stage else None, *before, limit + 1
        )
        shown = [dict(row) for row in rows[:limit]]
        return {"notifications": shown, "next": _cursor(shown[-1]) if len(rows) > limit else None}


def _add_suppressions(router: APIRouter, runtime: Runtime) -> None:
    settings = runtime.settings
    assert isinstance(settings, Settings)

    async def suppressed() -> list[dict[str, Any]]:
        since = runtime.clock() - timedelta(days=settings.bounce_days)
        found = await runtime.pool.fetch(QUERIES.suppressed, since)
        lifted = {
            row["subject"]: row["lifted_at"] for row in await runtime.pool.fetch(QUERIES.lifted)
        }
        return [
            {
                "person_id": str(person_id(row["recipient"])),
                "address": row["recipient"],
                "reason": row["reason"],
                "ticket_id": str(row["ticket_id"]),
                "since": row["settled_at"],
                "until": row["settled_at"] + timedelta(days=settings.bounce_days),
            }
            for row in found
            if not is_lifted(row, lifted)
        ]

    @router.get("/suppressions")
    async def listed(_asked: ByAgent) -> dict[str, Any]:
        """Addresses that nothing is sent to for a while, as they took no mail, and why."""
        return {"suppressions": await suppressed()}

    @router.delete("/suppressions/{person}")
    async def lift(person: UUID, asked: ByManager) -> dict[str, Any]:
        """Send mail there again; if it comes back once more, it is given up once more."""
        if str(person) not in {each["person_id"] for each in await suppressed()}:
            raise NotFound(what="suppression")
        command = LiftSuppression(asked.by, runtime.clock())
        outcome = await runtime.handle(SUPPRESSIONS, person, command, actor=asked.caller.actor)
        await runtime.wait_for(person, outcome.vector, "directory")
        return {"person_id": str(person), "lifted": True}


def _cursor(row: dict[str, Any]) -> str:
    place = orjson.dumps([row["requested_at"].isoformat(), str(row["id"])])
    return base64.urlsafe_b64encode(place).decode("ascii").rstrip("=")


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, last = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = datetime.fromisoformat(at)
        if place.tzinfo is None:
            raise ValueError(cursor)
        return place, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise Invalid([("cursor", "is not the `next` of a page of notifications")]) from error
