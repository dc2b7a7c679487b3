from typing import Any
from uuid import UUID, uuid4

from services.intake.domain import (
    DECIDER,
    Absorb,
    MergeInto,
    OpenTicket,
    OverridePriority,
    Recategorise,
    RelateTickets,
)
from services.intake.domain.desk import (
    DESK_DECIDER,
    DefineEntitlement,
    DefineTopic,
    NameDesk,
    RetireEntitlement,
    RetireTopic,
    ReviseDesk,
)
from services.intake.domain.quarantine import QUARANTINE_DECIDER, QuarantineSubmission
from services.intake.domain.related import (
    TOLD_MAX,
    AddressNotConfirmed,
    DifferentRequesters,
    alike_elsewhere,
    most_similar,
    rare_words,
    words_of,
)
from services.intake.domain.ticket import TicketIsClosed, TicketIsMerged
from services.intake.domain.topics import GENERAL, TopicNotOffered, Topics
from services.intake.domain.triage import MATRIX
from shared.errors import NotFound
from shared.events import Event, Level, Person, Priority, TicketType
from shared.events.desk import DeskNamed, DeskRevised, EntitlementDefined, TopicDefined
from shared.events.intake import Channel, TicketCategorised, TicketPrioritised, TicketVerified
from shared.events.relations import Relation, TicketAbsorbed, TicketMerged, TicketsRelated
from shared.events.resolution import ClosedHow, TicketClosed
from shared.events.submissions import SubmissionQuarantined
from shared.ids import person_id
from shared.testing.spec import T0, given

CARLA = Person(person_id=person_id("carla@example.com"), name="Carla", email="carla@example.com")
BILLING = TopicDefined(
    topic_id="billing",
    name="Billing",
    type=TicketType.BILLING,
    team_id="billing",
    team_name="Billing",
    impact=Level.HIGH,
    revision=3,
)
GONE = BILLING.model_copy(update={"topic_id": "gone", "active": False})
TOPICS = Topics({"general": GENERAL, "billing": BILLING, "gone": GONE})
CLOSED = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=T0)


