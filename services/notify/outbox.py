"""The outbox: which notifications are to be sent, and who has which in hand.

A row is claimed by compare-and-swap, for the time of a lease, so two senders never have the
same one. Just before a mail is handed over its row is committed as `sending`; a row found
like that when its lease has ended is an outcome that nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notify.finders import QUERIES
from shared.clock import monotonic_seconds
from shared.events.notify import NotificationKind
from shared.postgres import Pool
from shared.together import Together

COME_FIRST: Final = frozenset({NotificationKind.ACKNOWLEDGMENT, NotificationKind.LINK})
"""What somebody sits waiting for: it overtakes all else, however much there is to tell."""

HEAD_START: Final = timedelta(minutes=5)
"""As what was requested so much earlier: no longer does anything else wait for them."""

FORGOTTEN_AT_ONCE: Final = 1000
"""Rows that are deleted in one go, so that nobody has to wait long for them."""


@dataclass(frozen=True)
class Claimed:
    """A notification in hand."""

    id: UUID
    subject: UUID
    attempts: int
    """Tries before this one."""
    unknowns: int
    """How many of them nobody knows the outcome of."""
    was_sending: bool
    """Whoever had it before was handing it over, and has not been heard of since."""
    until_seconds: float
    """When the lease ends, on the monotonic clock."""
    lease_until: datetime
    """The same on the database's clock: what tells this claim from a later one."""


@dataclass(frozen=True)
class Lately:
    """How many mails an address was sent in the last hour."""

    mails: int = 0
    links: int = 0
    """Of them, new links that somebody asked for."""
    unproven: int = 0
    """Of the others, those on tickets that a stranger may have opened."""


class Outbox:
    """The outbox, as one sender sees it."""

    def __init__(self, pool: Pool, holder: UUID, instance: str, lease_seconds: float) -> None:
        self._pool = pool
        self._holder = holder
        self._instance = instance
        self._lease_seconds = lease_seconds
        self._sending: Together[UUID, bool] = Together(self._which_are_sending)

    async def lapse(self) -> None:
        """Free what an earlier process of this instance had in hand: it is gone."""
        await self._pool.execute(QUERIES.lapse, self._instance, self._holder)

    async def tidy(self) -> None:
        """Settle what the log has known for long: a crash came before it was written down."""
        await self._pool.execute(QUERIES.tidy)

    async def claim(self, limit: int, *, only_first: bool = False) -> list[Claimed]:
        """Take up to so many notifications that are due: in the order they were requested in,
        those that come first as if they had been so earlier; `only_first`: no others."""
        until = monotonic_seconds() + self._lease_seconds
        rows = await self._pool.fetch(
            QUERIES.claim,
            self._holder,
            self._instance,
            limit,
            self._lease_seconds,
            [kind.value for kind in COME_FIRST],
            HEAD_START,
            only_first,
        )
        return [
            Claimed(
                id=row["id"],
                subject=row["subject"],
                attempts=row["attempts"],
                unknowns=row["unknowns"],
                was_sending=row["was_sending"],
                until_seconds=until,
                lease_until=row["lease_until"],
            )
            for row in rows
        ]

    async def sending(self, claimed: Claimed) -> bool:
        """Say, durably, that it is about to be handed over; False if it is no longer ours."""
        return await self._sending.get(claimed.id) is True

    async def put_off(
        self,
        claimed: Claimed,
        delay_seconds: float,
        reason: str,
        *,
        attempts: int,
        unknowns: int,
    ) -> None:
        """To be tried again later."""
        await self._pool.execute(
            QUERIES.put_off,
            claimed.id,
            self._holder,
            delay_seconds,
            attempts,
            unknowns,
            reason,
        )

    async def release(self, claimed: Sequence[Claimed]) -> None:
        """Give back what was not tried, unless it was claimed anew meanwhile."""
        ids, leases = [one.id for one in claimed], [one.lease_until for one in claimed]
        await self._pool.execute(QUERIES.release, ids, self._holder, leases)

    async def done(self, ids: Sequence[UUID]) -> None:
        """Nothing is left to do about them."""
        if ids:
            await self._pool.execute(QUERIES.done, list(ids), self._holder)

    async def sent_lately(self, recipients: Sequence[str], since: datetime) -> dict[str, Lately]:
        """How many mails each address was sent since an instant; case folded."""
        asked = [recipient.casefold() for recipient in recipients]
        rows = await self._pool.fetch(QUERIES.sent_lately, asked, since)
        return {
            row["recipient"]: Lately(row["mails"], row["links"], row["unproven"]) for row in rows
        }

    async def _which_are_sending(self, ids: Sequence[UUID]) -> dict[UUID, bool]:
        rows = await self._pool.fetch(QUERIES.sending, ids, self._holder)
        return {row["id"]: True for row in rows}

    async def forget(self, before: datetime) -> bool:
        """Forget some of what was settled before an instant; whether there may be more."""
        gone = await self._pool.fetch(QUERIES.forget, before, FORGOTTEN_AT_ONCE)
        return len(gone) == FORGOTTEN_AT_ONCE
