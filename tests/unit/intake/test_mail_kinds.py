"""Who is writing: a person, or which machine; and who may be answered by one."""

# ruff: noqa: RUF001 - the letters of other alphabets are meant

import pytest

from services.intake.mail import Kind, ParsedMail, understand


def mail(*headers: str, body: str = "Hello", subject: str = "Printer") -> ParsedMail:
    lines = ["From: Anna <anna@customer.example>", f"Subject: {subject}", *headers, "", body]
    return understand("\r\n".join(lines).encode())


# Automatic replies, by header


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: AUTO-NOTIFIED; owner-email=a@x.example",
        "X-Autoreply: yes",
        "X-Autorespond: Printer",
        "X-Auto-Reply: 1",
        "X-Autoresponder: true",
        "X-Autoreply-From: anna@customer.example",
        "X-Mail-Autoreply: yes",
        "Precedence: auto_reply",
        "X-MS-Exchange-Inbox-Rules-Loop-AutoReply: x",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ],
)
def test_a_header_that_says_automatic_is_believed(header: str) -> None:
    found = mail(header)
    assert found.kind is Kind.AUTO_REPLY
    assert not found.auto_response_allowed


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "X-Autoreply: no", "Precedence: normal"])
def test_a_header_that_says_not_automatic_is_believed_as_well(header: str) -> None:
    assert mail(header).kind is Kind.PERSON


# Automatic replies, by subject, in a dozen languages


@pytest.mark.parametrize(
    ("subject", "away"),
    [
        ("Automatic reply: Printer", False),
        ("Auto: Out of office", True),
        ("Out of Office: Printer", True),
        ("Out of the office until Monday", True),
        ("Re: Out of office", True),
        ("Autoreply: Printer", False),
        ("Printer (Out of Office)", True),
        ("Anna is out of the office", True),
        ("Automatische Antwort: Drucker", False),
        ("Abwesenheitsnotiz: Drucker", True),
        ("Abwesenheitsnotiz", True),
        ("Nicht im Büro: Drucker", True),
        ("Réponse automatique : Imprimante", False),
        ("Absence du bureau : Imprimante", True),
        ("Respuesta automática: Impresora", False),
        ("Fuera de la oficina: Impresora", True),
        ("Resposta automática: Impressora", False),
        ("Risposta automatica: Stampante", False),
        ("Fuori ufficio: Stampante", True),
        ("Automatisch antwoord: Printer", False),
        ("Afwezigheid: Printer", True),
        ("Autosvar: Skrivare", False),
        ("Frånvaro: Skrivare", True),
        ("Fravær: Skriver", True),
        ("Automaattinen vastaus: Tulostin", False),
        ("Automatyczna odpowiedź: Drukarka", False),
        ("Automatická odpověď: Tiskárna", False),
        ("Automatikus válasz: Nyomtató", False),
        ("Автоматический ответ: Принтер", False),
        ("Автоответ: Принтер", False),
        ("Otomatik yanıt: Yazıcı", False),
        ("自动回复: 打印机", False),
        ("自動応答: プリンタ", False),
        ("不在通知: プリンタ", True),
        ("부재중: 프린터", True),
        ("מענה אוטומטי: מדפסת", False),
        ("رد تلقائي: طابعة", False),
    ],
)  # fmt: skip
def test_an_automatic_subject_is_known_in_many_languages(subject: str, away: bool) -> None:
    found = mail(subject=subject)
    assert (found.kind, found.out_of_office) == (Kind.AUTO_REPLY, away)


@pytest.mark.parametrize(
    "subject",
    [
        "Abwesenheitsnotiz lässt sich nicht einrichten",
        "Out of office replies are not sent",
        "How do I set an automatic reply?",
        "Automatic reply does not work",
        "Vacation request was lost",
        "On leave balance: wrong number",
        "Office out of paper",
        "Autosave is broken",
        "Re: Automatic updates",
    ],
)
def test_a_person_who_writes_about_such_replies_is_a_person(subject: str) -> None:
    assert mail(subject=subject).kind is Kind.PERSON


# Lists


@pytest.mark.parametrize(
    "header",
    [
        "List-Id: Printers <printers.example>",
        "List-Unsubscribe: <mailto:leave@printers.example>",
        "List-Post: <mailto:printers@printers.example>",
        "Precedence: list",
        "Precedence: bulk",
        "Precedence: junk",
        "X-Mailing-List: printers",
        "X-BeenThere: printers@printers.example",
    ],
)
def test_what_was_sent_to_many_is_a_list_mail(header: str) -> None:
    found = mail(header)
    assert found.kind is Kind.LIST
    assert not found.auto_response_allowed


