"""Who asks for what, having seen what: the parts that every command's request shares."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header

from services.assignment.domain.commands import By
from shared.events.assignment import Role
from shared.identity import Identity
from shared.log import Vector
from shared.web import After, Caller, IfMatch

MANAGERS: Final = frozenset({Role.MANAGER, Role.OPERATOR, Role.ADMIN})


@dataclass(frozen=True)
class Asked:
    """A command's request by somebody who works at the desk, besides its body."""

    caller: Identity
    seen: Vector | None
    """What the caller had seen of the ticket (`If-Match`): anything newer refuses."""
    after: Vector | None
    """What must be known here first (`Ledgerdesk-After`)."""
    key: str | None
    """The caller's `Idempotency-Key`: the same again is the same fact."""

    @property
    def by(self) -> By:
        """Who asks, as events say it: an agent's id, else the actor."""
        who = self.caller.agent_id or self.caller.actor
        return By(who, manager=self.caller.role in MANAGERS)

    def derived_from(self, command: type) -> tuple[object, ...] | None:
        """What makes a retry of the command the same fact."""
        return ("http", self.caller.actor, command.__name__, self.key) if self.key else None


def _by_agent(
    caller: Caller,
    seen: IfMatch,
    after: After,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Asked:
    caller.require(Role.AGENT)
    return Asked(caller, seen, after, idempotency_key)


ByAgent = Annotated[Asked, Depends(_by_agent)]
"""Parameter of a route that takes at least an agent."""
