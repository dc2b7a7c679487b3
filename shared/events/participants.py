"""What intake says of who takes part in a ticket: the requester, and people in copy."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Moment, Person


class _OfParticipants(Event):
    author: ClassVar[str] = "intake"


class ConfirmedHow(StrEnum):
    """What told us that the requester is who their address says."""

    LINK = "link"
    """They acted through a link that went to the address."""
    MAIL = "mail"
    """They answered a mail that went there."""
    AGENT = "agent"
    """An agent opened the ticket for them, and answers for it."""


class AddressConfirmed(_OfParticipants):
    """The requester has the address that the ticket was opened with: on this ticket, no other."""

    public: ClassVar[bool] = True

    person_id: UUID
    how: ConfirmedHow
    confirmed_at: Moment


class AddressProofRequested(_OfParticipants):
    """The ticket is held until its requester has shown that the address is theirs."""

    requested_at: Moment
    remind_at: tuple[Moment, ...] = ()
    """When they are reminded, unless they have shown it."""
    ends_at: Moment | None = None
    """When an agent is to decide; None: never by itself."""


class AddressProofReminded(_OfParticipants):
    """The requester has not shown it yet, and is asked once more."""

    reminder: int
    """1 is the first."""
    ends_at: Moment | None = None
    reminded_at: Moment


class AddressProofLapsed(_OfParticipants):
    """The requester has not shown it in time: an agent decides what becomes of the ticket."""

    lapsed_at: Moment


class CopySuggested(_OfParticipants):
    """The requester has sent a mail to others, too: an agent may ask them into the ticket."""

    people: tuple[Person, ...]
    suggested_at: Moment


class CopyInvited(_OfParticipants):
    """The requester wants somebody to take part in the ticket, who is asked by mail."""

    public: ClassVar[bool] = True

    person: Person
    invited_at: Moment


class CopyConfirmed(_OfParticipants):
    """Whoever was asked has agreed, and takes part: they read and write in the ticket."""

    public: ClassVar[bool] = True

    person_id: UUID
    confirmed_at: Moment


class CopyEnded(_OfParticipants):
    """Somebody takes part no more, or isn't asked to any more."""

    public: ClassVar[bool] = True

    person_id: UUID
    by_themselves: bool
    """False: the requester wanted it."""
    ended_at: Moment
