"""Which mails are held back when an address was sent many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import pytest

from services.notify.domain import Stage
from services.notify.jobs import CAPPED_KINDS, Job
from services.notify.outbox import Claimed, Lately
from services.notify.sender import Sender
from services.notify.settings import Settings
from shared.events.notify import NotificationKind as Kind
from shared.events.notify import NotificationRequested
from shared.ids import uuid7
from shared.service import Runtime
from shared.testing.spec import T0, TICKET, recorded

CUSTOMER = "maria@example.com"
SECRET = "a secret of at least thirty-two bytes"
SETTINGS = Settings(database_url="postgresql:///none", identity_secret=SECRET, link_secret=SECRET)


class SentMuch:
    """An outbox that has sent a great deal to everybody."""

    def __init__(self, lately: Lately) -> None:
        self._lately = lately

    async def sent_lately(self, recipients: Sequence[str], since: datetime) -> dict[str, Lately]:
        return dict.fromkeys(recipients, self._lately)


class Idle:
    """As much of a runtime as a sender needs that sends nothing."""

    pool = None

    def clock(self) -> datetime:
        return T0


MUCH = Lately(mails=3_000_000, links=1_000_000, unproven=1_000_000)


def job(
    kind: Kind,
    *,
    to_customer: bool = True,
    stage: Stage = Stage.REQUESTED,
    unproven: bool = False,
) -> Job:
    event = NotificationRequested(
        notification_id=uuid7(), kind=kind, recipient=CUSTOMER, to_customer=to_customer,
        subject="x", text="x", message_id="<x@y.z>", requested_at=T0, unproven=unproven,
    )  # fmt: skip
    claimed = Claimed(event.notification_id, TICKET, 0, 0, False, 0.0, T0)
    return Job(claimed, recorded(event)[0], event, stage)


async def capped(*jobs: Job, lately: Lately = MUCH) -> list[bool]:
    sender = Sender(cast("Runtime", Idle()), SETTINGS)
    cast("Any", sender)._outbox = SentMuch(lately)
    return [each.capped for each in await sender._capped(jobs)]


@pytest.mark.parametrize("kind", Kind)
async def test_only_what_machines_send_to_unproven_addresses_is_held_back(kind: Kind) -> None:
    held_back = kind in {Kind.ACKNOWLEDGMENT, Kind.CLARIFICATION, Kind.COPY, Kind.LINK}
    assert (kind in CAPPED_KINDS) is held_back
    assert await capped(job(kind), job(Kind.REPLY)) == [held_back, False]


async def test_who_is_flooded_in_one_way_still_gets_what_comes_in_another() -> None:
    mine, opened, link = (
        job(Kind.ACKNOWLEDGMENT),
        job(Kind.ACKNOWLEDGMENT, unproven=True),
        job(Kind.LINK),
    )
    assigned = job(Kind.ASSIGNMENT, unproven=True)

    async def each(lately: Lately) -> list[bool]:
        alone = [await capped(one, lately=lately) for one in (mine, opened, link, assigned)]
        return [held for (held,) in alone]

    for lately, expected in (
        (Lately(mails=119), [False, False, False, False]),
        (Lately(mails=120), [True, False, False, False]),
        (Lately(mails=4, unproven=4), [False, False, False, False]),
        (Lately(mails=5, unproven=5), [False, True, False, True]),
        (Lately(mails=500, unproven=500), [False, True, False, True]),
        (Lately(mails=5, links=5), [False, False, True, False]),
    ):
        assert await each(lately) == expected
    many = [job(Kind.ACKNOWLEDGMENT, unproven=True) for _ in range(7)]
    assert await capped(*many, lately=Lately()) == [False] * 5 + [True] * 2
    answer = job(Kind.REPLY, unproven=True)
    assert await capped(answer, job(Kind.ASSIGNMENT)) == [False, False]


async def test_what_the_desk_gets_or_what_may_have_arrived_is_not_held_back() -> None:
    unknown = job(Kind.ACKNOWLEDGMENT, stage=Stage.UNKNOWN)
    assert await capped(job(Kind.ACKNOWLEDGMENT, to_customer=False), unknown) == [False, False]
