"""Webhooks through the API: notify owns them; an admin's token, or a key's scope, lets in."""

from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.forwarding import IDEMPOTENCY, forward, request_body
from services.gateway.http import SignedIn, problems
from services.gateway.rows import AgentRow
from shared.events.assignment import Role

State = Literal["waiting", "claimed", "delivered", "failed", "cancelled"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewWebhook(_Body):
    url: str = Field(description="Where to, https; not into a private network.")
    types: list[str] = Field([], description="Names of public event types; none are named: all.")
    description: str = ""


class WebhookChange(_Body):
    """What is not named stays as it is."""

    url: str | None = None
    types: list[str] | None = None
    description: str | None = None
    active: bool | None = Field(None, description="While false, what happens waits.")


class Since(_Body):
    since: AwareDatetime


class Webhook(BaseModel):
    id: str
    url: str
    types: list[str]
    description: str
    active: bool
    secret: str = Field(description="What messages are signed with (Standard Webhooks).")
    created_by: str
    created_at: AwareDatetime
    waiting: int = Field(description="Deliveries that wait, counted up to 1,001.")
    failures_in_a_row: int
    left_alone_until: AwareDatetime | None


class Webhooks(BaseModel):
    webhooks: list[Webhook]


class Removed(BaseModel):
    id: str
    removed: bool


class Delivery(BaseModel):
    id: str
    event_id: str
    ticket_id: str
    type: str
    state: State
    tries: int
    occurred_at: AwareDatetime
    next_at: AwareDatetime | None
    settled_at: AwareDatetime | None


class Deliveries(BaseModel):
    deliveries: list[Delivery]
    next: str | None = Field(description="`cursor` of the next page.")


class Try(BaseModel):
    tried_at: AwareDatetime
    status: int | None
    trouble: str
    duration_ms: int


class DeliveryWithLog(Delivery):
    log: list[Try]


class Redelivered(BaseModel):
    redelivered: int


EXAMPLE: Final = {
    "url": "https://hooks.example.com/ledgerdesk",
    "types": ["TicketOpened", "TicketClosed"],
    "description": "Tells the shop floor",
}


def add_webhooks(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """Every route; each needs the role admin or the scope webhooks."""
    _add_themselves(router, gateway, agent)
    _add_deliveries(router, gateway, agent)


async def _to_notify(gateway: Gateway, me: AgentRow, request: Request, path: str) -> Response:
    identity_of(me).require(Role.ADMIN)
    return await forward(gateway, me, request, "notify", f"/v1/webhooks{path}")


def _add_themselves(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    me: Any = Depends(agent)
    told: dict[str, Any] = {"tags": ["webhooks"]}

    @router.get(
        "/webhooks",
        summary="List the webhooks",
        response_model=Webhooks,
        responses=problems(403),
        **told,
    )
    async def listed(request: Request, me: AgentRow = me) -> Response:
        return await _to_notify(gateway, me, request, "")

    @router.post(
        "/webhooks",
        summary="Make a webhook",
        status_code=201,
        response_model=Webhook,
        responses=problems(403, 413),
        openapi_extra={"parameters": [IDEMPOTENCY], **request_body(NewWebhook, EXAMPLE)},
        **told,
    )
    async def create(request: Request, me: AgentRow = me) -> Response:
        """Public events are posted there from now on, signed as Standard Webhooks has it."""
        return await _to_notify(gateway, me, request, "")

    @router.get(
        "/webhooks/{webhook_id}",
        summary="Show a webhook and its secret",
        response_model=Webhook,
        responses=problems(403, 404),
        **told,
    )
    async def one(request: Request, webhook_id: UUID, me: AgentRow = me) -> Response:
        return await _to_notify(gateway, me, request, f"/{webhook_id}")

    @router.patch(
        "/webhooks/{webhook_id}",
        summary="Change a webhook",
        response_model=Webhook,
        responses=problems(403, 404, 413),
        openapi_extra=request_body(WebhookChange, {"active": False}),
        **told,
    )
    async def change(request: Request, webhook_id: UUID, me: AgentRow = me) -> Response:
        return await _to_notify(gateway, me, request, f"/{webhook_id}")

    @router.post(
        "/webhooks/{webhook_id}/secret",
        summary="Renew a webhook's secret",
        response_model=Webhook,
        responses=problems(403, 404, 413),
        **told,
    )
    async def rotate(request: Request, webhook_id: UUID, me: AgentRow = me) -> Response:
        """For a day, messages are signed with the one before, too."""
        return await _to_notify(gateway, me, request, f"/{webhook_id}/secret")

    @router.delete(
        "/webhooks/{webhook_id}",
        summary="Remove a webhook",
        response_model=Removed,
        responses=problems(403, 404, 413),
        **told,
    )
    async def remove(request: Request, webhook_id: UUID, me: AgentRow = me) -> Response:
        """What waits for it is cancelled."""
        return await _to_notify(gateway, me, request, f"/{webhook_id}")


def _add_deliveries(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    me: Any = Depends(agent)
    told: dict[str, Any] = {"tags": ["webhooks"]}

    @router.get(
        "/webhooks/{webhook_id}/deliveries",
        summary="Look at the delivery log",
        response_model=Deliveries,
        responses=problems(403, 404),
        **told,
    )
    async def deliveries(
        request: Request,
        webhook_id: UUID,
        state: State | None = None,
        cursor: str | None = Query(None, description="The `next` of the page before."),
        limit: int = Query(50, ge=1, le=200),
        me: AgentRow = me,
    ) -> Response:
        """The newest event first."""
        del state, cursor, limit  # checked here, and passed on with the request
        return await _to_notify(gateway, me, request, f"/{webhook_id}/deliveries")

    @router.get(
        "/webhooks/{webhook_id}/deliveries/{delivery_id}",
        summary="Look at a delivery and each of its tries",
        response_model=DeliveryWithLog,
        responses=problems(403, 404),
        **told,
    )
    async def delivery(
        request: Request, webhook_id: UUID, delivery_id: UUID, me: AgentRow = me
    ) -> Response:
        return await _to_notify(gateway, me, request, f"/{webhook_id}/deliveries/{delivery_id}")

    @router.post(
        "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
        summary="Post a delivery once more",
        status_code=202,
        response_model=Redelivered,
        responses=problems(403, 404, 413),
        **told,
    )
    async def again(
        request: Request, webhook_id: UUID, delivery_id: UUID, me: AgentRow = me
    ) -> Response:
        """Whatever became of it, and with all its tries anew."""
        path = f"/{webhook_id}/deliveries/{delivery_id}/redeliver"
        return await _to_notify(gateway, me, request, path)

    @router.post(
        "/webhooks/{webhook_id}/redeliver",
        summary="Post once more what failed",
        status_code=202,
        response_model=Redelivered,
        responses=problems(403, 404, 413),
        openapi_extra=request_body(Since, {"since": "2026-03-01T00:00:00Z"}),
        **told,
    )
    async def failed_again(request: Request, webhook_id: UUID, me: AgentRow = me) -> Response:
        """Since an instant."""
        return await _to_notify(gateway, me, request, f"/{webhook_id}/redeliver")
