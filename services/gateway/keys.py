"""API keys of programs: admins make, list and revoke them here; intake decides."""

from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.forwarding import forward, request_body
from services.gateway.http import SignedIn, problems, respond
from services.gateway.projection import DeskView
from services.gateway.rows import AgentRow, ApiKeyRow
from shared.events.assignment import Role
from shared.log.vector import Vector
from shared.scopes import Scope
from shared.web import AFTER_HEADER


class ApiKeyWanted(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, description="What the key is for.")
    scopes: list[Scope] = Field(min_length=1, description="What it may do.")
    expires_at: AwareDatetime | None = Field(None, description="Until when; by default for ever.")


class ApiKey(BaseModel):
    """A key, without the key itself: of that, its SHA-256 alone is kept."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    scopes: list[str]
    created_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None


class ApiKeys(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api_keys: list[ApiKey]


class ApiKeyMade(BaseModel):
    """The only time that the key is shown."""

    id: str
    name: str
    scopes: list[str]
    expires_at: AwareDatetime | None
    key: str


class ApiKeyRevoked(BaseModel):
    id: str
    revoked: bool


EXAMPLE = {"name": "Monitoring", "scopes": ["tickets:open"], "expires_at": None}


def add_keys(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """The routes."""
    signed_in: Any = Depends(agent)

    @router.get(
        "/api-keys",
        tags=["api keys"],
        summary="List the API keys",
        response_model=ApiKeys,
        responses=problems(401, 403),
    )
    async def keys(me: AgentRow = signed_in) -> Response:
        """Every key there was, the newest first. Takes the role admin."""
        identity_of(me).require(Role.ADMIN)
        return respond({"api_keys": [_shape(row) for row in await gateway.finders.api_keys()]})

    @router.post(
        "/api-keys",
        tags=["api keys"],
        summary="Make an API key",
        status_code=201,
        response_model=ApiKeyMade,
        responses=problems(401, 403, 413, 422, 503),
        openapi_extra=request_body(ApiKeyWanted, EXAMPLE),
    )
    async def create(request: Request, me: AgentRow = signed_in) -> Response:
        """The answer holds the key, this once. Takes the role admin."""
        identity_of(me).require(Role.ADMIN)
        answer = await forward(gateway, me, request, "intake", "/v1/api-keys")
        if answer.status_code == 201:
            await _known(gateway, UUID(orjson.loads(answer.body)["id"]), answer)
        return answer

    @router.delete(
        "/api-keys/{key_id}",
        tags=["api keys"],
        summary="Revoke an API key",
        response_model=ApiKeyRevoked,
        responses=problems(401, 403, 404, 422, 503),
    )
    async def revoke(request: Request, key_id: UUID, me: AgentRow = signed_in) -> Response:
        """From then on it is good for nothing. Takes the role admin."""
        identity_of(me).require(Role.ADMIN)
        answer = await forward(gateway, me, request, "intake", f"/v1/api-keys/{key_id}")
        await _known(gateway, key_id, answer)
        return answer


async def _known(gateway: Gateway, key_id: UUID, answer: Response) -> None:
    """Wait until this gateway knows of it, so that what was answered is true here."""
    after = answer.headers.get(AFTER_HEADER)
    if answer.status_code < 300 and after:
        await gateway.runtime.wait_for(key_id, Vector.parse(after), DeskView.name)


def _shape(row: ApiKeyRow) -> dict[str, Any]:
    return {
        "id": str(row.subject),
        "name": row.name,
        "scopes": row.scopes,
        "created_by": row.created_by,
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }
