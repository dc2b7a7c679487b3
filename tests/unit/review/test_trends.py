"""The read model `trends`: what became of a ticket."""

from services.review.trends import TrendRow, Trends
from shared.events import Event
from shared.testing.spec import fold
from tests.unit.review import story
from tests.unit.review.story import CLOSED, OPEN, at


def trend(*past: Event) -> TrendRow:
    (row,) = fold(Trends(), *past)["tickets"]
    assert isinstance(row, TrendRow)
    return row


def test_nothing_is_counted_of_a_ticket_whose_opening_was_not_heard() -> None:
    assert fold(Trends(), *CLOSED[1:]) == {"tickets": []}


def test_a_ticket_counts_where_it_is() -> None:
    row = trend(*OPEN, story.categorised(), story.assigned("ben"))
    assert (row.topic_id, row.team_id, row.agent_id) == ("payments", "ops", "ben")


def test_what_is_open_again_is_not_resolved() -> None:
    assert trend(*CLOSED).resolved_at == at(10)
    row = trend(*CLOSED, story.reopened())
    assert (row.resolved_at, row.closed_at, row.reopenings) == (None, None, 1)


def test_a_solution_is_a_first_response_if_there_was_none() -> None:
    assert trend(*CLOSED).responded_at == at(10)
    assert trend(*OPEN, story.replied(), story.resolved()).responded_at == at(5)


def test_causes_are_compared_without_case_spaces_and_full_stops() -> None:
    assert trend(*CLOSED).cause == "a full disk"


def test_the_last_rating_and_score_count_and_a_breach_that_was_none_does_not() -> None:
    row = trend(*CLOSED, story.breached(), story.rated(2), story.rated(4), story.judged(3))
    assert (row.breaches, row.rating, row.score) == (1, 4, 3)
    assert trend(*CLOSED, story.breached(), story.retracted()).breaches == 0
