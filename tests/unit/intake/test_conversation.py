from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.intake.domain import DECIDER, ProvideClarification, ReceiveMessage, RecordBounce
from services.intake.domain.conversation import (
    AnswersNotAskedFor,
    NothingWasAsked,
    Undelivered,
)
from services.intake.domain.copying import ConfirmCopy, InviteSuggested, NotSuggested
from services.intake.domain.ticket import (
    SenderTakesNoPart,
    TicketIsArchived,
    TicketIsMerged,
    TicketStaysClosed,
)
from services.intake.domain.topics import Topics
from services.intake.domain.verification import questions_about
from shared.errors import NotFound
from shared.events import Attachment, Event, Level, Person, Priority, TicketType
from shared.events.desk import FormField, TopicDefined
from shared.events.intake import (
    Channel,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    Question,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import CopyInvited, CopySuggested
from shared.events.relations import TicketMerged
from shared.events.resolution import ClosedHow, TicketArchived, TicketClosed, TicketReopened
from shared.events.submissions import BounceReceived
from shared.ids import person_id
from shared.testing.spec import T0, given


def person(name: str) -> Person:
    email = f"{name.lower()}@example.com"
    return Person(person_id=person_id(email), name=name, email=email)


CARLA, DORA, MALLORY = person("Carla"), person("Dora"), person("Mallory")

TOPIC = TopicDefined(
    topic_id="order",
    name="Orders",
    type=TicketType.BILLING,
    team_id="billing",
    team_name="Billing",
    fields=(
        FormField(name="order", label="Order number", kind="number", required=True),
        FormField(name="shop", label="Shop", kind="choice", choices=("Berlin", "Bonn")),
    ),
    revision=1,
)
TOPICS = Topics({"order": TOPIC})

OPENED = TicketOpened(
    number="LD-1",
    channel=Channel.EMAIL,
    topic_id="order",
    topic_name="Orders",
    requester=CARLA,
    subject="Wrong invoice",
    description="The sum is wrong.",
    opened_at=T0,
    copied=(DORA,),
)
ASKED = ClarificationRequested(
    questions=(Question(field="order", text="Order number?"),), requested_at=T0
)
VERIFIED: tuple[Event, ...] = (
    OPENED,
    TicketVerified(verified_at=T0),
    TicketCategorised(
        type=TicketType.BILLING,
        topic_id="order",
        topic_name="Orders",
        team_id="billing",
        team_name="Billing",
    ),
    TicketPrioritised(impact=Level.MEDIUM, urgency=Level.MEDIUM, priority=Priority.MEDIUM),
)
CLOSED = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=T0)
ARCHIVED = TicketArchived(archived_by="timer", archived_at=T0)


def message(**changes: Any) -> ReceiveMessage:
    return ReceiveMessage(
        **{
            "sender": CARLA.person_id,
            "channel": Channel.EMAIL,
            "text": "Any news?",
            "topics": TOPICS,
            "now": T0,
        }
        | changes
    )


def answer(**changes: Any) -> ProvideClarification:
    return ProvideClarification(
        **{
            "person_id": CARLA.person_id,
            "answers": {"order": "4711"},
            "text": "",
            "topics": TOPICS,
            "now": T0,
        }
        | changes
    )


def test_a_message_names_its_sender_as_known() -> None:
    (said,) = given(DECIDER, *VERIFIED).when(message(sender=DORA.person_id)).said
    assert isinstance(said, CustomerMessageReceived)
    assert said.sender == DORA


def test_who_takes_no_part_may_not_write() -> None:
    stranger = message(sender=MALLORY.person_id)
    given(DECIDER, *VERIFIED).when(stranger).rejected(SenderTakesNoPart)


def test_who_is_put_in_copy_by_mail_is_suggested_and_takes_part_once_asked_and_willing() -> None:
    copied = message(copied=(MALLORY,))
    said = given(DECIDER, *VERIFIED).when(copied).then(CustomerMessageReceived, CopySuggested)
    stranger = message(sender=MALLORY.person_id)
    given(DECIDER, *VERIFIED, *said).when(stranger).rejected(SenderTakesNoPart)
    given(DECIDER, *VERIFIED, *said).when(copied).then(CustomerMessageReceived)
    ask = InviteSuggested(MALLORY.person_id, T0)
    given(DECIDER, *VERIFIED).when(ask).rejected(NotSuggested)
    asked = given(DECIDER, *VERIFIED, *said).when(ask).then(CopyInvited)
    given(DECIDER, *VERIFIED, *said, *asked).when(ask).nothing()
    agrees = ConfirmCopy(MALLORY.person_id, T0)
    takes_part = given(DECIDER, *VERIFIED, *said, *asked).when(agrees).said
    given(DECIDER, *VERIFIED, *said, *asked, *takes_part).when(stranger).then(
        CustomerMessageReceived
    )


