"""How much the sender has in hand."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from services.notify.outbox import Claimed, Lately
from services.notify.sender import CLAIMED_PER_COURIER, Sender
from shared.clock import monotonic_seconds, utc_now
from shared.events.notify import NotificationKind, NotificationRequested
from shared.ids import uuid7
from shared.log.records import Past
from shared.log.vector import Vector
from shared.testing.spec import T0
from tests.unit.notify.test_capping import SETTINGS, recorded

LIMIT = SETTINGS.senders * CLAIMED_PER_COURIER


class Endless:
    """An outbox in which nothing ends: of what comes first, and of others."""

    def __init__(self) -> None:
        self.events: dict[UUID, NotificationRequested] = {}

    async def claim(self, limit: int, *, only_first: bool = False) -> list[Claimed]:
        kinds = [NotificationKind.ACKNOWLEDGMENT, NotificationKind.RESOLUTION]
        return [self._one(kinds[not only_first and n % 2]) for n in range(limit)]

    async def sent_lately(self, *_: object) -> dict[str, Lately]:
        return {}

    async def read_many(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        return {each: Past(recorded(self.events[each]), Vector()) for each in subjects}

    def _one(self, kind: NotificationKind) -> Claimed:
        subject = uuid7()
        self.events[subject] = event = NotificationRequested(
            notification_id=uuid7(), kind=kind, recipient=f"{subject}@example.com",
            to_customer=True, subject="x", text="x", message_id="<x@y.z>", requested_at=T0,
        )  # fmt: skip
        until = monotonic_seconds() + 120
        return Claimed(event.notification_id, subject, 0, 0, False, until, utc_now())


def sender_on(outbox: Endless) -> Sender:
    log = type("Log", (), {"hold": type("Hold", (), {"on": False}), "read_many": outbox.read_many})
    runtime = type("Runtime", (), {"pool": None, "log": log, "clock": lambda _: T0})
    made = Sender(cast("Any", runtime()), SETTINGS)
    parts = cast("Any", made)
    parts._outbox = outbox
    parts._finder = type("Finder", (), {"desk_name": staticmethod(_named)})
    return made


async def _named() -> str:
    return "Desk"


async def test_what_is_in_hand_is_bounded_and_of_both_kinds() -> None:
    sender = sender_on(Endless())
    for _ in range(20):
        await sender._fill()
    assert sender._waiting == {True: LIMIT / 2, False: LIMIT / 2}


async def test_what_comes_first_is_taken_though_others_wait() -> None:
    sender = sender_on(Endless())
    sender._waiting.update({False: LIMIT // 2})
    for _ in range(20):
        await sender._fill()
    assert sender._waiting[False] == LIMIT // 2
    assert SETTINGS.senders <= sender._waiting[True] <= LIMIT
