"""Routes of every service for its past: rebuild, replay, look, drop; say it again."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import AwareDatetime, BaseModel, model_validator

from shared.events.assignment import Role
from shared.followers.rebuilding import Generations
from shared.republish import Republisher
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


class Again(BaseModel):
    """What is to be said again: one subject's stream, what was said since a time, or all."""

    subject: UUID | None = None
    since: AwareDatetime | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.subject is not None) + (self.since is not None) + self.all != 1:
            raise ValueError("name a subject, or since, or all")
        return self


def republish_routes(republisher: Republisher) -> APIRouter:
    """The route that every service has, for a hearer that lacks something."""
    router = APIRouter(tags=["operations"])

    @router.post("/v1/republish", status_code=202)
    async def republish(identity: Caller, asked: Again) -> dict[str, int]:
        identity.require(Role.OPERATOR)
        if asked.subject is not None:
            return {"events": await republisher.stream(asked.subject)}
        return {"events": await republisher.since(asked.since)}

    return router
