"""An example of every event type, the same each time; `python -m tests.contract.examples`
writes the golden files that are missing.

A golden file is for ever: `TicketOpened.1.json` is the first shape of `TicketOpened` that
was published. A changed shape gets the next number, never a new text under an old one.
"""

import types
import typing
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel

from shared.events import Event, all_event_types, encode
from shared.ids import derived_id

GOLDEN = Path(__file__).parent / "golden"

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


def golden_files(cls: type[Event]) -> list[Path]:
    """The golden files of a type, the oldest shape first."""
    return sorted(GOLDEN.glob(f"{cls.__name__}.*.json"), key=lambda p: int(p.stem.split(".")[-1]))


def pretty(event: Event) -> bytes:
    """The event's JSON, indented for people."""
    return orjson.dumps(orjson.loads(encode(event)), option=orjson.OPT_INDENT_2) + b"\n"


def main() -> None:
    """Write a golden file for every type or shape that has none yet."""
    for cls in all_event_types():
        files = golden_files(cls)
        text = pretty(example(cls))
        if not files or files[-1].read_bytes() != text:
            (GOLDEN / f"{cls.__name__}.{len(files) + 1}.json").write_bytes(text)


if __name__ == "__main__":
    main()
