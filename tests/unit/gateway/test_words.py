"""Every event in words."""

import pytest

from services.gateway.conversation import message_of
from services.gateway.projection import HEARS
from services.gateway.words import _PHRASES, QUIET, duration, in_words, target, who, with_names
from shared.events import ACCESS, TICKETS, all_event_types
from shared.events.intake import ClarificationProvided, CustomerMessageReceived
from shared.events.resolution import ClosedHow, TicketClosed, TicketReopened, WorkStarted
from shared.testing.spec import T0, recorded
from tests.contract.examples import example

ABOUT_TICKETS = [cls for cls in all_event_types() if cls.topic == TICKETS]


@pytest.mark.parametrize("cls", ABOUT_TICKETS, ids=lambda cls: cls.__name__)
def test_every_event_of_a_ticket_has_words(cls: type) -> None:
    assert cls in _PHRASES
    words = with_names(in_words(example(cls)), {})
    assert words[0].isupper() or words[0].islower()
    assert "\n" not in words.strip("\n")


def test_everything_but_looks_is_heard() -> None:
    assert {cls for cls in all_event_types() if cls.topic != ACCESS} == HEARS


def test_what_an_answer_depends_on_is_not_quiet() -> None:
    assert not {CustomerMessageReceived, TicketReopened, TicketClosed} & QUIET


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3_600, "1 h"),
        (3_660, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (-300, "5 min"),
    ],
)
def test_durations_are_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0.5, "30 s"), (15, "15 min"), (60, "1 h"), (90, "1 h 30 min"), (4_800, "80 h")],
)
def test_a_target_is_said_in_hours_of_its_calendar(minutes: float, said: str) -> None:
    assert target(minutes) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("customer:7", "the customer"),
        ("agent:anna", "anna"),
        ("anna", "anna"),
        ("timer", "the clock"),
    ],
)
def test_actors_are_people_or_machinery(name: str, said: str) -> None:
    assert with_names(who(name), {}) == said


def test_agents_are_told_by_their_names_where_these_are_known() -> None:
    began = in_words(WorkStarted(started_by="hugo", started_at=T0))
    assert with_names(began, {"hugo": "Hugo Martin"}) == "Hugo Martin began to work on it"
    assert with_names(began, {"hugo": "", "ben": "Ben"}) == "hugo began to work on it"
    closed = TicketClosed(how=ClosedHow.SILENCE, closed_by="timer", note="", closed_at=T0)
    assert with_names(in_words(closed), {"timer": "Tim"}) == "Closed (silence) (by the clock)"


def test_answers_stand_under_what_was_asked() -> None:
    event = ClarificationProvided(answers={"order": "4711", "x": "y"}, text="Hello", provided_at=T0)
    (line,) = recorded(event)
    message = message_of(line, event, [{"field": "order", "text": "Order number?"}])
    assert message is not None
    assert message.text == "Hello\nOrder number? 4711\nx: y"
