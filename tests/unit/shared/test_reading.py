"""Reading notices a consumer that is dead, though it may still bring records."""

from itertools import count
from typing import Any, cast

import pytest

from shared import reading
from shared.clock import utc_now
from shared.reading import Reading, Stuck


async def test_looks_that_fail_for_long_mean_that_the_consumer_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = count(1000, 5)
    monkeypatch.setattr(reading, "monotonic_seconds", lambda: float(next(seconds)))
    nothing = cast(Any, None)

    def stopped() -> None:
        read.read += 1  # records still come in

    read = Reading(nothing, nothing, {}, utc_now, stopped)
    with pytest.raises(Stuck):
        await read.look_regularly(0)
    assert "the consumer has stopped" in read.failing
