"""Laws that hold whatever customers, agents and mail servers do."""

from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain import (
    DECIDER,
    Absorb,
    Command,
    MergeInto,
    OpenTicket,
    OverridePriority,
    ProvideClarification,
    Recategorise,
    ReceiveMessage,
    RecordBounce,
    RelateTickets,
)
from services.intake.domain.conversation import Undelivered
from services.intake.domain.related import similarity, words_of
from services.intake.domain.ticket import Nothing, Open, Waiting
from services.intake.domain.topics import GENERAL, Topics
from services.intake.domain.triage import MATRIX
from services.intake.domain.verification import ROUNDS_MAX
from services.intake.submission import read_submission
from services.intake.text import CONTROL, cleaned, one_line, tidy, trouble_with_text
from shared.errors import Rejected
from shared.events import Event, Level, Person, Priority, TicketType, decode, encode
from shared.events.desk import FormField
from shared.events.intake import (
    Channel,
    ClarificationRequested,
    TicketCategorised,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.relations import Relation
from shared.events.resolution import ClosedHow, TicketArchived, TicketClosed, TicketReopened
from shared.ids import derived_id, person_id
from shared.testing.spec import T0
from shared.web import Invalid

FIELDS = (
    FormField(name="order", label="Order", kind="number", required=True),
    FormField(name="shop", label="Shop", kind="choice", choices=("Berlin", "Bonn")),
)
ORDERS = GENERAL.model_copy(
    update={"topic_id": "orders", "name": "Orders", "fields": FIELDS, "impact": Level.HIGH}
)
TOPICS = Topics({"general": GENERAL, "orders": ORDERS})
PEOPLE = [
    Person(person_id=person_id(f"{name}@example.com"), name=name, email=f"{name}@example.com")
    for name in ("carla", "dora")
]
TICKETS = [derived_id("law", number) for number in range(3)]

texts = st.text(max_size=30)
words = st.sampled_from(["", "...", "4711", "many", "Bonn", "It broke", "Order: 12\nBroken"])
levels = st.none() | st.sampled_from(list(Level))
people = st.sampled_from([person.person_id for person in PEOPLE] + [person_id("x@example.com")])
tickets = st.sampled_from(TICKETS)

openings = st.builds(
    OpenTicket,
    number=st.just("LD-1"),
    channel=st.sampled_from(list(Channel)),
    topic=st.sampled_from([GENERAL, ORDERS]),
    requester=st.just(PEOPLE[0]),
    subject=words,
    description=words,
    submission_digest=st.sampled_from(["a", "b"]),
    now=st.just(T0),
    impact=levels,
    urgency=levels,
    type=st.none() | st.sampled_from(list(TicketType)),
    plan_wanted=st.none(),
    custom_fields=st.fixed_dictionaries({}, optional={"order": words, "shop": words}),
    attachments=st.just(()),
    message_id=st.none(),
    mailbox=st.none(),
    copied=st.sampled_from([(), (PEOPLE[1],)]),
    auto_response_allowed=st.booleans(),
)
clarifications = st.builds(
    ProvideClarification,
    person_id=st.none() | people,
    answers=st.dictionaries(st.sampled_from(["order", "shop", "description"]), words),
    text=words,
    topics=st.just(TOPICS),
    now=st.just(T0),
)
relations = st.builds(Relation, ticket_id=tickets, number=st.just("LD"), score=st.just(0.5))
commands: st.SearchStrategy[Command] = st.one_of(
    openings,
    clarifications,
    st.builds(
        ReceiveMessage,
        sender=people,
        channel=st.just(Channel.EMAIL),
        text=words,
        topics=st.just(TOPICS),
        now=st.just(T0),
        automatic=st.booleans(),
    ),
    st.builds(
        Recategorise,
        topic_id=st.none() | st.sampled_from(["general", "orders", "nonsense"]),
        type=st.none() | st.sampled_from(list(TicketType)),
        reason=texts,
        by=st.just("anna"),
        topics=st.just(TOPICS),
        now=st.just(T0),
    ),
    st.builds(
        OverridePriority,
        impact=levels,
        urgency=levels,
        priority=st.none() | st.sampled_from(list(Priority)),
        reason=texts,
        by=st.just("anna"),
        topics=st.just(TOPICS),
        now=st.just(T0),
    ),
    st.builds(RelateTickets, related=st.tuples(relations)),
    st.builds(MergeInto, tickets, st.just("LD-2"), texts, st.just("anna")),
    st.builds(Absorb, tickets, st.just("LD-3"), people, texts, st.just("anna")),
    st.builds(
        RecordBounce,
        notification_id=st.none() | tickets,
        undelivered=st.tuples(st.builds(Undelivered, words, words, st.booleans())),
        now=st.just(T0),
    ),
)
elsewhere: st.SearchStrategy[Event] = st.sampled_from(
    [
        TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=T0),
        TicketReopened(reason="again", reopened_by="customer", reopened_at=T0),
        TicketArchived(archived_by="timer", archived_at=T0),
    ]
)
ROUNDABOUT = st.lists(st.one_of(commands, elsewhere), max_size=12)

