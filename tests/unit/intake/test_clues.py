"""Which ticket a mail speaks of: given what our own mails carry, and what others make up."""

from uuid import UUID

import pytest

from services.intake.mail import understand
from services.intake.placing import Clues, Envelope, clues
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

PROVEN = ((TICKET,), ())
NUMBERED = ((), (NUMBER,))
NOTHING = ((), ())


def found(*headers: str, body: str = "Hello", recipients: tuple[str, ...] = ()) -> Clues:
    raw = "\r\n".join(["From: anna@customer.example", *headers, "", body]).encode()
    envelope = Envelope("anna@customer.example", recipients)
    return clues(understand(raw), envelope, SECRET)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([f"To: {ADDRESS}"], PROVEN),
        ([f"To: Desk <{ADDRESS.upper()}>"], PROVEN),
        ([f"Cc: bert@x.example, Desk <{ADDRESS}>"], PROVEN),
        ([f"In-Reply-To: {OURS}"], PROVEN),
        ([f"In-Reply-To: Your message {OURS}"], PROVEN),
        ([f"References: <1@x.example> {OURS} <2@x.example>"], PROVEN),
        ([f"References: <1@x.example>\r\n\t{OURS.upper()}"], PROVEN),
        ([f"In-Reply-To: {OURS}", f"References: {OURS}"], PROVEN),
        ([f"Subject: Re: [{NUMBER}] Printer"], NUMBERED),
        ([f"Subject: AW: {NUMBER.lower()}"], NUMBERED),
        ([f"Subject: =?utf-8?q?Re=3A_{NUMBER}?="], NUMBERED),
        ([f"Subject: {NUMBER}", f"References: {OURS}"], ((TICKET,), (NUMBER,))),
        ([f"In-Reply-To: {FORGED}"], NOTHING),
        (["To: support@desk.example"], NOTHING),
        (["To: support+newsletter@desk.example"], NOTHING),
        ([f"To: support+{make_reply_token(b'guess', TICKET)}@desk.example"], NOTHING),
        ([f"To: support+{make_reply_token(SECRET, TICKET)[:-3]}@desk.example"], NOTHING),
        (["Subject: LD-00000-00000-1"], NOTHING),
        (["Subject: order 7KQ4M-2XR9C-5"], NOTHING),
        (["In-Reply-To: <anything@desk.example>"], NOTHING),
        ([f"X-Other: {OURS}"], NOTHING),
    ],
)
def test_a_mail_speaks_of_what_only_ours_can_have_given_it(
    headers: list[str], expected: tuple[tuple[UUID, ...], tuple[str, ...]]
) -> None:
    one = found(*headers)
    assert (one.proven, one.numbers) == expected


def test_the_envelope_counts_where_the_header_does_not_name_us() -> None:
    assert found("To: undisclosed:;", recipients=(ADDRESS,)).proven == (TICKET,)


def test_the_newest_of_our_mails_comes_first() -> None:
    other = make_message_id(SECRET, OTHER, EVENT, "desk.example")
    assert found(f"References: {OURS} {other}").proven == (OTHER, TICKET)


def test_a_number_in_the_text_counts_for_nothing() -> None:
    assert found(body=f"A stranger told me of {NUMBER}").numbers == ()


def test_thousands_of_references_are_looked_at_only_so_far() -> None:
    many = " ".join(f"<{at}@x.example>" for at in range(5_000))
    assert found(f"References: {many} {OURS}").proven == (TICKET,)
