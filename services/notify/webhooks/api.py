"""The inner HTTP API of webhooks: admins, and programs whose keys allow it, by the gateway."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notify.settings import Settings
from services.notify.webhooks import store
from services.notify.webhooks.addresses import networks, trouble_with_url
from services.notify.webhooks.domain import (
    WEBHOOKS_DECIDER,
    ChangeWebhook,
    Command,
    CreateWebhook,
    RemoveWebhook,
    RotateSecret,
)
from services.notify.webhooks.fan_out import NAME
from services.notify.webhooks.signing import secret_of
from shared.asked import Asked, ByAdmin
from shared.errors import NotFound
from shared.ids import derived_id, uuid7
from shared.service import Runtime
from shared.web import Invalid, etag

LAST = (2**63 - 1, UUID(int=2**128 - 1))
"""Behind every delivery."""

Types = Annotated[tuple[str, ...], Field(max_length=100)]
Description = Annotated[str, Field(max_length=500)]
State = Literal["waiting", "claimed", "delivered", "failed", "cancelled"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookWanted(_Body):
    url: str
    types: Types = ()
    description: Description = ""


class WebhookChange(_Body):
    url: str | None = None
    types: Types | None = None
    description: Description | None = None
    active: bool | None = None


class Since(_Body):
    since: AwareDatetime


def webhook_routes(runtime: Runtime) -> APIRouter:
    """Every route."""
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    _add_webhooks(router, runtime)
    _add_deliveries(router, runtime)
    return router


def _add_webhooks(router: APIRouter, runtime: Runtime) -> None:
    settings = runtime.settings
    assert isinstance(settings, Settings)

    @router.post("", status_code=201)
    async def create(body: WebhookWanted, asked: ByAdmin) -> Response:
        """Make a webhook; what happens from now on is posted there."""
        _check_url(settings, body.url)
        key = asked.context("webhook")["derive_from"]
        webhook_id = derived_id(*key) if key else uuid7()
        now = runtime.clock()
        command = CreateWebhook(body.url, body.types, body.description, asked.by, now)
        after = await _carry_out(runtime, webhook_id, command, asked)
        return JSONResponse(await _shown(runtime, webhook_id), 201, headers=after)

    @router.get("")
    async def listed(_asked: ByAdmin) -> dict[str, Any]:
        found = await store.endpoints(runtime.pool)
        return {"webhooks": [_shape(row, settings.link_secret) for row in found]}

    @router.get("/{webhook_id}")
    async def one(webhook_id: UUID, _asked: ByAdmin) -> dict[str, Any]:
        """A webhook, with the secret that its messages are signed with."""
        return await _shown(runtime, webhook_id)

    @router.patch("/{webhook_id}")
    async def change(webhook_id: UUID, body: WebhookChange, asked: ByAdmin) -> Response:
        """What is not named stays as it is."""
        if body.url is not None:
            _check_url(settings, body.url)
        command = ChangeWebhook(**body.model_dump(), by=asked.by, now=runtime.clock())
        after = await _carry_out(runtime, webhook_id, command, asked)
        return JSONResponse(await _shown(runtime, webhook_id), headers=after)

    @router.post("/{webhook_id}/secret")
    async def rotate(webhook_id: UUID, asked: ByAdmin) -> Response:
        """A new secret; for a day, messages are signed with the one before, too."""
        command = RotateSecret(asked.by, runtime.clock())
        after = await _carry_out(runtime, webhook_id, command, asked)
        return JSONResponse(await _shown(runtime, webhook_id), headers=after)

    @router.delete("/{webhook_id}")
    async def remove(webhook_id: UUID, asked: ByAdmin) -> Response:
        """Post nothing there any more; what waits is cancelled."""
        command = RemoveWebhook(asked.by, runtime.clock())
        after = await _carry_out(runtime, webhook_id, command, asked)
        return JSONResponse({"id": str(webhook_id), "removed": True}, headers=after)


def _add_deliveries(router: APIRouter, runtime: Runtime) -> None:
    @router.get("/{webhook_id}/deliveries")
    async def deliveries(
        webhook_id: UUID,
        _asked: ByAdmin,
        state: State | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """The delivery log, the newest event first."""
        await _shown(runtime, webhook_id)
        before = LAST if cursor is None else _place(cursor)
        rows = await store.deliveries(runtime.pool, webhook_id, state, before, limit + 1)
        shown = rows[:limit]
        more = _cursor(shown[-1]) if len(rows) > limit else None
        return {"deliveries": [_delivery(row) for row in shown], "next": more}

    @router.get("/{webhook_id}/deliveries/{delivery_id}")
    async def delivery(webhook_id: UUID, delivery_id: UUID, _asked: ByAdmin) -> dict[str, Any]:
        """One delivery, with what came of each try."""
        row = await runtime.pool.fetchrow(store.QUERIES.delivery, webhook_id, delivery_id)
        if row is None:
            raise NotFound(what="delivery")
        tried = await runtime.pool.fetch(store.QUERIES.tries, delivery_id)
        return {**_delivery(dict(row)), "log": [dict(each) for each in tried]}

    @router.post("/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202)
    async def again(webhook_id: UUID, delivery_id: UUID, _asked: ByAdmin) -> dict[str, Any]:
        """Post it once more, whatever became of it, with all its tries anew."""
        await _shown(runtime, webhook_id)
        found = await runtime.pool.fetchval(store.QUERIES.again, webhook_id, delivery_id)
        if found is None:
            raise NotFound(what="delivery that is not being posted already")
        return {"redelivered": 1}

    @router.post("/{webhook_id}/redeliver", status_code=202)
    async def failed_again(webhook_id: UUID, body: Since, _asked: ByAdmin) -> dict[str, Any]:
        """Post once more all that failed since an instant."""
        await _shown(runtime, webhook_id)
        rows = await runtime.pool.fetch(store.QUERIES.failed_again, webhook_id, body.since)
        return {"redelivered": len(rows)}


def _check_url(settings: Settings, url: str) -> None:
    exceptions = networks(settings.webhook_networks_allowed)
    trouble = trouble_with_url(url, exceptions, plain_allowed=settings.webhook_plain_http_allowed)
    if trouble is not None:
        raise Invalid([("url", trouble)])


async def _carry_out(
    runtime: Runtime, webhook_id: UUID, command: Command, asked: Asked
) -> dict[str, str]:
    """Carry it out, and wait until it is in force here."""
    outcome = await runtime.handle(WEBHOOKS_DECIDER, webhook_id, command, actor=asked.caller.actor)
    await runtime.wait_for(webhook_id, outcome.vector, NAME)
    return etag(outcome.vector) | {"Cache-Control": "no-store"}


async def _shown(runtime: Runtime, webhook_id: UUID) -> dict[str, Any]:
    found = await store.endpoints(runtime.pool, webhook_id)
    if not found:
        raise NotFound(what="webhook")
    return _shape(found[0], runtime.settings.link_secret)


def _shape(row: dict[str, Any], desk_secret: str) -> dict[str, Any]:
    open_until: datetime | None = row["open_until"]
    return {
        "id": str(row["webhook_id"]),
        "url": row["url"],
        "types": row["types"],
        "description": row["description"],
        "active": row["active"],
        "secret": secret_of(desk_secret, row["webhook_id"], row["generation"]),
        "created_by": row["created_by"],
        "created_at": row["created_at"].isoformat(),
        "waiting": row["waiting"],
        "failures_in_a_row": row["failures"],
        "left_alone_until": open_until.isoformat() if open_until else None,
    }


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    plain = {name: row[name] for name in ("type", "state", "tries")}
    times = {
        name: row[name].isoformat() if row[name] else None
        for name in ("occurred_at", "next_at", "settled_at")
    }
    ids = {name: str(row[name]) for name in ("id", "event_id", "ticket_id")}
    return {**ids, **plain, **times}


def _cursor(row: dict[str, Any]) -> str:
    place = orjson.dumps([row["position"], str(row["id"])])
    return base64.urlsafe_b64encode(place).decode("ascii").rstrip("=")


def _place(cursor: str) -> tuple[int, UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position, last = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(position, int) or not 0 <= position < 2**63:
            raise ValueError(cursor)
        return position, UUID(last)
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise Invalid([("cursor", "is not the `next` of a page of deliveries")]) from error
