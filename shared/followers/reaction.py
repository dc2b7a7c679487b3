"""Reactions: what was heard becomes a command, and never twice.

The ids of what a reaction says derive from its cause, and its cursor moves in the
transaction that appends it. A page is decided in memory and appended in one go; when
that fails, it is taken in halves, so that only the guilty event is kept aside.
"""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from shared.clock import Clock, monotonic_seconds
from shared.decider import ATTEMPTS_MAX, Context, Decider, Work
from shared.errors import (
    BeingForgotten,
    CapacityExceeded,
    CursorLost,
    DuplicateEvent,
    NotYet,
    Rejected,
    VersionConflict,
)
from shared.followers.contracts import Directed, LooksAhead, Reaction
from shared.followers.follower import PUT_OFF, Follower, Parking, parked_one, skipped
from shared.log.log import QUERIES, Log
from shared.log.records import CursorMove, Recorded
from shared.logging import about, kind_of
from shared.outages import OUTAGES
from shared.telemetry import Steps

log = structlog.get_logger()

C = TypeVar("C")
S = TypeVar("S")

PAST_MAX = timedelta(hours=1)
"""A new reaction, or one whose database was emptied, leaves alone what occurred longer
before its birth than this: it hears two years of tickets, and mails nobody about them."""

DECIDED_EVENTS = 20
"""Events reacted to before others on the loop, say an HTTP request, have their turn."""

TOGETHER_ATTEMPTS_MAX = 3
"""How often a page is decided again as a whole when somebody else was first."""

NOT_YET_SECONDS_MAX = 30.0
"""How long an event waits for something its reaction has not heard yet."""

PUT_OFF_SECONDS = 1.0
"""When it is tried again what was put off as somebody was being forgotten."""

TRANSIENT = (VersionConflict, DuplicateEvent, CapacityExceeded, CursorLost, NotYet, *OUTAGES)
"""What says nothing of the event that was tried."""


