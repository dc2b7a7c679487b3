"""Who asks for what, having seen what: the parts that every command's request shares."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header

from shared.events.assignment import Role
from shared.identity import Identity
from shared.log import Vector
from shared.web import After, Caller, IfMatch

CUSTOMER = "customer:"


@dataclass(frozen=True)
class Asked:
    """A command's request, besides its body."""

    caller: Identity
    seen: Vector | None
    after: Vector | None
    key: str | None

    @property
    def by(self) -> str:
        """Who asks, as events say it: an agent's id, else the actor."""
        return self.caller.agent_id or self.caller.actor

    @property
    def person_id(self) -> UUID | None:
        """The customer's id; None for anybody else."""
        kind, _, rest = self.caller.actor.partition(":")
        try:
            return UUID(rest) if kind == "customer" else None
        except ValueError:
            return None

    def derive_from(self, what: str) -> tuple[object, ...] | None:
        """What the ids of the events derive from, if the caller may repeat itself."""
        return ("http", self.caller.actor, what, self.key) if self.key else None


def _asked(
    caller: Caller,
    seen: IfMatch,
    after: After,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Asked:
    return Asked(caller, seen, after, idempotency_key)


def _at_least(role: Role) -> object:
    def check(asked: Annotated[Asked, Depends(_asked)]) -> Asked:
        asked.caller.require(role)
        return asked

    return Depends(check)


def _customer_or_agent(asked: Annotated[Asked, Depends(_asked)]) -> Asked:
    if asked.person_id is None:
        asked.caller.require(Role.AGENT)
    return asked


ByAgent = Annotated[Asked, _at_least(Role.AGENT)]
ByManager = Annotated[Asked, _at_least(Role.MANAGER)]
ByAdmin = Annotated[Asked, _at_least(Role.ADMIN)]
ByCustomerOrAgent = Annotated[Asked, Depends(_customer_or_agent)]
