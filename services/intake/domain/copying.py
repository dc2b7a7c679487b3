"""People in copy of a ticket: asked by its requester, or by an agent to whom a mail of the
requester suggests them; taking part once they agree.

    asked ──► takes part ──► takes part no more
      └──────────────────────────────▲

Who is in copy reads the whole conversation. So only the requester may ask somebody, and nobody
takes part before a link that was mailed to them says so.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.domain.conversation import writable
from services.intake.domain.ticket import Known, SenderTakesNoPart, Ticket
from shared.errors import Rejected
from shared.events import Event, Person
from shared.events.participants import CopyConfirmed, CopyEnded, CopyInvited

IN_COPY_MAX: Final = 10
"""Most people who are in copy of a ticket, or asked to be."""


class OnlyTheRequester(Rejected):
    """Only the person who opened the ticket may ask somebody into it."""

    http_status = 403


class TooManyInCopy(Rejected):
    """A ticket may have {most} people in copy."""


class NotSuggested(Rejected):
    """The requester has not sent this person a mail of this ticket."""


class NotAsked(Rejected):
    """Nobody has asked you into this ticket, or not any more."""

    http_status = 403


@dataclass(frozen=True)
class InviteCopy:
    """The requester wants somebody to take part."""

    by: UUID
    person: Person
    now: datetime


@dataclass(frozen=True)
class InviteSuggested:
    """An agent asks somebody into it to whom the requester has sent a mail, too."""

    person_id: UUID
    now: datetime


@dataclass(frozen=True)
class ConfirmCopy:
    """Whoever was asked agrees, through the link that was mailed to them."""

    person_id: UUID
    now: datetime


@dataclass(frozen=True)
class EndCopy:
    """Somebody is to take part no more: the requester says so, or they themselves."""

    by: UUID
    person_id: UUID
    now: datetime


def decide_copying(
    c: InviteCopy | InviteSuggested | ConfirmCopy | EndCopy, state: Ticket
) -> list[Event]:
    """What is newly true of who takes part."""
    match c:
        case InviteCopy():
            return invite_copy(c, writable(state))
        case InviteSuggested():
            return invite_suggested(c, writable(state))
        case ConfirmCopy():
            return confirm_copy(c, writable(state))
        case EndCopy():
            return end_copy(c, writable(state))


def invite_copy(c: InviteCopy, ticket: Known) -> list[Event]:
    """Once each; whoever takes part already isn't asked."""
    facts = ticket.facts
    if c.by != facts.requester.person_id:
        raise OnlyTheRequester
    if c.person.person_id in facts.participants or c.person.person_id in facts.invited:
        return []
    if len(facts.invited) + len(facts.participants) - 1 >= IN_COPY_MAX:
        raise TooManyInCopy(most=IN_COPY_MAX)
    return [CopyInvited(person=c.person, invited_at=c.now)]


def invite_suggested(c: InviteSuggested, ticket: Known) -> list[Event]:
    """Once; only whom the requester has written to, and as they put it."""
    facts = ticket.facts
    if c.person_id in facts.participants or c.person_id in facts.invited:
        return []
    person = facts.suggested.get(c.person_id)
    if person is None:
        raise NotSuggested
    return invite_copy(InviteCopy(facts.requester.person_id, person, c.now), ticket)


def confirm_copy(c: ConfirmCopy, ticket: Known) -> list[Event]:
    """Once; only whoever was asked."""
    if c.person_id in ticket.facts.participants:
        return []
    if c.person_id not in ticket.facts.invited:
        raise NotAsked
    return [CopyConfirmed(person_id=c.person_id, confirmed_at=c.now)]


def end_copy(c: EndCopy, ticket: Known) -> list[Event]:
    """The requester can't go: it is their ticket."""
    facts = ticket.facts
    if c.by not in (facts.requester.person_id, c.person_id):
        raise SenderTakesNoPart
    known = facts.participants.keys() | facts.invited.keys()
    if c.person_id not in known or c.person_id == facts.requester.person_id:
        return []
    return [CopyEnded(person_id=c.person_id, by_themselves=c.by == c.person_id, ended_at=c.now)]
