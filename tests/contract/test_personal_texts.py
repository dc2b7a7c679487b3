"""Every text of the vocabulary, and whose it is: a new one is a decision, not an oversight.

`python -m tests.contract.test_personal_texts` writes the list anew: read what it changed.
"""

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.events import all_event_types
from shared.events.personal import personal_fields

LIST = Path(__file__).parent / "personal_texts.txt"
NOBODYS = "nobody's"


def texts_of(cls: type[BaseModel], path: str = "") -> Iterator[str]:
    """The paths of all fields that hold text which is no choice of a few."""
    hints = typing.get_type_hints(cls)
    for name in cls.model_fields:
        yield from _texts(hints[name], f"{path}.{name}".lstrip("."))


def _texts(hint: Any, path: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is str:
        yield path
    elif origin in (typing.Union, types.UnionType):
        yield from _texts(next(each for each in arguments if each is not type(None)), path)
    elif origin in (tuple, dict):
        yield from _texts(arguments[0 if origin is tuple else 1], f"{path}[]")
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        yield from texts_of(hint, path)


def listed() -> str:
    lines = []
    for cls in all_event_types():
        whose = dict(personal_fields(cls))
        lines += [f"{cls.__name__} {path}: {whose.get(path, NOBODYS)}" for path in texts_of(cls)]
    return "\n".join(sorted(lines)) + "\n"


def test_whose_every_text_is_has_been_decided() -> None:
    advice = "python -m tests.contract.test_personal_texts, and read what it changed"
    assert LIST.read_text(encoding="utf-8") == listed(), advice


def test_no_personal_field_is_left_out_of_the_list() -> None:
    for cls in all_event_types():
        assert {path for path, _ in personal_fields(cls)} <= set(texts_of(cls))


if __name__ == "__main__":
    LIST.write_text(listed(), encoding="utf-8")
