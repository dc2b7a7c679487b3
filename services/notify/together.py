"""One question for all who ask at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")


class Together(Generic[K]):
    """Asks `which` of many, when each caller asks whether it is one of them.

    Who comes while a question is under way shares the next one: under load that is one
    round trip, and one flush to the disk, for many.
    """

    def __init__(self, which: Callable[[Sequence[K]], Awaitable[Collection[K]]]) -> None:
        self._which = which
        self._waiting: list[tuple[K, asyncio.Future[bool]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, key: K) -> bool:
        """Whether `key` is one of them. Raises what `which` raises."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all(), name="together")
        return await answer

    async def _ask_all(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            try:
                found = await self._which([key for key, _ in asked])
            except Exception as error:  # noqa: BLE001 - whoever asked hears of it
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for key, answer in asked:
                    if not answer.done():
                        answer.set_result(key in found)
