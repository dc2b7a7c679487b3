"""The read model `reviews`, and what is due."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from services.review.app import SERVICE, due
from services.review.domain import DECIDER, RequestFollowUp
from services.review.projection import Reviews
from services.review.rows import ArticleRow, RatingRow, ReviewRow
from shared.errors import Rejected
from shared.events import Event, Unknown
from shared.followers.contracts import Timer
from shared.followers.view import View
from shared.log.records import Recorded
from shared.testing.spec import TICKET, fold, recorded
from tests.unit.review import story
from tests.unit.review.story import ANYTHING, CLOSED, MERGED, OPEN, REOPENED, at


def review(*past: Event) -> ReviewRow:
    (row,) = fold(Reviews(), *past)["tickets"]
    assert isinstance(row, ReviewRow)
    return row


def timers(*past: Event) -> list[Timer]:
    return fold(Reviews(), *past)["timers"]


def ratings(*past: Event) -> list[RatingRow]:
    return sorted(fold(Reviews(), *past)["ratings"], key=lambda row: row.closing)


def article(*past: Event) -> ArticleRow:
    (row,) = fold(Reviews(), *past)["articles"]
    assert isinstance(row, ArticleRow)
    return row


def test_nothing_is_shown_of_a_ticket_whose_opening_was_not_heard() -> None:
    rows = fold(Reviews(), story.assigned(), story.closed(), story.rated())
    assert rows == {"tickets": [], "ratings": [], "articles": [], "article_links": [], "timers": []}


def test_a_closed_ticket_is_due_to_be_followed_up() -> None:
    (timer,) = timers(story.opened(), story.categorised(60), story.closed())
    assert timer.due_at == at(80)
    assert due(timer) == RequestFollowUp(by="timer", now=at(80), closed_at=at(20))


def test_a_follow_up_falls_due_after_so_much_business_time() -> None:
    """Closed on a Monday at 10:20 in Berlin, where the desk is open until 17:00."""
    a_day = story.categorised(480 + 60)
    (timer,) = timers(story.opened(), a_day, story.planned(), story.closed())
    assert timer.due_at == at(20) + timedelta(days=1, minutes=60)
    (timer,) = timers(story.opened(), a_day, story.closed(), story.planned())
    assert timer.due_at == at(20) + timedelta(days=1, minutes=60)
    (timer,) = timers(story.opened(), a_day, story.planned(), story.planned(None), story.closed())
    assert timer.due_at == at(20) + timedelta(minutes=540)


def test_an_uncategorised_ticket_is_followed_up_after_a_day() -> None:
    (timer,) = timers(*CLOSED)
    assert timer.due_at == at(20) + timedelta(days=1)


def test_nothing_is_due_once_it_was_followed_up_reopened_or_merged() -> None:
    assert timers(*CLOSED, story.followed_up()) == []
    assert timers(*REOPENED) == []
    assert timers(*MERGED) == []


def test_each_closing_is_due_to_be_followed_up() -> None:
    past = (*CLOSED, story.followed_up(), story.reopened(), story.closed(minutes=100))
    (timer,) = timers(*past)
    assert timer.command == {"closed_at": at(100).isoformat()}


def test_everybody_who_worked_on_it_is_kept() -> None:
    row = review(*OPEN, story.joined("cleo"), story.replied("dora"), story.resolved("anna"))
    assert list(row.workers) == ["anna", "cleo", "dora"]


def test_each_closing_has_its_rating_and_a_second_thought_replaces_the_first() -> None:
    past = (*CLOSED, story.rated(2), story.rated(3, "well"), story.reopened(), story.closed())
    first, second = ratings(*past, story.rated(5))
    assert (first.closing, first.rating, first.comment) == (1, 3, "well")
    assert (second.closing, second.rating, second.agent_id) == (2, 5, "anna")


def test_a_reopened_ticket_has_no_rating_of_its_own_yet() -> None:
    row = review(*CLOSED, story.rated(1), story.judged(), story.reopened())
    assert (row.rating, row.score, row.closed_at, row.reopenings) == (None, None, None, 1)


def test_why_a_colleague_is_to_look_at_it_is_kept_until_it_is_reopened() -> None:
    assert review(*CLOSED, story.chosen("breached")).why_review == "breached"
    assert review(*CLOSED, story.chosen(), story.reopened()).why_review == ""


def test_a_breach_that_was_none_is_taken_back() -> None:
    assert review(*OPEN, story.breached(), story.retracted()).breaches == 0


def test_customers_read_the_published_article_while_a_newer_draft_is_made() -> None:
    row = article(*CLOSED, story.drafted(), story.published(), story.drafted("Buy a disk."))
    assert (row.body, row.published_body) == ("Buy a disk.", "Free some space.")
    assert article(*CLOSED, story.drafted()).published_at is None


@given_any(
    st.lists(st.sampled_from(ANYTHING), max_size=25),
    st.lists(st.integers(min_value=1, max_value=5), max_size=25),
)
@settings(max_examples=300)
def test_rows_do_not_depend_on_where_batches_end(past: list[Event], sizes: list[int]) -> None:
    events = recorded(*past)
    assert _in_batches(events, sizes) == fold(Reviews(), *events)


@given_any(
    st.lists(st.sampled_from([*ANYTHING, Unknown(type="SomethingNewer")]), max_size=25),
)
@settings(max_examples=300)
def test_evolve_never_refuses_history_and_a_due_follow_up_is_never_rejected(
    past: list[Event],
) -> None:
    state = DECIDER.fold(past)
    try:
        DECIDER.decide(RequestFollowUp(by="timer", now=at(200), closed_at=at(20)), state)
    except Rejected as rejection:
        raise AssertionError("a timer has nobody to tell") from rejection


def test_everything_the_read_model_hears_is_said_or_heard_by_the_service() -> None:
    assert Reviews.hears <= SERVICE.hears | SERVICE.says


def _in_batches(events: Sequence[Recorded], sizes: Sequence[int]) -> dict[str, list[Any]]:
    """Folded a batch at a time, with rows written and read back between the batches."""
    heard = {cls.__name__ for cls in Reviews.hears}
    stored: dict[str, dict[Any, Any]] = {table.name: {} for table in Reviews.tables}
    left = list(events)
    for size in [*sizes, len(events) or 1]:
        view = View(TICKET)
        for table in Reviews.tables:
            view.load(table, stored[table.name].values())
        for event in left[:size]:
            if event.type in heard:
                Reviews().fold(view, event)
        for table in Reviews.tables:
            stored[table.name].update({getattr(r, table.key): r for r in view.written(table)})
            for key in view.deleted(table):
                stored[table.name].pop(key, None)
        left = left[size:]
    return {
        table.name: sorted(
            stored[table.name].values(), key=lambda row, t=table: str(getattr(row, t.key))
        )
        for table in Reviews.tables
    }
