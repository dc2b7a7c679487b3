"""What the demo's tables count: an event says that it happened, or it does not count."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from cli.demo.scenarios import Touch, plan
from cli.demo.stories import LATER, TOUCHED, Story, read_by_another, reviewed_by_another
from shared.testing.spec import T0

ASKED = ("AgentReplied", "Anna replied; waits for the customer")
TAGGED = ("TagsChanged", "Tags +log-wanted (by Anna)")
CLOSED = ("TicketClosed", "Closed (confirmed)")
THANKS = ("CustomerMessageReceived", "The customer wrote (mail, Carla)")
AWAY = ("CustomerMessageReceived", "An automatic answer came in (mail, Carla)")
REOPENED = ("TicketReopened", "Reopened")


def story(*told: tuple[str, ...], met: frozenset[Touch] = frozenset(), **ticket: Any) -> Story:
    """A ticket on which this happened, a second apart: type, words, who, which service."""
    seconds = count()
    events = [
        {
            "type": each[0],
            "words": each[1] if len(each) > 1 else "",
            "actor": each[2] if len(each) > 2 else "agent:anna",
            "service": each[3] if len(each) > 3 else "resolution",
            "at": (T0 + timedelta(seconds=next(seconds))).isoformat(),
        }
        for each in told
    ]
    stands = {"minutes_spent": 0, "tags": [], "language": "", "organisation_id": "", "rating": None}
    return Story({**stands, "status": "Closed", **ticket}, events, plan(1, 1, "1")[0], met)


@pytest.mark.parametrize(
    ("touch", "told", "happened"),
    [
        (Touch.MACRO, story(ASKED, TAGGED, ("TimeSpent",)), True),
        (Touch.MACRO, story(ASKED, TAGGED), False),
        (Touch.TORN, story(met=frozenset({Touch.TORN})), True),
        (Touch.TORN, story(met=frozenset({Touch.TORN}), tags=["outage"]), False),
        (Touch.TAGGED, story(("TagsChanged", "Tags +vip")), True),
        (Touch.TAGGED, story(TAGGED), False),
        (Touch.TIMED, story(minutes_spent=3), True),
        (Touch.TIMED, story(), False),
        (Touch.AWAY, story(CLOSED, AWAY), True),
        (Touch.AWAY, story(AWAY, CLOSED), False),
        (Touch.AWAY, story(CLOSED, AWAY, REOPENED), False),
        (Touch.AWAY, story(CLOSED, THANKS), False),
        (Touch.THANKED, story(CLOSED, THANKS), True),
        (Touch.THANKED, story(CLOSED, REOPENED, CLOSED, THANKS), True),
        (Touch.THANKED, story(CLOSED, THANKS, REOPENED, CLOSED), False),
        (Touch.LATE, story(met=frozenset({Touch.LATE}), status="Archived"), True),
        (Touch.LATE, story(met=frozenset({Touch.LATE}), status="In progress"), False),
        (Touch.GERMAN, story(language="de", organisation_id="kaufhaus-linde"), True),
        (Touch.GERMAN, story(language="de"), False),
        (Touch.GERMAN, story(language="en", organisation_id="kaufhaus-linde"), False),
    ],
)
def test_a_touch_counts_when_it_happened(touch: Touch, told: Story, happened: bool) -> None:
    assert TOUCHED[touch](told) == happened


def test_nobody_counts_as_the_reviewer_of_their_own_work() -> None:
    work = ("TicketResolved", "", "agent:anna", "resolution")
    assert reviewed_by_another(story(work, ("QualityReviewed", "", "agent:maria", "review")))
    assert not reviewed_by_another(story(work, ("QualityReviewed", "", "agent:anna", "review")))
    assert not reviewed_by_another(story(work))


def test_nobody_counts_as_the_reader_of_their_own_article() -> None:
    drafted = ("ArticleDrafted", "", "agent:anna", "review")
    assert read_by_another(story(drafted, ("ArticleReviewed", "", "agent:ben", "review")))
    assert not read_by_another(story(drafted, ("ArticleReviewed", "", "agent:anna", "review")))
    assert not read_by_another(story(drafted))


@pytest.mark.parametrize(("rating", "low"), [(None, False), (1, True), (2, True), (3, False)])
def test_low_ratings_are_counted(rating: int | None, low: bool) -> None:
    assert LATER["rated low"](story(rating=rating)) == low


def test_part_of_an_incident_is_what_was_told_and_solved_with_it() -> None:
    counted = LATER["part of it: answered, solved, closed"]
    linked, told, solved = ("ParentLinked",), ("ProgressReported",), ("TicketResolved",)
    assert counted(story(linked, told, solved, CLOSED))
    assert not counted(story(linked, CLOSED))
    assert not counted(story(told, solved, CLOSED))


def test_every_touch_is_counted() -> None:
    assert set(TOUCHED) == set(Touch)


def test_on_a_ticket_of_which_nothing_is_told_nothing_happened() -> None:
    assert not any(happened(story()) for happened in (*TOUCHED.values(), *LATER.values()))