def opened(**changes: Any) -> list[Event]:
    command = OpenTicket(
        **{
            "number": "LD-1",
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
    return given(DECIDER).when(command).said


def recategorise(**changes: Any) -> Recategorise:
    return Recategorise(
        **{
            "topic_id": "billing",
            "type": None,
            "reason": "It is about the invoice.",
            "by": "anna",
            "topics": TOPICS,
            "now": T0,
        }
        | changes
    )


def override(**changes: Any) -> OverridePriority:
    return OverridePriority(
        **{
            "impact": None,
            "urgency": None,
            "priority": Priority.CRITICAL,
            "reason": "The shop is closed.",
            "by": "maria",
            "topics": TOPICS,
            "now": T0,
        }
        | changes
    )


def test_critical_takes_high_impact_and_high_urgency() -> None:
    critical = [
        (impact, urgency)
        for impact in Level
        for urgency in Level
        if MATRIX[impact][urgency] is Priority.CRITICAL
    ]
    assert critical == [(Level.HIGH, Level.HIGH)]


def test_another_topic_brings_its_team_and_its_weight() -> None:
    said = given(DECIDER, *opened()).when(recategorise()).then(TicketCategorised, TicketPrioritised)
    category, priority = said
    assert isinstance(category, TicketCategorised)
    assert isinstance(priority, TicketPrioritised)
    assert (category.type, category.team_id, category.by) == (TicketType.BILLING, "billing", "anna")
    assert priority.priority is Priority.HIGH
    given(DECIDER, *opened(), *said).when(recategorise(reason="again", by="ben")).nothing()


def test_a_priority_that_a_person_set_stays_when_the_topic_changes() -> None:
    past = opened()
    past += given(DECIDER, *past).when(override(priority=Priority.LOW)).said
    given(DECIDER, *past).when(recategorise()).then(TicketCategorised)


def test_only_the_type_can_change() -> None:
    command = recategorise(topic_id=None, type=TicketType.TECHNICAL)
    (said,) = given(DECIDER, *opened()).when(command).then(TicketCategorised)
    assert isinstance(said, TicketCategorised)
    assert (said.topic_id, said.type) == ("general", TicketType.TECHNICAL)


def test_a_topic_that_is_not_offered_takes_no_tickets() -> None:
    for topic_id in ("gone", "nonsense"):
        command = recategorise(topic_id=topic_id)
        given(DECIDER, *opened()).when(command).rejected(TopicNotOffered)


def test_an_overridden_priority_says_who_and_why() -> None:
    (said,) = given(DECIDER, *opened()).when(override()).then(TicketPrioritised)
    assert said == TicketPrioritised(
        impact=Level.MEDIUM,
        urgency=Level.MEDIUM,
        priority=Priority.CRITICAL,
        overridden=True,
        reason="The shop is closed.",
        by="maria",
    )
    given(DECIDER, *opened(), said).when(override()).nothing()


def test_another_impact_moves_the_priority_by_the_matrix() -> None:
    command = override(priority=None, impact=Level.LOW)
    (said,) = given(DECIDER, *opened()).when(command).then(TicketPrioritised)
    assert isinstance(said, TicketPrioritised)
    assert (said.priority, said.overridden) == (Priority.LOW, False)


def test_who_decides_on_a_waiting_ticket_accepts_it_as_it_is() -> None:
    waiting = opened(subject="", description="")
    said = (
        given(DECIDER, *waiting)
        .when(override())
        .then(TicketVerified, TicketCategorised, TicketPrioritised)
    )
    assert isinstance(said[0], TicketVerified)
    assert said[0].checks == ("accepted as it is by maria",)
    given(DECIDER, *waiting).when(recategorise()).then(
        TicketVerified, TicketCategorised, TicketPrioritised
    )


def test_a_closed_ticket_is_not_triaged() -> None:
    given(DECIDER, *opened(), CLOSED).when(override()).rejected(TicketIsClosed)
    given(DECIDER).when(recategorise()).rejected(NotFound)


def relation(ticket_id: UUID) -> Relation:
    return Relation(ticket_id=ticket_id, number="LD-9", score=0.5)


def test_a_relation_is_told_once() -> None:
    one, two = uuid4(), uuid4()
    said = given(DECIDER, *opened()).when(RelateTickets((relation(one),))).then(TicketsRelated)
    both = RelateTickets((relation(one), relation(two)))
    (more,) = given(DECIDER, *opened(), *said).when(both).said
    assert isinstance(more, TicketsRelated)
    assert [found.ticket_id for found in more.related] == [two]
    given(DECIDER, *opened(), CLOSED).when(both).nothing()
    given(DECIDER).when(both).nothing()


def absorb(requester: UUID = CARLA.person_id, source: UUID | None = None) -> Absorb:
    return Absorb(source or uuid4(), "LD-2", requester, "the same", "anna")


def test_a_merge_is_two_facts_each_said_once() -> None:
    target = uuid4()
    into = MergeInto(target, "LD-9", "the same", "anna")
    merged = given(DECIDER, *opened()).when(into).then(TicketMerged)
    given(DECIDER, *opened(), *merged, CLOSED).when(into).nothing()
    elsewhere = MergeInto(uuid4(), "LD-8", "the same", "anna")
    given(DECIDER, *opened(), *merged).when(elsewhere).rejected(TicketIsMerged)

    command = absorb()
    mine = opened(vouched=True)
    absorbed = given(DECIDER, *mine).when(command).then(TicketAbsorbed)
    given(DECIDER, *mine, *absorbed).when(command).nothing()


def test_nothing_is_merged_into_a_ticket_that_a_stranger_may_have_opened() -> None:
    given(DECIDER, *opened()).when(absorb()).rejected(AddressNotConfirmed)


def test_tickets_of_different_people_are_not_merged() -> None:
    given(DECIDER, *opened()).when(absorb(uuid4())).rejected(DifferentRequesters)


def test_nothing_is_merged_into_what_is_closed_or_merged_itself() -> None:
    into = TicketMerged(into_ticket_id=uuid4(), into_number="LD-9", reason="", merged_by="anna")
    given(DECIDER, *opened(), CLOSED).when(absorb()).rejected(TicketIsClosed)
    given(DECIDER, *opened(), into).when(absorb()).rejected(TicketIsMerged)
    given(DECIDER).when(absorb()).rejected(NotFound)


def test_similar_words_are_found_and_the_likest_comes_first() -> None:
    words = words_of("Printer prints empty pages", "The printer on floor two.")
    likest, like, unlike = ((uuid4(), f"LD-{n}") for n in range(3))
    found = most_similar(
        words,
        {
            like: words_of("Printer jams", "Floor two printer prints nothing."),
            likest: words_of("Printer prints empty pages", "Floor two."),
            unlike: words_of("Invoice", "The sum is wrong."),
        },
    )
    assert [one.ticket_id for one in found] == [likest[0], like[0]]


def test_nearly_the_same_of_one_person_is_a_duplicate() -> None:
    words = words_of("Printer prints empty pages", "The printer on floor two.")
    [found] = most_similar(words, {(uuid4(), "LD-1"): words})
    assert (found.duplicate, found.same_requester) == (True, True)


def test_tickets_of_others_must_share_more_and_only_telling_words_count() -> None:
    outage = words_of("Shop checkout down", "Customers can't pay, card terminal rejects all")
    same = words_of("Card terminal rejects everything", "Checkout down, customers can't pay")
    polite = words_of("Hello team", "Customers, shop and all: invoice missing")
    others = {(uuid4(), "LD-1"): same, (uuid4(), "LD-2"): polite}
    [found] = alike_elsewhere(outage, others, {})
    assert (found.number, found.same_requester, found.duplicate) == ("LD-1", False, False)
    everywhere = dict.fromkeys(set(outage) & set(same), 0.5)
    assert alike_elsewhere(outage, others, everywhere) == ()


def test_the_rarest_words_are_looked_for() -> None:
    shares = {"shop": 0.2, "printer": 0.04, "down": 0.01}
    words = ["shop", "printer", "down", "e4711"]
    assert rare_words(words, shares) == ("e4711", "down", "printer")


def test_a_word_too_long_for_one_is_none() -> None:
    assert words_of("a" * 3000, "Printer") == ("printer",)


def test_of_hundreds_alike_only_some_are_noted() -> None:
    many = RelateTickets(tuple(relation(uuid4()) for _ in range(TOLD_MAX + 5)))
    (said,) = given(DECIDER, *opened()).when(many).said
    assert isinstance(said, TicketsRelated)
    assert len(said.related) == TOLD_MAX
    given(DECIDER, *opened(), said).when(RelateTickets((relation(uuid4()),))).nothing()


def test_a_mail_opens_under_the_topic_of_its_mailbox() -> None:
    topics = Topics({"billing": BILLING.model_copy(update={"mailbox": "invoices"})})
    assert topics.for_mail(["support", "invoices"]).topic_id == "billing"
    assert topics.for_mail(["support"]).topic_id == "general"
    assert topics.for_mail([]) is GENERAL


def test_a_topic_is_defined_once_whatever_its_revision() -> None:
    said = given(DESK_DECIDER).when(DefineTopic(BILLING)).then(BILLING)
    later = BILLING.model_copy(update={"revision": 4})
    given(DESK_DECIDER, *said).when(DefineTopic(later)).nothing()
    other = later.model_copy(update={"tier": 2})
    given(DESK_DECIDER, *said).when(DefineTopic(other)).then(other)
    (gone,) = given(DESK_DECIDER, *said).when(RetireTopic(5)).said
    assert isinstance(gone, TopicDefined)
    assert (gone.active, gone.revision) == (False, 5)
    given(DESK_DECIDER, gone).when(RetireTopic(6)).nothing()
    given(DESK_DECIDER, gone).when(DefineTopic(later)).then(later)


def test_the_desk_has_a_new_revision_when_its_configuration_differs() -> None:
    first = given(DESK_DECIDER).when(ReviseDesk("a", "cli", T0)).said
    given(DESK_DECIDER, *first).when(ReviseDesk("a", "cli", T0)).nothing()
    (second,) = given(DESK_DECIDER, *first).when(ReviseDesk("b", "cli", T0)).said
    assert isinstance(second, DeskRevised)
    assert second.revision == 2


def test_a_submission_is_quarantined_once() -> None:
    command = QuarantineSubmission("no_sender", "f" * 64, 10, "", (), T0)
    said = given(QUARANTINE_DECIDER).when(command).then(SubmissionQuarantined)
    given(QUARANTINE_DECIDER, *said).when(command).nothing()


def test_an_entitlement_and_the_desks_name_are_said_only_when_they_differ() -> None:
    only = EntitlementDefined(plan_id="premium", domains=("big.example",), revision=1)
    later = only.model_copy(update={"revision": 2})
    said = given(DESK_DECIDER).when(DefineEntitlement(only)).then(only)
    given(DESK_DECIDER, *said).when(DefineEntitlement(later)).nothing()
    (gone,) = given(DESK_DECIDER, *said).when(RetireEntitlement(3)).said
    assert gone == only.model_copy(update={"active": False, "revision": 3})
    given(DESK_DECIDER, gone).when(RetireEntitlement(4)).nothing()
    given(DESK_DECIDER, gone).when(DefineEntitlement(later)).then(later)
    named = given(DESK_DECIDER).when(NameDesk("Hafenlicht", 1)).said
    given(DESK_DECIDER, *named).when(NameDesk("Hafenlicht", 2)).nothing()
    given(DESK_DECIDER, *named).when(NameDesk("Other", 2)).then(DeskNamed(name="Other", revision=2))