def test_an_out_of_office_reply_in_bulk_is_still_a_reply() -> None:
    assert mail("Precedence: bulk", subject="Out of office: x").kind is Kind.AUTO_REPLY


# Loops


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
    ],
)
def test_what_a_ledgerdesk_sends_by_itself_is_a_loop(header: str) -> None:
    assert mail(header, "Ledgerdesk-Ticket: 0198a1b2").kind is Kind.LOOP


def test_what_an_agent_of_another_ledgerdesk_wrote_is_a_letter() -> None:
    written = mail("Ledgerdesk-Ticket: 0198a1b2", "X-Loop: support@other.example")
    assert written.kind is Kind.PERSON


def test_a_loop_that_is_also_automatic_is_a_loop() -> None:
    assert mail("Auto-Submitted: auto-generated", "Ledgerdesk-Event: 1").kind is Kind.LOOP


def test_somebody_elses_loop_header_is_only_told() -> None:
    found = mail("X-Loop: other@desk.example")
    assert (found.kind, found.loop_headers.x_loop) == (Kind.PERSON, ("other@desk.example",))


def test_a_quoted_header_of_ours_makes_no_loop() -> None:
    assert mail(body="> Ledgerdesk-Event: 1\n\nHello").kind is Kind.PERSON


def test_the_headers_that_matter_for_loops_are_told() -> None:
    headers = mail(
        "Return-Path: <>",
        "Received: from a",
        "Received: from b",
        "Precedence: Bulk",
        "Auto-Submitted: Auto-Replied; x=y",
        "X-Auto-Response-Suppress: DR, AutoReply",
        "List-Id: <l.example>",
        "Ledgerdesk-Hops: 3",
    ).loop_headers
    assert headers.return_path == ""
    assert headers.received_count == 2
    assert (headers.precedence, headers.auto_submitted) == ("bulk", "auto-replied")
    assert headers.x_auto_response_suppress == "dr, autoreply"
    assert headers.list_id == "<l.example>"
    assert headers.ledgerdesk == (("hops", "3"),)


# Who may be answered


@pytest.mark.parametrize(
    "header",
    [
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "Return-Path: <>",
    ],
)
def test_a_person_who_declines_is_not_answered_by_a_machine(header: str) -> None:
    found = mail(header)
    assert found.kind is Kind.PERSON
    assert not found.auto_response_allowed


@pytest.mark.parametrize(
    "header", ["X-Auto-Response-Suppress: RN, NRN", "Return-Path: <anna@customer.example>"]
)
def test_a_person_who_does_not_is_answered(header: str) -> None:
    assert mail(header).auto_response_allowed


# Reports and system mail


@pytest.mark.parametrize(
    "sender", ["MAILER-DAEMON@x.example", "postmaster@x.example", "auto-reply@x.example"]
)
def test_a_machine_that_says_nothing_else_is_automatic(sender: str) -> None:
    raw = f"From: {sender}\r\nSubject: News from the cellar\r\n\r\nAll is well.".encode()
    assert understand(raw).kind is Kind.AUTO_REPLY


def test_a_feedback_report_is_one() -> None:
    raw = (
        b"From: fbl@isp.example\r\nSubject: FW: x\r\nContent-Type: multipart/report;"
        b" report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nAn abuse report\r\n--b\r\n"
        b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--b--"
    )
    assert understand(raw).kind is Kind.FEEDBACK_REPORT


def test_a_read_receipt_is_automatic() -> None:
    raw = (
        b"From: anna@customer.example\r\nSubject: Read: Printer\r\nContent-Type: multipart/report;"
        b" boundary=b\r\n\r\n--b\r\n\r\nYour mail was read\r\n--b\r\n"
        b"Content-Type: message/disposition-notification\r\n\r\nDisposition: displayed\r\n--b--"
    )
    assert understand(raw).kind is Kind.AUTO_REPLY


def test_a_person_who_forwards_a_bounce_is_a_person() -> None:
    found = mail(
        subject="Fwd: Undelivered Mail Returned to Sender",
        body="What is this?\n\n<bert@x.example>: host mx.x.example said: 550 5.1.1 User unknown",
    )
    assert (found.kind, found.bounce) == (Kind.PERSON, None)


def test_a_persons_mail_about_delivery_is_a_persons_mail() -> None:
    assert mail(subject="Delivery failed: my parcel is not here").kind is Kind.PERSON
