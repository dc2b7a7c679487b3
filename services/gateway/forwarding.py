"""The API's commands, and reads that belong to others: each goes to its owner, signed."""

from collections.abc import Awaitable, Callable
from inspect import Parameter, Signature
from typing import Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from services.gateway import bodies, shapes
from services.gateway.auth import identity_of
from services.gateway.commands import COMMANDS, Command
from services.gateway.context import Gateway
from services.gateway.http import SignedIn, TicketName, problems, read_body, relayed, signed_in
from services.gateway.owners import PASSED_IN
from services.gateway.rows import AgentRow
from shared.events.assignment import Role
from shared.identity import HEADER
from shared.openapi import inlined
from shared.scopes import Scope

_SCOPES: Final = {Role.AGENT: Scope.TICKETS_WORK, Role.MANAGER: Scope.TICKETS_MANAGE}
"""The scope that an API key needs for the commands of a role."""

IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string"},
    "description": "A command repeated with the same key is the same fact.",
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of what you have seen: 412 if the ticket has moved on since.",
    "example": '"assignment=2,intake=5,resolution=3"',
}


def add_commands(router: APIRouter, gateway: Gateway) -> None:
    """A route for each command."""
    doors = {scope: signed_in(gateway, scope) for scope in _SCOPES.values()}
    for command in COMMANDS:
        router.add_api_route(
            f"/tickets/{{ticket}}/{command.name}",
            _endpoint(gateway, command, doors[_SCOPES[command.role]]),
            methods=[command.method],
            tags=[f"commands of {command.owner}"],
            name=command.name,
            summary=command.what,
            description=f"Takes at least the role {command.role.value}, "
            f"or the scope {_SCOPES[command.role].value}.",
            status_code=200,
            responses={
                200: {"model": shapes.Done, "description": "Done, or done before."},
                **problems(401, 403, 404, 409, 412, 422, 503),
            },
            openapi_extra=described(command),
        )


def described(command: Command) -> dict[str, Any]:
    """The command's OpenAPI: its headers and its body, with an example."""
    extra: dict[str, Any] = {"parameters": [IF_MATCH, IDEMPOTENCY]}
    if command.body is not None:
        extra |= request_body(command.body, command.example)
    return extra


def request_body(model: type[BaseModel], example: object = None) -> dict[str, Any]:
    """A body's OpenAPI, when its owner checks it and not FastAPI."""
    media: dict[str, Any] = {"schema": inlined(model.model_json_schema())}
    if example is not None:
        media["example"] = example
    return {"requestBody": {"required": True, "content": {"application/json": media}}}


def _endpoint(
    gateway: Gateway, command: Command, agent: SignedIn
) -> Callable[..., Awaitable[Response]]:
    async def endpoint(request: Request, ticket: str, me: AgentRow, **parts: str) -> Response:
        identity_of(me).require(command.role)
        ticket_id = await gateway.finders.ticket_id(ticket)
        named = {name: quote(value, safe="") for name, value in parts.items()}
        path = command.path.format(id=ticket_id, **named)
        return await forward(gateway, me, request, command.owner, path)

    # A parameter for each placeholder of the command's own path, for FastAPI to see.
    signature = Signature(
        [
            Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request),
            Parameter("ticket", Parameter.KEYWORD_ONLY, annotation=TicketName),
            Parameter("me", Parameter.KEYWORD_ONLY, annotation=AgentRow, default=Depends(agent)),
            *(
                Parameter(name, Parameter.KEYWORD_ONLY, annotation=str, default=Path())
                for name in command.placeholders
            ),
        ]
    )
    endpoint.__signature__ = signature  # type: ignore[attr-defined]
    return endpoint


def add_presence(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """Whether an agent takes tickets."""
    me: Any = Depends(agent)

    @router.put(
        "/me/presence",
        tags=["desk"],
        response_model=shapes.Presence,
        responses=problems(403, 404, 409, 413),
        openapi_extra=request_body(bodies.Presence, {"online": True}),
    )
    async def presence(request: Request, me: AgentRow = me) -> Response:
        """Say whether you take tickets: `{"online": true}`."""
        path = f"/v1/agents/{quote(me.agent_id, safe='')}/presence"
        return await forward(gateway, me, request, "assignment", path)


def add_lookups(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """What intake keeps: quarantined submissions and files."""
    me: Any = Depends(agent)

    @router.get("/quarantine", tags=["desk"], responses=problems(401, 503))
    async def quarantine(request: Request, me: AgentRow = me) -> Response:
        """What came in and could not be understood, kept raw."""
        return await forward(gateway, me, request, "intake", "/v1/quarantine")

    @router.get("/quarantine/{item}", tags=["desk"], responses=problems(401, 404, 503))
    async def quarantined(request: Request, item: str, me: AgentRow = me) -> Response:
        """One quarantined submission."""
        path = f"/v1/quarantine/{quote(item, safe='')}"
        return await forward(gateway, me, request, "intake", path)

    @router.post("/quarantine/{item}/{decision}", tags=["desk"], responses=problems(401, 404, 409))
    async def decide(
        request: Request,
        item: str,
        decision: Literal["release", "reject", "block"],
        me: AgentRow = me,
    ) -> Response:
        """Take a quarantined mail after all (`{"into_ticket_id": …}` or as a ticket of its
        own), reject it, or block its sender, too."""
        path = f"/v1/quarantine/{quote(item, safe='')}/{decision}"
        return await forward(gateway, me, request, "intake", path)

    @router.get("/blocked-senders", tags=["desk"], responses=problems(401, 503))
    async def blocked(request: Request, me: AgentRow = me) -> Response:
        """From whom no mail is taken, who said so and when, and how many mails were refused since;
        the last thousand."""
        return await forward(gateway, me, request, "intake", "/v1/blocked-senders")

    @router.post(
        "/blocked-senders",
        tags=["desk"],
        responses=problems(401, 422, 503),
        openapi_extra=request_body(bodies.Sender, {"address": "spam@example.com"}),
    )
    async def block(request: Request, me: AgentRow = me) -> Response:
        """Take no mail from an address any more: that is said to whoever sends one."""
        return await forward(gateway, me, request, "intake", "/v1/blocked-senders")

    @router.delete("/blocked-senders/{person}", tags=["desk"], responses=problems(401, 403, 503))
    async def unblock(request: Request, person: str, me: AgentRow = me) -> Response:
        """Take mail from this person again. Takes at least the role manager."""
        path = f"/v1/blocked-senders/{quote(person, safe='')}"
        return await forward(gateway, me, request, "intake", path)

    @router.get("/files/{file_id}", tags=["desk"], responses=problems(401, 404, 503))
    async def file(request: Request, file_id: str, me: AgentRow = me) -> Response:
        """The content of an attachment."""
        path = f"/v1/files/{quote(file_id, safe='')}"
        return await forward(gateway, me, request, "intake", path)


async def forward(
    gateway: Gateway,
    me: AgentRow,
    request: Request,
    owner: str,
    path: str,
    answer_seconds_max: float | None = None,
) -> Response:
    """Send the request on to the owner, as `me`, and its answer back."""
    assert HEADER.lower() not in PASSED_IN
    headers = {name: request.headers[name] for name in PASSED_IN if name in request.headers}
    answer = await gateway.send(
        me,
        owner,
        request.method,
        path,
        body=await read_body(request),
        headers=headers,
        query=request.url.query,
        answer_seconds_max=answer_seconds_max,
    )
    return relayed(answer)
