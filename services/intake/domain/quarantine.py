"""What came in and is not taken: kept, never dropped, until somebody decides; and whose mail
is not taken any more."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.decider import Decider
from shared.errors import NotFound, Rejected
from shared.events import Event, Unknown
from shared.events.intake import Authenticity
from shared.events.submissions import (
    SenderBlocked,
    SenderUnblocked,
    SubmissionQuarantined,
    SubmissionRejected,
    SubmissionReleased,
)


class SubmissionIsSettled(Rejected):
    """Somebody has decided already: it was {how}."""


@dataclass(frozen=True)
class QuarantineSubmission:
    """Keep the raw bytes, stored already, for a person to look at."""

    reason: str
    raw_file_id: str
    size_bytes: int
    envelope_from: str
    envelope_to: tuple[str, ...]
    now: datetime
    authenticity: Authenticity | None = None


@dataclass(frozen=True)
class ReleaseSubmission:
    """It was taken after all, and became or joined this ticket."""

    ticket_id: UUID
    number: str
    by: str
    now: datetime


@dataclass(frozen=True)
class RejectSubmission:
    """It is nothing for us."""

    by: str
    now: datetime


Command = QuarantineSubmission | ReleaseSubmission | RejectSubmission


@dataclass(frozen=True)
class Quarantine:
    """What was quarantined, and what became of it."""

    kept: SubmissionQuarantined | None = None
    settled: SubmissionReleased | SubmissionRejected | None = None

    @property
    def how(self) -> str:
        """What became of it, in a word; empty as long as nobody has decided."""
        match self.settled:
            case None:
                return ""
            case SubmissionReleased():
                return "released"
            case SubmissionRejected():
                return "rejected"


def decide(command: Command, state: Quarantine) -> list[Event]:
    """It is quarantined once, and settled once."""
    match command:
        case QuarantineSubmission():
            return [] if state.kept is not None else [_kept(command)]
        case ReleaseSubmission() as c:
            released = SubmissionReleased(
                ticket_id=c.ticket_id, number=c.number, released_by=c.by, released_at=c.now
            )
            return _settled(released, state)
        case RejectSubmission() as c:
            return _settled(SubmissionRejected(rejected_by=c.by, rejected_at=c.now), state)


def _kept(c: QuarantineSubmission) -> SubmissionQuarantined:
    return SubmissionQuarantined(
        reason=c.reason,
        raw_file_id=c.raw_file_id,
        size_bytes=c.size_bytes,
        envelope_from=c.envelope_from,
        envelope_to=c.envelope_to,
        received_at=c.now,
        authenticity=c.authenticity,
    )


def _settled(event: SubmissionReleased | SubmissionRejected, state: Quarantine) -> list[Event]:
    if state.kept is None:
        raise NotFound(what="quarantined submission")
    if state.settled is None:
        return [event]
    if type(event) is type(state.settled):
        return []
    raise SubmissionIsSettled(how=state.how)


def evolve(state: Quarantine, event: Event | Unknown) -> Quarantine:
    """What was quarantined, and what became of it."""
    match event:
        case SubmissionQuarantined():
            return replace(state, kept=event)
        case SubmissionReleased() | SubmissionRejected():
            return replace(state, settled=event)
        case _:
            return state


QUARANTINE_DECIDER: Decider[Command, Quarantine] = Decider(
    initial_state=Quarantine(), decide=decide, evolve=evolve
)


@dataclass(frozen=True)
class BlockSender:
    """Take no mail from this address any more."""

    address: str
    by: str
    now: datetime


@dataclass(frozen=True)
class UnblockSender:
    """Take it again."""

    by: str
    now: datetime


def decide_on_sender(command: BlockSender | UnblockSender, blocked: bool) -> list[Event]:
    """Nothing, if it was so already."""
    match command:
        case BlockSender() as c if not blocked:
            return [SenderBlocked(address=c.address, blocked_by=c.by, blocked_at=c.now)]
        case UnblockSender() as c if blocked:
            return [SenderUnblocked(unblocked_by=c.by, unblocked_at=c.now)]
        case _:
            return []


def evolve_sender(blocked: bool, event: Event | Unknown) -> bool:
    """Whether the sender is blocked after `event`."""
    match event:
        case SenderBlocked():
            return True
        case SenderUnblocked():
            return False
        case _:
            return blocked


SENDER_DECIDER: Decider[BlockSender | UnblockSender, bool] = Decider(
    initial_state=False, decide=decide_on_sender, evolve=evolve_sender
)
