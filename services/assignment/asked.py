"""Who asks, as assignment's commands say it."""

from typing import Final

from services.assignment.domain.commands import By
from shared.asked import Asked
from shared.events.assignment import Role

MANAGERS: Final = frozenset({Role.MANAGER, Role.OPERATOR, Role.ADMIN})


def by(asked: Asked) -> By:
    """The agent's id, else the actor; and whether it is a manager."""
    return By(asked.by, manager=asked.caller.role in MANAGERS)
