"""Who gets a place, how many there are, and what the others are told."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from shared.admission import SHRINK, Admission, Limit, leave_place
from shared.testing.eventually import eventually


class Desk:
    """An application behind a door, which works on what it has read until told to answer."""

    def __init__(self, limit: Limit, measured: tuple[str, ...] = ()) -> None:
        self.door = Admission(self, limit=limit, measured_paths=measured)
        self.go_on = asyncio.Event()
        self.working = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/body":
            while (await receive()).get("more_body"):
                pass
        self.working += 1
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await asyncio.Event().wait()
        await send({"type": "http.response.body", "body": b"done"})


class Caller:
    """One request: what it sends when, and what it is told."""

    def __init__(self, desk: Desk, path: str = "/", body: bool = False) -> None:
        self.sent: list[Message] = []
        self.chunks: asyncio.Queue[Message] = asyncio.Queue()
        headers = [(b"content-length", b"2")] if body else []
        scope = {"type": "http", "path": path, "headers": headers}
        self.task = asyncio.create_task(desk.door(scope, self.chunks.get, self._told))

    def sends(self, *, last: bool) -> None:
        self.chunks.put_nowait({"type": "http.request", "body": b"x", "more_body": not last})

    async def _told(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None


async def test_whoever_finds_no_place_is_told_to_come_back() -> None:
    desk = Desk(Limit(2))
    inside = [Caller(desk), Caller(desk)]
    await eventually(lambda: desk.working == 2)
    late = Caller(desk)
    await late.task
    assert late.status == 429
    headers = dict(late.sent[0]["headers"])
    assert headers[b"retry-after"] == b"1"
    assert headers[b"content-type"] == b"application/problem+json"
    desk.go_on.set()
    await asyncio.gather(*(each.task for each in inside))
    again = Caller(desk)
    await again.task
    assert [each.status for each in (*inside, again)] == [200, 200, 200]


async def test_a_body_that_is_still_arriving_holds_no_place() -> None:
    desk = Desk(Limit(1))
    desk.go_on.set()
    slow = [Caller(desk, "/body", body=True) for _ in range(50)]
    for each in slow:
        each.sends(last=False)
    quick = Caller(desk)
    await quick.task
    assert quick.status == 200
    for each in slow:
        each.sends(last=True)
        await each.task
    assert {each.status for each in slow} == {200}


async def test_bodies_that_end_at_once_are_bounded_too() -> None:
    desk = Desk(Limit(1))
    slow = [Caller(desk, "/body", body=True) for _ in range(3)]
    for each in slow:
        each.sends(last=False)
    await eventually(lambda: all(each.chunks.empty() for each in slow))
    for each in slow:
        each.sends(last=True)
    await eventually(lambda: sum(each.status == 429 for each in slow) == 2)
    desk.go_on.set()
    await asyncio.gather(*(each.task for each in slow))
    assert sorted(each.status or 0 for each in slow) == [200, 429, 429]


async def test_an_answer_that_is_read_for_long_holds_no_place() -> None:
    desk = Desk(Limit(1))
    desk.go_on.set()
    reader = Caller(desk, "/stream")
    await eventually(lambda: reader.status == 200)
    other = Caller(desk)
    await other.task
    assert other.status == 200
    reader.task.cancel()


async def test_who_only_waits_may_give_the_place_back_before_the_answer() -> None:
    limit = Limit(1)
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        leave_place(Request(scope))
        waiting.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    desk = Desk(limit)
    desk.door = Admission(patient, limit=limit)
    caller = Caller(desk)
    await waiting.wait()
    assert limit.taken == 0
    go_on.set()
    await caller.task
    assert (caller.status, limit.taken) == (200, 0)


async def test_an_operator_is_answered_whatever_comes_in() -> None:
    desk = Desk(Limit(0, least=0))
    desk.go_on.set()
    asked = Caller(desk, "/health/ready")
    await asked.task
    assert asked.status == 200


async def test_who_hangs_up_gives_the_place_back() -> None:
    limit = Limit(1)
    desk = Desk(limit)
    gone = Caller(desk)
    await eventually(lambda: limit.taken == 1)
    gone.task.cancel()
    await asyncio.gather(gone.task, return_exceptions=True)
    assert limit.taken == 0


def test_slow_answers_let_in_fewer_and_quick_ones_more_again() -> None:
    limit = Limit(64, target_seconds=1.0)
    limit.measured(3.0, now_seconds=100.0)
    limit.measured(3.0, now_seconds=101.0)  # of the same crowd: it waited for the same disk
    assert limit.current == 64 * SHRINK
    limit.measured(3.0, now_seconds=103.0)
    assert limit.current == 64 * SHRINK**2
    for _ in range(5_000):
        limit.measured(0.1, now_seconds=104.0)
    assert limit.current == 64


def test_without_a_target_the_limit_stays() -> None:
    limit = Limit(64)
    limit.measured(1_000.0, now_seconds=0.0)
    assert limit.current == 64


@given(st.integers(1, 200), st.lists(st.floats(0, 100), max_size=200))
def test_the_limit_is_never_less_than_the_least_nor_more_than_the_most(
    most: int, took: list[float]
) -> None:
    limit = Limit(most, target_seconds=1.0)
    now = 0.0
    for each in took:
        now += each
        limit.measured(each, now)
        assert min(limit.least, most) <= limit.current <= most
