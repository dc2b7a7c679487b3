"""Events are told in words, also those that have none of their own."""

from datetime import UTC
from string import Formatter

import pytest

from services.audit.app import HEARS, SERVICE
from services.audit.words import WORDS, in_words, names_in, plain
from shared.events import all_event_types, event_type


@pytest.mark.parametrize("name", WORDS)
def test_words_name_only_what_the_event_says(name: str) -> None:
    cls = event_type(name)
    assert cls is not None
    named = {field for _, field, _, _ in Formatter().parse(WORDS[name]) if field}
    assert named <= cls.model_fields.keys()


def test_an_unknown_type_is_told_by_its_name_and_facts() -> None:
    told = in_words("CoffeeBrewed", {"cups": 3, "by": "anna"})
    assert told == "coffee brewed: cups 3, by anna"


def test_a_missing_fact_is_a_dash_and_an_empty_text_is_left_out() -> None:
    assert in_words("TicketArchived", {}) == "archived by –"
    closed = {"how": "silence", "closed_by": "timer", "note": ""}
    assert in_words("TicketClosed", closed) == "closed (silence) by timer"


def test_people_are_told_by_name_and_never_by_a_customers_id() -> None:
    ids = {"hugo": "Hugo Martin", "7": "Carla Meyer"}
    assert in_words("WorkStarted", {"started_by": "hugo"}, names=ids) == (
        "Hugo Martin began to work on it"
    )
    assert in_words("WorkStarted", {"started_by": "ben"}, names=ids) == "ben began to work on it"
    reopened = {"reopened_by": "customer:7", "reason": "hugo said: 7"}
    assert in_words("TicketReopened", reopened, names=ids) == (
        "reopened by Carla Meyer: hugo said: 7"
    )
    assert in_words("TicketReopened", reopened) == "reopened by the customer: hugo said: 7"
    assert names_in({"by": "anna", "noted_by": "", "team_id": "x", "agent_id": "ben"}) == {
        "anna",
        "ben",
    }


def test_braces_in_a_customers_text_are_only_text() -> None:
    told = in_words("NoteAdded", {"noted_by": "anna", "text": "{0} {text.__class__}"})
    assert told == "anna noted: “{0} {text.__class__}”"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"),
        (True, "yes"),
        (90.0, "90"),
        (0.25, "0.2"),
        ("2026-03-02T09:00:00Z", "2026-03-02 09:00:00"),
        ("2026-03-02T10:00:00.123456+01:00", "2026-03-02 09:00:00"),
        ("first_response", "first response"),
        ("two\n  lines", "two lines"),
        ("x" * 200, "x" * 99 + "…"),
        ([{"field": "a", "text": "b"}, {"text": "c"}], "b; c"),
        ([{"ticket_id": "1", "number": "LD-1", "score": 0.5}], "LD-1"),
        ({"person_id": "1", "more": {"deep": 1}}, "1"),
    ],
)
def test_facts_are_told_plainly(value: object, told: str) -> None:
    assert plain(value, UTC) == told


def test_audit_hears_all_and_says_nothing() -> None:
    assert set(all_event_types()) >= HEARS
    assert {cls.author for cls in HEARS} >= {"intake", "sla", "notify", "gateway", "operations"}
    assert SERVICE.says == frozenset()
