"""What is there when a process begins its work is not looked through for garbage again."""

import gc
from collections.abc import Iterator

import pytest

from shared.memory import LOOKS, YOUNG_OBJECTS, settle_memory


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


class Self:
    """Refers to itself, so that only the collector finds it."""

    freed = 0

    def __init__(self) -> None:
        self.self = self

    def __del__(self) -> None:
        Self.freed += 1


def test_what_stays_is_frozen_and_what_comes_later_is_still_collected() -> None:
    settle_memory()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == (YOUNG_OBJECTS, LOOKS, LOOKS)
    Self()
    gc.collect()
    assert Self.freed == 1
