"""Who asks for what, having seen what: the parts that every command's request shares."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from shared.events.assignment import Role
from shared.identity import Identity
from shared.log.vector import Vector
from shared.web import After, Caller, IfMatch

CUSTOMER = "customer:"


@dataclass(frozen=True)
class Asked:
    """A command's request, besides its body."""

    caller: Identity
    seen: Vector | None
    """What the caller had seen of the ticket (`If-Match`): anything newer refuses."""
    after: Vector | None
    """What must be known here first (`Ledgerdesk-After`)."""
    key: str | None
    """The caller's `Idempotency-Key`: the same again is the same fact."""

    @property
    def by(self) -> str:
        """Who asks, as events say it: an agent's id, else the actor."""
        return self.caller.agent_id or self.caller.actor

    @property
    def name(self) -> str:
        """The name people know them by."""
        return self.caller.name


def _asked(
    caller: Caller,
    seen: IfMatch,
    after: After,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Asked:
    return Asked(caller, seen, after, idempotency_key)


def _by_agent(asked: Annotated[Asked, Depends(_asked)]) -> Asked:
    asked.caller.require(Role.AGENT)
    return asked


def _by_customer_or_agent(asked: Annotated[Asked, Depends(_asked)]) -> Asked:
    if not asked.caller.actor.startswith(CUSTOMER):
        asked.caller.require(Role.AGENT)
    return asked


ByAgent = Annotated[Asked, Depends(_by_agent)]
"""Parameter of a route that takes at least an agent."""

ByCustomerOrAgent = Annotated[Asked, Depends(_by_customer_or_agent)]
"""Parameter of a route for the ticket's customer, too; whose ticket it is, is decided."""
