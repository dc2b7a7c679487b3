"""One question for all who ask at the same moment, never older than any of them."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from shared.together import Together


class Library:
    """Answers when told to, and counts what it was asked."""

    def __init__(self, **books: str) -> None:
        self.books = books
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()

    async def find(self, names: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(names))
        found = {name: self.books[name] for name in names if name in self.books}
        await self.open.wait()
        if "fire" in names:
            raise OSError("fire")
        return found


async def test_who_comes_while_a_question_is_under_way_shares_the_next() -> None:
    library = Library(a="1", b="2")
    together = Together(library.find)
    first = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.get(name)) for name in ("b", "c", "b")]
    await asyncio.sleep(0)
    library.open.set()
    assert await first == "1"
    assert await asyncio.gather(*others) == ["2", None, "2"]
    assert library.asked == [["a"], ["b", "c"]]


async def test_an_answer_is_never_older_than_its_question() -> None:
    library = Library(a="old")
    together = Together(library.find)
    early = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    library.books["a"] = "new"
    late = asyncio.create_task(together.get("a"))
    await asyncio.sleep(0)
    library.open.set()
    assert (await early, await late) == ("old", "new")


async def test_a_failure_reaches_those_who_asked_and_nobody_else() -> None:
    library = Library(a="1")
    library.open.set()
    together = Together(library.find)
    with pytest.raises(OSError, match="fire"):
        await together.get("fire")
    assert await together.get("a") == "1"


async def test_who_gives_up_keeps_nobody_from_an_answer() -> None:
    library = Library(a="1")
    together = Together(library.find)
    impatient, patient = (asyncio.create_task(together.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    library.open.set()
    assert await patient == "1"
