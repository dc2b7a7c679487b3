"""Tickets that people put together, and take apart again: links, unmerging, splitting.

Each is a pair of facts, one on each ticket, said in one transaction; each can be undone.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.domain.ticket import (
    Merged,
    Ticket,
    TicketIsMerged,
    known,
)
from shared.errors import Rejected
from shared.events import Event
from shared.events.relations import (
    TicketReleased,
    TicketsLinked,
    TicketSplit,
    TicketSplitOff,
    TicketsUnlinked,
    TicketUnmerged,
)

OPPOSITE: Final = {
    "related": "related",
    "duplicate": "duplicate",
    "blocks": "blocked by",
    "blocked by": "blocks",
}
"""What the one is to the other, from either side."""


class NotMerged(Rejected):
    """This ticket does not go on in another."""


class NotMergedThere(Rejected):
    """This ticket does not go on in {number}."""


@dataclass(frozen=True)
class Link:
    """This ticket has to do with another; goes with the same on that one."""

    other_ticket_id: UUID
    other_number: str
    kind: str
    reason: str
    by: str


@dataclass(frozen=True)
class Unlink:
    """It has nothing to do with it."""

    other_ticket_id: UUID
    other_number: str
    by: str


@dataclass(frozen=True)
class Unmerge:
    """This ticket goes on by itself; goes with `Release` on the other."""

    from_ticket_id: UUID
    from_number: str
    reason: str
    by: str


@dataclass(frozen=True)
class Release:
    """The other's half."""

    source_ticket_id: UUID
    source_number: str
    reason: str
    by: str


@dataclass(frozen=True)
class Split:
    """A message of this ticket becomes a ticket of its own; goes with `BeginSplitOff`."""

    into_ticket_id: UUID
    into_number: str
    message_id: UUID
    reason: str
    by: str


@dataclass(frozen=True)
class BeginSplitOff:
    """Where the new ticket comes from; follows its opening."""

    source_ticket_id: UUID
    source_number: str
    by: str


Command = Link | Unlink | Unmerge | Release | Split | BeginSplitOff


def decide_linking(command: Command, state: Ticket) -> list[Event]:
    """What is newly true of one of the two."""
    match command:
        case Link():
            return _link(command, state)
        case Unlink():
            return _unlink(command, state)
        case Unmerge():
            return _unmerge(command, state)
        case Release():
            return _release(command, state)
        case Split():
            return _split(command, state)
        case BeginSplitOff():
            return _begin(command, state)


def _link(c: Link, state: Ticket) -> list[Event]:
    if known(state).facts.linked.get(c.other_ticket_id) == c.kind:
        return []
    return [
        TicketsLinked(
            other_ticket_id=c.other_ticket_id,
            other_number=c.other_number,
            kind=c.kind,
            reason=c.reason,
            linked_by=c.by,
        )
    ]


def _unlink(c: Unlink, state: Ticket) -> list[Event]:
    if c.other_ticket_id not in known(state).facts.linked:
        return []
    return [
        TicketsUnlinked(
            other_ticket_id=c.other_ticket_id, other_number=c.other_number, unlinked_by=c.by
        )
    ]


def _unmerge(c: Unmerge, state: Ticket) -> list[Event]:
    match known(state):
        case Merged(into=into) if into == c.from_ticket_id:
            return [
                TicketUnmerged(
                    from_ticket_id=c.from_ticket_id,
                    from_number=c.from_number,
                    reason=c.reason,
                    unmerged_by=c.by,
                )
            ]
        case Merged():
            raise NotMergedThere(number=c.from_number)
        case _:
            raise NotMerged


def _release(c: Release, state: Ticket) -> list[Event]:
    if c.source_ticket_id not in known(state).facts.absorbed:
        return []
    return [
        TicketReleased(
            source_ticket_id=c.source_ticket_id,
            source_number=c.source_number,
            reason=c.reason,
            unmerged_by=c.by,
        )
    ]


def _split(c: Split, state: Ticket) -> list[Event]:
    ticket = known(state)
    if isinstance(ticket, Merged):
        raise TicketIsMerged(into=ticket.into, into_number=ticket.into_number)
    return [
        TicketSplit(
            into_ticket_id=c.into_ticket_id,
            into_number=c.into_number,
            message_id=c.message_id,
            reason=c.reason,
            split_by=c.by,
        )
    ]


def _begin(c: BeginSplitOff, state: Ticket) -> list[Event]:
    known(state)
    return [
        TicketSplitOff(
            source_ticket_id=c.source_ticket_id, source_number=c.source_number, split_by=c.by
        )
    ]
