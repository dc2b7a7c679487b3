"""Who hears what, and when, as data."""

from datetime import datetime
from typing import Any

import pytest

from services.notify.domain import DECIDER, Notice, RequestNotifications
from services.notify.preferences import (
    PREFERENCES,
    CannotBeMuted,
    QuietTimeWrong,
    SetPreferences,
    quiet_until,
    wish_of,
)
from services.notify.rules import RULES, DefineRules, NotificationRuleWrong, Rules
from services.notify.suppressions import SUPPRESSIONS, LiftSuppression
from shared.events import Priority
from shared.events.assignment import TicketEscalated
from shared.events.notify import (
    NoticeIssued,
    NotificationPreferencesSet,
    NotificationRule,
    NotificationRulesDefined,
    QuietTime,
    SuppressionLifted,
)
from shared.events.notify import NotificationKind as Kind
from shared.events.sla import ClockKind, TargetBreached
from shared.ids import derived_id
from shared.testing.spec import T0, given
from tests.unit.notify.examples import CUSTOMER, assigned, categorised, message, opened
from tests.unit.notify.test_letters import told, whom

BREACH = TargetBreached(clock=ClockKind.RESOLUTION, due_at=T0, breached_at=T0)
BEFORE = (opened(), categorised(), assigned())
NIGHT = QuietTime(start="20:00", end="07:00", timezone="Europe/Berlin")


def defined(*rules: NotificationRule, quiet: QuietTime | None = None) -> NotificationRulesDefined:
    return NotificationRulesDefined(rules=rules, quiet=quiet, revision=1)


def rule(kind: Kind, *to: str, **more: Any) -> NotificationRule:
    return NotificationRule(kind=kind, to=to, **more)


def test_a_rule_says_who_hears_of_something() -> None:
    only = defined(rule(Kind.BREACH, "managers"))
    assert whom(told(*BEFORE, BREACH, rules=only)) == [(Kind.BREACH, "meg@desk.example")]
    assert told(*BEFORE, BREACH, rules=defined(rule(Kind.BREACH))) == []
    more = defined(rule(Kind.CUSTOMER_REPLY, "agent", "managers"))
    assert whom(told(*BEFORE, message(), rules=more)) == [
        (Kind.CUSTOMER_REPLY, "anna@desk.example"),
        (Kind.CUSTOMER_REPLY, "meg@desk.example"),
    ]


def test_a_rule_can_name_others_where_there_is_nobody_whom_it_concerns_first() -> None:
    more = defined(rule(Kind.CUSTOMER_REPLY, "agent or managers"))
    assert told(opened(), categorised(), message()) == []
    told_of = told(opened(), categorised(), message(), rules=more)
    assert whom(told_of) == [(Kind.CUSTOMER_REPLY, "meg@desk.example")]


def test_the_customer_can_be_left_out_of_what_the_desk_hears_and_the_other_way_round() -> None:
    event = TicketEscalated(from_tier=1, tier=2, by="agent:meg", reason="x", escalated_at=T0)
    desk = defined(rule(Kind.ESCALATION, "last agent"))
    assert whom(told(*BEFORE, event, rules=desk)) == [(Kind.ESCALATION, "anna@desk.example")]
    customer = defined(rule(Kind.ESCALATION, "customer"))
    assert whom(told(*BEFORE, event, rules=customer)) == [(Kind.ESCALATION, CUSTOMER)]


def test_whoever_did_it_is_not_told_by_any_rule() -> None:
    event = TicketEscalated(from_tier=1, tier=2, by="agent:anna", reason="x", escalated_at=T0)
    desk = defined(rule(Kind.ESCALATION, "last agent", "managers"))
    assert whom(told(*BEFORE, event, rules=desk)) == [(Kind.ESCALATION, "meg@desk.example")]


def test_webhooks_are_told_once_instead_of_or_beside_the_mails() -> None:
    both = defined(rule(Kind.BREACH, "agent", "managers", by=("mail", "webhook")))
    letters = told(*BEFORE, BREACH, rules=both)
    assert [letter.to_webhooks for letter in letters] == [False, False, True]
    only = defined(rule(Kind.BREACH, by=("webhook",)))
    assert [letter.to_webhooks for letter in told(*BEFORE, BREACH, rules=only)] == [True]


def test_a_notice_is_issued_once() -> None:
    notice = Notice(derived_id("n"), Kind.BREACH, "Overdue", "It is overdue.", urgent=True)
    ask = RequestNotifications((), T0, notices=(notice,))
    (said,) = given(DECIDER).when(ask).then(NoticeIssued)
    given(DECIDER, said).when(ask).nothing()


