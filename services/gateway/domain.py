"""The one thing the gateway decides: that an agent's look at a ticket is on record."""

from dataclasses import dataclass
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.gateway import TicketViewed


@dataclass(frozen=True)
class ViewTicket:
    """Somebody looked at the ticket."""

    viewed_by: str
    now: datetime


def decide(command: ViewTicket, _state: None) -> list[Event]:
    """Every look is a fact; that it is said once a minute is in the event's derived id."""
    return [TicketViewed(viewed_by=command.viewed_by, viewed_at=command.now)]


def evolve(state: None, _event: Event | Unknown) -> None:
    """Nothing that happened bears on looking."""
    return state


DECIDER: Decider[ViewTicket, None] = Decider(initial_state=None, decide=decide, evolve=evolve)
