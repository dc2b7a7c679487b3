"""The log: what a service said and what it heard, in the order it learned it.

Append, read, follow: this is the whole public surface.
"""

from shared.log.log import Log
from shared.log.records import Batch, Claim, CursorMove, NewEvent, Past, Recorded
from shared.log.vector import Vector

__all__ = [
    "Batch",
    "Claim",
    "CursorMove",
    "Log",
    "NewEvent",
    "Past",
    "Recorded",
    "Vector",
]
