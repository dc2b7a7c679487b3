"""Rules of the desk: each decision, and which rule made it."""

import pytest

from services.intake.domain import DECIDER, OpenTicket, Recategorise
from services.intake.domain.desk import DESK_DECIDER, DefineRules
from services.intake.domain.rules import OPS, holds, ruled
from services.intake.domain.ticket import Facts
from services.intake.domain.topics import GENERAL, Topics
from shared.events import Level, Person, Priority, TicketType
from shared.events.desk import RuleCondition, TriageRule, TriageRulesDefined
from shared.events.intake import Channel, TicketCategorised, TicketPrioritised
from shared.ids import person_id
from shared.testing.spec import T0, given

EMAIL = "carla@bigshop.example"
CARLA = Person(person_id=person_id(EMAIL), name="Carla Meyer", email=EMAIL)
FACTS = Facts(
    number="LD-1",
    channel=Channel.WEB,
    requester=CARLA,
    participants={CARLA.person_id: CARLA},
    topic_id="general",
    subject="Card terminal dead",
    description="No payment goes through.",
    opened_at=T0,
    custom_fields={"amount": "1200,50", "product": "Till"},
    attached=2,
)
BILLING = GENERAL.model_copy(
    update={"topic_id": "billing", "name": "Billing", "team_id": "billing", "team_name": "Billing"}
)


def when(field: str, op: str, *values: str) -> RuleCondition:
    return RuleCondition(field=field, op=op, values=values)


PAYMENTS = TriageRule(
    rule_id="payments",
    when=(when("text", "contains", "payment", "card terminal"),),
    urgency=Level.HIGH,
    team_id="platform",
    team_name="Platform",
    tags=("payments",),
)
BIG = TriageRule(
    rule_id="big-shop",
    when=(when("requester.domain", "is", "BigShop.example"),),
    impact=Level.HIGH,
    tags=("vip", "payments"),
)


@pytest.mark.parametrize(
    ("condition", "holding"),
    [
        (when("subject", "contains", "TERMINAL"), True),
        (when("subject", "contains", "printer"), False),
        (when("subject", "starts_with", "card"), True),
        (when("channel", "is", "email", "web"), True),
        (when("channel", "is_not", "email", "web"), False),
        (when("requester.email", "is", EMAIL.upper()), True),
        (when("fields.product", "is", "till"), True),
        (when("fields.product", "given"), True),
        (when("fields.product", "given", "no"), False),
        (when("fields.nothing", "given", "no"), True),
        (when("fields.amount", "above", "1000"), True),
        (when("fields.amount", "below", "1000"), False),
        (when("fields.product", "above", "1000"), False),
        (when("attachments", "above", "1"), True),
        (when("no such field", "is", "x"), False),
        (when("subject", "resembles", "x"), False),
    ],
)
def test_a_condition_holds_or_not(condition: RuleCondition, *, holding: bool) -> None:
    assert holds(condition, FACTS, GENERAL) is holding


def test_every_op_has_an_answer_to_nothing_at_all() -> None:
    for op in OPS:
        assert holds(when("subject", op), FACTS, GENERAL) in (True, False)


def test_each_decision_names_its_rule_and_a_later_rule_has_the_last_word() -> None:
    last = replace_rule(BIG, rule_id="last", when=(), urgency=Level.LOW, team_id=None, tags=())
    made = ruled(FACTS, GENERAL, [PAYMENTS, BIG, last])
    assert (made.team_id, made.team_name) == ("platform", "Platform")
    assert (made.impact, made.urgency) == (Level.HIGH, Level.LOW)
    assert made.tags == ("payments", "vip")
    assert made.decided == {
        "type": "topic general",
        "impact": "rule last",
        "urgency": "rule last",
        "team": "rule payments",
        "tag payments": "rule payments",
        "tag vip": "rule big-shop",
    }


def replace_rule(rule: TriageRule, **changes: object) -> TriageRule:
    return rule.model_copy(update=changes)


def test_no_rule_is_looked_at_behind_one_that_stops() -> None:
    made = ruled(FACTS, GENERAL, [replace_rule(PAYMENTS, stop=True), BIG])
    assert made.tags == ("payments",)
    assert made.impact is GENERAL.impact


def test_an_opened_ticket_goes_where_rules_send_it_and_the_record_says_why() -> None:
    command = OpenTicket(
        number="LD-1",
        channel=Channel.WEB,
        topic=GENERAL,
        requester=CARLA,
        subject="Card terminal dead",
        description="No payment goes through.",
        submission_digest="d",
        now=T0,
        rules=(PAYMENTS, BIG),
    )
    said = given(DECIDER).when(command).said
    category, priority = said[2], said[3]
    assert isinstance(category, TicketCategorised)
    assert isinstance(priority, TicketPrioritised)
    assert (category.team_id, category.tags) == ("platform", ("payments", "vip"))
    assert category.decided["team"] == "rule payments"
    assert priority.priority is Priority.CRITICAL
    assert priority.decided == {
        "impact": "rule big-shop",
        "urgency": "rule payments",
        "priority": "matrix",
    }
    # A person who names another topic wants that topic's team.
    topics = Topics({"general": GENERAL, "billing": BILLING}, (PAYMENTS,))
    recategorise = Recategorise("billing", TicketType.BILLING, "Money", "anna", topics, T0)
    moved = given(DECIDER, *said).when(recategorise).said[0]
    assert isinstance(moved, TicketCategorised)
    assert (moved.team_id, moved.type) == ("billing", TicketType.BILLING)
    assert (moved.decided["team"], moved.decided["type"]) == ("anna", "anna")


def test_rules_are_said_again_only_when_they_differ() -> None:
    defined = TriageRulesDefined(rules=(PAYMENTS,), revision=1)
    given(DESK_DECIDER).when(DefineRules((PAYMENTS,), 1)).then(defined)
    given(DESK_DECIDER, defined).when(DefineRules((PAYMENTS,), 2)).nothing()
    given(DESK_DECIDER, defined).when(DefineRules((), 2)).then(TriageRulesDefined)
