"""The vocabulary: every event any service says, one module per author.

Read this first. Published names are for ever, new fields get defaults, and changed
shapes get an upcaster in `upcasts.py`. `decode` never fails on a type it does not know.
"""

from shared.events import (
    assignment,
    customers,
    gateway,
    intake,
    notify,
    operations,
    resolution,
    review,
    sla,
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
from shared.events.status import status_after
from shared.events.upcasts import decode, encode

__all__ = [
    "ACCESS",
    "DESK",
    "KEYS",
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
    "all_event_types",
    "assignment",
    "customers",
    "decode",
    "encode",
    "event_type",
    "gateway",
    "intake",
    "notify",
    "operations",
    "resolution",
    "review",
    "silent_on",
    "sla",
    "status_after",
]