# What is not the same when it is said twice: each message is a message, each round of answers one.
REPEATABLE = (OpenTicket, Recategorise, OverridePriority, RelateTickets, MergeInto, Absorb)


def story(steps: list[Any]) -> list[Event]:
    """What is said when these commands are given, and these events heard, in this order."""
    past: list[Event] = []
    for step in steps:
        if isinstance(step, Event):
            past.append(step)
            continue
        try:
            past += DECIDER.decide(step, DECIDER.fold(past))
        except Rejected:
            continue
    return past


@given(ROUNDABOUT)
@settings(max_examples=150, deadline=None)
def test_history_is_never_refused_and_comes_back_from_its_bytes(steps: list[Any]) -> None:
    past = story(steps)
    stored = [decode(type(event).__name__, encode(event)) for event in past]
    assert stored == past
    assert DECIDER.fold(stored) == DECIDER.fold(past)
    DECIDER.fold(list(reversed(past)))


@given(ROUNDABOUT, commands)
@settings(max_examples=200, deadline=None)
def test_what_already_is_so_is_not_said_again(steps: list[Any], command: Command) -> None:
    past = story(steps)
    try:
        said = DECIDER.decide(command, DECIDER.fold(past))
    except Rejected:
        return
    if isinstance(command, REPEATABLE):
        assert DECIDER.decide(command, DECIDER.fold([*past, *said])) == []


@given(ROUNDABOUT)
@settings(max_examples=150, deadline=None)
def test_a_ticket_is_verified_once_and_then_has_category_and_priority(steps: list[Any]) -> None:
    past = story(steps)
    names = [type(event) for event in past]
    assert names.count(TicketVerified) <= 1
    state = DECIDER.fold(past)
    if isinstance(state, Open):
        assert state.facts.verified
        assert state.facts.category is not None
        assert state.facts.priority is not None
    if TicketVerified in names:
        at = names.index(TicketVerified)
        assert names[at + 1 : at + 3] == [TicketCategorised, TicketPrioritised]
        assert ClarificationRequested not in names[at:]


@given(openings, st.lists(clarifications, min_size=ROUNDS_MAX, max_size=ROUNDS_MAX + 2))
@settings(max_examples=100, deadline=None)
def test_a_customer_is_not_asked_for_ever(
    opening: OpenTicket, answers: list[ProvideClarification]
) -> None:
    past = DECIDER.decide(opening, Nothing())
    rounds = 0
    for answer in answers:
        try:
            past += DECIDER.decide(answer, DECIDER.fold(past))
            rounds += 1
        except Rejected:
            continue
    asked = sum(isinstance(event, ClarificationRequested) for event in past)
    assert asked <= ROUNDS_MAX
    assert rounds < ROUNDS_MAX or not isinstance(DECIDER.fold(past), Waiting)


@given(*(st.sampled_from(list(Level)) for _ in range(4)))
def test_more_impact_or_urgency_never_weighs_less(
    impact: Level, urgency: Level, more_impact: Level, more_urgency: Level
) -> None:
    order = list(Level)
    higher = MATRIX[max(impact, more_impact, key=order.index)][
        max(urgency, more_urgency, key=order.index)
    ]
    assert higher.rank >= MATRIX[impact][urgency].rank


@given(texts, texts)
def test_similarity_is_a_share_and_the_same_both_ways(one: str, other: str) -> None:
    left, right = words_of(one, ""), words_of(other, "")
    assert 0 <= similarity(left, right) == similarity(right, left) <= 1
    assert similarity(left, left) in (0.0, 1.0)


@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_cleaned_text_can_always_be_stored(text: str) -> None:
    for made in (cleaned(text), one_line(text)):
        made.encode("utf-8")
        assert not CONTROL.search(made)
        assert "\r" not in made
    assert "\n" not in one_line(text)


@given(st.text(max_size=50))
def test_text_that_was_found_good_stays_good_when_tidied(text: str) -> None:
    if trouble_with_text(text, 50, lines=True) is None:
        assert trouble_with_text(tidy(text), 50, lines=True) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
known_fields = st.sampled_from(
    ["topic", "requester", "subject", "description", "custom_fields", "attachments", "plan", "type"]
)


@given(st.dictionaries(known_fields | texts, json_values, max_size=8) | json_values)
@settings(max_examples=300, deadline=None)
def test_whatever_is_submitted_is_taken_or_told_what_is_wrong(value: object) -> None:
    try:
        body = orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        return
    assert all(field and message for field, message in troubles(body))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_submission_are_told_so(body: bytes) -> None:
    assert troubles(body)


def troubles(body: bytes) -> Sequence[tuple[str, str]]:
    try:
        submission, topic = read_submission(body, TOPICS)
    except Invalid as invalid:
        return invalid.errors or [("", "")]
    assert submission.digest(topic.topic_id)
    return []
