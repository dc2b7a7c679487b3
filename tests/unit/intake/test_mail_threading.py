"""Which ticket a mail speaks of: given what our own mails carry, and what others make up."""

from uuid import UUID

import pytest

from services.intake.mail import understand
from services.intake.mail.threading import Evidence, TicketReference, ticket_references
from shared.mail_ids import make_message_id, make_reply_address, make_reply_token
from shared.numbers import number_for

SECRET = b"a secret for tests"
TICKET = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")
OTHER = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")
EVENT = UUID("0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d")

OURS = make_message_id(SECRET, TICKET, EVENT, "desk.example")
FORGED = make_message_id(b"guess", TICKET, EVENT, "desk.example")
ADDRESS = make_reply_address(SECRET, TICKET, "support@desk.example")
NUMBER = number_for(TICKET, SECRET)

BY_ADDRESS = TicketReference(Evidence.REPLY_ADDRESS, TICKET)
BY_ID = TicketReference(Evidence.MESSAGE_ID, TICKET, EVENT)
BY_NUMBER = TicketReference(Evidence.SUBJECT_NUMBER, number=NUMBER)


def found(*headers: str, recipients: tuple[str, ...] = ()) -> tuple[TicketReference, ...]:
    raw = "\r\n".join(["From: anna@customer.example", *headers, "", "Hello"]).encode()
    return ticket_references(understand(raw), secret=SECRET, recipients=recipients)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([f"To: {ADDRESS}"], (BY_ADDRESS,)),
        ([f"To: Desk <{ADDRESS.upper()}>"], (BY_ADDRESS,)),
        ([f"Cc: bert@x.example, Desk <{ADDRESS}>"], (BY_ADDRESS,)),
        ([f"In-Reply-To: {OURS}"], (BY_ID,)),
        ([f"In-Reply-To: Your message {OURS}"], (BY_ID,)),
        ([f"References: <1@x.example> {OURS} <2@x.example>"], (BY_ID,)),
        ([f"References: <1@x.example>\r\n\t{OURS.upper()}"], (BY_ID,)),
        ([f"In-Reply-To: {OURS}", f"References: {OURS}"], (BY_ID,)),
        ([f"Subject: Re: [{NUMBER}] Printer"], (BY_NUMBER,)),
        ([f"Subject: AW: {NUMBER.lower()}"], (BY_NUMBER,)),
        ([f"Subject: =?utf-8?q?Re=3A_{NUMBER}?="], (BY_NUMBER,)),
        (
            [f"Subject: {NUMBER}", f"References: {OURS}", f"To: {ADDRESS}"],
            (BY_ADDRESS, BY_ID, BY_NUMBER),
        ),
        ([f"In-Reply-To: {FORGED}"], ()),
        (["To: support@desk.example"], ()),
        (["To: support+newsletter@desk.example"], ()),
        ([f"To: support+{make_reply_token(b'guess', TICKET)}@desk.example"], ()),
        ([f"To: support+{make_reply_token(SECRET, TICKET)[:-3]}@desk.example"], ()),
        (["Subject: LD-00000-00000-1"], ()),
        (["Subject: order 7KQ4M-2XR9C-5"], ()),
        (["In-Reply-To: <anything@desk.example>"], ()),
        ([f"X-Other: {OURS}"], ()),
    ],
)
def test_a_mail_speaks_of_what_only_ours_can_have_given_it(
    headers: list[str], expected: tuple[TicketReference, ...]
) -> None:
    assert found(*headers) == expected


def test_the_envelope_counts_where_the_header_does_not_name_us() -> None:
    assert found("To: undisclosed:;", recipients=(ADDRESS,)) == (BY_ADDRESS,)


def test_the_newest_of_our_mails_comes_first() -> None:
    other = make_message_id(SECRET, OTHER, EVENT, "desk.example")
    tickets = [one.ticket_id for one in found(f"References: {OURS} {other}")]
    assert tickets == [OTHER, TICKET]


def test_only_a_number_is_unsigned() -> None:
    assert [one.signed for one in (BY_ADDRESS, BY_ID, BY_NUMBER)] == [True, True, False]


def test_a_number_in_the_text_counts_for_nothing() -> None:
    raw = f"From: anna@customer.example\r\n\r\nA stranger told me of {NUMBER}".encode()
    assert ticket_references(understand(raw), secret=SECRET) == ()


def test_a_bounce_speaks_of_the_mail_that_came_back() -> None:
    raw = (
        "From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program.\r\n\r\n<anna@customer.example>:\r\n"
        "550 5.1.1 user unknown\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
        f"From: support@desk.example\r\nTo: anna@customer.example\r\nMessage-ID: {OURS}\r\n"
        "Subject: Your ticket\r\n\r\nHello"
    )
    assert ticket_references(understand(raw.encode()), secret=SECRET) == (
        TicketReference(Evidence.RETURNED_MESSAGE_ID, TICKET, EVENT),
    )


def test_thousands_of_references_are_looked_at_only_so_far() -> None:
    many = " ".join(f"<{at}@x.example>" for at in range(5_000))
    assert found(f"References: {many} {OURS}") == (BY_ID,)