def test_only_the_requesters_mail_suggests_anybody() -> None:
    theirs = message(sender=DORA.person_id, copied=(MALLORY,))
    given(DECIDER, *VERIFIED).when(theirs).then(CustomerMessageReceived)


def test_an_automatic_reply_puts_nobody_in_copy_and_answers_nothing() -> None:
    automatic = message(automatic=True, copied=(MALLORY,))
    (said,) = given(DECIDER, OPENED, ASKED).when(automatic).then(CustomerMessageReceived)
    assert isinstance(said, CustomerMessageReceived)
    assert said.automatic


def test_on_no_ticket_there_is_nothing_to_say() -> None:
    given(DECIDER).when(message()).rejected(NotFound)
    given(DECIDER).when(answer()).rejected(NotFound)


def test_a_closed_ticket_takes_messages_and_an_archived_one_none() -> None:
    given(DECIDER, *VERIFIED, CLOSED).when(message()).then(CustomerMessageReceived)
    given(DECIDER, *VERIFIED, CLOSED, ARCHIVED).when(message()).rejected(TicketIsArchived)


def test_a_message_on_a_merged_ticket_is_told_where_to_go() -> None:
    into = uuid4()
    merged = TicketMerged(into_ticket_id=into, into_number="LD-2", reason="same", merged_by="anna")
    rejection = given(DECIDER, *VERIFIED, merged, CLOSED).when(message()).rejected(TicketIsMerged)
    assert rejection.facts["into"] == into
    assert "LD-2" in rejection.message


def test_a_letter_answers_the_only_question_and_the_ticket_goes_on() -> None:
    said = (
        given(DECIDER, OPENED, ASKED)
        .when(message(text="4711"))
        .then(
            CustomerMessageReceived,
            ClarificationProvided,
            TicketVerified,
            TicketCategorised,
            TicketPrioritised,
        )
    )
    assert isinstance(said[1], ClarificationProvided)
    assert said[1].answers == {"order": "4711"}


def test_somebody_in_copy_does_not_answer_for_the_requester() -> None:
    said = message(sender=DORA.person_id, text="4711")
    given(DECIDER, OPENED, ASKED).when(said).then(CustomerMessageReceived)


def test_a_wrong_answer_is_asked_about_once_more_and_then_accepted() -> None:
    state = given(DECIDER, OPENED, ASKED)
    first = state.when(answer(answers={"order": "the blue one"})).said
    assert [type(event) for event in first] == [ClarificationProvided, ClarificationRequested]
    assert isinstance(first[1], ClarificationRequested)
    assert "'the blue one' must be a number" in first[1].questions[0].text

    again = given(DECIDER, OPENED, ASKED, *first).when(answer(answers={"order": "blue"})).said
    assert isinstance(again[1], TicketVerified)
    assert again[1].checks[-1] == "accepted without: Order number"


def test_lines_of_a_letter_answer_the_questions_they_name() -> None:
    asked = ClarificationRequested(
        questions=(
            Question(field="description", text="What happened?"),
            Question(field="order", text="Order number?"),
        ),
        requested_at=T0,
    )
    text = "Order: 4711\nIt never came."
    said = given(DECIDER, OPENED, asked).when(message(text=text)).said
    assert isinstance(said[1], ClarificationProvided)
    assert said[1].answers == {"order": "4711", "description": text}


def test_only_what_was_asked_can_be_answered() -> None:
    given(DECIDER, OPENED, ASKED).when(answer(answers={"topic": "x"})).rejected(AnswersNotAskedFor)
    given(DECIDER, *VERIFIED).when(answer()).rejected(NothingWasAsked)
    given(DECIDER, OPENED, ASKED).when(answer(person_id=MALLORY.person_id)).rejected(
        SenderTakesNoPart
    )


