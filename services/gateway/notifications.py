"""Notifications through the API: the ledger, suppressions, one's own preferences, previews.
Notify owns them."""

from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.forwarding import forward, request_body
from services.gateway.http import SignedIn, problems
from services.gateway.rows import AgentRow
from shared.events.assignment import Role

Stage = Literal["requested", "sent", "failed", "unknown", "suppressed"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Quiet(_Body):
    start: str
    end: str
    timezone: str
    weekends: bool = False


class Preferences(_Body):
    """What one does not want to hear, and when."""

    muted: list[str] = []
    quiet: Quiet | None = Field(None, description="None: the desk's own hours, if it has any.")
    language: Literal["", "en", "de"] = ""


def add_notifications(
    router: APIRouter, gateway: Gateway, reader: SignedIn, agent: SignedIn
) -> None:
    """What anybody who reads tickets may look at, and what agents say for themselves."""
    _add_ledger(router, gateway, reader)
    _add_own(router, gateway, agent)


def _add_ledger(router: APIRouter, gateway: Gateway, reader: SignedIn) -> None:
    me: Any = Depends(reader)
    told: dict[str, Any] = {"tags": ["notifications"]}

    @router.get("/notifications", responses=problems(401, 422, 503), **told)
    async def ledger(
        request: Request,
        stage: Stage | None = None,
        cursor: str | None = Query(None, description="The `next` of the page before."),
        limit: int = Query(50, ge=1, le=200),
        me: AgentRow = me,
    ) -> Response:
        """Every notification, the latest first: one for each fact and person, how often it was
        tried, and when it is tried again. An unknown one may have arrived."""
        del stage, cursor, limit  # checked here, and passed on with the request
        return await forward(gateway, me, request, "notify", "/v1/notifications")

    @router.get("/suppressions", responses=problems(401, 422, 503), **told)
    async def suppressions(request: Request, me: AgentRow = me) -> Response:
        """Addresses that nothing is sent to for a while, as they took no mail, and why."""
        return await forward(gateway, me, request, "notify", "/v1/suppressions")

    @router.get("/notification-rules", responses=problems(401, 503), **told)
    async def rules(request: Request, me: AgentRow = me) -> Response:
        """Who hears of what: as the desk's file says, and what holds besides."""
        return await forward(gateway, me, request, "notify", "/v1/desk")

    @router.get("/notification-templates", responses=problems(401, 503), **told)
    async def templates(request: Request, me: AgentRow = me) -> Response:
        """The templates of mails, and the languages that they are written in."""
        return await forward(gateway, me, request, "notify", "/v1/templates")

    @router.get("/notification-templates/{name}", responses=problems(401, 404, 503), **told)
    async def template(
        request: Request, name: str, language: Literal["en", "de"] = "en", me: AgentRow = me
    ) -> Response:
        """A template with made-up facts: its subject, its text and its HTML."""
        del language
        path = f"/v1/templates/{quote(name, safe='')}"
        return await forward(gateway, me, request, "notify", path)


def _add_own(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    me: Any = Depends(agent)
    told: dict[str, Any] = {"tags": ["notifications"]}

    @router.delete("/suppressions/{person}", responses=problems(401, 403, 404, 503), **told)
    async def lift(request: Request, person: UUID, me: AgentRow = me) -> Response:
        """Send mail to this person's address again. Takes at least the role manager."""
        identity_of(me).require(Role.MANAGER)
        return await forward(gateway, me, request, "notify", f"/v1/suppressions/{person}")

    @router.get("/me/notifications", responses=problems(401, 403, 503), **told)
    async def mine(request: Request, me: AgentRow = me) -> Response:
        """What you want to hear, when, and in which language; and what can be muted."""
        return await forward(gateway, me, request, "notify", "/v1/preferences")

    @router.put(
        "/me/notifications",
        responses=problems(401, 403, 413, 422, 503),
        openapi_extra=request_body(Preferences, {"muted": ["reopened"], "language": "de"}),
        **told,
    )
    async def prefer(request: Request, me: AgentRow = me) -> Response:
        """Say what you do not want to hear, and when. What is urgent comes at any hour."""
        return await forward(gateway, me, request, "notify", "/v1/preferences")
