from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from services.intake.domain import DECIDER, InviteSuggested, OpenTicket, ReceiveMessage
from services.intake.domain.suggesting import SUGGESTED_MAX
from services.intake.domain.ticket import SenderTakesNoPart
from services.intake.domain.topics import Topics
from shared.errors import IdempotencyKeyReused
from shared.events import Level, Person, Priority, TicketType
from shared.events.desk import FormField, TopicDefined
from shared.events.intake import (
    Channel,
    ClarificationRequested,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import CopyInvited, CopySuggested
from shared.ids import person_id
from shared.testing.spec import T0, given

CARLA = Person(person_id=person_id("carla@example.com"), name="Carla", email="carla@example.com")

GENERAL = TopicDefined(
    topic_id="general",
    name="General",
    type=TicketType.GENERAL,
    team_id="support",
    team_name="Support",
    revision=1,
)
OUTAGE = TopicDefined(
    topic_id="outage",
    name="Business critical outage",
    type=TicketType.TECHNICAL,
    team_id="platform",
    team_name="Platform",
    skills=("network",),
    tier=3,
    impact=Level.HIGH,
    urgency=Level.HIGH,
    plan_id="emergency",
    entitled_plans=("premium",),
    revision=1,
)
WITH_FIELD = GENERAL.model_copy(
    update={"fields": (FormField(name="order", label="Order number", required=True),)}
)


def order(**changes: Any) -> OpenTicket:
    return OpenTicket(
        **{
            "number": "LD-00000-00001-1",
            "channel": Channel.API,
            "topic": GENERAL,
            "requester": CARLA,
            "subject": "Printer broken",
            "description": "It prints empty pages.",
            "submission_digest": "d1",
            "now": T0,
        }
        | changes
    )


def test_a_complete_ticket_is_opened_verified_categorised_and_prioritised() -> None:
    said = (
        given(DECIDER)
        .when(order(topic=OUTAGE))
        .then(TicketOpened, TicketVerified, TicketCategorised, TicketPrioritised)
    )
    category, priority = said[2], said[3]
    assert isinstance(category, TicketCategorised)
    assert isinstance(priority, TicketPrioritised)
    assert (category.team_id, category.tier, category.plan_id) == ("platform", 3, "emergency")
    assert priority.priority is Priority.CRITICAL
    assert not priority.overridden


def test_under_a_critical_topic_a_customer_cannot_make_it_less() -> None:
    command = order(topic=OUTAGE, impact=Level.LOW, urgency=Level.LOW)
    *_, priority = given(DECIDER).when(command).said
    assert isinstance(priority, TicketPrioritised)
    assert priority.priority is Priority.CRITICAL
    assert priority.overridden
    assert "Business critical outage" in priority.reason


def test_what_the_customer_says_weighs_more_than_the_topic() -> None:
    *_, priority = given(DECIDER).when(order(impact=Level.HIGH)).said
    assert isinstance(priority, TicketPrioritised)
    assert priority == TicketPrioritised(
        impact=Level.HIGH,
        urgency=Level.MEDIUM,
        priority=Priority.HIGH,
        decided={"impact": "customer", "urgency": "topic general", "priority": "matrix"},
    )


def test_a_plan_that_the_topic_offers_is_the_customers_to_choose() -> None:
    for wanted, given_plan in (("premium", "premium"), ("gold", "emergency"), (None, "emergency")):
        said = given(DECIDER).when(order(topic=OUTAGE, plan_wanted=wanted)).said
        category = said[2]
        assert isinstance(category, TicketCategorised)
        assert category.plan_id == given_plan


def test_an_empty_mail_is_asked_about() -> None:
    command = order(channel=Channel.EMAIL, subject="", description="...")
    _, asked = given(DECIDER).when(command).then(TicketOpened, ClarificationRequested)
    assert isinstance(asked, ClarificationRequested)
    assert [question.field for question in asked.questions] == ["description"]


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Printer broken", "description": ""},
        {"subject": "", "description": "Drucker geht nicht"},
        {"subject": "", "description": "停电"},
    ],
)
def test_a_mail_with_words_anywhere_is_complete(changes: dict[str, str]) -> None:
    assert TicketVerified in map(type, given(DECIDER).when(order(**changes)).said)


def test_a_required_field_that_is_missing_is_asked_for() -> None:
    _, asked = given(DECIDER).when(order(topic=WITH_FIELD)).said
    assert isinstance(asked, ClarificationRequested)
    assert asked.questions[0].text == "Order number?"


def test_the_same_submission_again_says_nothing() -> None:
    opened = given(DECIDER).when(order()).said
    given(DECIDER, *opened).when(order()).nothing()


def test_another_submission_under_the_same_key_is_refused() -> None:
    opened = given(DECIDER).when(order()).said
    rejection = given(DECIDER, *opened).when(order(submission_digest="d2"))
    assert rejection.rejected(IdempotencyKeyReused).code == "idempotency_key_reused"


def test_whom_the_first_mail_went_to_is_suggested_and_takes_no_part() -> None:
    dora = CARLA.model_copy(update={"person_id": person_id("dora@example.com"), "name": "Dora"})
    mail = order(channel=Channel.EMAIL, copied=(dora, CARLA, dora))
    said = given(DECIDER).when(mail).said
    assert isinstance(said[0], TicketOpened)
    assert said[0].copied == ()
    assert said[-1] == CopySuggested(people=(dora,), suggested_at=T0)
    writes = ReceiveMessage(dora.person_id, Channel.EMAIL, "Mine, too.", Topics({}), T0)
    given(DECIDER, *said).when(writes).rejected(SenderTakesNoPart)
    given(DECIDER, *said).when(InviteSuggested(dora.person_id, T0)).then(CopyInvited)


@given_any(st.lists(st.integers(0, 60), max_size=80))
def test_as_many_are_suggested_as_there_is_room_for_each_once(numbers: list[int]) -> None:
    people = [
        Person(person_id=UUID(int=number + 1), email=f"p{number}@example.com") for number in numbers
    ]
    said = given(DECIDER).when(order(copied=tuple(people))).said
    found = [one for event in said if isinstance(event, CopySuggested) for one in event.people]
    assert found == list(dict.fromkeys(people))[:SUGGESTED_MAX]
