"""HTTP edges: identity in, problem+json out, ETags and consistency tokens both ways.

One table maps the families of errors to HTTP (RFC 9457); domain modules know no HTTP.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
import structlog
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.errors import (
    CapacityExceeded,
    LedgerdeskError,
    NotYet,
    Rejected,
    TicketParked,
    VersionConflict,
)
from shared.identity import HEADER, Identity, NotSignedIn, verify
from shared.log.hold import CatchingUp
from shared.log.vector import Vector
from shared.outages import COME_BACK, disk_is_full
from shared.watched import route_of
from shared.wording import errors_in_words

log = structlog.get_logger()

AFTER_HEADER = "Ledgerdesk-After"
"""Consistency token: a read or command that carries it waits until it is known here."""

STATUS_BY_ERROR: Mapping[type[LedgerdeskError], int] = {
    VersionConflict: 409,
    CapacityExceeded: 409,
    NotYet: 503,
    TicketParked: 503,
    CatchingUp: 503,
}


INVALID = "Some fields are missing or malformed: `errors` names each."


class Invalid(Rejected):
    """Some fields are missing or malformed: `errors` names each."""

    http_status = 422

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = errors
        super().__init__()


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem+json answer. `errors` are (field, message) pairs; `code` is stable."""
    body: dict[str, Any] = {
        "type": f"urn:ledgerdesk:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"field": field, "message": message} for field, message in errors]
    media_type = "application/problem+json"
    return json_answer(body, status, headers, media_type)


def json_answer(
    content: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """An answer of JSON."""
    return Response(orjson.dumps(content), status, headers, media_type)


def install_errors(app: FastAPI) -> None:
    """Teach `app` to answer every family of error as problem+json."""

    async def answered(request: Request, error: Exception) -> Response:
        return answer_to(request, error)

    for kind in (LedgerdeskError, RequestValidationError, HTTPException, *COME_BACK, Exception):
        app.add_exception_handler(kind, answered)


def answer_to(request: Request, error: Exception) -> Response:
    """What is answered when a request came to an error."""
    match error:
        case LedgerdeskError():
            return _ours(error)
        case RequestValidationError():
            return problem(422, "invalid", INVALID, errors_in_words(error.errors()))
        case HTTPException():
            code = {404: "not_found", 405: "method_not_allowed"}.get(
                error.status_code, "http_error"
            )
            return problem(error.status_code, code, str(error.detail))
        case _:
            return _surprise(request, error)


def _surprise(request: Request, error: Exception) -> Response:
    """The answer to an outage, or to a bug."""
    route = route_of(request.scope)
    if isinstance(error, COME_BACK):
        log.warning("request_not_served", route=route, error=type(error).__name__)
        return away(error, "unavailable", "What this needs is away just now")
    log.error("request_failed", route=route, exc_info=error)
    return problem(500, "internal_error", "Something broke on our side. Please try again.")


def _ours(error: LedgerdeskError) -> Response:
    if isinstance(error, Invalid):
        return problem(422, "invalid", error.message, error.errors)
    if isinstance(error, Rejected):
        after = getattr(error, "retry_after_seconds", None)
        told = {"Retry-After": str(after)} if after is not None else None
        return problem(error.http_status, error.code, error.message, headers=told)
    status = STATUS_BY_ERROR.get(type(error), 500)
    headers = {"Retry-After": "1"} if status == 503 else None
    name = type(error).__name__
    return problem(status, _snake(name), error.message, headers=headers)


def away(error: BaseException, code: str, what: str) -> Response:
    """The answer to what an outage kept from being done: 503, or 507 while a disk is full.

    Nothing may have been done, or all of it: a retry with the same key is safe either way.
    """
    if disk_is_full(error):
        detail = f"{what}: the disk is full. Please try again later."
        return problem(507, "disk_full", detail, headers={"Retry-After": "30"})
    return problem(503, code, f"{what}: please try again.", headers={"Retry-After": "2"})


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def caller(request: Request) -> Identity:
    """FastAPI dependency: who is calling, as signed by the gateway or the portal."""
    token = request.headers.get(HEADER)
    if not token:
        raise NotSignedIn
    state = request.app.state
    return verify(state.identity_secret, token, state.service_name)


Caller = Annotated[Identity, Depends(caller)]
"""Parameter of a route that only gateway and portal may call."""


def if_match(if_match: Annotated[str | None, Header()] = None) -> Vector | None:
    """FastAPI dependency: what the caller had seen (`If-Match`); None when not said."""
    if if_match is None or if_match.strip() == "*":
        return None
    return _vector(if_match, "If-Match")


def after(
    ledgerdesk_after: Annotated[str | None, Header()] = None,
) -> Vector | None:
    """FastAPI dependency: the consistency token the caller carries, if any."""
    return None if ledgerdesk_after is None else _vector(ledgerdesk_after, AFTER_HEADER)


IfMatch = Annotated[Vector | None, Depends(if_match)]
After = Annotated[Vector | None, Depends(after)]


def _vector(text: str, header: str) -> Vector:
    try:
        return Vector.parse(text)
    except ValueError as error:
        raise Invalid([(header, "is not an ETag of ours")]) from error


def etag(vector: Vector) -> dict[str, str]:
    """The headers that tell a caller what it now has seen."""
    return {"ETag": f'"{vector}"', AFTER_HEADER: str(vector)}
