"""What intake says of tickets that have to do with each other: linked, split, shared, merged."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Moment, Personal, Value


class _OfRelations(Event):
    author: ClassVar[str] = "intake"


class Relation(Value):
    """A ticket that seems to be about the same."""

    ticket_id: UUID
    number: str
    score: float
    """Share of words in common, 0 to 1."""
    same_requester: bool = True
    """False when somebody else opened it: maybe the same fault, never the same request."""
    duplicate: bool = False
    """The same requester says nearly the same: it was probably sent twice."""


class TicketsRelated(_OfRelations):
    """Open tickets, of the same requester or of anybody, use similar words."""

    related: tuple[Relation, ...]


class TicketsLinked(_OfRelations):
    """Somebody says that another ticket has to do with this one; each is told of the other."""

    other_ticket_id: UUID
    other_number: str
    kind: str = "related"
    """How: related, duplicate, blocks or blocked by."""
    reason: Personal = ""
    linked_by: str


class TicketsUnlinked(_OfRelations):
    """It has nothing to do with it after all."""

    other_ticket_id: UUID
    other_number: str
    unlinked_by: str


class TicketSplit(_OfRelations):
    """Part of what the customer wrote here is dealt with in a ticket of its own.

    It stays in this conversation, too: nothing is taken away.
    """

    public: ClassVar[bool] = True

    into_ticket_id: UUID
    into_number: str
    message_id: UUID
    """The event whose text went there."""
    reason: Personal
    split_by: str


class TicketSplitOff(_OfRelations):
    """This ticket began with part of another."""

    public: ClassVar[bool] = True

    source_ticket_id: UUID
    source_number: str
    split_by: str


class OutsiderWrote(_OfRelations):
    """Somebody who takes no part wrote about this ticket: it became a ticket of its own."""

    ticket_id: UUID
    """The ticket that it became."""
    number: str
    written_at: Moment


class TicketShared(_OfRelations):
    """The mail that opened it came to the mailbox of another team, too: both see it."""

    team_id: str
    team_name: str
    topic_id: str
    """The topic of that mailbox."""
    shared_at: Moment


class TicketMerged(_OfRelations):
    """This ticket goes on in another."""

    public: ClassVar[bool] = True

    into_ticket_id: UUID
    into_number: str
    reason: Personal
    merged_by: str


class TicketAbsorbed(_OfRelations):
    """Another ticket goes on in this one."""

    public: ClassVar[bool] = True

    source_ticket_id: UUID
    source_number: str
    reason: Personal
    merged_by: str


class TicketUnmerged(_OfRelations):
    """This ticket goes on by itself again. What was written meanwhile stays in the other."""

    public: ClassVar[bool] = True

    from_ticket_id: UUID
    from_number: str
    reason: Personal
    unmerged_by: str


class TicketReleased(_OfRelations):
    """Another ticket, which went on in this one, goes on by itself again."""

    public: ClassVar[bool] = True

    source_ticket_id: UUID
    source_number: str
    reason: Personal
    unmerged_by: str
