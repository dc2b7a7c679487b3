"""Every shape ever published can be read for ever."""

from pathlib import Path

import orjson
import pytest

from shared.events import (
    MOVE_STATUS,
    Event,
    Status,
    Unknown,
    all_event_types,
    decode,
    encode,
    status_after,
)
from tests.contract.examples import GOLDEN, example, golden_files, pretty

TYPES = list(all_event_types())


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_the_newest_golden_file_is_todays_shape(cls: type[Event]) -> None:
    files = golden_files(cls)
    advice = "a new or changed shape: python -m tests.contract.examples, and keep the old files"
    assert files, advice
    assert files[-1].read_bytes() == pretty(example(cls)), advice


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.name)
def test_every_golden_file_still_decodes_and_loses_nothing(path: Path) -> None:
    name = path.stem.split(".")[0]
    event = decode(name, path.read_bytes())
    assert not isinstance(event, Unknown), f"{name} has no class: names are for ever"
    newest = golden_files(type(event))[-1]
    if path == newest:
        assert orjson.loads(encode(event)) == orjson.loads(path.read_bytes())


def test_an_unknown_type_is_passed_over() -> None:
    assert decode("TicketTeleported", b'{"to": "mars"}') == Unknown(type="TicketTeleported")


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_a_newer_authors_fields_are_passed_over(cls: type[Event]) -> None:
    event = example(cls)
    more = orjson.dumps({**orjson.loads(encode(event)), "not_known_here": {"a": [1]}})
    assert decode(cls.__name__, more) == event


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_a_status_moves_by_the_events_that_are_said_to_move_it(cls: type[Event]) -> None:
    """By at least one shape of them, from at least one status; and by no others."""
    shapes = [decode(cls.__name__, path.read_bytes()) for path in golden_files(cls)]
    if "automatic" in cls.model_fields:
        shapes.append(example(cls).model_copy(update={"automatic": False}))
    moves = any(status_after(was, shape) != was for was in (None, *Status) for shape in shapes)
    assert moves == (cls in MOVE_STATUS)
