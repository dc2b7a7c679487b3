"""The read model `desk_view`: every ticket, and the desk, as agents see them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from services.gateway import clocks
from services.gateway.conversation import message_of, words_of
from services.gateway.desk import fold_desk
from services.gateway.rows import (
    ARCHIVE,
    MESSAGES,
    SHARED,
    TABLES,
    TICKETS,
    TIMELINE,
    WORDS,
    SharedRow,
    TicketRow,
    TimelineRow,
    WordsRow,
)
from services.gateway.ticket import opened, ticket_after
from services.gateway.words import QUIET, in_words
from shared.events import (
    ACCESS,
    DESK,
    Event,
    Status,
    Unknown,
    all_event_types,
    decode,
    status_after,
)
from shared.events.intake import TicketOpened
from shared.events.relations import TicketShared
from shared.followers.view import Table, View
from shared.log.records import Recorded
from shared.log.vector import Vector

HEARS: Final = frozenset(cls for cls in all_event_types() if cls.topic != ACCESS)
"""Everything that concerns a ticket or the desk."""

WORDS_LENGTH_MAX: Final = 60_000
"""Characters by which a ticket is found; what is said later than that is not."""

_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""An escaped NUL in JSON, after any escaped backslashes."""

_INACTIVE: Final = frozenset({Status.RESOLVED, Status.CLOSED, Status.ARCHIVED})
_CLOSED: Final = frozenset({Status.CLOSED, Status.ARCHIVED})


class DeskView:
    """Tickets with conversation, clocks and timeline; agents, teams, plans and topics."""

    name: ClassVar[str] = "desk_view"
    tables: ClassVar[Sequence[Table[Any]]] = TABLES
    hears: ClassVar[frozenset[type[Event]]] = HEARS

    def fold(self, view: View, recorded: Recorded) -> None:
        """Change the rows of one ticket, or of one entity of the desk."""
        event = _storable(recorded)
        if isinstance(event, Unknown):
            return
        if event.topic == DESK:
            fold_desk(view, event)
            return
        row = ticket_in(view)
        if row is None and isinstance(event, TicketOpened):
            row = opened(recorded, event)
        if row is None:
            return
        asked = row.questions
        clocks.fold_clocks(view, event)
        _put_in_place(view, _moved(view, ticket_after(row, event, recorded), event, recorded))
        view.put(TIMELINE, _line(recorded, event))
        if isinstance(event, TicketShared):
            view.put(SHARED, SharedRow(recorded.id, view.subject, event.team_id))
        message = message_of(recorded, event, asked)
        if message is not None:
            view.put(MESSAGES, message)
        _add_words(view, words_of(event))


def ticket_in(view: View) -> TicketRow | None:
    """The ticket's row, live or archived."""
    return view.get(TICKETS) or view.get(ARCHIVE)


def _put_in_place(view: View, row: TicketRow) -> None:
    """The row into the table where it belongs, and out of the other."""
    archived = row.status == Status.ARCHIVED.value
    here, there = (ARCHIVE, TICKETS) if archived else (TICKETS, ARCHIVE)
    if view.get(there) is not None:
        view.delete(there)
    view.put(here, row)


def _moved(view: View, row: TicketRow, event: Event, recorded: Recorded) -> TicketRow:
    """The row with what every event may change: status, due time, times, vector."""
    status = status_after(Status(row.status), event) or Status.NEW
    due_at, due_clock = clocks.next_due(view) if status not in _INACTIVE else (None, None)
    seen = Vector.parse(row.vector).merged({recorded.author: recorded.version})
    closed = row.closed_at or recorded.occurred_at
    return replace(
        row,
        status=status.value,
        active=status not in _INACTIVE,
        due_at=due_at,
        due_clock=due_clock,
        breached=clocks.any_breach(view),
        updated_at=max(row.updated_at, recorded.occurred_at),
        closed_at=closed if status in _CLOSED else None,
        vector=str(seen),
    )


def _line(recorded: Recorded, event: Event) -> TimelineRow:
    return TimelineRow(
        id=recorded.id,
        subject=recorded.subject,
        position=recorded.position,
        stream=recorded.author,
        version=recorded.version,
        type=recorded.type,
        actor=recorded.actor,
        words=in_words(event),
        quiet=type(event) in QUIET,
        at=recorded.occurred_at,
    )


def _add_words(view: View, words: str) -> None:
    if not words:
        return
    row = view.get(WORDS)
    body = words if row is None else f"{row.body}\n{words}"
    view.put(WORDS, WordsRow(subject=view.subject, body=body[:WORDS_LENGTH_MAX]))


def _storable(recorded: Recorded) -> Event | Unknown:
    """The event, without the one character that Postgres can't keep in a text."""
    if "\\u0000" not in recorded.text:
        return recorded.event
    return decode(recorded.type, _NUL.sub(r"\1", recorded.text))
