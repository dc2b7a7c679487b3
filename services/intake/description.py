"""What the public may call, as OpenAPI 3.1; the services' inner API is not described here."""

from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from services.intake.submission import Submission
from shared.openapi import inlined

OPERATIONS: Final = frozenset({("/v1/tickets", "post"), ("/v1/topics", "get")})

PUBLIC: Final = frozenset(path for path, _ in OPERATIONS)

TITLE: Final = "Ledgerdesk: opening tickets"

ABOUT: Final = """\
Whoever has a problem opens a ticket here: no account, no key. 201 means that the ticket is kept
for good; its `status_url` shows how it stands, and all of it once the requester has shown, by a
mail or a link in one, that the address is theirs. The same `Idempotency-Key` of the same
requester again is the same ticket. Errors are problem+json (RFC 9457) with a stable `code`; every
field that is wrong is named at once, and a field that we don't know is refused by name.
"""

EXAMPLE: Final = {
    "topic": "technical",
    "requester": {"name": "Carla Meyer", "email": "carla@example.com"},
    "subject": "The till prints no receipts",
    "description": "Since the update this morning nothing comes out.",
    "custom_fields": {"product": "Till"},
}


class Question(BaseModel):
    field: str
    text: str


class Summary(BaseModel):
    """What was understood."""

    subject: str
    description: str
    topic: str
    requester: str
    opened_at: str
    attachments: list[str]
    questions: list[Question] = Field(description="What we have to ask before we can begin.")
    type: str | None = None
    team: str | None = None
    priority: str | None = None


class Receipt(BaseModel):
    """A ticket that was opened."""

    ticket_id: str
    number: str = Field(examples=["LD-7KQ4M-2XR9C-5"])
    status: str
    status_url: str = Field(
        description="How it stands; all of it once the requester has confirmed the address."
    )
    summary: Summary
    events: list[str]


class FieldProblem(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457: `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] = []


class Topic(BaseModel):
    """What tickets can be opened under, with what its form asks."""

    topic_id: str
    name: str
    description: str
    type: str
    impact: str
    urgency: str
    fields: list[dict[str, Any]]
    plans: list[str]


_PROBLEMS: Final = {
    400: "The body ended before it was all here.",
    401: "An identity was given that is not valid.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Fields are missing, malformed or unknown: `errors` names each.",
    429: "Too much is coming in: come back after Retry-After.",
    503: "Nothing could be stored just now: try again, with the same Idempotency-Key.",
    507: "The disk is full.",
}

KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "The same key of the same requester again is the same ticket.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented ways in which a route can fail."""
    media = {"application/problem+json": {"schema": inlined(Problem.model_json_schema())}}
    return {status: {"description": _PROBLEMS[status], "content": media} for status in statuses}


def submission_body() -> dict[str, Any]:
    """The submission's JSON Schema, without references, with an example."""
    media = {"schema": inlined(Submission.model_json_schema()), "example": EXAMPLE}
    return {"required": True, "content": {"application/json": media}}


def description(described: APIRouter) -> APIRouter:
    """`GET /v1/openapi.json`: the public's part of these routes."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def openapi() -> Response:
        document = public_part(described)
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})

    return router


def public_part(described: APIRouter) -> dict[str, Any]:
    """The OpenAPI document of the public's routes, with the schemas that they name."""
    made = get_openapi(title=TITLE, version="1", description=ABOUT, routes=described.routes)
    paths = {path: made["paths"][path] for path in sorted(PUBLIC)}
    paths = {
        path: {method: one for method, one in methods.items() if (path, method) in OPERATIONS}
        for path, methods in paths.items()
    }
    schemas = made.get("components", {}).get("schemas", {})
    named: set[str] = set()
    left = _names_in(paths)
    while left:
        named |= left
        left = _names_in([schemas[name] for name in left]) - named
    return {
        **made,
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(named)}},
    }


def _names_in(node: Any) -> set[str]:
    """The names of the schemas that are referred to."""
    if isinstance(node, dict):
        own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_names_in(value) for value in node.values()))
    return set().union(*map(_names_in, node)) if isinstance(node, list) else set()
