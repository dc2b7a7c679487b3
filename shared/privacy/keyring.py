"""A service's keys: made when somebody's text is first sealed, looked up when it is read.

What was looked up is kept in memory for a while, within a bound. An erased key leaves the
memory of every process within a second or two; and nothing is appended under one, as the
log looks at its keys in the transaction of the append.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from shared.clock import monotonic_seconds
from shared.errors import BeingForgotten, LedgerdeskError, NotYet, PersonForgotten
from shared.events.personal import Spot, spots
from shared.log.records import Batch, KeyUse, NewEvent
from shared.postgres import Pool
from shared.privacy.cache import Cache
from shared.privacy.master import MasterKeys
from shared.privacy.sealing import Secret, json_of, key_id_of, key_name, seal_spots
from shared.privacy.travel import KeyRecord, columns, newest
from shared.sql import load_queries

QUERIES: Final = load_queries(__file__)

CACHED_MAX: Final = 10_000
"""Keys, and people, kept in memory."""

POLL_SECONDS: Final = 1.0
"""How often a process looks for keys that were erased."""

TRUSTED_SECONDS: Final = 20.0
"""A process that could not look for longer than this believes nothing that it remembers."""

LEAVING_SECONDS_MAX: Final = 20.0
"""How long a text waits until a person that is being forgotten has been."""

AGAIN_SECONDS: Final = 20 * 60.0
"""When an erased key is published once more: after Kafka's segment (deploy/topics.yaml)."""

LEAVING_POLL_SECONDS: Final = 0.2


class KeyMissing(LedgerdeskError):
    """A key that an event is sealed with is not here: {keys}."""


