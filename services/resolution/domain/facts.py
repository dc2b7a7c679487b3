"""What is so of a ticket whatever its status: who asked, its tags, its followers, its incident."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from shared.events import Event, Person, Unknown
from shared.events.intake import TicketCategorised
from shared.events.resolution import (
    ChildLinked,
    ChildUnlinked,
    NoteUnpinned,
    ParentLinked,
    ParentUnlinked,
    TagsChanged,
    TicketFollowed,
    TicketUnfollowed,
)


@dataclass(frozen=True, slots=True)
class Parent:
    """The incident that a ticket is part of."""

    ticket_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Carried along from status to status, until the ticket is archived."""

    requester: Person
    number: str
    close_after_minutes: float = TicketCategorised.model_fields["close_after_minutes"].default
    topic_id: str = ""
    tags: frozenset[str] = frozenset()
    """Those that people put on it."""
    untagged: frozenset[str] = frozenset()
    """Those that people took away, whoever had put them there."""
    followers: frozenset[str] = frozenset()
    unpinned: frozenset[UUID] = frozenset()
    parent: Parent | None = None
    children: Mapping[UUID, str] = field(default_factory=dict)
    """Numbers of the tickets that are part of this incident, by their ids."""


def facts_after(facts: Facts, event: Event | Unknown) -> Facts:
    """The facts after `event`; the very same if it changes none."""
    match event:
        case TicketCategorised(close_after_minutes=minutes, topic_id=topic_id):
            return replace(facts, close_after_minutes=minutes, topic_id=topic_id)
        case TagsChanged(added=added, removed=removed):
            tags = (facts.tags | {*added}) - {*removed}
            return replace(facts, tags=tags, untagged=(facts.untagged | {*removed}) - {*added})
        case TicketFollowed(agent_id=agent_id):
            return replace(facts, followers=facts.followers | {agent_id})
        case TicketUnfollowed(agent_id=agent_id):
            return replace(facts, followers=facts.followers - {agent_id})
        case NoteUnpinned(note_id=note_id):
            return replace(facts, unpinned=facts.unpinned | {note_id})
        case ParentLinked(parent_ticket_id=parent_id, parent_number=number):
            return replace(facts, parent=Parent(parent_id, number))
        case ParentUnlinked():
            return replace(facts, parent=None)
        case ChildLinked(child_ticket_id=child_id, child_number=number):
            return replace(facts, children={**facts.children, child_id: number})
        case ChildUnlinked(child_ticket_id=child_id):
            kept = {each: number for each, number in facts.children.items() if each != child_id}
            return replace(facts, children=kept)
        case _:
            return facts
