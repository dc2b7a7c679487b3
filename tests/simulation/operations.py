"""Random statements of the core, that mostly make sense: for the conformance test."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from shared.followers.view import View
from shared.followers.writing import as_json, delete, page_at_once, upsert
from shared.ids import derived_id
from shared.log import Batch, Claim, CursorMove, NewEvent
from shared.log.appender import _arguments, _Waiting
from shared.log.log import QUERIES
from shared.log.records import KeyUse
from shared.privacy.keyring import QUERIES as KEY_QUERIES
from shared.testing.simulation.desk.diary import DIARY, RECENT, DiaryRow, RecentRow
from shared.testing.simulation.postgres.tables import Tables
from shared.testing.spec import T0

Asked = tuple[str, tuple[Any, ...]]
"""A statement, and what it is given."""

AUTHORS = ["resolution", "sla", "assignment"]
NAMES = ["relay", "reaction:report", "work"]
FOLLOWERS = ["inbox", "work", "work@2"]
TOPICS = ["tickets", "desk"]
LONG, NOT = 1000.0, -1.0
"""Seconds: certainly not over yet, and certainly over."""


@dataclass
class Operations:
    """Draws statements; `tables`, the model's, tell what would make sense."""

    random: Random
    tables: Tables
    drawn: int = 0

    def draw(self) -> Asked:
        """One statement."""
        self.drawn += 1
        kinds: list[tuple[int, Callable[[], Asked]]] = [
            (8, self._append), (6, self._read), (6, self._cursor), (4, self._parking),
            (5, self._waiting), (4, self._read_to), (2, self._fired), (5, self._view),
            (3, self._key),
        ]  # fmt: skip
        weights = [weight for weight, _ in kinds]
        return self.random.choices([draw for _, draw in kinds], weights)[0]()

    def _subject(self) -> UUID:
        return derived_id("subject", self.random.randrange(4))

    def _subjects(self) -> list[UUID]:
        return list({self._subject() for _ in range(self.random.randrange(1, 4))})

    def _new_id(self) -> UUID:
        return derived_id("drawn", self.drawn, self.random.random())

    def _known_id(self) -> UUID:
        return self.random.choice([*self.tables.by_id, self._new_id()])

    def _moment(self) -> datetime:
        return T0 + timedelta(seconds=self.random.randrange(100))

    def _query(self, name: str, *given: Any) -> Asked:
        return getattr(QUERIES, name), given

    def _append(self) -> Asked:
        group: list[_Waiting] = []
        touched: set[object] = set()
        for _ in range(self.random.randrange(1, 4)):
            one = _Waiting(self._batch(), None)  # type: ignore[arg-type]
            if touched.isdisjoint(one.touches()):
                touched |= one.touches()
                group.append(one)
        return self._query("append", *_arguments(group))

    def _batch(self) -> Batch:
        random = self.random
        subject, author = self._subject(), random.choice(AUTHORS)
        events = self._events(subject, author) if random.random() < 0.9 else []
        name = random.choice(NAMES)
        stands = self.tables.cursors.get((name, 1))
        at = stands["position"] if stands and random.random() < 0.8 else random.randrange(9)
        cursor = CursorMove(name, 1, at, at + random.randrange(3))
        ceilings = [None, None, 1, 3]
        claim = Claim(random.choice("ab"), random.randrange(-2, 3), random.choice(ceilings))
        return Batch(
            events=events,
            cursor=cursor if random.random() < 0.3 else None,
            claims=[claim] if random.random() < 0.4 else [],
            keys=[self._key_use()] if random.random() < 0.3 else [],
        )

    def _events(self, subject: UUID, author: str) -> list[NewEvent]:
        random, events = self.random, list[NewEvent]()
        version, head = self.tables.head(subject, author)
        version += random.choice([0, 1, 1, 1, 1, 1, 2])
        said = author == AUTHORS[0]
        for number in range(random.randrange(1, 4)):
            event_id = self._new_id() if random.random() < 0.95 else self._known_id()
            named = head if random.random() < 0.95 else self._new_id()
            events.append(
                NewEvent(
                    subject=subject,
                    author=author,
                    version=max(version, 1) + number,
                    id=event_id,
                    topic="tickets",
                    type=random.choice(["WorkStarted", "NoteAdded"]),
                    after="",
                    correlation=event_id,
                    actor="",
                    occurred_at=self._moment(),
                    data="{}",
                    said=said,
                    kept=said or random.random() < 0.7,
                    previous=None if said and random.random() < 0.7 else named,
                )
            )
            head = event_id
        return events if len({e.id for e in events}) == len(events) else events[:1]

    def _key_use(self) -> KeyUse:
        number = self.random.randrange(6)
        key_id, person = derived_id("key", number), derived_id("person", number // 2)
        wrapped = b"wrapped" if self.random.random() < 0.5 else None
        return KeyUse(key_id, person, AUTHORS[0], "m", wrapped)

    def _read(self) -> Asked:
        random = self.random
        position = random.randrange(self.tables.sequence + 2)
        until = position + random.randrange(20)
        subjects = self._subjects()
        authors = [random.choice(AUTHORS) for _ in subjects]
        versions = [random.randrange(1, 6) for _ in subjects]
        known = [random.choice([0, position]) for _ in subjects]
        types = ["WorkStarted"]
        return random.choice(
            [
                self._query("page", position, 5),
                self._query("subject_page", self._subject(), position, until),
                self._query("page_by_subject", self._subject(), position, until, types, 5),
                self._query("find", self._known_id()),
                self._query("heads", subjects),
                self._query("ids_at", subjects, authors, versions),
                self._query("read_newer", subjects, known),
                self._query("end_position"),
                self._query("skipped_events", "work"),
            ]
        )

    def _cursor(self) -> Asked:
        random, name = self.random, self.random.choice(NAMES)
        row = self.tables.cursors.get((name, 1))
        seen = row["position"] if row is not None else 0
        seen += random.choice([0, 0, 0, 1])
        leader = derived_id("leader", random.randrange(2))
        return random.choice(
            [
                self._query("create_cursor", name, 1, random.randrange(5)),
                self._query("cursor", name),
                self._query("hold_cursor", name),
                self._query("move_cursor", name, 1, seen, seen + 2),
                self._query("store_cursor", name, 1, seen, seen + 1),
                self._query("take_lease", name, leader, random.choice([LONG, NOT])),
                self._query("drop_lease", name, 1, leader),
                self._query("stop_follower", name, "too many"),
                self._query("resume_follower", name),
                self._query("is_stopped", name),
                self._query("unpark_reaction", self._parked_id(), name, seen),
            ]
        )

    def _parked_id(self) -> UUID:
        return derived_id("parked", self.random.randrange(6))

    def _parking(self) -> Asked:
        random, follower = self.random, self.random.choice(FOLLOWERS)
        reason = random.choice(["gap", "fork"])
        park = (self._parked_id(), follower, self._subject(), 1, None, reason, "", None, None)
        taken = park[0] in self.tables.parked
        return random.choice(
            [
                self._query("parked") if taken else self._query("park", *park),
                self._query("parked_subjects", follower),
                self._query("parked_recently", follower, random.choice([LONG, NOT]), "gap"),
                self._query("put_off", follower, reason),
                self._query("park_anew", self._parked_id(), 2, None, reason, "again"),
                self._query("parked_one", self._parked_id()),
                self._query("unpark", self._parked_id()),
                self._query("is_parked", self._subject(), follower),
                self._query("unpark_filled_gaps"),
            ]
        )

    def _waiting(self) -> Asked:
        random = self.random
        version = random.randrange(1, 9)
        author, event_id = random.choice(AUTHORS), self._new_id()
        headers = random.choice(["[]", '[["ld_keys","k1,k3"]]'])
        wait = (
            [self._subject()],
            [author],
            [version],
            [event_id],
            [b""],
            [headers],
            [b"{}"],
            ["t"],
        )
        return random.choice(
            [
                self._query("wait", *wait),
                self._query("wait", *wait),
                self._query("waiting_of", self._subjects()),
                self._query("waiting_subjects", 3),
                self._query("something_waits"),
                self._query("waiting_for_keys", ["k1", "k2"]),
                self._query("waiting_summary"),
                self._query("waiting_forks"),
                self._query("drop_waiting"),
                self._query("gaps", random.choice([LONG, NOT])),
            ]
        )

    def _read_to(self) -> Asked:
        random, topic = self.random, self.random.choice(TOPICS)
        partitions = random.sample(range(4), random.randrange(1, 4))
        topics, moments = [topic] * len(partitions), self._moment()
        offsets, last = [random.randrange(50) for _ in partitions], ["x" for _ in partitions]
        return random.choice(
            [
                self._query("set_read_to", topics, partitions, moments),
                self._query("expect_partitions", topic, partitions),
                self._query("read_to"),
                self._query("forget_topics", [topic]),
                self._query("offsets"),
                self._query("store_offsets", topics, partitions, offsets, last),
            ]
        )

    def _fired(self) -> Asked:
        key, due_at = derived_id("timer", self.random.randrange(5)), self._moment()
        return self._query("mark_fired", [key], [due_at])

    def _view(self) -> Asked:
        random, subject = self.random, self._subject()
        lines = [str(number) for number in range(random.randrange(3))]
        diary = DiaryRow(subject, len(lines), lines)
        recent = RecentRow(derived_id("recent", random.randrange(6)), subject, "T", self.drawn)
        stands = self.tables.cursors.get(("work", 1))
        seen = (stands["position"] if stands else 0) + random.choice([0, 0, 1])
        view = View(subject)
        view.put(DIARY, diary)
        if random.random() < 0.5:
            view.put(RECENT, recent)
        else:
            view.delete(RECENT, recent.id)
        page = page_at_once("work", [DIARY, RECENT], [view])
        assert page is not None
        columns = '"subject", "events", "lines"'
        select = f'select {columns} from "work"."diary" where subject = any ($1::uuid[])'
        return random.choice(
            [
                (page[0], ("work", 1, seen, seen + 1, *page[1])),
                (upsert("work", DIARY, "$1"), (as_json([diary]),)),
                (delete("work", RECENT, "$1"), ([recent.id],)),
                ('delete from "work"."diary" where subject = $1', (subject,)),
                (select, (self._subjects(),)),
            ]
        )

    def _key(self) -> Asked:
        random = self.random
        ids = [derived_id("key", random.randrange(6)) for _ in range(2)]
        persons = [derived_id("person", random.randrange(3))]
        change, erased = random.randrange(1, 4), random.random() < 0.3
        heard = (
            ids[:1], persons, [random.choice(AUTHORS)], [None if erased else b"w"], ["m"],
            [change], [self._moment()], [self._moment() if erased else None],
        )  # fmt: skip
        name, given = random.choice(
            [
                ("own_keys", (persons, AUTHORS[0])),
                ("keys", (ids,)),
                ("known_keys", (ids,)),
                ("unpublished", (AUTHORS[0], 9, random.choice([LONG, NOT]))),
                ("mark_published", (ids[:1], [change])),
                ("hear_keys", heard),
                ("erase_again", (ids[:1], [change], AUTHORS[0])),
            ]
        )
        return getattr(KEY_QUERIES, name), given
