"""The sender of webhooks: posts what is due, and puts off what was not taken.

A delivery has tries at growing distances over three days. An endpoint that fails several
times in a row is left alone for a while, then tried with one delivery: what waits meanwhile
uses up no tries and is never dropped.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import structlog

from services.notify.settings import Settings
from services.notify.webhooks import signing
from services.notify.webhooks.addresses import networks
from services.notify.webhooks.calling import Caller, Said, wait_asked_for
from services.notify.webhooks.fan_out import NAME
from services.notify.webhooks.store import Breaker, Claimed, Store
from shared.clock import monotonic_seconds
from shared.events.intake import TicketOpened
from shared.ids import uuid7
from shared.log import Recorded
from shared.outages import OUTAGES
from shared.service import Runtime

log = structlog.get_logger()

UNREADABLE_DELAY: Final = timedelta(minutes=1)
"""After which a delivery is looked at again whose ticket could not be read."""

LOOK_SECONDS: Final = 1.0
LEASE_SECONDS_MORE: Final = 30.0
"""What a lease lasts longer than a request may."""

FORGET_EVERY_SECONDS: Final = 3600.0
WAIT_ASKED_MAX: Final = timedelta(days=1)
USER_AGENT: Final = "Ledgerdesk-Webhooks/1"


class WebhookSender:
    """Posts what is due."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime = runtime
        self._settings = settings
        breaker = Breaker(seconds=settings.webhook_breaker_seconds)
        self._store = Store(runtime.pool, uuid7(), breaker)
        self._caller = Caller(
            networks(settings.webhook_networks_allowed), settings.webhook_timeout_seconds
        )
        self._busy: dict[UUID, asyncio.Task[None]] = {}
        self._lease_seconds = settings.webhook_timeout_seconds + LEASE_SECONDS_MORE

    async def run(self) -> None:
        """Until cancelled; what was not posted by then is given back."""
        forgotten_at = -FORGET_EVERY_SECONDS
        try:
            while True:
                await self._news()
                try:
                    await self._begin()
                    if monotonic_seconds() - forgotten_at > FORGET_EVERY_SECONDS:
                        kept = timedelta(days=self._settings.webhook_log_days)
                        await self._store.forget(self._now() - kept)
                        forgotten_at = monotonic_seconds()
                except OUTAGES as error:
                    log.warning("webhooks_unavailable", error=type(error).__name__)
                    await asyncio.sleep(1)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            with suppress(TimeoutError, *OUTAGES):
                async with asyncio.timeout(2):
                    await self._store.release()
            await self._caller.close()

    async def _news(self) -> None:
        """Wait until there may be something to post."""
        followers = self._runtime.followers
        known = (f.position for f in followers if f.name == NAME and f.leading)
        await self._runtime.log.growth(LOOK_SECONDS, beyond=next(known, 0))
        await asyncio.sleep(self._settings.poll_interval_seconds)

    async def _begin(self) -> None:
        """Begin with every endpoint that something is due for and nobody works on here: a slow
        one keeps no other waiting."""
        if self._runtime.log.hold.on:
            return
        for webhook_id in [each for each, task in self._busy.items() if task.done()]:
            ended = self._busy.pop(webhook_id)
            if not ended.cancelled() and (error := ended.exception()) is not None:
                log.error("webhook_broke_off", webhook_id=webhook_id, exc_info=error)
        by_endpoint: dict[UUID, list[Claimed]] = {}
        for one in await self._store.claim(self._lease_seconds, but=self._busy.keys()):
            by_endpoint.setdefault(one.webhook_id, []).append(one)
        for webhook_id, claimed in by_endpoint.items():
            self._busy[webhook_id] = asyncio.create_task(self._work(webhook_id, claimed))

    async def _work(self, webhook_id: UUID, claimed: Sequence[Claimed]) -> None:
        """Post what is due for one endpoint, until nothing is."""
        try:
            while claimed:
                tickets = list({one.ticket_id for one in claimed})
                pasts = await self._runtime.log.read_many(tickets)
                await asyncio.gather(
                    *(self._post(one, pasts[one.ticket_id].events) for one in claimed)
                )
                claimed = await self._store.claim(self._lease_seconds, only=webhook_id)
        except OUTAGES as error:
            # What is in hand is posted again when its lease ends.
            log.warning("webhook_interrupted", error=type(error).__name__)

    async def _post(self, one: Claimed, past: Sequence[Recorded]) -> None:
        now = self._now()
        try:
            body = message(one, past)
        except Exception:
            # A ticket that can't be read keeps no other waiting.
            log.exception("webhook_unreadable", ticket_id=one.ticket_id, delivery_id=one.id)
            await self._store.put_off(one, now + UNREADABLE_DELAY)
            return
        numbers = signing.generations(one.generation, one.rotated_at, now)
        secret = self._settings.link_secret
        keys = [signing.key_of(secret, one.webhook_id, number) for number in numbers]
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **signing.headers(keys, f"msg_{one.id.hex}", now, body),
        }
        said = await self._caller.post(one.url, headers, body)
        await self._store.note(one, now, said.status, said.trouble, said.duration_ms)
        await self._settle(one, said)

    async def _settle(self, one: Claimed, said: Said) -> None:
        now = self._now()
        if said.taken:
            await self._store.delivered(one, now)
            return
        delays = self._settings.webhook_delays_seconds
        if one.tries >= len(delays):
            log.warning("webhook_failed", webhook_id=one.webhook_id, delivery_id=one.id)
            await self._store.failed(one, now)
            return
        asked = timedelta(seconds=wait_asked_for(said.retry_after, now.timestamp()))
        delay = max(timedelta(seconds=delays[one.tries]), min(asked, WAIT_ASKED_MAX))
        await self._store.put_off(one, now + delay)

    def _now(self) -> datetime:
        return self._runtime.clock()


def message(one: Claimed, past: Sequence[Recorded]) -> bytes:
    """What is posted: the event as the log has it now, so that what was forgotten stays so."""
    recorded = next(event for event in past if event.id == one.event_id)
    opened = next((e.event for e in past if isinstance(e.event, TicketOpened)), None)
    told: dict[str, Any] = {
        "type": one.type,
        "timestamp": recorded.occurred_at.isoformat(),
        "data": {
            "event_id": str(recorded.id),
            "ticket_id": str(one.ticket_id),
            "ticket_number": opened.number if opened else None,
            "author": recorded.author,
            "version": recorded.version,
            "event": orjson.loads(recorded.text),
        },
    }
    return orjson.dumps(told)
