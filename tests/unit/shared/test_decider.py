"""`handle`: decide on the past, append with the expected version, never twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest

from shared.decider import ATTEMPTS_MAX, Context, Decider, handle, handle_all
from shared.errors import DuplicateEvent, IdempotencyKeyReused, Rejected, Stale, VersionConflict
from shared.events import Event, Unknown
from shared.events.gateway import TicketViewed
from shared.events.resolution import NoteAdded, WorkStarted
from shared.ids import derived_id
from shared.log import Batch, NewEvent, Past, Recorded, Vector
from shared.testing.spec import T0, TICKET


class AlreadyThree(Rejected):
    """There are three already."""


@dataclass(frozen=True)
class Note:
    text: str
    times: int = 1


def _decide(command: Note, count: int) -> list[Event]:
    if count >= 3:
        raise AlreadyThree
    note = NoteAdded(noted_by="agent:anna", text=command.text, noted_at=T0)
    return [note] * command.times


def _evolve(count: int, event: Event | Unknown) -> int:
    return count + isinstance(event, NoteAdded)


NOTES: Decider[Note, int] = Decider(0, _decide, _evolve)

CONTEXT = Context(actor="agent:anna", now=T0)


@dataclass
class MemoryLog:
    """A log in memory; `before_append` lets a test interfere."""

    author: str = "resolution"
    events: list[NewEvent] = field(default_factory=list)
    conflicts: int = 0
    reads: int = 0

    async def read_many(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        self.reads += 1
        return {subject: self._past(subject) for subject in subjects}

    async def append(self, batch: Batch) -> int:
        if self.conflicts:
            self.conflicts -= 1
            raise VersionConflict
        known = {event.id for event in self.events}
        for event in batch.events:
            if event.id in known:
                raise DuplicateEvent(event_id=event.id)
            if event.version != self._past(event.subject).vector[event.author] + 1:
                raise VersionConflict
            self.events.append(event)
        return len(self.events)

    def _past(self, subject: UUID) -> Past:
        mine = [e for e in self.events if e.subject == subject]
        vector = Vector({e.author: e.version for e in mine})
        return Past([_recorded(i, e) for i, e in enumerate(mine)], vector)


def _recorded(position: int, e: NewEvent) -> Recorded:
    return Recorded(
        position, e.subject, e.author, e.version, e.id, None, e.said, e.topic, e.type, e.after,
        e.revision, e.correlation, e.causation, e.actor, e.occurred_at, e.occurred_at, "", e.data,
    )  # fmt: skip


async def test_what_is_decided_is_appended_behind_the_past() -> None:
    log = MemoryLog()
    await handle(log, NOTES, TICKET, Note("a"), CONTEXT)
    outcome = await handle(log, NOTES, TICKET, Note("b"), CONTEXT)
    assert [e.version for e in log.events] == [1, 2]
    assert outcome.vector == Vector({"resolution": 2})


async def test_a_rejection_appends_nothing() -> None:
    log = MemoryLog()
    await handle(log, NOTES, TICKET, Note("a", times=3), CONTEXT)
    with pytest.raises(AlreadyThree):
        await handle(log, NOTES, TICKET, Note("b"), CONTEXT)
    assert len(log.events) == 3


async def test_a_conflict_is_decided_again() -> None:
    log = MemoryLog(conflicts=3)
    outcome = await handle(log, NOTES, TICKET, Note("a"), CONTEXT)
    assert len(outcome.events) == len(log.events) == 1


async def test_a_command_that_begins_a_subject_reads_nothing_unless_it_was_begun_already() -> None:
    log = MemoryLog()
    begins = replace(CONTEXT, begins=True, derive_from=("key",))
    first = await handle(log, NOTES, TICKET, Note("a"), begins)
    assert (log.reads, first.repeated) == (0, False)
    again = await handle(log, NOTES, TICKET, Note("a"), begins)
    assert (log.reads, again.repeated, len(log.events)) == (1, True, 1)
    other = await handle(log, NOTES, TICKET, Note("b"), replace(CONTEXT, begins=True))
    assert (log.reads, other.vector) == (2, Vector({"resolution": 2}))


async def test_endless_conflicts_are_given_up() -> None:
    log = MemoryLog(conflicts=ATTEMPTS_MAX)
    with pytest.raises(VersionConflict):
        await handle(log, NOTES, TICKET, Note("a"), CONTEXT)


async def test_the_same_command_derived_from_the_same_cause_is_the_same_fact() -> None:
    log = MemoryLog()
    context = replace(CONTEXT, derive_from=("key", "42"))
    first = await handle(log, NOTES, TICKET, Note("a", times=2), context)
    again = await handle(log, NOTES, TICKET, Note("a", times=2), context)
    assert len(log.events) == 2
    assert not first.repeated
    assert again.repeated
    assert again.vector == first.vector


async def test_each_command_of_a_request_is_carried_out_once_also_several_on_a_subject() -> None:
    log = MemoryLog()
    context = replace(CONTEXT, derive_from=("key", "42"))
    commands = [(TICKET, Note("a", times=2)), (derived_id("b"), Note("b")), (TICKET, Note("c"))]
    first = await handle_all(log, NOTES, commands, context)
    again = await handle_all(log, NOTES, commands, context)
    assert [outcome.repeated for outcome in (*first, *again)] == [False] * 3 + [True] * 3
    assert [event.version for event in log.events if event.subject == TICKET] == [1, 2, 3]
    assert len(log.events) == len({event.id for event in log.events}) == 4


async def test_a_key_stands_for_one_request_and_no_other_is_lost_under_it() -> None:
    log = MemoryLog()
    context = replace(CONTEXT, derive_from=("key", "42"), request=derived_id("a"))
    await handle(log, NOTES, TICKET, Note("a"), context)
    again = await handle(log, NOTES, TICKET, Note("a"), context)
    assert again.repeated
    with pytest.raises(IdempotencyKeyReused):
        await handle(log, NOTES, TICKET, Note("b"), replace(context, request=derived_id("b")))


async def test_two_subjects_of_one_cause_are_two_facts() -> None:
    log = MemoryLog()
    other = derived_id("other")
    context = replace(CONTEXT, derive_from=("cause",))
    await handle_all(log, NOTES, [(TICKET, Note("a")), (other, Note("a"))], context)
    assert len({e.id for e in log.events}) == 2


async def test_an_id_taken_on_another_subject_is_told() -> None:
    log = MemoryLog()
    context = replace(CONTEXT, first_id=derived_id("mail"))
    await handle(log, NOTES, TICKET, Note("a"), context)
    with pytest.raises(DuplicateEvent):
        await handle(log, NOTES, derived_id("other"), Note("a"), context)


async def test_who_has_not_seen_everything_is_told_so() -> None:
    log = MemoryLog()
    seen = (await handle(log, NOTES, TICKET, Note("a"), CONTEXT)).vector
    await handle(log, NOTES, TICKET, Note("b"), CONTEXT)
    with pytest.raises(Stale):
        await handle(log, NOTES, TICKET, Note("c"), replace(CONTEXT, seen=seen))


async def test_a_later_command_of_one_transaction_sees_the_earlier_one() -> None:
    log = MemoryLog()
    with pytest.raises(AlreadyThree):
        await handle_all(log, NOTES, [(TICKET, Note("a", 3)), (TICKET, Note("b"))], CONTEXT)
    assert not log.events


async def test_nothing_occurs_before_its_cause_or_its_predecessor() -> None:
    log = MemoryLog()
    later = T0 + timedelta(hours=1)
    await handle(log, NOTES, TICKET, Note("a"), replace(CONTEXT, cause_occurred_at=later))
    await handle(log, NOTES, TICKET, Note("b"), CONTEXT)
    assert [e.occurred_at for e in log.events] == [later, later]


async def test_a_service_cannot_say_what_another_owns() -> None:
    log = MemoryLog(author="intake")
    with pytest.raises(TypeError, match="intake can't say NoteAdded"):
        await handle(log, NOTES, TICKET, Note("a"), CONTEXT)


async def test_who_looked_at_the_ticket_is_no_cause_as_not_everybody_hears_it() -> None:
    log = MemoryLog()
    viewed = TicketViewed(viewed_by="anna", viewed_at=T0)
    log.events.append(
        NewEvent(
            TICKET, "gateway", 1, derived_id("v"), "access", "TicketViewed", "", derived_id("v"),
            "a", T0, viewed.model_dump_json(), said=False,
        )
    )  # fmt: skip
    await handle(log, NOTES, TICKET, Note("a"), CONTEXT)
    assert log.events[-1].after == ""


async def test_what_its_author_knew_stands_in_the_event() -> None:
    log = MemoryLog()
    heard = NewEvent(
        TICKET, "assignment", 1, derived_id("x"), "tickets", "WorkStarted", "", derived_id("x"),
        "a", T0, WorkStarted(started_by="a", started_at=T0).model_dump_json(), said=False,
    )  # fmt: skip
    log.events.append(heard)
    await handle(log, NOTES, TICKET, Note("a"), CONTEXT)
    assert log.events[-1].after == "assignment=1"