@pytest.mark.parametrize(
    "wrong",
    [
        rule(Kind.REPLY, "managers"),
        rule(Kind.BREACH, "customer"),
        rule(Kind.BREACH, "everybody"),
        rule(Kind.BREACH, "agent", by=("pigeon",)),
        rule(Kind.ACKNOWLEDGMENT),
        rule(Kind.LINK, "customer", by=("webhook",)),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: NotificationRule) -> None:
    given(RULES).when(DefineRules(defined(wrong))).rejected(NotificationRuleWrong)


def test_the_same_rules_again_are_no_news_and_two_for_one_kind_are_refused() -> None:
    one = rule(Kind.BREACH, "agent")
    given(RULES).when(DefineRules(defined(one))).then(defined(one))
    later = DefineRules(defined(one).model_copy(update={"revision": 2}))
    given(RULES, defined(one)).when(later).nothing()
    given(RULES).when(DefineRules(defined(one, one))).rejected(NotificationRuleWrong)


def berlin(text: str) -> datetime:
    """An instant of March 2026, an hour before it in UTC: `02 19:59`, a Monday."""
    return datetime.fromisoformat(f"2026-03-{text}:00+01:00")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("02 19:59", None),
        ("02 20:00", "03 07:00"),
        ("03 06:59", "03 07:00"),
        ("03 07:00", None),
    ],
)
def test_a_night_is_quiet_until_it_is_over(now: str, until: str | None) -> None:
    assert quiet_until(NIGHT, berlin(now)) == (None if until is None else berlin(until))
    assert quiet_until(None, berlin(now)) is None


def test_a_quiet_weekend_goes_on_with_the_night_after_it() -> None:
    weekend = NIGHT.model_copy(update={"weekends": True})
    assert quiet_until(weekend, berlin("06 21:00")) == berlin("09 07:00")
    assert quiet_until(weekend, berlin("08 12:00")) == berlin("09 07:00")


def test_a_night_in_which_the_clocks_change_ends_by_the_clocks() -> None:
    end = quiet_until(NIGHT, datetime.fromisoformat("2026-03-28T22:00:00+01:00"))
    assert end == datetime.fromisoformat("2026-03-29T07:00:00+02:00")


def wants(*muted: Kind, **more: Any) -> NotificationPreferencesSet:
    return NotificationPreferencesSet(
        whom="agent:anna", muted=muted, set_by="anna", set_at=T0, **more
    )


def test_what_is_urgent_passes_quiet_hours_and_nobody_has_muted_it() -> None:
    late = berlin("02 22:00")
    anna = wants(Kind.CUSTOMER_REPLY)
    kind = Kind.CUSTOMER_REPLY
    assert wish_of(anna, NIGHT, kind, late, urgent=False).withheld == "muted"
    assert wish_of(anna, NIGHT, kind, late, urgent=False).not_before == berlin("03 07:00")
    urgent = wish_of(anna, NIGHT, kind, late, urgent=True)
    assert (urgent.withheld, urgent.not_before) == ("", None)
    rules = Rules.of(None)
    assert rules.urgent(Kind.BREACH, Priority.LOW)
    assert not rules.urgent(Kind.CUSTOMER_REPLY, Priority.HIGH)
    assert rules.urgent(Kind.CUSTOMER_REPLY, Priority.CRITICAL)


def test_own_quiet_hours_stand_above_the_desks() -> None:
    own = QuietTime(start="12:00", end="13:00", timezone="Europe/Berlin")
    wish = wish_of(wants(quiet=own), NIGHT, Kind.REOPENED, berlin("02 22:00"), urgent=False)
    assert wish.not_before is None


def test_what_is_needed_can_not_be_muted() -> None:
    given(PREFERENCES).when(SetPreferences(wants(Kind.REOPENED))).then(wants(Kind.REOPENED))
    given(PREFERENCES, wants(Kind.REOPENED)).when(SetPreferences(wants(Kind.REOPENED))).nothing()
    for kind in (Kind.BREACH, Kind.PROGRESS):
        given(PREFERENCES).when(SetPreferences(wants(kind))).rejected(CannotBeMuted)
    customer = {"whom": "customer:x", "set_by": "customer:x", "set_at": T0}
    progress = NotificationPreferencesSet(muted=(Kind.PROGRESS,), **customer)
    given(PREFERENCES).when(SetPreferences(progress)).then(progress)
    reply = NotificationPreferencesSet(muted=(Kind.REPLY,), **customer)
    given(PREFERENCES).when(SetPreferences(reply)).rejected(CannotBeMuted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "25:00"},
        {"end": "soon"},
        {"timezone": "Berlin"},
        {"start": "07:00"},
    ],
)
def test_quiet_hours_that_are_none_are_refused(wrong: dict[str, str]) -> None:
    quiet = NIGHT.model_copy(update=wrong)
    given(PREFERENCES).when(SetPreferences(wants(quiet=quiet))).rejected(QuietTimeWrong)


def test_a_suppression_is_lifted() -> None:
    lift = LiftSuppression("meg", T0)
    (said,) = given(SUPPRESSIONS).when(lift).then(SuppressionLifted)
    given(SUPPRESSIONS, said).when(lift).nothing()