def test_an_agent_may_answer_for_the_customer() -> None:
    said = given(DECIDER, OPENED, ASKED).when(answer(person_id=None)).said
    assert isinstance(said[1], TicketVerified)


def test_a_ticket_that_was_reopened_unverified_waits_for_its_answers() -> None:
    reopened = TicketReopened(reason="wrote", reopened_by="customer", reopened_at=T0)
    past = (OPENED, ASKED, CLOSED, reopened)
    given(DECIDER, *past).when(answer()).then(
        ClarificationProvided, TicketVerified, TicketCategorised, TicketPrioritised
    )


def test_a_bounce_is_recorded_once_for_each_recipient() -> None:
    notification = uuid4()
    lost = (
        Undelivered("carla@example.com", "5.1.1", hard=True),
        Undelivered("dora@example.com", "4.2.2", hard=False),
    )
    command = RecordBounce(notification, lost, T0)
    said = given(DECIDER, *VERIFIED).when(command).then(BounceReceived, BounceReceived)
    given(DECIDER, *VERIFIED, *said).when(command).nothing()


@pytest.mark.parametrize("last", [CLOSED, ARCHIVED])
def test_a_bounce_is_recorded_whatever_became_of_the_ticket(last: Event) -> None:
    command = RecordBounce(None, (Undelivered("", "", hard=False),), T0)
    given(DECIDER, *VERIFIED, last).when(command).then(BounceReceived)


PHOTO = Attachment(file_id="f" * 64, name="till.png", content_type="image/png", size_bytes=3)
WITH_PHOTO = TOPIC.model_copy(
    update={"fields": (FormField(name="photo", label="A photo", kind="file", required=True),)}
)
ASKED_FOR_PHOTO = ClarificationRequested(
    questions=(Question(field="photo", text="A photo?"),), requested_at=T0
)


def test_files_that_were_asked_for_come_as_a_message_and_are_the_answer() -> None:
    topics = Topics({"order": WITH_PHOTO})
    answered = answer(answers={"photo": "till.png"}, topics=topics, attachments=(PHOTO,))
    sent, provided, verified, *_ = DECIDER.decide(answered, DECIDER.fold([OPENED, ASKED_FOR_PHOTO]))
    assert isinstance(sent, CustomerMessageReceived)
    assert (sent.sender, sent.attachments) == (CARLA, (PHOTO,))
    assert provided == ClarificationProvided(answers={"photo": "till.png"}, provided_at=T0)
    assert isinstance(verified, TicketVerified)


def test_a_mails_files_answer_the_question_for_files() -> None:
    written = message(topics=Topics({"order": WITH_PHOTO}), text="", attachments=(PHOTO,))
    said = DECIDER.decide(written, DECIDER.fold([OPENED, ASKED_FOR_PHOTO]))
    assert said[1] == ClarificationProvided(answers={"photo": "till.png"}, provided_at=T0)


def test_a_mail_with_a_file_is_not_asked_for_one() -> None:
    without = questions_about(DECIDER.fold([OPENED]).facts, WITH_PHOTO)  # type: ignore[union-attr]
    assert [question.field for question in without] == ["photo"]
    with_file = OPENED.model_copy(update={"attachments": (PHOTO,)})
    assert questions_about(DECIDER.fold([with_file]).facts, WITH_PHOTO) == ()  # type: ignore[union-attr]


CLOSED_FOR_GOOD = CLOSED.model_copy(update={"reopens_until": T0})
LATER = T0 + timedelta(minutes=1)


def test_what_comes_too_late_for_a_closed_ticket_is_for_a_ticket_of_its_own() -> None:
    given(DECIDER, *VERIFIED, CLOSED_FOR_GOOD).when(message(now=LATER)).rejected(TicketStaysClosed)
    given(DECIDER, *VERIFIED, CLOSED_FOR_GOOD).when(message(now=T0)).then(CustomerMessageReceived)
    assert issubclass(TicketStaysClosed, TicketIsArchived), "mail then opens one that says so"


@pytest.mark.parametrize("late", [{"text": "Many thanks!"}, {"automatic": True}])
def test_thanks_and_automatic_answers_open_no_ticket_however_late(late: dict[str, Any]) -> None:
    given(DECIDER, *VERIFIED, CLOSED_FOR_GOOD).when(message(now=LATER, **late)).then(
        CustomerMessageReceived
    )
