"""A mail to be sent: what the outbox has in hand, and what the log says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.notify.domain import DECIDER, Stage
from services.notify.outbox import Claimed
from shared.events.notify import NotificationKind, NotificationRequested
from shared.log.records import Past, Recorded

CAPPED_KINDS: Final = frozenset(
    {NotificationKind.ACKNOWLEDGMENT, NotificationKind.CLARIFICATION, NotificationKind.LINK}
)
"""What machines send to addresses that nobody has proven: only these are held back."""


@dataclass(frozen=True)
class Job:
    """A notification in hand, with what the log says of it."""

    claimed: Claimed
    recorded: Recorded
    event: NotificationRequested
    stage: Stage
    capped: bool = False
    """The customer was sent so much lately that machines must be talking."""

    @property
    def attempts(self) -> int:
        """Tries, this one included; one that a crash cut short was counted when it began."""
        return self.claimed.attempts + (0 if self.claimed.was_sending else 1)

    @property
    def may_be_capped(self) -> bool:
        """Whether it may be held back; what an agent did is always told."""
        requested = self.event.to_customer and self.stage is Stage.REQUESTED
        return requested and self.event.kind in CAPPED_KINDS


def job_of(claimed: Claimed, past: Past) -> Job | None:
    """The job, or None when the log says that nothing is left to do."""
    stage = _stage(claimed, past.events)
    for recorded in past.events:
        event = recorded.event
        if isinstance(event, NotificationRequested) and event.notification_id == claimed.id:
            return Job(claimed, recorded, event, stage) if stage.open else None
    return None


def _stage(claimed: Claimed, events: Sequence[Recorded]) -> Stage:
    told = DECIDER.fold([recorded.event for recorded in events])
    known = told.notifications.get(claimed.id)
    return known.stage if known else Stage.SUPPRESSED
