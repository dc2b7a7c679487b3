"""One question for all who ask at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

Find = Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]


class Together(Generic[K, V]):
    """Asks `find` once for all callers who come while the last question is under way.

    So an answer is never older than its question; and under load, one round trip is many
    callers' (and one flush to the disk, if the question writes something down).
    """

    def __init__(self, find: Find[K, V]) -> None:
        self._find = find
        self._waiting: list[tuple[Collection[K], asyncio.Future[Mapping[K, V]]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """What is found for one key; None if nothing is. Raises what `find` raises."""
        return (await self.get_all([key])).get(key)

    async def get_all(self, keys: Collection[K]) -> Mapping[K, V]:
        """What is found for these keys, and maybe others, all at one instant."""
        answer: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()
        self._waiting.append((keys, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all(), name="together")
        return await answer

    async def _ask_all(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            try:
                found = await self._find(list(dict.fromkeys(k for keys, _ in asked for k in keys)))
            except Exception as error:  # noqa: BLE001 - whoever asked hears of it
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for _, answer in asked:
                    if not answer.done():
                        answer.set_result(found)
