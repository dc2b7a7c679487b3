"""A command's request, besides its body: who asks, having seen what, and whether again."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Header, Request

from shared.events.assignment import Role
from shared.identity import Identity
from shared.ids import derived_id
from shared.log.vector import Vector
from shared.web import After, Caller, IfMatch

CUSTOMER: Final = "customer:"


@dataclass(frozen=True)
class Asked:
    """Who asks for a command, as the services' inner APIs are told."""

    caller: Identity
    seen: Vector | None
    """What the caller had seen of the ticket (`If-Match`): anything newer refuses."""
    after: Vector | None
    """What must be known here first (`Ledgerdesk-After`)."""
    key: str | None
    """The caller's `Idempotency-Key`: the same again is the same fact."""
    request_id: UUID | None = None
    """What was asked for under that key: another body has another."""

    @property
    def by(self) -> str:
        """Who asks, as events say it: an agent's id, else the actor."""
        return self.caller.agent_id or self.caller.actor

    @property
    def name(self) -> str:
        """The name people know them by."""
        return self.caller.name

    @property
    def person_id(self) -> UUID | None:
        """The customer's id; None for anybody else."""
        try:
            return UUID(self.caller.actor.removeprefix(CUSTOMER)) if self.is_customer else None
        except ValueError:
            return None

    @property
    def is_customer(self) -> bool:
        """Whether it is a customer who asks, through the portal."""
        return self.caller.actor.startswith(CUSTOMER)

    def context(self, what: object) -> dict[str, Any]:
        """Fields of the `Context` of a command, or of what is named `what`."""
        name = what if isinstance(what, str) else type(what).__name__
        return {
            "actor": self.caller.actor,
            "seen": self.seen,
            "derive_from": ("http", self.caller.actor, name, self.key) if self.key else None,
            "request": self.request_id,
        }


async def asked(
    request: Request,
    caller: Caller,
    seen: IfMatch,
    after: After,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Asked:
    """The request's parts; a dependency of routes."""
    if not idempotency_key:
        return Asked(caller, seen, after, None)
    request_id = _request_id(
        request.app.state.identity_secret, request.method, request.url.path, await request.body()
    )
    return Asked(caller, seen, after, idempotency_key, request_id)


def _request_id(secret: str, method: str, path: str, body: bytes) -> UUID:
    """The same for the same request. It is told in the clear beside what is sealed, as the cause
    of what was said: without a secret in it, short texts could be found by trying."""
    message = f"ledgerdesk request\x00{method}\x00{path}\x00".encode() + body
    return derived_id("request", hmac.digest(secret.encode(), message, "sha256").hex())


def at_least(role: Role) -> Callable[[Asked], Asked]:
    """A dependency: somebody of the desk with at least this role asks."""

    def check(one: Annotated[Asked, Depends(asked)]) -> Asked:
        one.caller.require(role)
        return one

    return check


def _customer_or_agent(one: Annotated[Asked, Depends(asked)]) -> Asked:
    if not one.is_customer:
        one.caller.require(Role.AGENT)
    return one


Anyone = Annotated[Asked, Depends(asked)]
"""Parameter of a route for whoever is signed for; what they may, is decided."""

ByAgent = Annotated[Asked, Depends(at_least(Role.AGENT))]
"""Parameter of a route that takes at least an agent."""

ByManager = Annotated[Asked, Depends(at_least(Role.MANAGER))]
ByAdmin = Annotated[Asked, Depends(at_least(Role.ADMIN))]

ByCustomerOrAgent = Annotated[Asked, Depends(_customer_or_agent)]
"""Parameter of a route for the ticket's customer, too; whose ticket it is, is decided."""
