"""Delivery reports: what failed, for whom, whether for good, and which mail it was."""

import pytest

from services.intake.mail import Failure, Kind, ParsedMail, understand
from services.intake.mail.bounce_reasons import REASONS, reason_of
from services.intake.mail.model import Bounce

RETURNED = (
    "Return-Path: <support@desk.example>\nReceived: from a by b; today\n"
    "From: support@desk.example\nTo: anna@customer.example\nSubject: Your ticket\n"
    "Message-ID: <1@desk.example>\n\nHello Anna\n"
)


def report(*fields: str, text: str = "Your mail could not be delivered.") -> ParsedMail:
    lines = [
        "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "To: support@desk.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "",
        "--b",
        "",
        text,
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        *fields,
        "",
        "--b",
        "Content-Type: message/rfc822",
        "",
        RETURNED,
        "--b--",
    ]
    return understand("\r\n".join(lines).encode())


def letter(text: str, *headers: str, subject: str = "failure notice") -> ParsedMail:
    lines = ["From: MAILER-DAEMON@mx.example", f"Subject: {subject}", *headers, "", text]
    return understand("\n".join(lines).encode())


def told(mail: ParsedMail) -> Bounce:
    assert mail.bounce is not None
    return mail.bounce


def only(mail: ParsedMail) -> Failure:
    (failure,) = told(mail).failures
    return failure


# Reports that machines write for machines


def test_a_report_tells_recipient_codes_reason_and_the_mail_that_came_back() -> None:
    mail = report(
        "Final-Recipient: rfc822; anna@customer.example",
        "Action: failed",
        "Status: 5.0.0",
        "Diagnostic-Code: smtp; 550 5.1.1 <anna@customer.example>: user unknown",
    )
    failure = only(mail)
    assert mail.kind is Kind.BOUNCE
    assert not mail.auto_response_allowed
    assert (failure.recipient, failure.action) == ("anna@customer.example", "failed")
    assert (failure.status, failure.reply_code) == ("5.1.1", "550")
    assert (failure.reason, failure.hard) == ("userunknown", True)
    assert told(mail).original_message_id == "1@desk.example"
    assert told(mail).original_subject == "Your ticket"


def test_each_recipient_of_a_report_has_a_failure_of_its_own() -> None:
    mail = report(
        "Final-Recipient: rfc822; anna@customer.example",
        "Action: failed",
        "Status: 5.1.1",
        "",
        "Final-Recipient: rfc822; bert@customer.example",
        "Action: failed",
        "Status: 5.2.2",
    )
    assert [(one.recipient, one.reason, one.hard) for one in told(mail).failures] == [
        ("anna@customer.example", "userunknown", True),
        ("bert@customer.example", "mailboxfull", False),
    ]
    assert told(mail).failed_recipients == ("anna@customer.example", "bert@customer.example")


def test_recipients_without_a_blank_line_between_them_are_kept_apart() -> None:
    mail = report(
        "Final-Recipient: rfc822; anna@customer.example",
        "Status: 5.1.1",
        "Final-Recipient: rfc822; bert@customer.example",
        "Status: 5.2.2",
    )
    assert len(told(mail).failures) == 2


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", Kind.BOUNCE),
        ("FAILED (really)", "5.1.1", Kind.BOUNCE),
        ("delayed", "4.4.1", Kind.DELAY_WARNING),
        ("delivered", "2.0.0", Kind.AUTO_REPLY),
        ("relayed", "2.0.0", Kind.AUTO_REPLY),
        ("expanded", "2.0.0", Kind.AUTO_REPLY),
        ("", "5.1.1", Kind.BOUNCE),
        ("", "4.4.1", Kind.DELAY_WARNING),
    ],
)
def test_the_action_decides_what_the_report_is(action: str, status: str, kind: Kind) -> None:
    fields = ["Final-Recipient: rfc822; anna@customer.example", f"Status: {status}"]
    assert report(*fields, *([f"Action: {action}"] if action else [])).kind is kind


def test_a_delay_never_makes_an_address_dead() -> None:
    mail = report(
        "Final-Recipient: rfc822; anna@customer.example",
        "Action: delayed",
        "Status: 4.4.1",
        "Diagnostic-Code: smtp; host mx.customer.example not found",
    )
    assert not only(mail).hard


def test_the_reason_is_taken_from_the_text_when_the_report_gives_none() -> None:
    mail = report(
        "Final-Recipient: rfc822; anna@customer.example",
        "Action: failed",
        "Status: 5.0.0",
        text="<anna@customer.example>: mailbox is full",
    )
    assert only(mail).reason == "mailboxfull"


