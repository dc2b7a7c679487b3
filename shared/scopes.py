"""What an API key may do: scopes, given when the key is made and never widened."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

KEY_PREFIX: Final = "ldk_"
"""What every API key begins with, so that a leaked one is recognised by scanners."""

ACTOR_PREFIX: Final = "key:"
"""What the actor of a program begins with, where an agent's begins with `agent:`."""


class Scope(StrEnum):
    """One thing that a key may be allowed."""

    TICKETS_OPEN = "tickets:open"
    """Open tickets, one by one or in batches."""
    TICKETS_READ = "tickets:read"
    """Read tickets, queues and files."""
    TICKETS_WORK = "tickets:work"
    """Give the commands of an agent."""
    TICKETS_MANAGE = "tickets:manage"
    """Give the commands of a manager, and so of an agent, too."""
    WEBHOOKS = "webhooks"
    """Make, change and remove webhooks, and look at their deliveries."""


def covers(scopes: Collection[str], wanted: Scope) -> bool:
    """Whether these scopes allow what `wanted` names."""
    if wanted is Scope.TICKETS_WORK and Scope.TICKETS_MANAGE in scopes:
        return True
    return wanted in scopes
