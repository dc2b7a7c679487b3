"""The queues: which query answers what is asked for, and where its next page begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from services.gateway.rows import AgentRow, TicketRow
from shared.events.base import Status
from shared.ids import person_id
from shared.web import Invalid

QUEUES: Final = {
    "mine": "My queue",
    "with-me": "Taking part",
    "mentioned": "Mentions of me",
    "following": "Following",
    "team": "My teams",
    "unassigned": "Unassigned",
    "breached": "Overdue promises",
    "waiting": "Waiting for customer",
    "unproven": "Never confirmed",
    "resolved": "Resolved",
    "all": "All open",
    "closed": "Closed",
    "archived": "Archived",
}
"""The queues by name, in the order in which people see them."""

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200

TAG: Final = "tag:"
"""What is looked for begins so when it is a tag of open tickets."""

_FIRST: Final = "-infinity"
_LAST: Final = "infinity"
_ID_LENGTH: Final = 36


@dataclass(frozen=True)
class Ask:
    """Which tickets somebody wants to see."""

    queue: str = "all"
    status: str | None = None
    priority: str | None = None
    team: str | None = None
    agent: str | None = None
    requester: str | None = None
    """The requester's mail address."""
    q: str | None = None
    """A ticket number, or words that all occur in the ticket."""
    cursor: str | None = None
    limit: int = LIMIT_DEFAULT


@dataclass(frozen=True)
class Page:
    """Some tickets of a queue, and where the rest begins."""

    rows: Sequence[TicketRow]
    next: str | None


@dataclass(frozen=True)
class Source:
    """The query that answers, its order, and its own parameters."""

    query: str
    of: tuple[object, ...] = ()
    order: str = "due"
    """due (rising: due time, opening, id), or closed or opened (falling: that time, id)."""


_ARCHIVED: Final = Source("queue_archived", order="closed")


def source_of(ask: Ask, me: AgentRow) -> Source:
    """Which query answers: the narrowest index that fits."""
    if ask.q and ask.q.startswith(TAG):
        return Source("queue_tagged", (ask.q.removeprefix(TAG).strip().lower(),))
    if ask.q:
        return Source("queue_found", (ask.q,), "opened")
    if ask.requester:
        return Source("queue_requester", (person_id(ask.requester),), "opened")
    if ask.queue == "closed" and ask.status == Status.ARCHIVED.value:
        return _ARCHIVED
    named = _NAMED.get(ask.queue)
    return named(me) if named is not None else _of_filters(ask)


_NAMED: Final[dict[str, Callable[[AgentRow], Source]]] = {
    "mine": lambda me: Source("queue_agent", (me.agent_id,)),
    "with-me": lambda me: Source("queue_participant", (me.agent_id,)),
    "mentioned": lambda me: Source("queue_mentioned", (me.agent_id,)),
    "following": lambda me: Source("queue_following", (me.agent_id,)),
    "team": lambda me: Source("queue_team", (me.team_ids,)),
    "unassigned": lambda _: Source("queue_unassigned"),
    "breached": lambda _: Source("queue_breached"),
    "waiting": lambda _: Source("queue_status", (Status.WAITING_FOR_CUSTOMER.value,)),
    "unproven": lambda _: Source("queue_unproven"),
    "resolved": lambda _: Source("queue_status", (Status.RESOLVED.value,)),
    "closed": lambda _: Source("queue_closed", order="closed"),
    "archived": lambda _: _ARCHIVED,
}
"""What answers for a queue by its name; the rest is of the filters."""


def _of_filters(ask: Ask) -> Source:
    if ask.status == Status.CLOSED.value:
        return Source("queue_closed", order="closed")
    if ask.status == Status.ARCHIVED.value:
        return _ARCHIVED
    if ask.status:
        return Source("queue_status", (ask.status,))
    if ask.agent:
        return Source("queue_agent", (ask.agent,))
    if ask.team:
        return Source("queue_team", ([ask.team],))
    if ask.priority:
        return Source("queue_priority", (ask.priority,))
    return Source("queue_all")


def cursor_after(row: TicketRow, source: Source) -> str:
    """Where the page after `row` begins: opaque to callers."""
    match source.order:
        case "due":
            parts = [_time(row.due_at), _time(row.opened_at)]
        case "closed":
            parts = [_time(row.closed_at)]
        case _:
            parts = [_time(row.opened_at)]
    return base64.urlsafe_b64encode(orjson.dumps([*parts, str(row.subject)])).decode().rstrip("=")


def start_of(cursor: str | None, source: Source) -> list[object]:
    """The parameters that begin a page. Raises `Invalid` for a cursor of another order."""
    times = 2 if source.order == "due" else 1
    if cursor is None:
        if source.order == "due":
            return [_FIRST, _FIRST, UUID(int=0)]
        return [_LAST, UUID(int=2**128 - 1)]
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        *parts, last = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if len(parts) != times or len(last) != _ID_LENGTH:
            raise ValueError(cursor)
        return [*map(_checked, parts), UUID(last)]
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise Invalid([("cursor", "is not the `next` of a page of this queue")]) from error


def _time(moment: datetime | None) -> str:
    return _LAST if moment is None else moment.isoformat()


def _checked(text: str) -> str:
    if text != _LAST:
        datetime.fromisoformat(text)
    return text
