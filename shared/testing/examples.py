"""An example of any event, the same each time; and variations of it, a choice at a time."""

import types
import typing
from collections.abc import Iterator
from datetime import datetime, timezone
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from shared.ids import derived_id

SCALARS: dict[type, Any] = {
    str: "text",
    int: 3,
    float: 1.5,
    bool: True,
    UUID: derived_id("example"),
    AwareDatetime: datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=timezone.utc),  # noqa: UP017
}


def example(cls: type[BaseModel]) -> Any:
    """An instance with every field set, so that the shape is seen whole."""
    hints = typing.get_type_hints(cls)
    return cls(**{name: _value(hints[name]) for name in cls.model_fields})


def variations(cls: type[BaseModel]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Examples for every choice that one of its fields gives, and what was chosen: yes or no, one
    of a few, something or nothing. The first has chosen nothing."""
    first = example(cls)
    yield {}, first
    hints = typing.get_type_hints(cls)
    for name, field in cls.model_fields.items():
        for choice in _choices(hints[name]):
            yield {name: choice}, first.model_copy(update={name: choice})
        if not field.is_required() and (field.default is None or field.default == ""):
            yield {name: field.default}, first.model_copy(update={name: field.default})


def _choices(hint: Any) -> list[Any]:
    if hint is bool:
        return [True, False]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    return []


def _value(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _value(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return (_value(arguments[0]),)
    if origin is dict:
        return {_value(arguments[0]): _value(arguments[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return example(hint)
    return SCALARS[hint]
