"""Opening tickets through the API: one, or up to a thousand at a time. Intake decides."""

from typing import Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.context import Gateway
from services.gateway.forwarding import IDEMPOTENCY, forward, request_body
from services.gateway.http import SignedIn, problems
from services.gateway.rows import AgentRow
from services.gateway.shapes import Problem

BATCH_MAX: Final = 1_000

Level = Literal["low", "medium", "high"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Requester(_Body):
    name: str
    email: str
    phone: str | None = None


class File(_Body):
    name: str
    content_type: str = "application/octet-stream"
    content_base64: str = Field(description="At most 10 MB.")
    field: str | None = Field(None, description="The topic's field of kind file that it is for.")


class NewTicket(_Body):
    """A ticket to be opened."""

    topic: str = Field(description="Id or name of a topic: see GET /topics.")
    requester: Requester
    subject: str
    description: str
    impact: Level | None = None
    urgency: Level | None = None
    type: Literal["technical", "billing", "general"] | None = None
    plan: str | None = Field(None, description="An SLA plan that the topic offers.")
    custom_fields: dict[str, Any] = Field({}, description="By the names of the topic's fields.")
    attachments: list[File] = Field([], max_length=10)
    channel: Literal["web", "api"] = "api"


class BatchItem(NewTicket):
    """A ticket of a batch."""

    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="The same key of the same requester again is the same ticket.",
    )


class Batch(_Body):
    tickets: list[BatchItem] = Field(min_length=1, max_length=BATCH_MAX)


class Receipt(BaseModel):
    """A ticket that was opened."""

    ticket_id: str
    number: str
    status: str
    status_url: str = Field(
        description="How it stands; all of it once the requester has confirmed the address."
    )
    summary: dict[str, Any]
    events: list[str]


class BatchResult(BaseModel):
    """What became of one ticket of a batch."""

    index: int
    status: int = Field(description="What a call for this ticket alone would have answered.")
    replayed: bool = False
    ticket: Receipt | None = None
    problem: Problem | None = None


class BatchResults(BaseModel):
    opened: int
    failed: int
    results: list[BatchResult]


class FieldCondition(BaseModel):
    field: str
    values: list[str]


class FormField(BaseModel):
    name: str
    label: str
    kind: str
    required: bool
    choices: list[str]
    shown_when: FieldCondition | None = None
    required_when: FieldCondition | None = None


class Topic(BaseModel):
    topic_id: str
    name: str
    description: str
    type: str
    impact: str
    urgency: str
    fields: list[FormField]
    plans: list[str]


TICKET_EXAMPLE: Final = {
    "topic": "technical",
    "requester": {"name": "Carla Meyer", "email": "carla@example.com"},
    "subject": "The till prints no receipts",
    "description": "Since the update this morning nothing comes out.",
    "custom_fields": {"product": "Till"},
}

BATCH_EXAMPLE: Final = {
    "tickets": [TICKET_EXAMPLE | {"idempotency_key": "import-4711"}],
}


def add_opening(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """The routes."""
    signed_in: Any = Depends(agent)

    @router.get(
        "/topics",
        tags=["opening"],
        summary="Topics that tickets can be opened under",
        response_model=list[Topic],
        responses=problems(),
    )
    async def topics(request: Request, me: AgentRow = signed_in) -> Response:
        """With the fields that each asks for. Scope tickets:open."""
        return await forward(gateway, me, request, "intake", "/v1/topics")

    @router.post(
        "/tickets",
        tags=["opening"],
        summary="Open a ticket",
        status_code=201,
        response_model=Receipt,
        responses=problems(400, 403, 408, 413, 415),
        openapi_extra={"parameters": [IDEMPOTENCY], **request_body(NewTicket, TICKET_EXAMPLE)},
    )
    async def open_one(request: Request, me: AgentRow = signed_in) -> Response:
        """201 means that it is kept for good. Scope tickets:open."""
        return await forward(gateway, me, request, "intake", "/v1/tickets")

    @router.post(
        "/tickets/batch",
        tags=["opening"],
        summary="Open up to 1,000 tickets",
        response_model=BatchResults,
        responses=problems(400, 403, 408, 413, 415),
        openapi_extra=request_body(Batch, BATCH_EXAMPLE),
    )
    async def open_many(request: Request, me: AgentRow = signed_in) -> Response:
        """Each by itself: one that is wrong keeps no other from being opened, and each is
        answered in its place. Scope tickets:open."""
        path, longest = "/v1/tickets/batch", gateway.settings.batch_seconds_max
        return await forward(gateway, me, request, "intake", path, longest)
