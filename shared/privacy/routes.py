"""What an admin can ask every service about people's keys, and have done to them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from shared.events.assignment import Role
from shared.log.log import Log
from shared.privacy.keyring import QUERIES, Keyring
from shared.web import Caller

REWRAPPED_AT_ONCE = 500

Persons = Annotated[list[UUID], Query(min_length=1, max_length=100)]


def privacy_routes(event_log: Log, keys: Keyring) -> APIRouter:
    """The routes that every service has."""
    router = APIRouter(prefix="/v1", tags=["privacy"])

    @router.get("/people/keys")
    async def keys_of(caller: Caller, person: Persons) -> dict[str, Any]:
        """What has become of people's keys here, and which erasures were carried out."""
        caller.require(Role.ADMIN)
        handled = await event_log.pool.fetch(QUERIES.handled_erasures, person)
        rows = await event_log.pool.fetch(QUERIES.keys_of, person)
        return {
            "service": event_log.author,
            "handled": {str(row["person"]): row["version"] for row in handled},
            "keys": [dict(row) for row in rows],
        }

    @router.get("/keys")
    async def masters(caller: Caller) -> dict[str, Any]:
        """With which master keys the keys here are wrapped; the current one."""
        caller.require(Role.ADMIN)
        keys.masters.refresh()
        rows = await event_log.pool.fetch(QUERIES.masters)
        counted = {row["master"]: row["keys"] for row in rows}
        return {"current": keys.masters.current, "wrapped_with": counted}

    @router.post("/keys/rewrap")
    async def rewrap(caller: Caller) -> dict[str, Any]:
        """Wrap this service's own keys with the current master key; how many are left to do."""
        caller.require(Role.ADMIN)
        return {"rewrapped": await keys.rewrap(REWRAPPED_AT_ONCE)}

    return router
