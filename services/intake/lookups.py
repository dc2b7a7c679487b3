"""What agents look up at intake: the quarantine, and files."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.intake.parts import Parts
from shared.asked import ByAgent, ByCustomerOrAgent
from shared.errors import NotFound

Limit = Annotated[int, Query(ge=1, le=200)]


def lookups(parts: Parts) -> APIRouter:
    """Queries of the inside."""
    router = APIRouter(tags=["lookups"])

    @router.get("/quarantine")
    async def quarantine(
        _asked: ByAgent,
        before: datetime | None = None,
        before_id: UUID | None = None,
        limit: Limit = 50,
    ) -> list[dict[str, Any]]:
        """What could not be understood, the newest first; page on with the last one's
        `received_at` and `quarantine_id` as `before` and `before_id`."""
        rows = await parts.finders.quarantine(before, before_id, limit)
        return [_shown(row) for row in rows]

    @router.get("/quarantine/{quarantine_id}")
    async def quarantined(quarantine_id: UUID, _asked: ByAgent) -> dict[str, Any]:
        """One of them; its raw bytes are the file `raw_file_id`."""
        row = await parts.finders.quarantined(quarantine_id)
        if row is None:
            raise NotFound(what="quarantined submission")
        return _shown(row)

    @router.get("/files/{file_id}")
    async def file(file_id: str, _asked: ByCustomerOrAgent) -> Response:
        """A file's bytes, to be saved, never shown; whose it is, the caller has checked."""
        content = await parts.store.get(file_id)
        name, content_type = await parts.finders.file_named(file_id)
        return Response(
            content,
            media_type=content_type,
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cache-Control": "private, max-age=86400, immutable",
                "ETag": f'"{file_id}"',
            },
        )

    return router


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "quarantine_id": row["subject"],
        **{name: value for name, value in row.items() if name != "subject"},
        "raw_file": f"/v1/files/{row['raw_file_id']}",
    }
