"""What events that stand beside the work change of a ticket's row."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from services.gateway.rows import TicketRow
from shared.events import Event, resolution

Change = dict[str, Any]


def _tagged(row: TicketRow, e: resolution.TagsChanged) -> Change:
    removed, added = {*e.removed}, {*e.added}
    return {
        "hand_tags": sorted(({*row.hand_tags} | added) - removed),
        "off_tags": sorted(({*row.off_tags} | removed) - added),
        "tags": sorted(({*row.tags} | added) - removed),
    }


def _unpinned(row: TicketRow, e: resolution.NoteUnpinned) -> Change:
    return {"pinned": [note for note in row.pinned if note["id"] != str(e.note_id)]}


def _followed(row: TicketRow, e: resolution.TicketFollowed) -> Change:
    return {"followers": sorted({*row.followers, e.agent_id})}


def _unfollowed(row: TicketRow, e: resolution.TicketUnfollowed) -> Change:
    return {"followers": [each for each in row.followers if each != e.agent_id]}


def _parent(_row: TicketRow, e: resolution.ParentLinked) -> Change:
    return {"parent": {"ticket_id": str(e.parent_ticket_id), "number": e.parent_number}}


def _child(row: TicketRow, e: resolution.ChildLinked) -> Change:
    child = {"ticket_id": str(e.child_ticket_id), "number": e.child_number}
    return {"children": [*row.children, child]}


def _childless(row: TicketRow, e: resolution.ChildUnlinked) -> Change:
    left = [each for each in row.children if each["ticket_id"] != str(e.child_ticket_id)]
    return {"children": left}


BESIDE: Final[dict[type[Event], Callable[[TicketRow, Any], Change]]] = {
    resolution.TagsChanged: _tagged,
    resolution.NoteUnpinned: _unpinned,
    resolution.TicketFollowed: _followed,
    resolution.TicketUnfollowed: _unfollowed,
    resolution.TimeSpent: lambda row, e: {"minutes_spent": row.minutes_spent + e.minutes},
    resolution.ParentLinked: _parent,
    resolution.ParentUnlinked: lambda _, __: {"parent": None},
    resolution.ChildLinked: _child,
    resolution.ChildUnlinked: _childless,
    resolution.AgentReplied: lambda row, e: _answered(row, e.replied_by),
    resolution.ProgressReported: lambda row, e: _answered(row, e.reported_by),
    resolution.TicketClosed: lambda _, __: {"closes_at": None},
}


def tags_after(row: TicketRow, of_rules: Iterable[str]) -> list[str]:
    """The tags of a ticket that rules looked at anew: what people said of them stands."""
    return sorted(({*of_rules} - {*row.off_tags}) | {*row.hand_tags})


def mentioned_after(row: TicketRow, note: resolution.NoteAdded) -> list[str]:
    """Who is asked for something after the note: whoever wrote it has answered with it."""
    return sorted(({*row.mentioned} - {note.noted_by}) | {*note.mentions})


def _answered(row: TicketRow, agent_id: str) -> Change:
    return {"mentioned": [each for each in row.mentioned if each != agent_id]}
