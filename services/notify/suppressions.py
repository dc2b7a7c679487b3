"""Addresses that took no mail: given up for a while, and taken up again at somebody's word."""

from dataclasses import dataclass
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.notify import SuppressionLifted


@dataclass(frozen=True)
class LiftSuppression:
    """Send mail to whoever has the address again."""

    by: str
    now: datetime


def _decide(command: LiftSuppression, last: datetime | None) -> list[Event]:
    if last is not None and last >= command.now:
        return []
    return [SuppressionLifted(lifted_by=command.by, lifted_at=command.now)]


def _evolve(last: datetime | None, event: Event | Unknown) -> datetime | None:
    return event.lifted_at if isinstance(event, SuppressionLifted) else last


SUPPRESSIONS: Decider[LiftSuppression, datetime | None] = Decider(
    initial_state=None, decide=_decide, evolve=_evolve
)
