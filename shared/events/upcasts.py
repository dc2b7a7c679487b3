"""From stored bytes to events and back; older shapes are brought up to date here."""

from collections.abc import Callable
from typing import Any

import orjson

from shared.events.base import Event, Unknown, event_type

Upcast = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTS: dict[str, Upcast] = {}
"""By event type: a function from a stored JSON object of any older shape to today's.

It is called for every event of its type, so it must leave today's shape as it is.
"""


def encode(event: Event) -> bytes:
    """The bytes of `event` as they are said, stored and hashed: its JSON, UTF-8."""
    return event.__pydantic_serializer__.to_json(event)


def decode(type_name: str, data: bytes | str) -> Event | Unknown:
    """The event of type `type_name` in `data`; `Unknown` for a type of a newer author.

    Raises `pydantic.ValidationError` or `orjson.JSONDecodeError` for broken bytes.
    """
    cls = event_type(type_name)
    if cls is None:
        return Unknown(type=type_name)
    upcast = UPCASTS.get(type_name)
    if upcast is not None:
        return cls.model_validate(upcast(orjson.loads(data)))
    return cls.model_validate_json(data)