class ReactionFollower(Follower, Generic[C, S]):
    """Carries out one reaction."""

    pace_seconds = 0.01
    decides = True

    def __init__(
        self,
        event_log: Log,
        reaction: Reaction[C],
        decider: Decider[C, S],
        clock: Clock,
        instance: str,
        actor: str = "system",
    ) -> None:
        super().__init__(event_log, f"reaction:{reaction.name}", instance)
        self.reaction = reaction
        self._decider = decider
        self._clock = clock
        self._actor = actor
        self._hears = frozenset(cls.__name__ for cls in reaction.hears)
        self._parking = Parking(event_log, self.name)
        self.skip: set[UUID] = set()
        """Events that an operator decided to pass over."""
        self._tried_at = 0.0
        self._one_at_a_time = bool(getattr(reaction, "one_at_a_time", False))

    async def led(self) -> None:
        await self._parking.load()
        self.skip |= await skipped(self.log, self.name)

    async def step(self) -> bool:
        if self._parking.subjects and await self._take_up_what_was_put_off():
            raise CursorLost(follower=self.name)  # it goes on a step before where it stood
        page = await self._page()
        if not page:
            return False
        if self._parking.subjects:
            await self._parking.load()
        heard = [e for e in page if self._matters(e)]
        end = page[-1].position
        await self._handle(heard, end)
        await self.passed_over(end)
        if self._parking.subjects:
            await self.store()  # a retry goes as far as the cursor, and looks for it there
        return True

    async def retry(self, subject: UUID, parked_id: UUID) -> None:
        """React again to a parked subject's events from the guilty one on, then go on.

        Raises what the reaction raises; the subject then stays parked, at the event that did.
        """
        self.skip |= await skipped(self.log, self.name)
        row = await parked_one(self.log, parked_id)
        done = row["position"] - 1
        while True:
            until = await self.log.pool.fetchval(
                "select position from ledger.cursors where name = $1", self.name
            )
            for event in await self.log.page_of(subject, done, until):
                if event.type in self._hears and event.id not in self.skip:
                    await self._once_more(event, parked_id)
            done = until
            # The cursor goes back a step, which takes it from a leader that still passes
            # the subject over; what it handles again has the same ids, so is not said twice.
            if await self.log.pool.fetchval(QUERIES.unpark_reaction, parked_id, self.name, until):
                return

    async def _once_more(self, event: Recorded, parked_id: UUID) -> None:
        try:
            await self._carry_out([event], None)
        except TRANSIENT:
            raise
        except Exception as error:
            _, *anew = self._parking.arguments(event, error)[2:7]
            await self.log.pool.execute(QUERIES.park_anew, parked_id, *anew)
            raise

    async def _take_up_what_was_put_off(self) -> bool:
        """Whether there was something, and its person has been forgotten by now."""
        now = monotonic_seconds()
        if now - self._tried_at < PUT_OFF_SECONDS:
            return False
        self._tried_at = now
        taken_up = False
        for row in await self.log.pool.fetch(QUERIES.put_off, self.name, PUT_OFF):
            try:
                await self.retry(row["subject"], row["id"])
            except (CursorLost, *OUTAGES):
                raise
            except Exception as error:  # noqa: BLE001 - the row tells, if it was not transient
                log.info("still_put_off", reaction=self.name, error=kind_of(error))
            else:
                taken_up = True
        return taken_up

    def _matters(self, event: Recorded) -> bool:
        return (
            event.type in self._hears
            and event.position > self.born_position
            and (self.born_at is None or event.occurred_at > self.born_at - PAST_MAX)
            and event.subject not in self._parking.subjects
            and event.id not in self.skip
        )

    async def _handle(self, heard: Sequence[Recorded], to: int) -> None:
        """All at once; what can't be done so in two parts, down to the one that is to blame."""
        heard = [event for event in heard if event.subject not in self._parking.subjects]
        if self._one_at_a_time or len(heard) == 1:
            for event in heard:
                if event.subject not in self._parking.subjects:
                    await self._alone(event)
        elif heard and not await self._together(heard, to):
            half = len(heard) // 2
            await self._handle(heard[:half], heard[half - 1].position)
            await self._handle(heard[half:], to)

    async def _together(self, heard: Sequence[Recorded], to: int) -> bool:
        """Decide some events and append it in one transaction; False if that can't be done."""
        for _ in range(TOGETHER_ATTEMPTS_MAX):
            try:
                await self._carry_out(heard, to)
            except VersionConflict:
                continue  # somebody else spoke on one of so many subjects: look again
            except (DuplicateEvent, CapacityExceeded, NotYet):
                return False
            except (CursorLost, *OUTAGES):
                raise
            except Exception as error:  # noqa: BLE001 - fewer will tell which event it is
                log.warning("reaction_page_failed", reaction=self.name, error=kind_of(error))
                return False
            else:
                return True
        return False

    async def _alone(self, event: Recorded) -> None:
        """Handle one event in its own transaction; park its subject if it can't be done."""
        give_up_at = monotonic_seconds() + NOT_YET_SECONDS_MAX
        attempts = 0
        while True:
            try:
                await self._carry_out([event], event.position)
            except (VersionConflict, DuplicateEvent, CapacityExceeded) as error:
                attempts += 1
                if attempts >= ATTEMPTS_MAX:
                    return await self._park(event, error)
            except BeingForgotten as error:
                return await self._park(event, error)  # and the others go on
            except NotYet as error:
                if monotonic_seconds() > give_up_at:
                    return await self._park(event, error)
                await self.log.growth(0.25)
            except (CursorLost, *OUTAGES):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it parks one subject
                return await self._park(event, error)
            else:
                return None

    async def _carry_out(self, heard: Sequence[Recorded], to: int | None) -> None:
        """React to `heard`, decide, append, and move the cursor `to`, all at once.

        Where others were first on some subjects, the rest is appended, and these are decided
        again: what a crash in between has decided twice has the same ids, so is said once.
        """
        while True:
            work, targets = await self._decided(heard)
            try:
                await self._append(work, to)
            except VersionConflict as conflict:
                lost = _reached(conflict.subjects, targets)
                again = [e for e in heard if not lost.isdisjoint(targets.get(e.id, ()))]
                if not again or len(again) == len(heard):
                    raise
                # The cursor stays where it is, which only whoever leads can say of it.
                await self._append(work, None if to is None else self.stored, without=lost)
                heard = again
            else:
                return

    async def _decided(
        self, heard: Sequence[Recorded]
    ) -> tuple[Work[C, S], Mapping[UUID, AbstractSet[UUID]]]:
        """What follows from `heard`, and the subjects that each event leads to commands for."""
        pasts = await self.log.read_many([event.subject for event in heard])
        if isinstance(self.reaction, LooksAhead):
            await self.reaction.look_ahead(heard)
        directed: list[tuple[Recorded, int, Directed[C]]] = []
        for number, event in enumerate(heard, 1):
            if number % DECIDED_EVENTS == 0:
                await asyncio.sleep(0)
            commands = await self.reaction.react(event, pasts[event.subject])
            directed += [(event, index, command) for index, command in enumerate(commands)]
        others = {one.subject for _, _, one in directed} - pasts.keys()
        if others:
            pasts |= await self.log.read_many(list(others))
        work = Work(self.log.author, self._decider, pasts)
        targets: dict[UUID, set[UUID]] = {}
        with self.log.traces.steps() as steps:
            for event, index, one in directed:
                targets.setdefault(event.id, set()).add(one.subject)
                context = self._context(event, index, self._step(steps, event, one))
                try:
                    work.decide(one.subject, one.command, context)
                except Rejected as rejection:
                    log.info(
                        "reaction_rejected",
                        reaction=self.name,
                        code=rejection.code,
                        target=one.subject,
                        **about(event),
                    )
        return work, targets

    def _step(self, steps: Steps, cause: Recorded, one: Directed[C]) -> str:
        if not self.log.traces.on:
            return cause.traceparent
        name = f"{self.reaction.name}: {type(one.command).__name__}"
        facts = {"ticket_id": str(one.subject), "event_type": cause.type}
        return steps.start(name, cause.traceparent, facts)

    async def _append(
        self, work: Work[C, S], to: int | None, without: AbstractSet[UUID] = frozenset()
    ) -> None:
        """Say what was decided, and move the cursor with it; lazily, if nothing was."""
        move = None if to is None else CursorMove(self.name, self.generation, self.stored, to)
        batch = work.batch(move, without, waits=False)
        if batch.events or batch.claims:
            await self.log.append(batch)
            if to is not None:
                self.had_effect(to)
        elif to is not None:
            await self.passed_over(to)

    def _context(self, cause: Recorded, index: int, traceparent: str) -> Context:
        return Context(
            actor=self._actor,
            now=self._clock(),
            correlation=cause.correlation,
            causation=cause.id,
            cause_occurred_at=cause.occurred_at,
            derive_from=("reaction", self.reaction.name, cause.id, index),
            revision=cause.revision,
            traceparent=traceparent,
        )

    async def _park(self, event: Recorded, error: BaseException) -> None:
        await self._parking.refuse_too_many(adding=0 if isinstance(error, BeingForgotten) else 1)
        await self.log.pool.execute(QUERIES.park, *self._parking.arguments(event, error))
        self._parking.subjects.add(event.subject)


def _reached(
    subjects: AbstractSet[UUID], targets: Mapping[UUID, AbstractSet[UUID]]
) -> AbstractSet[UUID]:
    """These subjects, and all that an event leads to which leads to one of them."""
    found = set(subjects)
    grown = True
    while grown:
        reached = {s for of in targets.values() if not found.isdisjoint(of) for s in of}
        grown = not reached <= found
        found |= reached
    return found
