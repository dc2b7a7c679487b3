"""Every event in words."""

import pytest

from services.gateway.projection import HEARS
from services.gateway.words import _PHRASES, QUIET, duration, in_words, target, who
from shared.events import ACCESS, TICKETS, all_event_types
from shared.events.intake import CustomerMessageReceived
from shared.events.resolution import TicketClosed, TicketReopened
from tests.contract.examples import example

ABOUT_TICKETS = [cls for cls in all_event_types() if cls.topic == TICKETS]


@pytest.mark.parametrize("cls", ABOUT_TICKETS, ids=lambda cls: cls.__name__)
def test_every_event_of_a_ticket_has_words(cls: type) -> None:
    assert cls in _PHRASES
    words = in_words(example(cls))
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
    assert who(name) == said
