"""The bytes of a mail: what goes into its headers stays in its headers."""

import email
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.mail import Origin, Outgoing, outgoing
from services.notify.smtp import MailServer
from shared.events.notify import NotificationKind, NotificationRequested
from shared.testing.spec import T0, TICKET

ORIGIN = Origin("Ledgerdesk Süpport", "support@desk.example", "desk.example")
LONG_ID = f"<{'a' * 32}.{'b' * 32}.{'c' * 24}@desk.example>"
EXPECTED = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "X-Loop", "List-Id",
    "Ledgerdesk-Ticket", "Ledgerdesk-Notification", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip


def request(**changes: object) -> NotificationRequested:
    facts: dict[str, object] = {
        "notification_id": UUID(int=5),
        "kind": NotificationKind.ACKNOWLEDGMENT,
        "recipient": "maria@example.com",
        "recipient_name": "Maria Silva",
        "to_customer": True,
        "subject": "[LD-1] We have your request",
        "text": "Hello\n.\nBye",
        "html": "<p>Hello</p>",
        "message_id": LONG_ID,
        "in_reply_to": LONG_ID,
        "references": (LONG_ID, LONG_ID),
        "reply_to": f"support+{'z' * 45}@desk.example",
        "requested_at": T0,
    }
    return NotificationRequested(**(facts | changes))  # type: ignore[arg-type]


def parsed(mail: Outgoing) -> EmailMessage:
    return email.message_from_bytes(mail.message, policy=default)  # type: ignore[return-value]


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=120),
    subject=st.text(max_size=400),
    text=st.text(max_size=300),
    identifier=st.text(max_size=80),
)
def test_no_words_of_anybody_make_a_header(
    name: str, subject: str, text: str, identifier: str
) -> None:
    event = request(
        recipient_name=f"{name}\r\nBcc: evil@x.y",
        subject=f"{subject}\r\n\r\nBcc: evil@x.y",
        text=text,
        in_reply_to=identifier,
        references=(identifier, LONG_ID),
    )
    made = outgoing(event, TICKET, ORIGIN)
    mail = parsed(made)
    assert set(mail.keys()) <= EXPECTED
    assert len(mail.keys()) == len(set(mail.keys()))
    assert [one.addr_spec for one in mail["To"].addresses] == ["maria@example.com"]
    assert made.message.isascii()
    assert all(len(one) <= 998 for one in made.message.split(b"\r\n"))
    assert b"\n" not in made.message.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "words", ["Tills are dead 💥 “since eight” – help", "Ä Ö Ü " * 30 + "!", "日本語 " * 30 + "!"]
)
def test_a_subject_is_read_as_it_was_written_wherever_it_is_folded(words: str) -> None:
    for length in range(60):
        written = "x" * length + words
        mail = outgoing(request(subject=written), TICKET, ORIGIN)
        assert parsed(mail)["Subject"] == written


def test_identifiers_are_never_encoded_however_long() -> None:
    made = outgoing(request(), TICKET, ORIGIN).message
    assert f"\r\nMessage-ID: {LONG_ID}\r\n".encode() in made
    assert f"\r\nIn-Reply-To: {LONG_ID}\r\n".encode() in made
    assert f"\r\nReferences: {LONG_ID}\r\n {LONG_ID}\r\n".encode() in made


def test_the_same_notification_is_always_the_same_bytes() -> None:
    assert outgoing(request(), TICKET, ORIGIN) == outgoing(request(), TICKET, ORIGIN)


def test_a_mail_says_that_a_machine_wrote_it_unless_a_person_did() -> None:
    automatic = parsed(outgoing(request(), TICKET, ORIGIN))
    assert automatic["Auto-Submitted"] == "auto-replied"
    assert automatic["X-Auto-Response-Suppress"] == "All"
    unasked = parsed(outgoing(request(in_reply_to="", references=()), TICKET, ORIGIN))
    assert unasked["Auto-Submitted"] == "auto-generated"
    personal = parsed(outgoing(request(written_by_a_person=True), TICKET, ORIGIN))
    assert personal["Auto-Submitted"] is None
    assert personal["Precedence"] is None


def test_text_and_html_arrive_as_written() -> None:
    event = request(text="é\n.\n" + "x" * 3000, html="<p>é</p>" + "y" * 3000)
    mail = parsed(outgoing(event, TICKET, ORIGIN))
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == event.text
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == event.html
    assert mail["Date"].datetime == T0
    assert isinstance(mail["Date"].datetime, datetime)


@settings(max_examples=50)
@given(st.text(alphabet="a.\r\n\x85\u2028 ", max_size=60), st.text(alphabet="a.\r\n", max_size=60))
def test_no_line_of_ours_ends_otherwise_than_with_both_characters(text: str, html: str) -> None:
    # A server that takes a lone one for a line's end would find a second mail in ours.
    message = outgoing(request(text=text, html=html), TICKET, ORIGIN).message
    assert b"\r" not in message.replace(b"\r\n", b"")
    assert b"\n" not in message.replace(b"\r\n", b"")


def test_what_comes_back_goes_where_answers_go() -> None:
    assert outgoing(request(), TICKET, ORIGIN).envelope_from.startswith("support+")
    assert outgoing(request(reply_to=""), TICKET, ORIGIN).envelope_from == "support@desk.example"


@pytest.mark.parametrize("recipient", ["", "x", "@", "a@", "a@b\r\nBcc: c@d", "a@b c"])
def test_what_is_no_address_makes_no_mail(recipient: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        outgoing(request(recipient=recipient), TICKET, ORIGIN)


def test_an_international_address_needs_smtputf8() -> None:
    made = outgoing(request(recipient="josé@exämple.com"), TICKET, ORIGIN)
    assert made.needs_utf8
    assert "josé@exämple.com".encode() in made.message


def test_a_mail_server_is_read_from_its_url() -> None:
    assert MailServer.parse("smtp://127.0.0.1:2526") == MailServer("127.0.0.1", 2526)
    secure = MailServer.parse("smtps://us%40er:p%3Aw@mx.example")
    assert secure == MailServer("mx.example", 465, True, None, "us@er", "p:w")
    assert MailServer.parse("smtp+starttls://mx.example").starttls is True
    with pytest.raises(ValueError, match="smtp://"):
        MailServer.parse("http://mx.example")
