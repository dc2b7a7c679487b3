"""What came in and can't be understood: kept, never dropped."""

from dataclasses import dataclass
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.intake import SubmissionQuarantined


@dataclass(frozen=True)
class QuarantineSubmission:
    """Keep the raw bytes, stored already, for a person to look at."""

    reason: str
    raw_file_id: str
    size_bytes: int
    envelope_from: str
    envelope_to: tuple[str, ...]
    now: datetime


def decide(c: QuarantineSubmission, state: SubmissionQuarantined | None) -> list[Event]:
    """It is quarantined once."""
    if state is not None:
        return []
    quarantined = SubmissionQuarantined(
        reason=c.reason,
        raw_file_id=c.raw_file_id,
        size_bytes=c.size_bytes,
        envelope_from=c.envelope_from,
        envelope_to=c.envelope_to,
        received_at=c.now,
    )
    return [quarantined]


def evolve(
    state: SubmissionQuarantined | None, event: Event | Unknown
) -> SubmissionQuarantined | None:
    """What was quarantined."""
    return event if isinstance(event, SubmissionQuarantined) else state


QUARANTINE_DECIDER: Decider[QuarantineSubmission, SubmissionQuarantined | None] = Decider(
    initial_state=None, decide=decide, evolve=evolve
)
