"""Who belongs to which organisation, and what that means for their tickets."""

import pytest

from services.intake.domain import DECIDER, OpenTicket, Recategorise
from services.intake.domain.desk import DESK_DECIDER, DefineOrganisation, RetireOrganisation
from services.intake.domain.topics import GENERAL, Topics
from shared.events import Event, Person
from shared.events.customers import OrganisationDefined
from shared.events.desk import EntitlementDefined, RuleCondition, TriageRule
from shared.events.intake import Channel, TicketCategorised
from shared.ids import person_id
from shared.testing.spec import T0, given

LINDE = OrganisationDefined(
    organisation_id="linde",
    name="Linde",
    domains=("linde.example", "xn--lnde-0pa.example"),
    plan_id="premium",
    team_id="key-accounts",
    team_name="Key accounts",
    language="de",
    timezone="Europe/Berlin",
    revision=1,
)
ROSA = OrganisationDefined(
    organisation_id="rosa", name="Rosa", people=(person_id("rosa@linde.example"),), revision=1
)
TOPICS = Topics({"general": GENERAL}, organisations={"linde": LINDE, "rosa": ROSA})


def opened(topics: Topics = TOPICS, email: str = "carla@linde.example", **more: object) -> Event:
    command = OpenTicket(
        number="LD-1",
        channel=Channel.API,
        topic=topics.of("general"),
        requester=Person(person_id=person_id(email), name="Carla", email=email),
        subject="Printer broken",
        description="It prints empty pages.",
        submission_digest="d1",
        now=T0,
        rules=topics.rules,
        organisation=topics.organisation_of(email),
        **more,  # type: ignore[arg-type]
    )
    said = DECIDER.decide(command, DECIDER.initial_state)
    return next(event for event in said if isinstance(event, TicketCategorised))


@pytest.mark.parametrize(
    ("email", "organisation"),
    [
        ("carla@linde.example", "linde"),
        ("Carla@Shop.LINDE.example", "linde"),
        ("carla@lînde.example", "linde"),
        ("rosa@linde.example", "rosa"),
        ("carla@notlinde.example", None),
        ("carla@example", None),
    ],
)
def test_people_belong_by_name_then_by_their_domain(email: str, organisation: str | None) -> None:
    found = TOPICS.organisation_of(email)
    assert (found.organisation_id if found else None) == organisation


def test_another_address_of_somebody_counts_too() -> None:
    found = TOPICS.organisation_of("rosa@home.example", [person_id("rosa@linde.example")])
    assert found == ROSA


def test_an_organisations_plan_and_team_hold_unless_topic_or_rule_say_otherwise() -> None:
    made = opened()
    assert isinstance(made, TicketCategorised)
    assert (made.plan_id, made.team_id, made.organisation) == ("premium", "key-accounts", "linde")
    assert made.decided["plan"] == made.decided["team"] == "organisation linde"
    assert made.language == "de"
    promised = GENERAL.model_copy(update={"plan_id": "emergency"})
    by_topic = opened(Topics({"general": promised}, organisations={"linde": LINDE}))
    assert isinstance(by_topic, TicketCategorised)
    assert (by_topic.plan_id, "plan" in by_topic.decided) == ("emergency", False)
    rule = TriageRule(
        rule_id="vip",
        when=(RuleCondition(field="organisation", op="is", values=("linde",)),),
        team_id="vip",
        team_name="VIP",
    )
    by_rule = opened(Topics({"general": GENERAL}, rules=[rule], organisations={"linde": LINDE}))
    assert isinstance(by_rule, TicketCategorised)
    assert by_rule.team_id == "vip"


def test_who_belongs_to_none_is_as_before() -> None:
    made = opened(email="carla@elsewhere.example", language="fr")
    assert isinstance(made, TicketCategorised)
    assert (made.organisation, made.plan_id, made.language) == ("", None, "fr")
    assert made.team_id == GENERAL.team_id


def test_the_organisation_is_still_known_when_the_ticket_is_recategorised() -> None:
    past = DECIDER.decide(
        OpenTicket(
            number="LD-1",
            channel=Channel.API,
            topic=GENERAL,
            requester=Person(person_id=person_id("c@linde.example"), email="c@linde.example"),
            subject="A",
            description="B",
            submission_digest="d1",
            now=T0,
            organisation=LINDE,
        ),
        DECIDER.initial_state,
    )
    billing = GENERAL.model_copy(update={"topic_id": "billing", "team_id": "billing"})
    topics = Topics({"billing": billing}, organisations={"linde": LINDE})
    command = Recategorise("billing", None, "money", "agent:anna", topics, T0)
    made = DECIDER.decide(command, DECIDER.fold(past))[0]
    assert isinstance(made, TicketCategorised)
    assert (made.organisation, made.plan_id, made.team_id) == ("linde", "premium", "billing")


def test_whoever_has_a_plan_by_their_organisation_may_choose_it() -> None:
    only = EntitlementDefined(plan_id="premium", domains=("other.example",), revision=1)
    topics = Topics({}, {"premium": only}, organisations={"linde": LINDE})
    assert topics.may_choose("carla@linde.example", "premium")
    assert topics.may_choose("carla@other.example", "premium")
    assert not topics.may_choose("carla@elsewhere.example", "premium")


def test_an_organisation_is_defined_and_retired_once() -> None:
    spec = given(DESK_DECIDER)
    spec.when(DefineOrganisation(LINDE)).then(LINDE)
    later = LINDE.model_copy(update={"revision": 2})
    given(DESK_DECIDER, LINDE).when(DefineOrganisation(later)).then()
    gone = LINDE.model_copy(update={"active": False, "revision": 3})
    given(DESK_DECIDER, LINDE).when(RetireOrganisation(3)).then(gone)
    given(DESK_DECIDER, LINDE, gone).when(RetireOrganisation(4)).then()
