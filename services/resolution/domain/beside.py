"""What is put on a ticket beside the work: tags, followers, pins, time spent, its incident."""

from services.resolution.domain.commands import (
    ChangeTags,
    FollowTicket,
    LinkChild,
    LinkParent,
    SpendTime,
    UnfollowTicket,
    UnlinkChild,
    UnlinkParent,
    UnpinNote,
)
from services.resolution.domain.facts import Facts
from services.resolution.domain.rejections import (
    IncidentHasChildren,
    IncidentHasParent,
    TicketHasParent,
    not_open,
)
from services.resolution.domain.states import Archived, Closed, Open, Resolved, Ticket, Unknown
from shared.events import Event
from shared.events.resolution import (
    ChildLinked,
    ChildUnlinked,
    NoteUnpinned,
    ParentLinked,
    ParentUnlinked,
    TagsChanged,
    TicketFollowed,
    TicketUnfollowed,
    TimeSpent,
)


def change_tags(command: ChangeTags, ticket: Ticket) -> list[Event]:
    facts = _facts(ticket)
    added = tuple(sorted({*command.add} - {*command.remove} - facts.tags))
    # A rule may have put it there, which is not known here: taking it away is said all the same.
    removed = tuple(sorted({*command.remove} - facts.untagged))
    if not added and not removed:
        return []
    return [
        TagsChanged(added=added, removed=removed, changed_by=command.by, changed_at=command.now)
    ]


def follow(command: FollowTicket, ticket: Ticket) -> list[Event]:
    if command.agent_id in _facts(ticket).followers:
        return []
    return [
        TicketFollowed(agent_id=command.agent_id, followed_by=command.by, followed_at=command.now)
    ]


def unfollow(command: UnfollowTicket, ticket: Ticket) -> list[Event]:
    if command.agent_id not in _facts(ticket).followers:
        return []
    return [
        TicketUnfollowed(
            agent_id=command.agent_id, unfollowed_by=command.by, unfollowed_at=command.now
        )
    ]


def unpin(command: UnpinNote, ticket: Ticket) -> list[Event]:
    if command.note_id in _facts(ticket).unpinned:
        return []
    return [NoteUnpinned(note_id=command.note_id, unpinned_by=command.by, unpinned_at=command.now)]


def spend_time(command: SpendTime, ticket: Ticket) -> list[Event]:
    """Also on a closed ticket: who closes one looks at the clock afterwards."""
    _facts(ticket)
    return [
        TimeSpent(
            minutes=command.minutes, note=command.note, spent_by=command.by, spent_at=command.now
        )
    ]


def link_parent(command: LinkParent, ticket: Ticket) -> list[Event]:
    """Incidents are one level deep: an answer goes to the children and no further."""
    facts = _facts(ticket)
    if facts.parent is not None:
        if facts.parent.ticket_id == command.parent_id:
            return []
        raise TicketHasParent(number=facts.parent.number)
    if facts.children:
        raise IncidentHasChildren
    return [
        ParentLinked(
            parent_ticket_id=command.parent_id,
            parent_number=command.number,
            linked_by=command.by,
            linked_at=command.now,
        )
    ]


def link_child(command: LinkChild, ticket: Ticket) -> list[Event]:
    facts = _facts(ticket)
    if command.child_id in facts.children:
        return []
    if facts.parent is not None:
        raise IncidentHasParent(number=facts.parent.number)
    return [
        ChildLinked(
            child_ticket_id=command.child_id,
            child_number=command.number,
            linked_by=command.by,
            linked_at=command.now,
        )
    ]


def unlink_parent(command: UnlinkParent, ticket: Ticket) -> list[Event]:
    parent = _facts(ticket).parent
    if parent is None or parent.ticket_id != command.parent_id:
        return []
    return [
        ParentUnlinked(
            parent_ticket_id=parent.ticket_id,
            parent_number=parent.number,
            unlinked_by=command.by,
            unlinked_at=command.now,
        )
    ]


def unlink_child(command: UnlinkChild, ticket: Ticket) -> list[Event]:
    match ticket:
        case Open() | Resolved() | Closed() if command.child_id in ticket.facts.children:
            return [
                ChildUnlinked(
                    child_ticket_id=command.child_id,
                    child_number=ticket.facts.children[command.child_id],
                    unlinked_by=command.by,
                    unlinked_at=command.now,
                )
            ]
        case _:
            return []


def _facts(ticket: Ticket) -> Facts:
    """Raises why nothing can be put on it."""
    match ticket:
        case Open() | Resolved() | Closed():
            return ticket.facts
        case Unknown() | Archived():
            raise not_open(ticket)
