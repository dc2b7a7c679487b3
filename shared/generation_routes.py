"""Routes of every service for its projections' generations: rebuild, replay, look, drop."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AwareDatetime, BaseModel

from shared.events.assignment import Role
from shared.followers.rebuilding import Generations
from shared.web import Caller


class Rebuild(BaseModel):
    """What an operator may say to a rebuild."""

    accept: bool = False
    """Swap the new generation in even if its rows differ from the live ones."""


class Replay(BaseModel):
    """What an operator has to say to a replay."""

    until: AwareDatetime


def generation_routes(built: Generations) -> APIRouter:
    """The routes that every service with projections has."""
    router = APIRouter(tags=["operations"])

    @router.get("/v1/generations")
    async def overview(identity: Caller) -> list[dict[str, Any]]:
        identity.require(Role.OPERATOR)
        return await built.overview()

    @router.post("/v1/projections/{name}/rebuild", status_code=202)
    async def rebuild(
        name: str, identity: Caller, asked: Annotated[Rebuild | None, Body()] = None
    ) -> dict[str, int]:
        identity.require(Role.OPERATOR)
        return {"generation": await built.begin(name, accept=bool(asked and asked.accept))}

    @router.post("/v1/projections/{name}/replay", status_code=202)
    async def replay(name: str, identity: Caller, asked: Replay) -> dict[str, int]:
        identity.require(Role.OPERATOR)
        return {"generation": await built.begin(name, until=asked.until)}

    @router.delete("/v1/projections/{name}/generations/{generation}")
    async def drop(name: str, generation: int, identity: Caller) -> dict[str, str]:
        identity.require(Role.OPERATOR)
        await built.drop(name, generation)
        return {"status": "dropped"}

    return router
