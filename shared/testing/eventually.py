"""Wait for what will be true soon, instead of sleeping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

POLL_INTERVAL_SECONDS: Final = 0.02
POLL_INTERVAL_SECONDS_MAX: Final = 0.25


async def eventually(fn: Callable[[], T | Awaitable[T]], timeout: float = 60.0) -> T:
    """Call `fn` until it raises no AssertionError and its answer is truthy; return the answer.

    One that only asserts says so, `def seen() -> None`, and needs no answer. After
    `timeout` seconds, AssertionError tells the last answer or the last failure.
    """
    only_asserts = inspect.signature(fn).return_annotation in (None, "None")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    interval = POLL_INTERVAL_SECONDS
    while True:
        failure: AssertionError | None = None
        last: object = None
        try:
            answer = fn()
            value = await answer if inspect.isawaitable(answer) else answer
            if value or only_asserts:
                return value
            last = value
        except AssertionError as error:
            failure = error
        if loop.time() > deadline:
            told = f"failing: {failure}" if failure is not None else f"answering {last!r}"
            raise AssertionError(f"After {timeout} s it was still {told}") from failure
        await asyncio.sleep(interval)
        interval = min(interval * 1.5, POLL_INTERVAL_SECONDS_MAX)
