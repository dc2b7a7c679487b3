"""The vocabulary: every event any service says, one module per author.

Only what intake says fills several: `intake`, `relations`, `participants`, `submissions`,
`customers`, `desk` and `access`.

Read this first. Published names are for ever, new fields get defaults, and changed
shapes get an upcaster in `upcasts.py`. `decode` never fails on a type it does not know.
"""

from shared.events import (
    access,
    assignment,
    customers,
    desk,
    gateway,
    intake,
    notify,
    operations,
    participants,
    relations,
    resolution,
    review,
    sla,
    submissions,
)
from shared.events.base import (
    ACCESS,
    DESK,
    KEYS,
    TICKETS,
    Attachment,
    Event,
    Level,
    Moment,
    Person,
    Personal,
    Priority,
    Status,
    TicketType,
    Unknown,
    Value,
    all_event_types,
    event_type,
    silent_on,
)
from shared.events.status import MOVE_STATUS, status_after
from shared.events.upcasts import decode, encode

__all__ = [
    "ACCESS",
    "DESK",
    "KEYS",
    "MOVE_STATUS",
    "TICKETS",
    "Attachment",
    "Event",
    "Level",
    "Moment",
    "Person",
    "Personal",
    "Priority",
    "Status",
    "TicketType",
    "Unknown",
    "Value",
    "access",
    "all_event_types",
    "assignment",
    "customers",
    "decode",
    "desk",
    "encode",
    "event_type",
    "gateway",
    "intake",
    "notify",
    "operations",
    "participants",
    "relations",
    "resolution",
    "review",
    "silent_on",
    "sla",
    "status_after",
    "submissions",
]
