"""What the routes of the API share: answers, documented problems, the signed-in agent."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime
from starlette import types as asgi

from services.gateway.auth import COOKIE, NotForPrograms, by_key, by_token, is_key
from services.gateway.context import Gateway
from services.gateway.owners import Answer
from services.gateway.rows import AgentRow
from services.gateway.shapes import Problem
from shared.body_limit import KnownBytes
from shared.identity import NotSignedIn
from shared.log.vector import Vector
from shared.scopes import Scope
from shared.web import AFTER_HEADER, Invalid

BODY_BYTES_MAX: Final = 32 * 1024 * 1024
"""Largest body of a command: attachments are in it, as base64."""

BEARER: Final = HTTPBearer(
    auto_error=False, description="An agent's token, or an API key that an admin has made."
)

SignedIn = Callable[..., Awaitable[AgentRow]]

TicketName = Annotated[
    str, Path(description="A ticket's id or number.", examples=["LD-7KQ4M-2XR9C-5"])
]

_ALWAYS: Final = (401, 422, 429, 503)
"""What any route can answer."""

_PROBLEMS: Final = {
    400: "The body ended before it was all here.",
    401: "No valid token.",
    403: "The role, or the API key's scopes, do not allow it.",
    404: "There is no such thing.",
    408: "The body did not come in time.",
    409: "Forbidden as things stand: `code` says why.",
    412: "The ticket has moved on since If-Match.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Fields are missing or malformed: `errors` names each.",
    429: "Too much is asked at once: come back after Retry-After.",
    503: "The owner is away, or this service has not come so far: try again.",
}


def seen_by(
    ledgerdesk_after: Annotated[
        str | None, Header(description="Wait until this is known: a command's Ledgerdesk-After.")
    ] = None,
    after: Annotated[str | None, Query(description="The same, for a link.")] = None,
) -> Vector | None:
    """FastAPI dependency: what the caller has seen, and wants to see at least."""
    text = after if after is not None else ledgerdesk_after
    if text is None:
        return None
    try:
        return Vector.parse(text)
    except ValueError as error:
        raise Invalid([(AFTER_HEADER, "is not an ETag of ours")]) from error


Seen = Annotated[Vector | None, Depends(seen_by)]


AsOf = Annotated[
    AwareDatetime | None, Query(description="Show it as it stood then, e.g. 2026-03-01T14:00:00Z.")
]


def respond(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON that no cache keeps."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(content), status, kept, "application/json")


def relayed(answer: Answer) -> Response:
    """An owner's answer, as it is."""
    headers = {"Cache-Control": "no-store", **answer.headers}
    return Response(answer.body, answer.status, headers)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented ways in which a route can fail, with those in which all can."""
    media = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": _PROBLEMS[status], "content": media}
        for status in sorted({*_ALWAYS, *statuses})
    }


def signed_in(gateway: Gateway, scope: Scope | None = None) -> SignedIn:
    """FastAPI dependency: the agent whose bearer token the request carries, or the program
    whose API key it is, if its scopes allow `scope`; without one, agents alone."""

    async def agent(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> AgentRow:
        if credentials is None:
            raise NotSignedIn
        return await _found(gateway, request, credentials.credentials, scope)

    return agent


async def _found(gateway: Gateway, request: Request, token: str, scope: Scope | None) -> AgentRow:
    """Who has the token or the key, unless too many were wrong."""

    async def find() -> AgentRow:
        if is_key(token):
            return await by_key(gateway.finders, token, scope, gateway.runtime.clock())
        return await by_token(gateway.finders, token)

    return await gateway.limit.look(request, token, find)


def may_send(gateway: Gateway, bytes_max: int) -> KnownBytes:
    """Large bodies are read of people of the desk and of programs with a key, only."""

    async def known(scope: asgi.Scope) -> int:
        request = Request(scope)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if kind.lower() != "bearer":
                session = gateway.sessions.read(request.cookies.get(COOKIE))
                await gateway.sessions.agent(session, gateway.finders)
            else:
                await _found(gateway, request, token.strip(), None)
        except NotSignedIn:
            return 0
        except NotForPrograms:
            # A good key; what it may do is asked by the route.
            return bytes_max
        return bytes_max

    return known


async def read_body(request: Request) -> bytes:
    """The request's body. Raises `Invalid` for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise Invalid([("body", f"is larger than {BODY_BYTES_MAX} bytes")])
    return bytes(body)
