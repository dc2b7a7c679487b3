"""A mail to be sent: what the outbox has in hand, and what the log says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.notify.domain import DECIDER, Stage
from services.notify.outbox import COME_FIRST, HEAD_START, Claimed, Lately
from shared.events.notify import NotificationKind, NotificationRequested
from shared.log.records import Past, Recorded

CAPPED_KINDS: Final = frozenset(
    {
        NotificationKind.ACKNOWLEDGMENT,
        NotificationKind.CLARIFICATION,
        NotificationKind.COPY,
        NotificationKind.LINK,
    }
)
"""What machines send to addresses that nobody has proven: only these are held back."""

UNPROVEN_KINDS: Final = CAPPED_KINDS | {NotificationKind.ASSIGNMENT}
"""The same on a ticket that a stranger may have opened, where each adds up to a flood."""


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
    def comes_first(self) -> bool:
        """Whether somebody sits waiting for it."""
        return self.event.kind in COME_FIRST

    @property
    def place(self) -> tuple[datetime, int, datetime]:
        """Its place in line, like no other's: the lowest goes first."""
        start = HEAD_START if self.comes_first else timedelta()
        return self.recorded.occurred_at - start, self.recorded.position, self.claimed.lease_until

    @property
    def attempts(self) -> int:
        """Tries, this one included; one that a crash cut short was counted when it began."""
        return self.claimed.attempts + (0 if self.claimed.was_sending else 1)

    @property
    def may_be_capped(self) -> bool:
        """Whether it may be held back; what an agent did is always told."""
        requested = self.event.to_customer and self.stage is Stage.REQUESTED
        kinds = UNPROVEN_KINDS if self.event.unproven else CAPPED_KINDS
        return requested and self.event.kind in kinds

    def counted(self, lately: Lately) -> Lately:
        """What the address was sent, with this one."""
        link = self.event.kind is NotificationKind.LINK
        return Lately(
            mails=lately.mails + 1,
            links=lately.links + link,
            unproven=lately.unproven + (self.event.unproven and not link),
        )

    def is_too_much(self, lately: Lately, most: int, unproven_most: int) -> bool:
        """Whether it is beyond what the address may be sent in an hour.

        Links are counted apart, and so is what comes of tickets that a stranger may have opened:
        whoever floods somebody in either way keeps nothing else from them.
        """
        if self.event.kind is NotificationKind.LINK:
            return lately.links >= unproven_most
        if self.event.unproven:
            return lately.unproven >= unproven_most
        return lately.mails - lately.links - lately.unproven >= most


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
