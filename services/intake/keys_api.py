"""API keys: made and revoked by admins. A key is shown once, when it is made."""

import hashlib
from base64 import b32encode
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field

from services.intake.domain.keys import KEYS_DECIDER, CreateApiKey, RevokeApiKey
from services.intake.fields import Line
from services.intake.parts import Parts
from services.intake.submission import Body
from shared.asked import ByAdmin
from shared.ids import random_bytes, uuid7
from shared.scopes import KEY_PREFIX, Scope
from shared.web import etag

KEY_BYTES: Final = 20


class KeyWanted(Body):
    """A key to be made."""

    name: Line
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    expires_at: AwareDatetime | None = None


def key_routes(parts: Parts) -> APIRouter:
    """The inner API of keys; the gateway lists them and lets them in."""
    router = APIRouter(tags=["api keys"])
    runtime = parts.runtime

    @router.post("/api-keys", status_code=201)
    async def create(body: KeyWanted, asked: ByAdmin) -> JSONResponse:
        """Make a key. It is in this answer and nowhere else: keep it."""
        key = new_key()
        key_id = uuid7()
        command = CreateApiKey(
            name=body.name,
            scopes=body.scopes,
            key_hash=hashlib.sha256(key.encode()).hexdigest(),
            expires_at=body.expires_at,
            by=asked.by,
            now=runtime.clock(),
        )
        outcome = await runtime.handle(KEYS_DECIDER, key_id, command, actor=asked.caller.actor)
        content = {
            "id": str(key_id),
            "name": body.name,
            "scopes": sorted({scope.value for scope in body.scopes}),
            "expires_at": _text(body.expires_at),
            "key": key,
        }
        headers = etag(outcome.vector) | {"Cache-Control": "no-store"}
        return JSONResponse(content, 201, headers=headers)

    @router.delete("/api-keys/{key_id}")
    async def revoke(key_id: UUID, asked: ByAdmin) -> JSONResponse:
        """Let it in no more; twice is harmless."""
        command = RevokeApiKey(asked.by, runtime.clock())
        outcome = await runtime.handle(KEYS_DECIDER, key_id, command, actor=asked.caller.actor)
        content: dict[str, Any] = {"id": str(key_id), "revoked": True}
        return JSONResponse(content, headers=etag(outcome.vector))

    return router


def new_key() -> str:
    """160 random bits, easy to copy."""
    return KEY_PREFIX + b32encode(random_bytes(KEY_BYTES)).decode("ascii").lower()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
