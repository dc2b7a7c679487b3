"""The sender: works the outbox, and says what came of each mail.

An outcome that is unknown (a crash, or a connection lost, between the last byte of the mail
and the server's answer) is said to be unknown, and the mail is sent once more with the same
Message-ID, so that whoever got it already sees it is the same. Unknown again, it is left at
that: better one mail in doubt than a machine that repeats itself.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from services.notify.domain import (
    DECIDER,
    Command,
    RecordFailed,
    RecordSent,
    Suppress,
)
from services.notify.finders import Finder
from services.notify.jobs import Job, job_of
from services.notify.mail import Origin, outgoing
from services.notify.outbox import Claimed, Lately, Outbox
from services.notify.projection import Deliveries
from services.notify.settings import Settings
from services.notify.smtp import (
    Accepted,
    Courier,
    MailServer,
    PutOff,
    Refused,
    Result,
    Taken,
    Unclear,
    Unreachable,
)
from shared.clock import monotonic_seconds
from shared.ids import uuid7
from shared.outages import OUTAGES
from shared.privacy.sealing import ERASED
from shared.service import Runtime
from shared.telemetry import CLIENT, Passing

log = structlog.get_logger()

UNKNOWN_RESENDS_MAX: Final = 1
"""How often a mail whose outcome is unknown is sent again."""

CLAIMED_PER_COURIER: Final = 8
UNREACHABLE_DELAY_SECONDS: Final = 0.5
"""First wait when the mail server can't be reached; it doubles each time."""

UNREADABLE_DELAY_SECONDS: Final = 60.0
"""After which a mail is looked at again whose ticket could not be read."""

LOOK_SECONDS: Final = 1.0
"""How often an outbox is looked at that nothing was added to."""

MAIL_SERVER: Final = "mail server"
TIDY_SECONDS: Final = 5.0
FORGET_SECONDS: Final = 3600.0
"""How often what is older than `KEPT` is looked for."""

STOPPING_SECONDS_MAX: Final = 4.0
KEPT: Final = timedelta(days=30)
"""How long settled rows of the outbox are kept."""

HOUR: Final = timedelta(hours=1)


Line = asyncio.PriorityQueue[tuple[tuple[datetime, int, datetime], Job]]