class Keyring:
    """The keys in `pool`'s database, of the service `author`."""

    def __init__(self, pool: Pool, author: str, masters: MasterKeys) -> None:
        self.author = author
        self.masters = masters
        self._pool = pool
        self._secrets: Cache[str, Secret | None] = Cache(CACHED_MAX)
        self._own: Cache[UUID, Secret] = Cache(CACHED_MAX)
        self._heard: Cache[str, Any] = Cache(CACHED_MAX)
        """Rows of keys that were heard of lately: unwrapped when first asked for."""
        self._stored: Cache[str, bool] = Cache(CACHED_MAX)
        self._forgotten: Cache[str, bool] = Cache(CACHED_MAX)
        self._listeners: list[Callable[[], None]] = []
        self._polled_at = monotonic_seconds()
        self._lookup: asyncio.Task[None] | None = None
        self._wanted: dict[UUID, asyncio.Future[Secret | None]] = {}

    async def seal(self, batch: Batch) -> Batch:
        """The batch with its personal texts sealed, and the keys that it uses.

        Raises `PersonForgotten` if somebody was just forgotten: what was read is to be read
        again. Raises `NotYet` if forgetting them takes long, and `BeingForgotten` at once if
        the batch does not wait.
        """
        drafts = [_Draft.of(event) for event in batch.events if event.about is not None]
        persons = {p for draft in drafts for spot in draft.spots for p in spot.persons}
        if not persons:
            return batch
        by_person = await self._secrets_of(persons, waits=batch.waits)
        sealed = {draft.event.id: draft.sealed(by_person) for draft in drafts if draft.spots}
        return replace(batch, sealed=sealed, keys=[self._use(by_person[p]) for p in persons])

    def appended(self, batch: Batch) -> None:
        """The batch is in the log, and the keys that were new are stored with it."""
        for use in batch.keys:
            self._stored[key_name(use.id)] = True

    async def secrets(self, names: Iterable[str]) -> Mapping[str, Secret | None]:
        """Keys by their names; None for an erased one. Raises `KeyMissing`."""
        wanted = set(names)
        for name in wanted:
            if name in self._heard and name not in self._secrets:
                self._secrets[name] = self._unwrapped(self._heard[name])
        found = {name: self._secrets[name] for name in wanted if name in self._secrets}
        missing = wanted - found.keys()
        if missing:
            rows = await self._pool.fetch(QUERIES.keys, [key_id_of(name) for name in missing])
            for row in rows:
                secret = self._unwrapped(row)
                found[key_name(row["key_id"])] = secret
                self._secrets[key_name(row["key_id"])] = secret
            if missing - found.keys():
                raise KeyMissing(keys=", ".join(sorted(missing - found.keys())))
        for name in found:
            if name in self._forgotten:  # maybe while it was looked up, or heard of
                found[name] = self._secrets[name] = None
        return found

    async def missing(self, names: Iterable[str]) -> set[str]:
        """Which of these keys have not been heard of here."""
        unsure = {name for name in names if name not in self._stored}
        if not unsure:
            return unsure
        rows = await self._pool.fetch(QUERIES.known_keys, [key_id_of(name) for name in unsure])
        here = {key_name(row["key_id"]) for row in rows}
        for name in here:
            self._stored[name] = True
        return unsure - here

    async def hear(self, records: Sequence[KeyRecord]) -> None:
        """Store what others say of their keys; durable on return."""
        said = newest(records)
        rows = await self._pool.fetch(QUERIES.hear_keys, *columns(said))
        for record in said:
            name = key_name(record.key_id)
            self._stored[name] = True
            if record.erased_at is not None:
                self.forget(record.key_id, record.person)
            else:
                self._secrets.pop(name)
                self._heard.pop(name)
        for row in rows:
            name = key_name(row["key_id"])
            if row["wrapped"] is not None and name not in self._forgotten:
                self._heard[name] = row
        revived = [r for r in said if r.author == self.author and r.erased_at is None]
        if revived:
            ids, changes = [r.key_id for r in revived], [r.change for r in revived]
            await self._pool.execute(QUERIES.erase_again, ids, changes, self.author)

    async def erase(self, person: UUID, until: datetime, now: datetime) -> int:
        """Drop this author's keys of a person, made up to an instant; how many there were."""
        rows = await self._pool.fetch(QUERIES.erase_keys, person, self.author, until, now)
        for row in rows:
            self.forget(row["key_id"], row["person"])
        return len(rows)

    async def rewrap(self, limit: int) -> int:
        """Wrap some of this author's keys with the current master key; how many it were."""
        self.masters.refresh()
        current = self.masters.current
        rows = await self._pool.fetch(QUERIES.wrapped_otherwise, self.author, current, limit)
        for row in rows:
            key = self.masters.unwrap(row["key_id"], row["master"], row["wrapped"])
            master, wrapped = self.masters.wrap(row["key_id"], key)
            await self._pool.execute(QUERIES.rewrap, row["key_id"], wrapped, master)
        return len(rows)

    async def unpublished(self, limit: int) -> list[Any]:
        """Rows of keys of this author whose newest change is not on Kafka yet."""
        return list(await self._pool.fetch(QUERIES.unpublished, self.author, limit, AGAIN_SECONDS))

    async def published(self, rows: Sequence[Any]) -> None:
        """These are on Kafka now."""
        ids, changes = [row["key_id"] for row in rows], [row["change"] for row in rows]
        await self._pool.execute(QUERIES.mark_published, ids, changes)

    async def watch(self) -> None:
        """Forget what was erased by other processes, until cancelled."""
        while True:
            await self.poll()
            await asyncio.sleep(POLL_SECONDS)

    async def poll(self) -> None:
        """Forget keys that were erased lately; all, if nobody looked for too long."""
        self.masters.refresh()
        rows = await self._pool.fetch(QUERIES.erased_lately, 2 * TRUSTED_SECONDS)
        if monotonic_seconds() - self._polled_at > TRUSTED_SECONDS:
            self._secrets.clear()
            self._heard.clear()
            self._own.clear()
            for listener in self._listeners:
                listener()
        for row in rows:
            self.forget(row["key_id"], row["person"])
        self._polled_at = monotonic_seconds()

    def on_forgetting(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a key was erased, to forget what was read with it."""
        self._listeners.append(listener)

    def forget(self, key_id: UUID, person: UUID) -> None:
        """Forget a key, in this process, and all that was read with it."""
        name = key_name(key_id)
        self._secrets[name] = None
        self._heard.pop(name)
        self._own.pop(person)
        if name not in self._forgotten:
            self._forgotten[name] = True
            for listener in self._listeners:
                listener()

    def forget_batch(self, batch: Batch) -> None:
        """Forget the keys that a batch uses: one of them has been erased."""
        for use in batch.keys:
            self._secrets.pop(key_name(use.id))
            self._heard.pop(key_name(use.id))
            self._own.pop(use.person)
        for listener in self._listeners:
            listener()

    def _use(self, secret: Secret) -> KeyUse:
        if secret.name in self._stored:
            return KeyUse(secret.id, secret.person, self.author)
        master, wrapped = self.masters.wrap(secret.id, secret.key)
        return KeyUse(secret.id, secret.person, self.author, master, wrapped)

    async def _secrets_of(self, persons: set[UUID], *, waits: bool) -> dict[UUID, Secret]:
        found = {person: self._own[person] for person in persons if person in self._own}
        missing = persons - found.keys()
        if missing:
            futures = {person: self._want(person) for person in missing}
            for person, future in futures.items():
                secret = await asyncio.shield(future)
                if secret is None and not waits:
                    raise BeingForgotten
                if secret is None:
                    await self._until_forgotten(person)
                    raise PersonForgotten
                found[person] = secret
        return found

    def _want(self, person: UUID) -> "asyncio.Future[Secret | None]":
        """A look-up that callers of the same moment share."""
        if person not in self._wanted:
            self._wanted[person] = asyncio.get_running_loop().create_future()
            if self._lookup is None or self._lookup.done():
                self._lookup = asyncio.create_task(self._look_up(), name="keys")
        return self._wanted[person]

    async def _look_up(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            try:
                await self._answer(wanted)
            except BaseException as error:
                for future in wanted.values():
                    if not future.done():
                        future.set_exception(error)
                        future.exception()  # whoever asked may have gone
                if not isinstance(error, Exception):
                    raise

    async def _answer(self, wanted: "Mapping[UUID, asyncio.Future[Secret | None]]") -> None:
        rows = await self._pool.fetch(QUERIES.own_keys, list(wanted), self.author)
        known = {row["person"]: row for row in rows}
        names = [key_name(row["key_id"]) for row in rows if row["key_id"] is not None]
        secrets = await self.secrets(names)
        for person, future in wanted.items():
            row = known.get(person)
            secret = None
            if row is None or not row["leaving"]:
                secret = self._own_secret(person, row["key_id"] if row else None, secrets)
            if not future.done():
                future.set_result(secret)

    def _own_secret(
        self, person: UUID, key_id: UUID | None, stored: Mapping[str, Secret | None]
    ) -> Secret | None:
        """The key to seal with; None if it was erased since it was found."""
        if person in self._own:  # made meanwhile, for somebody who asked a moment earlier
            return self._own[person]
        secret = stored[key_name(key_id)] if key_id else Secret.new(person)
        if secret is None:
            return None
        if key_id:
            self._stored[secret.name] = True
        self._own[person] = self._secrets[secret.name] = secret
        return secret

    async def _until_forgotten(self, person: UUID) -> None:
        """Wait while a person is being forgotten. Raises `NotYet` if that takes long."""
        give_up_at = monotonic_seconds() + LEAVING_SECONDS_MAX
        while monotonic_seconds() < give_up_at:
            await asyncio.sleep(LEAVING_POLL_SECONDS)
            rows = await self._pool.fetch(QUERIES.own_keys, [person], self.author)
            if not any(row["leaving"] for row in rows):
                return
        raise NotYet

    def _unwrapped(self, row: Any) -> Secret | None:
        key_id: UUID = row["key_id"]
        if row["wrapped"] is None:
            return None
        key = self.masters.unwrap(key_id, row["master"], row["wrapped"])
        return Secret.of(key_id, row["person"], key)


class _Draft:
    """An event to append, and the personal texts in its JSON."""

    __slots__ = ("data", "event", "spots")

    def __init__(self, event: NewEvent, data: object, found: Sequence[Spot]) -> None:
        self.event, self.data, self.spots = event, data, found

    @classmethod
    def of(cls, event: NewEvent) -> "_Draft":
        assert event.about is not None
        data = orjson.loads(event.data)
        return cls(event, data, spots(event.type, data, event.about))

    def sealed(self, by_person: Mapping[UUID, Secret]) -> tuple[str, str]:
        """Its JSON, sealed, and the names of the keys."""
        keys = seal_spots(self.spots, by_person, self.event.id)
        return json_of(self.data), keys
