"""Who is in copy of a ticket, folded from its events."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from services.portal.rows import COPIES, TICKETS, CopyRow
from services.portal.words import line
from shared.events import Event, Person
from shared.events.intake import CustomerMessageReceived, TicketOpened
from shared.events.participants import CopyConfirmed, CopyEnded, CopyInvited
from shared.followers.view import View
from shared.ids import derived_id

INVITED, TAKING_PART, ENDED = "invited", "taking part", "ended"


def take_part(view: View, event: Event) -> None:
    """Change who is in copy, if the event says so."""
    match event:
        case TicketOpened(copied=people) | CustomerMessageReceived(copied=people) if people:
            _by_mail(view, people)
        case CopyInvited(person=person):
            _put(view, person, INVITED)
        case CopyConfirmed(person_id=person_id):
            _change(view, person_id, TAKING_PART)
        case CopyEnded(person_id=person_id):
            _change(view, person_id, ENDED)
        case _:
            return


def _by_mail(view: View, people: Iterable[Person]) -> None:
    """Those whom a mail went to, too, took part at once, before they were suggested."""
    ticket = view.get(TICKETS)
    for person in people:
        known = view.get(COPIES, _id(view, person.person_id))
        itself = ticket is not None and person.person_id == ticket.requester_id
        if not itself and (known is None or known.state == ENDED):
            _put(view, person, TAKING_PART)


def _put(view: View, person: Person, state: str) -> None:
    name = line(person.name, 60) or line(person.email, 60)
    row = _id(view, person.person_id)
    view.put(COPIES, CopyRow(row, view.subject, person.person_id, name, state))


def _change(view: View, person_id: UUID, state: str) -> None:
    known = view.get(COPIES, _id(view, person_id))
    if known is not None:
        view.put(COPIES, replace(known, state=state))


def _id(view: View, person_id: UUID) -> UUID:
    return derived_id("in copy", view.subject, person_id)
