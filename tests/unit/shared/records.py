"""Events as they stand in a log, for tests that need one."""

from datetime import datetime
from typing import Any

from shared.ids import uuid7
from shared.log.records import Recorded


def recorded(at: datetime, **changes: Any) -> Recorded:
    """A ticket's first event by intake."""
    event_id = uuid7()
    facts: dict[str, Any] = {
        "position": 1,
        "subject": uuid7(),
        "author": "intake",
        "version": 1,
        "id": event_id,
        "previous": None,
        "said": True,
        "topic": "tickets",
        "type": "TicketClosed",
        "after": "",
        "revision": 0,
        "correlation": event_id,
        "causation": None,
        "actor": "test",
        "occurred_at": at,
        "recorded_at": at,
        "traceparent": "",
        "data": "{}",
    }
    return Recorded(**facts | changes)
