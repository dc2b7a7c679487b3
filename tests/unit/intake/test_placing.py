from dataclasses import replace
from uuid import uuid4

import pytest

from services.intake.mail import Bounce, Failure, Kind, Mailbox, ParsedMail
from services.intake.mail.model import LoopHeaders
from services.intake.placing import (
    Envelope,
    Taken,
    author_of,
    clues,
    contact_of,
    copied,
    identity,
    mailbox_of,
    taken_for,
    undelivered,
)
from shared.ids import person_id
from shared.mail_ids import make_message_id, make_reply_address
from shared.numbers import number_for

SECRET = b"secret"
SUPPORT = "support@desk.localhost"
ENVELOPE = Envelope("carla@example.com", (SUPPORT,))
LETTER = ParsedMail(
    from_address="carla@example.com",
    from_name="Carla",
    to=(Mailbox("", SUPPORT),),
    subject="Help",
    message_id="1@example.com",
    text="It broke.",
    reply_text="It broke.",
    fingerprint="it-broke",
)


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (Kind.PERSON, Taken.LETTER),
        (Kind.LIST, Taken.LETTER),
        (Kind.AUTO_REPLY, Taken.AUTOMATIC),
        (Kind.BOUNCE, Taken.BOUNCE),
        (Kind.DELAY_WARNING, Taken.BOUNCE),
        (Kind.FEEDBACK_REPORT, Taken.QUARANTINE),
        (Kind.LOOP, Taken.QUARANTINE),
    ],
)
def test_each_kind_of_mail_has_its_way(kind: Kind, taken: Taken) -> None:
    assert taken_for(replace(LETTER, kind=kind), ENVELOPE)[0] is taken


def test_a_list_that_a_machine_wrote_to_is_automatic() -> None:
    headers = LoopHeaders(auto_submitted="auto-generated")
    mail = replace(LETTER, kind=Kind.LIST, loop_headers=headers)
    assert taken_for(mail, ENVELOPE)[0] is Taken.AUTOMATIC


def test_mail_that_goes_round_in_circles_is_quarantined() -> None:
    from_ourselves = replace(LETTER, from_address=SUPPORT.upper())
    travelled = replace(LETTER, loop_headers=LoopHeaders(received_count=51))
    for mail in (from_ourselves, travelled):
        assert taken_for(mail, ENVELOPE) == (Taken.QUARANTINE, "loop")


def test_what_is_wrong_with_a_mail_is_the_reason_of_its_quarantine() -> None:
    mail = replace(LETTER, problem="no_sender")
    assert taken_for(mail, ENVELOPE) == (Taken.QUARANTINE, "no_sender")


def test_clues_are_what_we_signed_then_message_ids_then_numbers() -> None:
    by_address, by_id, by_reference = uuid4(), uuid4(), uuid4()
    event = uuid4()
    answered = make_message_id(SECRET, by_id, event, "desk.localhost")
    older = make_message_id(SECRET, by_reference, uuid4(), "desk.localhost")
    number = number_for(uuid4(), SECRET)
    mail = replace(
        LETTER,
        in_reply_to=(answered.strip("<>"),),
        references=("theirs@example.com", older.strip("<>")),
        subject=f"Re: [{number}] Help",
    )
    address = make_reply_address(SECRET, by_address, SUPPORT)
    found = clues(mail, Envelope("", (address,)), SECRET)
    assert found.proven == (by_address, by_id, by_reference)
    assert found.message_ids == (answered, older, "<theirs@example.com>")
    assert found.numbers == (number,)
    assert found.notification_id == event


def test_an_id_signed_by_somebody_else_proves_nothing() -> None:
    forged = make_message_id(b"other", uuid4(), uuid4(), "desk.localhost").strip("<>")
    assert clues(replace(LETTER, in_reply_to=(forged,)), ENVELOPE, SECRET).proven == ()


def test_a_bounce_points_to_the_mail_that_came_back() -> None:
    ticket, notification = uuid4(), uuid4()
    original = make_message_id(SECRET, ticket, notification, "desk.localhost").strip("<>")
    failure = Failure("carla@example.com", "failed", "5.1.1", "550", "userunknown", True, "")
    delivered = replace(failure, recipient="dora@example.com", action="delivered")
    bounce = Bounce((failure, delivered), original, "Re: Help")
    mail = replace(LETTER, kind=Kind.BOUNCE, bounce=bounce)
    found = clues(mail, ENVELOPE, SECRET)
    assert (found.proven, found.notification_id) == ((ticket,), notification)
    assert [(one.recipient, one.hard) for one in undelivered(mail)] == [("carla@example.com", True)]
    silent = replace(mail, bounce=Bounce((), "", ""))
    assert [one.recipient for one in undelivered(silent)] == [""]


def test_traces_of_the_way_do_not_make_it_another_mail() -> None:
    one, other = identity(LETTER, b"raw"), identity(LETTER, b"Received: x\r\nraw")
    assert one == other
    assert identity(replace(LETTER, fingerprint="it-broke-again"), b"raw") != one
    assert identity(replace(LETTER, message_id="2@example.com"), b"raw") != one


def test_of_what_was_not_understood_all_bytes_count() -> None:
    nothing = ParsedMail(problem="no_headers")
    assert identity(nothing, b"a") != identity(nothing, b"b")
    assert identity(nothing, b"a") == identity(nothing, b"a")


def test_everybody_else_it_was_sent_to_is_in_copy() -> None:
    mail = replace(
        LETTER,
        to=(Mailbox("", SUPPORT), Mailbox("Dora", "dora@example.com")),
        cc=(
            Mailbox("", "CARLA@example.com"),
            Mailbox("", "sales@desk.localhost"),
            Mailbox("Dora D.", "Dora@example.com"),
            Mailbox("nobody", ""),
        ),
    )
    (dora,) = copied(mail, ENVELOPE, ("desk.localhost",), author_of(mail))
    assert (dora.name, dora.person_id) == ("Dora", person_id("dora@example.com"))


def test_a_form_that_mails_as_no_reply_opens_a_ticket_for_whom_it_names() -> None:
    form = replace(
        LETTER,
        from_address="No-Reply@forms.example",
        reply_to=(Mailbox("Dora", "dora@example.com"),),
    )
    assert contact_of(form).email == "dora@example.com"
    list_mail = replace(form, from_address="carla@example.com")
    assert contact_of(list_mail).email == "carla@example.com"


@pytest.mark.parametrize("address", ["No-Reply@evil.example", "mallory@evil.example"])
def test_nobody_writes_as_somebody_else_by_reply_to(address: str) -> None:
    mail = replace(LETTER, from_address=address, reply_to=(Mailbox("", "dora@example.com"),))
    assert author_of(mail).person_id == person_id(address)


def test_a_sender_without_a_name_is_called_by_the_address() -> None:
    nameless = replace(LETTER, from_name="\x00\n")
    assert author_of(nameless).name == "carla"


def test_a_mailbox_is_its_address_without_the_plus() -> None:
    assert mailbox_of("Support+abc@Desk.localhost") == SUPPORT
