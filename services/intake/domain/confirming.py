"""Whether whoever opened a ticket has the address that they gave.

Opening proves nothing: anybody may type anybody's address, and sees the receipt. What only a
mail to the address could have told does: a link in it that was acted through, or an answer to
it. It counts for that ticket alone. Were an address confirmed once and for all, whoever opens
a ticket in the name of a customer of long standing would read what we answer.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.domain.ticket import Archived, Facts, SenderTakesNoPart, Ticket, known
from services.intake.domain.topics import Topics
from services.intake.domain.triage import verified_or_asked
from shared.events import Event
from shared.events.participants import AddressConfirmed, ConfirmedHow


@dataclass(frozen=True)
class ConfirmAddress:
    """The person acted through a link that was mailed to them."""

    person_id: UUID
    topics: Topics
    now: datetime


def confirm_address(c: ConfirmAddress, state: Ticket) -> list[Event]:
    """Once; and only by the requester: who is in copy has another address."""
    ticket = known(state)
    if c.person_id not in ticket.facts.participants:
        raise SenderTakesNoPart
    if isinstance(ticket, Archived) or c.person_id != ticket.facts.requester.person_id:
        return []
    return [
        *confirmed(ticket.facts, ConfirmedHow.LINK, c.now),
        *let_go(ticket.facts, c.topics, c.now),
    ]


def let_go(facts: Facts, topics: Topics, now: datetime) -> list[Event]:
    """What a ticket amounts to that was held until its requester's address was proven."""
    if not facts.held or facts.verified or facts.confirmed:
        return []
    topic, organisation = topics.of(facts.topic_id), topics.organisations.get(facts.organisation)
    return verified_or_asked(facts, topic, now, topics.rules, organisation)


def confirmed(facts: Facts, how: ConfirmedHow, now: datetime) -> list[Event]:
    """That the requester has the address, unless that was known."""
    if facts.confirmed:
        return []
    person = facts.requester.person_id
    return [AddressConfirmed(person_id=person, how=how, confirmed_at=now)]
