"""The files of tickets: to be saved, never shown."""

from urllib.parse import quote

from fastapi import APIRouter, Response

from services.intake.parts import Parts
from shared.asked import ByCustomerOrAgent


def lookups(parts: Parts) -> APIRouter:
    """Queries of the inside."""
    router = APIRouter(tags=["lookups"])

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