def test_a_report_whose_part_was_taken_away_is_read_from_the_text() -> None:
    mail = letter(
        "It failed.\n\nReporting-MTA: dns; mx.example\n\n"
        "Final-Recipient: rfc822; anna@customer.example\nAction: failed\nStatus: 5.1.1\n"
    )
    assert (mail.kind, only(mail).reason) == (Kind.BOUNCE, "userunknown")


def test_a_report_from_a_person_is_a_report_all_the_same() -> None:
    # Exchange sends them in the name of people.
    raw = (
        b"From: Anna <anna@customer.example>\r\nSubject: Undeliverable: x\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; b@x.example\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n--b--"
    )
    assert understand(raw).kind is Kind.BOUNCE


# Reports in prose; those of many mail systems are in tests/fixtures/mail


def test_several_recipients_in_prose_are_told_apart() -> None:
    mail = letter(
        "Unable to deliver message to the following addresses.\n\n<anna@customer.example>:\n"
        "550 5.1.1"
        " user unknown\n\n<bert@customer.example>:\n552 5.2.2 mailbox full\n"
    )
    assert [(one.recipient, one.reason) for one in told(mail).failures] == [
        ("anna@customer.example", "userunknown"),
        ("bert@customer.example", "mailboxfull"),
    ]


def test_a_header_may_name_who_failed() -> None:
    mail = letter(
        "Sorry, it was not delivered, as nobody is there.",
        "X-Failed-Recipients: anna@customer.example, bert@customer.example",
        subject="Mail delivery failed",
    )
    assert told(mail).failed_recipients == ("anna@customer.example", "bert@customer.example")


@pytest.mark.parametrize(
    "text",
    [
        (
            "THIS IS A WARNING MESSAGE ONLY.\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
            "Delivery to the"
            " following recipients has been delayed.\n\n   anna@customer.example\n"
        ),
        (
            "Your message could not be delivered for more than 2 hour(s).\nIt will be"
            " retried until it is"
            " 4 day(s) old.\n\n<anna@customer.example>: connect to mx[192.0.2.1]:25: No"
            " route to host\n"
        ),
        (
            "A message that you sent has not yet been delivered. The message was delayed:\n\n"
            "  anna@customer.example\n\nNo action is required on your part. Delivery attempts will"
            " continue for some time.\n"
        ),
    ],
)
def test_a_warning_in_prose_is_no_bounce(text: str) -> None:
    mail = letter(text, subject="Warning: message delayed")
    assert mail.kind is Kind.DELAY_WARNING
    assert not any(one.hard for one in told(mail).failures)


def test_a_notice_of_a_mail_service_is_a_report() -> None:
    notice = (
        '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":'
        '"anna@customer.example","status":"5.1.1","action":"failed","diagnosticCode":'
        '"smtp; 550 5.1.1 user unknown"}]},"mail":{}}'
    )
    mail = understand(
        f"From: no-reply@sns.example\r\nSubject: Notification\r\n\r\n{notice}".encode()
    )
    assert (mail.kind, only(mail).recipient, only(mail).hard) == (
        Kind.BOUNCE,
        "anna@customer.example",
        True,
    )


@pytest.mark.parametrize("text", ["{" * 5_000, '{"notificationType":' + "[" * 50_000, "{}"])
def test_a_text_that_only_begins_like_a_notice_is_a_text(text: str) -> None:
    mail = understand(f"From: a@x.example\r\n\r\n{text}".encode())
    assert (mail.kind, mail.bounce) == (Kind.PERSON, None)


def test_a_bounce_without_anything_to_go_by_is_still_a_bounce() -> None:
    mail = letter("Your mail was undeliverable.")
    assert mail.kind is Kind.BOUNCE
    assert (only(mail).recipient, only(mail).reason, only(mail).hard) == ("", "undefined", False)


# Reasons


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        ("5.1.1", "", "userunknown"),
        ("5.1.2", "", "hostunknown"),
        ("5.1.6", "anything", "hasmoved"),
        ("5.1.10", "", "notaccept"),
        ("5.2.1", "", "suspend"),
        ("5.2.2", "anything", "mailboxfull"),
        ("5.3.4", "anything", "mesgtoobig"),
        ("5.4.6", "", "networkerror"),
        ("4.4.7", "", "expired"),
        ("5.7.25", "anything", "requireptr"),
        ("2.1.5", "ok", "delivered"),
        ("", "", "undefined"),
        ("5.0.0", "mystery", "onhold"),
        ("5.5.2", "syntax error", "syntaxerror"),
        ("5.7.1", "550 unknown user", "filtered"),
        ("", "550 user unknown (in reply to end of DATA command)", "filtered"),
        ("4.0.0", "host mx.x.example not found", "networkerror"),
    ],
)
def test_codes_and_words_give_one_reason(status: str, text: str, reason: str) -> None:
    assert reason_of(text, status=status) == reason
    assert reason in REASONS
