"""Agents who follow a ticket hear what happens on it."""

import re
from datetime import timedelta

import pytest

from services.notify.compose import Composer
from services.notify.following import HEARD_OF, all_letters
from services.notify.letters import Letter, Occasion, cause_of
from services.notify.preferences import AGENT, Wish, can_be_muted
from services.notify.rules import Rules
from services.notify.speaking import LANGUAGES
from services.notify.story import story_of
from shared.events import Event
from shared.events.assignment import TicketTransferred
from shared.events.intake import ClarificationProvided
from shared.events.notify import NotificationKind as Kind
from shared.events.notify import NotificationRule, NotificationRulesDefined
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    NoteAdded,
    ResolutionRejected,
    TicketFollowed,
    TicketHeld,
    TicketReopened,
    TicketUnfollowed,
)
from shared.ids import derived_id
from shared.testing.spec import T0, TICKET, recorded
from tests.unit.notify.examples import assigned, categorised, message, opened, told_events
from tests.unit.notify.test_letters import DIRECTORY, whom

FOLLOWED = TicketFollowed(agent_id="ben", followed_by="ben", followed_at=T0)
BEFORE = (opened(), categorised(), assigned(), FOLLOWED)
BEN = (Kind.FOLLOWED, "ben@desk.example")
ANNAS = AgentReplied(replied_by="anna", agent_name="Anna Berg", text="Try it.", replied_at=T0)


def told(
    *past: Event,
    rules: NotificationRulesDefined | None = None,
    after_message: bool = False,
) -> list[Letter]:
    events = recorded(*past)
    story = story_of(TICKET, events)
    cause = cause_of(events[-2].id, story) if after_message else None
    about = Occasion(past[-1], story, DIRECTORY, "UTC", cause)
    return Rules.of(rules).applied(all_letters(about), about)


def followers_of(*past: Event, **more: bool) -> list[tuple[Kind, str]]:
    return [each for each in whom(told(*past, **more)) if each[0] is Kind.FOLLOWED]


def more_events(text: str) -> list[Event]:
    """What only those who follow are told of."""
    return [
        TicketTransferred(
            from_team_id="a", team_id="b", team_name=text, by="meg", reason=text, transferred_at=T0
        ),
        TicketHeld(reason=text, held_by="anna", held_at=T0),
        TicketMerged(into_ticket_id=TICKET, into_number="LD-1", reason=text, merged_by="meg"),
        ClarificationProvided(answers={"f": text}, text=text, provided_at=T0),
    ]


def test_who_follows_hears_what_is_written_and_done_until_they_follow_no_longer() -> None:
    for event in (message(), ANNAS, *more_events("x")):
        assert followers_of(*BEFORE, event) == [BEN], type(event)
    gone = TicketUnfollowed(agent_id="ben", unfollowed_by="ben", unfollowed_at=T0)
    assert followers_of(*BEFORE, gone, ANNAS) == []
    assert followers_of(opened(), ANNAS) == []


def test_nobody_is_told_of_what_they_did_themselves() -> None:
    bens = ANNAS.model_copy(update={"replied_by": "ben"})
    assert followers_of(*BEFORE, bens) == []
    note = NoteAdded(noted_by="agent:ben", text="Mine", noted_at=T0)
    assert followers_of(*BEFORE, note) == []


def test_nobody_gets_two_mails_of_one_event() -> None:
    follows = FOLLOWED.model_copy(update={"agent_id": "anna"})
    letters = told(*BEFORE, follows, message())
    assert whom(letters) == [(Kind.CUSTOMER_REPLY, "anna@desk.example"), BEN]
    note = NoteAdded(noted_by="anna", text="@ben", mentions=("ben",), noted_at=T0)
    assert [letter.template for letter in told(*BEFORE, note)] == ["mention"]


def test_a_reopening_is_told_once_with_what_led_to_it() -> None:
    reopened = TicketReopened(reason="Again", reopened_by="customer:x", reopened_at=T0)
    assert followers_of(*BEFORE, reopened) == [BEN]
    assert followers_of(*BEFORE, message(), reopened, after_message=True) == []
    rejected = ResolutionRejected(rejected_by="customer:x", reason="No", rejected_at=T0)
    assert followers_of(*BEFORE, rejected, reopened) == []


def test_machines_answers_are_told_to_nobody() -> None:
    assert followers_of(*BEFORE, message(automatic=True)) == []


def test_rules_say_who_hears_of_it_and_agents_can_mute_it() -> None:
    def rules(*to: str) -> NotificationRulesDefined:
        rule = NotificationRule(kind=Kind.FOLLOWED, to=to)
        return NotificationRulesDefined(rules=(rule,), revision=1)

    assert BEN not in whom(told(*BEFORE, ANNAS, rules=rules()))
    managers = (Kind.FOLLOWED, "meg@desk.example")
    assert managers in whom(told(*BEFORE, ANNAS, rules=rules("followers", "managers")))
    own = NotificationRule(kind=Kind.CUSTOMER_REPLY, to=("agent", "followers"))
    more = NotificationRulesDefined(rules=(own,), revision=1)
    assert (Kind.CUSTOMER_REPLY, "ben@desk.example") in whom(told(*BEFORE, message(), rules=more))
    assert can_be_muted(Kind.FOLLOWED, f"{AGENT}ben")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_event_is_told_in_a_sentence_of_its_own(language: str) -> None:
    composer = Composer(
        from_address="help@desk.example",
        mail_domain="desk.example",
        portal_url="https://help.example",
        gateway_url="https://desk.example",
        link_secret="s" * 32,
    )
    subjects = set()
    for event in (*told_events("Words\r\nof <b>somebody</b>"), *more_events("Words <b>too</b>")):
        past = recorded(*BEFORE, event)
        story = story_of(TICKET, past)
        at = T0 + timedelta(hours=1)
        for letter in told(*BEFORE, event):
            if letter.kind is not Kind.FOLLOWED:
                continue
            cause = derived_id("cause", letter.facts["happened"])
            draft = composer.draft(letter, story, cause, at, "Desk", Wish(language))
            subjects.add(draft.subject)
            assert "\n" not in draft.subject
            assert "<b>" not in draft.html
            assert not re.search(r"None|[{}%]{2}|\n\n\n", draft.text), draft.text
    assert len(subjects) >= 13


def test_all_that_is_told_is_heard() -> None:
    assert {type(event) for event in more_events("x")} <= HEARD_OF
