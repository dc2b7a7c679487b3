"""Reactions: what was heard becomes a command, and never twice.

The ids of what a reaction says derive from its cause, and its cursor moves in the
transaction that appends it. A page is decided in memory and appended in one go; when
that fails, its events are taken one by one, so that only the guilty one is kept aside.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from shared.clock import Clock, monotonic_seconds
from shared.decider import ATTEMPTS_MAX, Context, Decider, Work
from shared.errors import (
    CapacityExceeded,
    CursorLost,
    DuplicateEvent,
    NotYet,
    Rejected,
    VersionConflict,
)
from shared.followers.contracts import Directed, Reaction
from shared.followers.follower import Follower, Parking, parked_one, skipped
from shared.log.log import QUERIES, Log
from shared.log.records import CursorMove, Recorded
from shared.outages import OUTAGES

log = structlog.get_logger()

C = TypeVar("C")
S = TypeVar("S")

PAST_MAX = timedelta(hours=1)
"""A new reaction, or one whose database was emptied, leaves alone what occurred longer
before its birth than this: it hears two years of tickets, and mails nobody about them."""

NOT_YET_SECONDS_MAX = 30.0
"""How long an event waits for something its reaction has not heard yet."""


class ReactionFollower(Follower, Generic[C, S]):
    """Carries out one reaction."""

    pace_seconds = 0.01

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
        self._one_at_a_time = bool(getattr(reaction, "one_at_a_time", False))

    async def led(self) -> None:
        await self._parking.load()
        self.skip |= await skipped(self.log, self.name)

    async def step(self) -> bool:
        page = await self._page()
        if not page:
            return False
        if self._parking.subjects:
            await self._parking.load()
        heard = [e for e in page if self._matters(e)]
        end = page[-1].position
        if not heard:
            await self._move(end)
        elif self._one_at_a_time or not await self._together(heard, end):
            for event in heard:
                if event.subject not in self._parking.subjects:
                    await self._alone(event)
            await self._move(end)
        return True

    async def retry(self, subject: UUID, parked_id: UUID) -> None:
        """React again to a parked subject's events from the guilty one on, then go on.

        Raises what the reaction raises; the subject then stays parked.
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
                    await self._carry_out([event], None)
            done = until
            # The cursor goes back a step, which takes it from a leader that still passes
            # the subject over; what it handles again has the same ids, so is not said twice.
            if await self.log.pool.fetchval(QUERIES.unpark_reaction, parked_id, self.name, until):
                return

    def _matters(self, event: Recorded) -> bool:
        return (
            event.type in self._hears
            and event.position > self.born_position
            and (self.born_at is None or event.occurred_at > self.born_at - PAST_MAX)
            and event.subject not in self._parking.subjects
            and event.id not in self.skip
        )

    async def _together(self, heard: Sequence[Recorded], end: int) -> bool:
        """Decide the page and append it in one transaction; False if that can't be done."""
        try:
            await self._carry_out(heard, end)
        except (VersionConflict, DuplicateEvent, CapacityExceeded, NotYet):
            return False
        except (CursorLost, *OUTAGES):
            raise
        except Exception as error:  # noqa: BLE001 - one by one will tell which event it is
            log.warning("reaction_page_failed", reaction=self.name, error=type(error).__name__)
            return False
        self.position = end
        return True

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
            except NotYet as error:
                if monotonic_seconds() > give_up_at:
                    return await self._park(event, error)
                await self.log.growth(0.25)
            except (CursorLost, *OUTAGES):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it parks one subject
                return await self._park(event, error)
            else:
                self.position = event.position
                return None

    async def _carry_out(self, heard: Sequence[Recorded], to: int | None) -> None:
        """React to `heard`, decide, append, and move the cursor `to`, all at once."""
        directed: list[tuple[Recorded, int, Directed[C]]] = []
        for event in heard:
            commands = await self.reaction.react(event)
            directed += [(event, index, command) for index, command in enumerate(commands)]
        pasts = await self.log.read_many([d.subject for _, _, d in directed]) if directed else {}
        work = Work(self.log.author, self._decider, pasts)
        for event, index, one in directed:
            try:
                work.decide(one.subject, one.command, self._context(event, index))
            except Rejected as rejection:
                log.info(
                    "reaction_rejected",
                    reaction=self.name,
                    subject=one.subject,
                    code=rejection.code,
                    cause=event.id,
                )
        move = None if to is None else CursorMove(self.name, self.generation, self.position, to)
        batch = work.batch(move)
        if batch.events or batch.claims or move is not None:
            await self.log.append(batch)

    def _context(self, cause: Recorded, index: int) -> Context:
        return Context(
            actor=self._actor,
            now=self._clock(),
            correlation=cause.correlation,
            causation=cause.id,
            cause_occurred_at=cause.occurred_at,
            derive_from=("reaction", self.reaction.name, cause.id, index),
            revision=cause.revision,
            traceparent=cause.traceparent,
        )

    async def _move(self, to: int) -> None:
        if to == self.position:
            return
        moved = await self.log.pool.fetchval(
            QUERIES.move_cursor, self.name, self.generation, self.position, to
        )
        if not moved:
            raise CursorLost(follower=self.name)
        self.position = to

    async def _park(self, event: Recorded, error: BaseException) -> None:
        await self._parking.refuse_too_many()
        await self.log.pool.execute(QUERIES.park, *self._parking.arguments(event, error))
        self._parking.subjects.add(event.subject)