class Sender:
    """Sends what was requested, with a few connections at once."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._outbox = Outbox(runtime.pool, uuid7(), settings.instance, settings.lease_seconds)
        self._finder = Finder(runtime.pool)
        self._origin = Origin("", settings.from_address, settings.mail_domain)
        self._server = MailServer.parse(settings.smtp_url)
        # Mails on one ticket go through one courier, so that they leave in their order.
        self._lines: list[Line] = [asyncio.PriorityQueue() for _ in range(settings.senders)]
        self._waiting = Counter[bool]()
        """How many are in line: True: of what comes first; False: of others."""
        self._busy = 0
        self._done: list[UUID] = []
        """Settled, and not yet written down in the outbox."""
        self._unreachable_until = 0.0
        self._unreachable_delay = UNREACHABLE_DELAY_SECONDS

    async def run(self) -> None:
        """Work the outbox until cancelled; mails being handed over are finished first."""
        couriers = [
            asyncio.create_task(self._work(line), name=f"courier-{n}")
            for n, line in enumerate(self._lines)
        ]
        try:
            await self._dispatch()
        finally:
            await self._stop(couriers)

    async def _stop(self, couriers: Sequence["asyncio.Task[None]"]) -> None:
        with suppress(TimeoutError, *OUTAGES):
            async with asyncio.timeout(STOPPING_SECONDS_MAX):
                waiting = [line.get_nowait() for line in self._lines for _ in range(line.qsize())]
                await self._outbox.release([job.claimed for _, job in waiting])
                while self._busy:
                    await asyncio.sleep(0.02)
                await self._flush()
        for courier in couriers:
            courier.cancel()
        await asyncio.gather(*couriers, return_exceptions=True)

    async def _dispatch(self) -> None:
        """Claim what is due, whenever couriers are short of work."""
        lapsed, tidied_at, forget_at = False, 0.0, 0.0
        while True:
            await self._news()
            try:
                if not lapsed:
                    await self._outbox.lapse()
                    lapsed = True
                if monotonic_seconds() - tidied_at > TIDY_SECONDS:
                    await self._outbox.tidy()
                    tidied_at = monotonic_seconds()
                if monotonic_seconds() > forget_at:
                    more = await self._outbox.forget(self._now() - KEPT)
                    forget_at = monotonic_seconds() + (0 if more else FORGET_SECONDS)
                while await self._fill():
                    await asyncio.sleep(0)
                await self._flush()
            except OUTAGES as error:
                log.warning("outbox_unavailable", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _news(self) -> None:
        """Wait until there may be something to send. What is to be tried again is due at an
        instant of its own, so it is looked for regularly."""
        followers = self._runtime.followers
        known = (f.position for f in followers if f.name == Deliveries.name and f.leading)
        await self._runtime.log.growth(LOOK_SECONDS, beyond=next(known, 0))
        await asyncio.sleep(self._settings.poll_interval_seconds)

    async def _fill(self) -> bool:
        """Claim a few and hand them to the couriers; False when nothing more is due now.

        What comes first is claimed as long as there is little of it; others, as soon as few of
        them wait: so neither keeps the other out, and what waits in memory is bounded.
        """
        senders = self._settings.senders
        limit = senders * CLAIMED_PER_COURIER
        first, others = self._waiting[True], self._waiting[False]
        only_first = others >= senders
        if first + others >= limit or (only_first and first >= senders):
            return False
        if monotonic_seconds() < self._unreachable_until:
            return False
        if self._runtime.log.hold.on:  # maybe it was sent, and only this database forgot
            return False
        claimed = await self._outbox.claim(limit, only_first=only_first)
        if not claimed:
            return False
        self._origin = replace(self._origin, name=await self._finder.desk_name())
        for job in await self._capped(await self._jobs(claimed)):
            self._lines[job.recorded.subject.int % senders].put_nowait((job.place, job))
            self._waiting[job.comes_first] += 1
        return len(claimed) == limit

    async def _jobs(self, claimed: Sequence[Claimed]) -> Sequence[Job]:
        """What there is to do about each. A ticket that can't be read keeps no other waiting."""
        pasts = await self._runtime.log.read_many([one.subject for one in claimed])
        jobs = []
        for one in claimed:
            try:
                job = job_of(one, pasts[one.subject])
            except Exception as error:
                log.exception("mail_unreadable", ticket_id=one.subject, notification_id=one.id)
                await self._outbox.put_off(
                    one,
                    UNREADABLE_DELAY_SECONDS,
                    type(error).__name__,
                    attempts=one.attempts,
                    unknowns=one.unknowns,
                )
                continue
            if job is None:
                self._done.append(one.id)
            else:
                jobs.append(job)
        return jobs

    async def _capped(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """The jobs, with those named that a customer was sent too much for, lately."""
        customers = [job.event.recipient for job in jobs if job.may_be_capped]
        sent = await self._outbox.sent_lately(customers, self._now() - HOUR) if customers else {}
        most = self._settings.customer_mails_per_hour_max
        unproven_most = min(most, self._settings.unproven_mails_per_hour_max)
        found = []
        for job in jobs:
            whom = job.event.recipient.casefold()
            lately = sent.get(whom, Lately())
            if job.may_be_capped and job.is_too_much(lately, most, unproven_most):
                found.append(replace(job, capped=True))
            else:
                found.append(job)
                sent[whom] = job.counted(lately)
        return found

    async def _flush(self) -> None:
        """Write down what is done. What a crash leaves out, the log knows: it is found done."""
        done, self._done = self._done, []
        await self._outbox.done(done)

    async def _work(self, line: Line) -> None:
        settings = self._settings
        courier = Courier(self._server, settings.mail_domain, settings.smtp_timeout_seconds)
        try:
            while True:
                _, job = await line.get()
                self._waiting[job.comes_first] -= 1
                self._busy += 1
                try:
                    with self._span(job):
                        await self._handle(job, courier)
                except OUTAGES as error:
                    # The row keeps its lease: whoever claims it next finds out how far it came.
                    log.warning("mail_interrupted", error=type(error).__name__)
                except Exception as error:
                    log.exception("mail_failed", notification_id=job.event.notification_id)
                    await self._settle(job, PutOff(type(error).__name__))
                finally:
                    self._busy -= 1
        finally:
            with suppress(Exception):
                await asyncio.wait_for(courier.close(), 1)

    def _span(self, job: Job) -> Passing:
        facts = {"ticket_id": str(job.recorded.subject), "kind": job.event.kind.value}
        traces = self._runtime.log.traces
        return traces.span("send mail", job.recorded.traceparent, kind=CLIENT, facts=facts)

    async def _handle(self, job: Job, courier: Courier) -> None:
        now = monotonic_seconds()
        if now < self._unreachable_until or now > job.claimed.until_seconds:
            await self._outbox.release([job.claimed])
        elif job.claimed.was_sending:
            await self._settle(job, Unclear("the sender stopped while the mail was sent"))
        elif ERASED in (job.event.recipient, job.event.text):
            await self._say(job, Suppress(job.event.notification_id, "forgotten", self._now()))
            self._done.append(job.claimed.id)
        elif job.capped:
            await self._say(job, Suppress(job.event.notification_id, "hourly_cap", self._now()))
            self._done.append(job.claimed.id)
        else:
            result = await self._deliver(job, courier)
            if result is not None:
                await self._settle(job, result)

    async def _deliver(self, job: Job, courier: Courier) -> Result | None:
        try:
            mail = outgoing(job.event, job.recorded.subject, self._origin)
        except (ValueError, UnicodeError) as error:
            return Refused(f"no mail can be made of it: {error}")
        handed_over = False

        async def handing_over() -> bool:
            nonlocal handed_over
            handed_over = await self._outbox.sending(job.claimed)
            return handed_over

        try:
            async with asyncio.timeout(self._seconds_left(job)):
                result = await courier.deliver(mail, handing_over)
        except Unreachable as error:
            self._pause(str(error))
            await self._outbox.release([job.claimed])
            return None
        except TimeoutError:
            slow = "the mail server was too slow"
            return Unclear(slow) if handed_over else PutOff(slow)
        self._unreachable_delay = UNREACHABLE_DELAY_SECONDS
        self._runtime.troubles.pop(MAIL_SERVER, None)
        return result

    def _seconds_left(self, job: Job) -> float:
        """Until the lease ends, less what it takes to write down how it went."""
        left = job.claimed.until_seconds - monotonic_seconds()
        return max(0.1, left - self._settings.lease_seconds * 0.1)

    def _pause(self, reason: str) -> None:
        if monotonic_seconds() < self._unreachable_until:
            return
        self._unreachable_until = monotonic_seconds() + self._unreachable_delay
        self._runtime.troubles[MAIL_SERVER] = "can't be reached"
        log.warning("mail_server_unreachable", reason=reason, wait=self._unreachable_delay)
        longest = self._settings.unreachable_delay_seconds_max
        self._unreachable_delay = min(self._unreachable_delay * 2, longest)

    async def _settle(self, job: Job, result: Result) -> None:
        """Say what came of a try, and whether there is to be another."""
        notification_id, attempts = job.event.notification_id, job.attempts
        self._runtime.log.metrics.mail_out.labels(type(result).__name__).inc()
        match result:
            case Accepted():
                await self._say(job, RecordSent(notification_id, attempts, self._now()))
            case Refused():
                await self._failed(job, result.reason, hard=result.hard)
            case PutOff():
                delays = self._settings.retry_delays_seconds
                if attempts <= len(delays):
                    await self._again(job, delays[attempts - 1], result.reason)
                    return
                await self._failed(job, f"gave up after {attempts} tries: {result.reason}")
            case Unclear():
                await self._failed(job, result.reason, unknown=True)
                if job.claimed.unknowns < UNKNOWN_RESENDS_MAX:
                    delay = 0.0 if job.claimed.was_sending else self._first_delay
                    await self._again(job, delay, result.reason, unknown=True)
                    return
            case Taken():
                return
        self._done.append(job.claimed.id)

    @property
    def _first_delay(self) -> float:
        return next(iter(self._settings.retry_delays_seconds), 0.0)

    async def _again(self, job: Job, delay: float, reason: str, *, unknown: bool = False) -> None:
        unknowns = job.claimed.unknowns + unknown
        await self._outbox.put_off(
            job.claimed, delay, reason, attempts=job.attempts, unknowns=unknowns
        )

    async def _failed(
        self, job: Job, reason: str, *, unknown: bool = False, hard: bool = False
    ) -> None:
        """It failed, as far as anybody knows; what may have arrived once stays unknown."""
        unknown = unknown or job.claimed.unknowns > 0
        notification_id, attempts = job.event.notification_id, job.attempts
        reason = reason.replace(job.event.recipient, "the recipient")
        await self._say(
            job,
            RecordFailed(
                notification_id, attempts, reason, self._now(), unknown=unknown, hard=hard
            ),
        )

    async def _say(self, job: Job, command: Command) -> None:
        """Say it, also through an outage of the database as long as the lease lasts."""
        about = (type(command).__name__, job.event.notification_id, job.claimed.unknowns)
        while True:
            try:
                await self._runtime.handle(
                    DECIDER,
                    job.recorded.subject,
                    command,
                    actor="sender",
                    correlation=job.recorded.correlation,
                    causation=job.recorded.id,
                    derive_from=about,
                )
            except OUTAGES:
                if monotonic_seconds() > job.claimed.until_seconds:
                    raise
                await asyncio.sleep(0.25)
            else:
                return

    def _now(self) -> datetime:
        return self._runtime.clock()
