"""What an operator can ask of every service, and do: followers, and what is parked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from shared.clock import Clock
from shared.errors import DuplicateEvent, NotFound, Rejected
from shared.events import encode
from shared.events.assignment import Role
from shared.events.operations import ParkedSkipped
from shared.followers.follower import Follower, parked_one
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.hearing import Hearing
from shared.identity import Identity
from shared.ids import derived_id
from shared.inbox import Inbox
from shared.log import Batch, Log, NewEvent
from shared.log.log import QUERIES
from shared.metrics.facts import gather
from shared.timers import TimerFollower
from shared.web import Caller


class StillFailing(Rejected):
    """It still can't be handled: {reason}."""


class CantRetry(Rejected):
    """What the inbox parked can't be retried: ask its author to publish the stream again."""


def operations(
    name: str,
    event_log: Log,
    followers: Sequence[Follower],
    hearing: Hearing | None,
    clock: Clock,
    inbox: Inbox | None = None,
) -> APIRouter:
    """The routes that every service has."""
    router = APIRouter(tags=["operations"])
    desk = _Operations(name, event_log, followers, hearing, clock, inbox)

    @router.get("/v1/followers")
    async def list_followers(identity: Caller, *, counted: bool = False) -> dict[str, Any]:
        """Where each follower stands; `counted`, which takes the longer the longer the log is,
        also how many events were said and heard."""
        identity.require(Role.OPERATOR)
        overview = await desk.overview()
        return overview | await desk.counts() if counted else overview

    @router.post("/v1/followers/{name}/resume")
    async def resume(name: str, identity: Caller) -> dict[str, str]:
        identity.require(Role.OPERATOR)
        if not await event_log.pool.fetchval(QUERIES.resume_follower, name):
            raise NotFound(what="follower")
        return {"status": "resumed"}

    @router.get("/v1/parked")
    async def list_parked(identity: Caller) -> list[dict[str, Any]]:
        identity.require(Role.OPERATOR)
        return [dict(row) for row in await event_log.pool.fetch(QUERIES.parked)]

    @router.get("/v1/parked/{parked_id}")
    async def show_parked(parked_id: UUID, identity: Caller) -> dict[str, Any]:
        identity.require(Role.OPERATOR)
        row = dict(await parked_one(event_log, parked_id))
        body = row.pop("body")
        return {**row, "body": body.decode(errors="replace") if body else None}

    @router.post("/v1/parked/{parked_id}/retry")
    async def retry(parked_id: UUID, identity: Caller) -> dict[str, str]:
        identity.require(Role.OPERATOR)
        await desk.retry(parked_id)
        return {"status": "taken up again"}

    @router.post("/v1/parked/{parked_id}/skip")
    async def skip(parked_id: UUID, identity: Caller) -> dict[str, str]:
        identity.require(Role.OPERATOR)
        await desk.skip(parked_id, identity)
        return {"status": "skipped"}

    return router


class CantSkip(Rejected):
    """This service hears nothing, so it can't skip what it has not heard."""


class _Operations:
    def __init__(
        self,
        name: str,
        event_log: Log,
        followers: Sequence[Follower],
        hearing: Hearing | None,
        clock: Clock,
        inbox: Inbox | None,
    ) -> None:
        self._name = name
        self._inbox = inbox
        self._log = event_log
        self._followers: Mapping[str, Follower] = {f.name: f for f in followers}
        self._hearing = hearing
        self._clock = clock

    async def overview(self) -> dict[str, Any]:
        """Where each follower stands, what waits and what is parked."""
        facts = await gather(self._log, list(self._followers.values()), self._hearing, self._clock)
        parked = Counter[str]()
        for one in facts.parked:
            parked[one.follower] += one.subjects
        waits = timedelta(seconds=facts.waiting_oldest_seconds)
        return {
            "service": self._name,
            "log_end": facts.log_end,
            "followers": [
                {
                    "name": one.name,
                    "generation": one.generation,
                    "position": one.position,
                    "lag": one.lag_events,
                    "lag_seconds": one.lag_seconds,
                    "leading": one.leading,
                    "led": one.led,
                    "failing": one.failing,
                    "parked": parked[one.name],
                }
                for one in facts.followers
                if "@" not in one.name  # a generation that is being built: see /v1/generations
            ],
            "inbox": {
                "caught_up": self._hearing.caught_up if self._hearing else True,
                "failing": self._hearing.failing if self._hearing else "",
                "waiting": facts.waiting_events,
                "waiting_since": self._clock() - waits if facts.waiting_events else None,
                "parked": parked["inbox"],
            },
        }

    async def counts(self) -> dict[str, int]:
        """How many events were said here, and heard."""
        rows = await self._log.pool.fetch(QUERIES.counts)
        events = {row["said"]: row["events"] for row in rows}
        return {"said": events.get(True, 0), "heard": events.get(False, 0)}

    async def retry(self, parked_id: UUID) -> None:
        """Handle it again. Raises `StillFailing`, and then it stays parked."""
        row = await parked_one(self._log, parked_id)
        follower = self._followers.get(row["follower"])
        try:
            match follower:
                case ProjectionFollower() | ReactionFollower():
                    await follower.retry(row["subject"], parked_id)
                case TimerFollower():
                    await follower.retry(parked_id)
                case _:
                    raise CantRetry
        except Rejected:
            raise
        except Exception as error:
            raise StillFailing(reason=f"{type(error).__name__}: {error}") from error

    async def skip(self, parked_id: UUID, identity: Identity) -> None:
        """Pass over the guilty event, for good and on record; then take the subject up."""
        row = await parked_one(self._log, parked_id)
        follower = self._followers.get(row["follower"])
        if follower is None and row["reason"] == "gap":
            if self._inbox is None:
                raise CantSkip
            await self._inbox.pass_over(
                row["subject"], lambda last: self._skip_of(row, identity, last)
            )
        else:
            with suppress(DuplicateEvent):  # it was before, and a crash came in between
                skip = self._skip_of(row, identity, row["event_id"])
                await self._log.append(Batch(events=[skip]))
        if isinstance(follower, ProjectionFollower | ReactionFollower):
            await self.retry(parked_id)
        else:
            await self._log.pool.execute(QUERIES.unpark, parked_id)

    def _skip_of(self, row: Any, identity: Identity, what: UUID | None) -> NewEvent:
        """That `what` was skipped: one fact, however often it is tried."""
        event = ParkedSkipped(
            service=self._name,
            follower=row["follower"],
            subject=row["subject"],
            event_id=row["event_id"],
            reason=row["reason"],
            # Where it was, without what was wrong with it, which may quote what somebody wrote.
            detail=row["detail"].partition(":")[0],
            skipped_by=identity.actor,
            skipped_at=self._clock(),
        )
        event_id = derived_id("skipped", row["id"], what)
        return NewEvent(
            subject=derived_id("skip", row["id"], what),
            author=self._name,
            version=1,
            id=event_id,
            topic=event.topic,
            type=type(event).__name__,
            after="",
            correlation=event_id,
            actor=identity.actor,
            occurred_at=self._clock(),
            data=encode(event).decode(),
        )
