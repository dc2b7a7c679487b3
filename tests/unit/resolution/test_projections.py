"""The read models `work` and `closed`, folded from what happened."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from services.resolution.app import SERVICE, due
from services.resolution.closed import Closed, ClosedRow
from services.resolution.domain.commands import ArchiveWhenDue, CloseForSilence
from services.resolution.projection import Work, WorkRow
from shared.events import Event
from shared.events.resolution import (
    ClosedHow,
    NoteAdded,
    ProgressKind,
    ProgressReported,
    ResolutionConfirmed,
    ResolutionRejected,
    ResolutionVerified,
)
from shared.followers.contracts import Projection, Timer
from shared.followers.view import View
from shared.log.records import Recorded
from shared.testing.spec import T0, TICKET, fold, recorded
from tests.unit.resolution import story
from tests.unit.resolution.story import ARCHIVED, CLOSED, IN_PROGRESS, MERGED, ON_HOLD, RESOLVED, at

NOTED = NoteAdded(noted_by="anna", text="The customer is upset.", pinned=True, noted_at=at(4))
REPORTED = ProgressReported(
    kind=ProgressKind.STEP, text="Looking.", reported_by="anna", reported_at=at(7)
)
VERIFIED = ResolutionVerified(
    method="paid", result="paid", passed=True, verified_by="ben", verified_at=at(11)
)
CONFIRMED = ResolutionConfirmed(
    confirmed_by=story.customer(), comment="Thanks", confirmed_at=at(12)
)
REJECTED = ResolutionRejected(rejected_by=story.customer(), reason="No.", rejected_at=at(14))


def work(*past: Event) -> WorkRow:
    (row,) = fold(Work(), *past)["tickets"]
    assert isinstance(row, WorkRow)
    return row


def timers(*past: Event) -> dict[str, Timer]:
    return {timer.kind: timer for timer in fold(Work(), *past)["timers"]}


def closing(*past: Event) -> ClosedRow:
    (row,) = fold(Closed(), *past)["tickets"]
    assert isinstance(row, ClosedRow)
    return row


def test_a_ticket_begins_new_with_its_number() -> None:
    row = work(story.opened())
    assert (row.number, row.status, row.opened_at) == ("LD-7KQ4M-2XR9C-5", "New", T0)


def test_nothing_is_shown_of_a_ticket_whose_opening_was_not_heard() -> None:
    assert fold(Work(), story.categorised(), story.assigned()) == {"tickets": [], "timers": []}
    assert fold(Closed(), story.resolved()) == {"tickets": []}


def test_the_agent_is_who_has_it_now() -> None:
    assert work(*IN_PROGRESS).agent_id == "anna"
    assert work(*IN_PROGRESS, story.assigned("ben")).agent_name == "Ben"
    assert work(*IN_PROGRESS, story.unassigned()).agent_id is None


def test_everything_is_counted() -> None:
    said = (story.replied(), NOTED, REPORTED, story.wrote(), story.held())
    row = work(*IN_PROGRESS, *said, story.escalation_requested(), story.resolved(), REJECTED)
    assert (row.replies, row.notes, row.reports, row.messages) == (1, 1, 1, 1)
    assert (row.holds, row.escalations, row.resolutions, row.rejections) == (1, 1, 1, 1)


def test_an_automatic_message_is_not_the_customers_word() -> None:
    row = work(*IN_PROGRESS, story.wrote(automatic=True))
    assert (row.messages, row.last_message_at) == (0, None)


def test_the_customer_is_informed_by_replies_and_reports_and_not_by_notes() -> None:
    assert work(*IN_PROGRESS, NOTED).informed_at is None
    assert work(*IN_PROGRESS, story.replied()).informed_at == at(5)
    assert work(*IN_PROGRESS, story.replied(), REPORTED).informed_at == at(7)


def test_a_hold_is_shown_until_work_goes_on() -> None:
    row = work(*ON_HOLD)
    assert (row.status, row.hold_reason, row.held_at) == (
        "On hold",
        "the supplier looks at it",
        at(6),
    )
    assert work(*ON_HOLD, story.resumed()).held_at is None


def test_a_resolved_ticket_is_due_to_be_closed_by_silence() -> None:
    timer = timers(story.opened(), story.categorised(close_after=60), story.resolved())["close"]
    assert timer.due_at == at(70)
    command = due(timer)
    assert command == CloseForSilence(by="timer", now=at(70), resolved_at=at(10))


def test_an_uncategorised_ticket_is_closed_after_three_days() -> None:
    assert timers(*RESOLVED)["close"].due_at == at(10) + timedelta(days=3)


def test_a_changed_category_moves_what_is_due() -> None:
    moved = timers(*RESOLVED, story.categorised(close_after=1))["close"]
    assert moved.due_at == at(11)


def test_a_reopened_ticket_is_due_for_nothing() -> None:
    assert timers(*RESOLVED, story.reopened()) == {}
    assert timers(*CLOSED, story.reopened()) == {}


def test_a_closed_ticket_is_due_to_be_archived() -> None:
    due_then = timers(story.opened(), story.categorised(archive_after=600), *CLOSED[1:])
    assert list(due_then) == ["archive"]
    command = due(due_then["archive"])
    assert command == ArchiveWhenDue(by="timer", now=at(620), closed_at=at(20))


def test_an_archived_ticket_is_due_for_nothing() -> None:
    assert timers(*ARCHIVED) == {}


def test_a_merged_ticket_is_archived_once_it_was_closed() -> None:
    assert timers(*IN_PROGRESS, story.merged()) == {}
    assert list(timers(*MERGED)) == ["archive"]


def test_the_closing_tells_how_it_was_solved_verified_and_closed() -> None:
    row = closing(*RESOLVED, VERIFIED, CONFIRMED, story.closed())
    assert (row.kind, row.cause, row.solution) == ("fix", "A full disk.", "Restarted the database.")
    assert (row.verified_method, row.verified_by) == ("paid", "ben")
    assert (row.confirmed_at, row.comment) == (at(12), "Thanks")
    assert (row.how, row.note, row.closed_at) == ("confirmed", "Done.", at(20))


def test_reopening_clears_the_closing_and_is_counted() -> None:
    row = closing(*CLOSED, story.reopened())
    assert (row.kind, row.closed_at, row.how, row.reopenings) == (None, None, None, 1)
    assert closing(*CLOSED, story.reopened(), *CLOSED[3:]).reopenings == 1


def test_a_closing_without_a_solution_says_so() -> None:
    row = closing(*IN_PROGRESS, story.closed(ClosedHow.AGENT))
    assert (row.kind, row.how) == (None, "agent")


def test_a_merged_ticket_says_where_it_went() -> None:
    assert closing(*MERGED).merged_into == story.OTHER_TICKET


ANYTHING = [
    story.opened(),
    story.categorised(),
    story.categorised(close_after=1, archive_after=2),
    story.queued(),
    story.assigned(),
    story.unassigned(),
    story.wrote(),
    story.merged(),
    story.started(),
    story.replied(),
    story.asked(),
    story.held(),
    story.resumed(),
    NOTED,
    REPORTED,
    story.escalation_requested(),
    story.resolved(),
    VERIFIED,
    CONFIRMED,
    REJECTED,
    story.reopened(),
    story.closed(),
    story.archived(),
]


@given_any(
    st.lists(st.sampled_from(ANYTHING), max_size=25),
    st.lists(st.integers(min_value=1, max_value=5), max_size=25),
    st.sampled_from([Work(), Closed()]),
)
@settings(max_examples=300)
def test_rows_do_not_depend_on_where_batches_end(
    past: list[Event], sizes: list[int], projection: Projection
) -> None:
    events = recorded(*past)
    assert _in_batches(projection, events, sizes) == fold(projection, *events)


def _in_batches(
    projection: Projection, events: Sequence[Recorded], sizes: Sequence[int]
) -> dict[str, list[Any]]:
    """Folded a batch at a time, with rows written and read back between the batches."""
    heard = {cls.__name__ for cls in projection.hears}
    stored: dict[str, dict[Any, Any]] = {table.name: {} for table in projection.tables}
    left = list(events)
    for size in [*sizes, len(events) or 1]:
        view = View(TICKET)
        for table in projection.tables:
            view.load(table, stored[table.name].values())
        for event in left[:size]:
            if event.type in heard:
                projection.fold(view, event)
        for table in projection.tables:
            stored[table.name].update({getattr(r, table.key): r for r in view.written(table)})
            for key in view.deleted(table):
                stored[table.name].pop(key, None)
        left = left[size:]
    return {
        table.name: sorted(
            stored[table.name].values(), key=lambda row, t=table: str(getattr(row, t.key))
        )
        for table in projection.tables
    }


def test_everything_a_read_model_hears_is_said_or_heard_by_the_service() -> None:
    for projection in SERVICE.projections:
        assert projection.hears <= SERVICE.hears | SERVICE.says
