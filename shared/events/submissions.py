"""What intake says of mail: what was put aside, whom it takes none from, what bounced."""

from typing import Annotated, ClassVar
from uuid import UUID

from shared.events.base import DESK, Event, Moment, PersonalField, address_in
from shared.events.intake import Authenticity

EnvelopeText = Annotated[str, PersonalField(address_in("envelope_from"))]
"""An address on the envelope of a mail: its sender's."""


class _OfSubmissions(Event):
    author: ClassVar[str] = "intake"


class SubmissionQuarantined(_OfSubmissions):
    """Something came in that can't be understood: kept raw, and shown to agents.

    Its subject is an id of its own, as there is no ticket.
    """

    reason: str
    raw_file_id: str
    """SHA-256 of the raw bytes: also their name in the store."""
    size_bytes: int
    envelope_from: EnvelopeText
    envelope_to: tuple[EnvelopeText, ...]
    received_at: Moment
    authenticity: Authenticity | None = None
    """Of a mail; None where nobody could tell."""


class SubmissionReleased(_OfSubmissions):
    """What was quarantined is taken after all, on an agent's word; its subject is the same."""

    ticket_id: UUID
    """The ticket that it became, or joined."""
    number: str
    released_by: str
    released_at: Moment


class SubmissionRejected(_OfSubmissions):
    """What was quarantined is nothing for us; its subject is the same."""

    rejected_by: str
    rejected_at: Moment


class SenderBlocked(_OfSubmissions):
    """No mail is taken from this address any more. Its subject is the person."""

    topic: ClassVar[str] = DESK

    address: Annotated[str, PersonalField(address_in("address"))]
    blocked_by: str
    blocked_at: Moment


class SenderUnblocked(_OfSubmissions):
    """Mail is taken again from this address. Its subject is the person."""

    topic: ClassVar[str] = DESK

    unblocked_by: str
    unblocked_at: Moment


class BounceReceived(_OfSubmissions):
    """A mail of ours on this ticket could not be delivered."""

    notification_id: UUID | None
    recipient: Annotated[str, PersonalField(address_in("recipient"))]
    status: str
    """Enhanced status code (RFC 3463), e.g. `5.1.1`; empty when not said."""
    hard: bool
    received_at: Moment
