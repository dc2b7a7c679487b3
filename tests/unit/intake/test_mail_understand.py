"""A mail is understood, however it is written: given bytes, when understood, then what is meant."""

import base64

import pytest

from services.intake.mail import Kind, ParsedMail, understand

HEADER = b"From: Anna Berg <anna@customer.example>\r\nSubject: Printer\r\n"


def understood(*lines: bytes, header: bytes = HEADER, end: bytes = b"\r\n") -> ParsedMail:
    return understand(header.replace(b"\r\n", end) + end.join(lines))


# Whom it is from


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        (b"Anna Berg <anna@customer.example>", "Anna Berg", "anna@customer.example"),
        (b'"Berg, Anna" <anna@customer.example>', "Berg, Anna", "anna@customer.example"),
        (b"Berg, Anna <anna@customer.example>", "Berg, Anna", "anna@customer.example"),
        (b"anna@customer.example", "", "anna@customer.example"),
        (b"anna@customer.example (Anna Berg)", "Anna Berg", "anna@customer.example"),
        (b"Anna (from (the) lab) <anna@customer.example>", "Anna", "anna@customer.example"),
        (b"<anna@customer.example", "", "anna@customer.example"),
        (b"Anna <mailto:anna@customer.example>", "Anna", "anna@customer.example"),
        (b"Anna <@relay.example:anna@customer.example>", "Anna", "anna@customer.example"),
        (b'Anna "the boss" <anna@customer.example>', "Anna the boss", "anna@customer.example"),
        (b"=?utf-8?q?J=C3=B6rg?= <j@customer.example>", "J\u00f6rg", "j@customer.example"),
        (b'"=?utf-8?q?J=C3=B6rg?=" <j@customer.example>', "J\u00f6rg", "j@customer.example"),
        (b"=?utf-8?b?SsO2cmcgPGpAY3VzdG9tZXIuZXhhbXBsZT4=?=", "J\u00f6rg", "j@customer.example"),
        (b"J\xf6rg <j@customer.example>", "J\u00f6rg", "j@customer.example"),
        (b"J\xc3\xb6rg <j@customer.example>", "J\u00f6rg", "j@customer.example"),
        (b"'anna@customer.example'", "", "anna@customer.example"),
        (b"Anna < anna@customer.example >", "Anna", "anna@customer.example"),
        (b"anna@customer.example, bert@customer.example", "", "anna@customer.example"),
    ],
)
def test_the_sender_is_who_the_header_names(written: bytes, name: str, address: str) -> None:
    mail = understand(b"From: " + written + b"\r\nSubject: x\r\n\r\nHello")
    assert (mail.from_name, mail.from_address, mail.problem) == (name, address, None)


@pytest.mark.parametrize("other", [b"Sender", b"Reply-To", b"Return-Path"])
def test_without_a_from_the_next_best_header_names_the_sender(other: bytes) -> None:
    mail = understand(b"From: Anna\r\n" + other + b": <anna@customer.example>\r\n\r\nHello")
    assert (mail.from_name, mail.from_address, mail.problem) == (
        "Anna",
        "anna@customer.example",
        None,
    )


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "empty"),
        (b"\r\n \r\n\x00", "empty"),
        (b"just a few words", "no_headers"),
        (b"Subject: nobody\r\n\r\nhello", "no_sender"),
        (b"From: Anna\r\n\r\nhello", "sender_unusable"),
        (b"From: <>\r\n\r\nhello", "no_sender"),
        (b"From: anna@\r\n\r\nhello", "sender_unusable"),
    ],
)
def test_a_mail_from_nobody_says_what_the_problem_is(raw: bytes, problem: str) -> None:
    assert understand(raw).problem == problem


def test_recipients_are_listed_without_what_is_no_address() -> None:
    mail = understand(
        b"From: a@x.example\r\nTo: , Team: b@x.example, C <c@x.example>;, undisclosed:;\r\n"
        b"Cc: D <d@x.example>\r\nReply-To: e@x.example\r\n\r\n"
    )
    assert [one.address for one in mail.to] == ["b@x.example", "c@x.example"]
    assert [one.name for one in mail.cc] == ["D"]
    assert mail.reply_to[0].address == "e@x.example"


# Headers


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        (b"Printer on fire", "Printer on fire"),
        (b"Printer\r\n on fire", "Printer on fire"),
        (b"=?utf-8?q?Dr=C3=BCcker?=", "Dr\u00fccker"),
        (b"=?UTF-8?B?RHLDvGNrZXI=?=", "Dr\u00fccker"),
        (b"=?UTF-8?B?RHLDvGNrZXI?=", "Dr\u00fccker"),
        (b"=?utf-8?q?Dr=C3?= =?utf-8?q?=BCcker?=", "Dr\u00fccker"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"[=?utf-8?q?=C3=BC?=]", "[\u00fc]"),
        (b"=?utf-8?q?with space?=", "with space"),
        (b"=?iso-8859-1?q?caf=E9?=", "caf\u00e9"),
        (b"=?windows-1251?b?z/Do4uXy?=", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        (b"=?unknown?q?plain?=", "plain"),
        (b"=?utf-8*de?q?Tag?=", "Tag"),
        (b"100 =? sure", "100 =? sure"),
        (b"Dr\xc3\xbccker", "Dr\u00fccker"),
        (b"Dr\xfccker", "Dr\u00fccker"),
        (b"bell\x07 and\x00 null", "bell and null"),
    ],
)
def test_a_subject_is_read_as_it_was_meant(written: bytes, subject: str) -> None:
    assert understand(b"From: a@x.example\r\nSubject: " + written + b"\r\n\r\n").subject == subject


def test_message_ids_are_read_from_all_headers_of_a_name() -> None:
    mail = understand(
        b"From: a@x.example\r\nMessage-ID: <1@x>\r\nIn-Reply-To: Your mail <2@x>\r\n"
        b"References: <3@x>\r\n <4@x>\r\nReferences: <5@x> junk <3@x>\r\n\r\n"
    )
    assert mail.message_id == "1@x"
    assert mail.in_reply_to == ("2@x",)
    assert mail.references == ("3@x", "4@x", "5@x")


@pytest.mark.parametrize(
    "date", [b"", b"yesterday", b"32 Foo 2020 99:99", b"Mon, 1 Jan 99999 00:00:00 +0000", b"\xff"]
)
def test_a_date_that_is_none_is_no_date(date: bytes) -> None:
    mail = understand(b"From: a@x.example\r\nDate: " + date + b"\r\n\r\nHello")
    assert (mail.date, mail.reply_text) == (None, "Hello")


def test_a_date_without_a_zone_is_taken_for_utc() -> None:
    mail = understand(b"From: a@x.example\r\nDate: Mon, 1 Jan 2024 10:00:00 -0000\r\n\r\n")
    assert mail.date is not None
    assert mail.date.isoformat() == "2024-01-01T10:00:00+00:00"


# Line ends and header blocks


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
def test_any_line_end_will_do(end: bytes) -> None:
    mail = understood(b"", b"It burns.", b"Help!", end=end)
    assert (mail.subject, mail.reply_text) == ("Printer", "It burns.\nHelp!")


@pytest.mark.parametrize(
    "before", [b"\r\n\r\n", b"From anna@x Mon Jan  1 10:00:00 2024\r\n", b"\xef\xbb\xbf", b"  \r\n"]
)
def test_what_stands_before_the_header_is_passed_over(before: bytes) -> None:
    mail = understand(before + HEADER + b"\r\nHello")
    assert (mail.from_address, mail.reply_text) == ("anna@customer.example", "Hello")


def test_a_missing_blank_line_costs_nothing() -> None:
    mail = understood(b"Hello, the printer burns", b"and smokes.")
    assert mail.text == "Hello, the printer burns\nand smokes."
    assert "blank_line_missing" in mail.defects


def test_a_line_of_rubbish_in_the_header_does_not_end_it() -> None:
    mail = understand(
        b"From: a@x.example\r\nTo: b@x.example,\r\nc@x.example\r\nSubject: Here\r\n\r\nx"
    )
    assert (mail.subject, [one.address for one in mail.to]) == (
        "Here",
        ["b@x.example", "c@x.example"],
    )


def test_a_folded_line_with_nothing_on_it_does_not_end_the_header() -> None:
    mail = understand(b"From: a@x.example\r\nX-Long: a\r\n \r\nSubject: Here\r\n\r\nHello")
    assert (mail.subject, mail.reply_text) == ("Here", "Hello")


def test_a_mail_in_utf_16_is_read() -> None:
    raw = "From: a@x.example\r\nSubject: Wide\r\n\r\nHello".encode("utf-16")
    assert understand(raw).subject == "Wide"


def test_null_bytes_never_reach_the_text() -> None:
    assert understood(b"", b"a\x00b").text == "ab"


# Charsets


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        (b"utf-8", "h\u00e4h\u00e4".encode(), "h\u00e4h\u00e4"),
        (b"us-ascii", "h\u00e4h\u00e4".encode(), "h\u00e4h\u00e4"),
        (b"utf-8", b"h\xe4h\xe4", "h\u00e4h\u00e4"),
        (b"iso-8859-1", b"\x93quoted\x94", "\u201cquoted\u201d"),
        (b"iso-8859-1", "\u20ac 5".encode(), "\u20ac 5"),
        (b"no-such-charset", b"h\xe4h\xe4", "h\u00e4h\u00e4"),
        (b'"utf8"', "\u00e9".encode(), "\u00e9"),
        (b"ks_c_5601-1987", "\uc2a4\ud2f0".encode("cp949"), "\uc2a4\ud2f0"),
        (b"gb2312", "\u6b27\u9616".encode("gb18030"), "\u6b27\u9616"),
        (b"shift_jis", "\u3059\u307f".encode("cp932"), "\u3059\u307f"),
        (b"iso-2022-jp", "\u3059\u307f".encode("iso2022_jp"), "\u3059\u307f"),
        (b"us-ascii", "\u3059\u307f".encode("iso2022_jp"), "\u3059\u307f"),
        (b"utf-7", b"Fr+APY-sche", "Fr\u00f6sche"),
        (b"windows-1251", "\u041f\u0440".encode("cp1251"), "\u041f\u0440"),
        (b"utf-16le", "wide".encode("utf-16-le"), "wide"),
        (b"zlib", b"h\xe4", "h\u00e4"),
        (b"punycode", b"abc-", "abc-"),
    ],
)
def test_a_wrong_label_costs_no_letter(label: bytes, data: bytes, text: str) -> None:
    header = HEADER + b"Content-Type: text/plain; charset=" + label + b"\r\n"
    assert understood(b"", data, header=header).text == text


def test_a_broken_letter_in_much_utf_8_spoils_only_itself() -> None:
    data = "\u017elu\u0165ou\u010dk\u00fd k\u016f\u0148".encode() + b"\xff"
    header = HEADER + b"Content-Type: text/plain; charset=utf-8\r\n"
    text = understood(b"", data, header=header).text
    assert text.startswith("\u017elu\u0165ou\u010dk\u00fd k\u016f\u0148")


# Transfer encodings


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        (b"base64", b"SGVsbG8=", "Hello"),
        (b"base64", b"SGVsbG8", "Hello"),
        (b"base64", b"SGVs\r\nbG8=\r\n", "Hello"),
        (b"base64", b"SGVs!bG8=", "Hello"),
        (b"base64", b"SGVsbG8=\r\nIHlvdQ==", "Hello you"),
        (b"base64", b"This was never encoded at all.", "This was never encoded at all."),
        (b"BASE64 (really)", b"SGVsbG8=", "Hello"),
        (b"quoted-printable", b"H=C3=A4user=\r\n und mehr", "H\u00e4user und mehr"),
        (b"quoted-printable;", b"a=  \r\nb", "ab"),
        (b"quoted-printable", b"100=% sure", "100=% sure"),
        (b"8-bit", "\u00e4".encode(), "\u00e4"),
        (b"plain", b"Hello", "Hello"),
        (b"", b"Hello", "Hello"),
        (b"x-uuencode", b"begin 644 x\r\n%2&5L;&\\ \r\n`\r\nend", "Hello"),
    ],
)
def test_a_transfer_encoding_is_undone_as_far_as_it_goes(
    encoding: bytes, data: bytes, text: str
) -> None:
    header = HEADER + b"Content-Transfer-Encoding: " + encoding + b"\r\n"
    assert understood(b"", data, header=header).text == text


# Structure


def test_plain_text_is_preferred_and_html_is_kept_beside_it() -> None:
    mail = understood(
        b"Content-Type: multipart/alternative; boundary=b",
        b"",
        b"--b",
        b"",
        b"Plain",
        b"--b",
        b"Content-Type: text/html",
        b"",
        b"<p>Rich</p>",
        b"--b--",
    )
    assert (mail.text, mail.html, mail.attachments) == ("Plain", "<p>Rich</p>", ())


def test_html_alone_is_read_as_text() -> None:
    mail = understood(
        b"Content-Type: text/html; charset=utf-8",
        b"",
        b"<style>p{}</style><p>One&nbsp;line &amp; more</p><ul><li>a<li>b</ul>",
        b"<script>x()</script><table><tr><td>c</td><td>d</td></tr></table>",
    )
    assert mail.text == "One line & more\n\n- a\n- b\n\nc d"


def test_texts_around_an_attachment_are_all_text() -> None:
    mail = understood(
        b'Content-Type: multipart/mixed; boundary="b b"',
        b"",
        b"preamble",
        b"--b b",
        b"",
        b"Before",
        b"--b b",
        b"Content-Type: image/png; name=shot.png",
        b"Content-Transfer-Encoding: base64",
        b"",
        base64.b64encode(b"PNG"),
        b"--b b",
        b"Content-Type: text/plain",
        b"",
        b"After",
        b"--b b--",
        b"epilogue",
    )
    assert mail.text == "Before\nAfter"
    assert [(one.filename, one.payload) for one in mail.attachments] == [("shot.png", b"PNG")]


def test_an_image_in_the_html_is_an_attachment_that_is_marked_inline() -> None:
    mail = understood(
        b"Content-Type: multipart/related; boundary=b",
        b"",
        b"--b",
        b"Content-Type: text/html",
        b"",
        b'<p>Look: <img src="cid:shot"><img src="https://spy.example/x.gif"></p>',
        b"--b",
        b"Content-Type: image/png",
        b"Content-ID: <shot>",
        b"",
        b"PNG",
        b"--b--",
    )
    assert mail.html == '<p>Look: <img src="cid:shot"><img></p>'
    assert [(one.content_id, one.inline) for one in mail.attachments] == [("shot", True)]


def test_a_forwarded_mail_is_one_attachment_as_it_came() -> None:
    inner = (
        b"From: b@x.example\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n"
        b"--c--"
    )
    mail = understood(
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b",
        b"",
        b"See below",
        b"--b",
        b"Content-Type: message/rfc822",
        b"",
        inner,
        b"--b--",
    )
    assert mail.text == "See below"
    assert [(one.content_type, one.payload) for one in mail.attachments] == [
        ("message/rfc822", inner)
    ]


def test_a_boundary_that_is_never_closed_loses_nothing() -> None:
    mail = understood(
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b",
        b"",
        b"Hello",
        b"--b",
        b"",
        b"you",
    )
    assert mail.text == "Hello\nyou"


@pytest.mark.parametrize("declared", [b"", b"; boundary=wrong"])
def test_a_boundary_that_is_missing_or_wrong_is_found(declared: bytes) -> None:
    mail = understood(
        b"Content-Type: multipart/mixed" + declared,
        b"",
        b"--real",
        b"Content-Type: text/plain",
        b"",
        b"Hello",
        b"--real",
        b"Content-Type: application/pdf; name=a.pdf",
        b"",
        b"%PDF",
        b"--real--",
    )
    assert mail.text == "Hello"
    assert [one.filename for one in mail.attachments] == ["a.pdf"]


def test_a_multipart_that_can_not_be_divided_is_shown_and_attached() -> None:
    mail = understood(b"Content-Type: multipart/mixed; boundary=b", b"", b"Only this.")
    assert mail.text == "Only this."
    assert [one.payload for one in mail.attachments] == [b"Only this."]


def test_the_inner_boundary_may_begin_with_the_outer() -> None:
    mail = understood(
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b",
        b"Content-Type: multipart/alternative; boundary=bb",
        b"",
        b"--bb",
        b"",
        b"Inner",
        b"--bb--",
        b"--b",
        b"",
        b"Outer",
        b"--b--",
    )
    assert mail.text == "Inner\nOuter"


def test_absurd_nesting_ends_somewhere() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at)
        for at in range(5_000)
    )
    mail = understand(HEADER + deep + b"\r\nHello")
    assert "too_deep" in mail.defects
    assert mail.problem is None


def test_absurdly_many_parts_end_somewhere() -> None:
    header = HEADER + b"Content-Type: multipart/mixed; boundary=b\r\n"
    mail = understood(b"", *[b"--b\r\n\r\nx"] * 5_000, b"--b--", header=header)
    assert "too_many_parts" in mail.defects
    assert len(mail.attachments) == 1


# Attachments


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (b'attachment; filename="report.pdf"', "report.pdf"),
        (b"attachment; filename=my report.pdf", "my report.pdf"),
        (b"attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf", "r\u00e9sum\u00e9.pdf"),
        (b'attachment; filename*0="re"; filename*1="port.pdf"', "report.pdf"),
        (b'attachment; filename*1="port.pdf"; filename*0="re"', "report.pdf"),
        (
            b"attachment; filename*0*=utf-8''r%C3%A9; filename*1*=sum%C3%A9.pdf",
            "r\u00e9sum\u00e9.pdf",
        ),
        (b"attachment; filename*0*=utf-8''r%C3; filename*1*=%A9.pdf", "r\u00e9.pdf"),
        (b"attachment; filename*=r%C3%A9.pdf", "r\u00e9.pdf"),
        (b'attachment; filename="=?utf-8?q?r=C3=A9.pdf?="', "r\u00e9.pdf"),
        (b"attachment; filename==?utf-8?q?r=C3=A9.pdf?=", "r\u00e9.pdf"),
        (b'attachment; filename="r\xe9.pdf"', "r\u00e9.pdf"),
        (b'attachment; filename="unclosed.pdf', "unclosed.pdf"),
        (b"attachment\r\n filename=nosemicolon.pdf", "nosemicolon.pdf"),
        (b'attachment; filename="..\\..\\evil.pdf"', "evil.pdf"),
        (b'attachment; filename="/etc/passwd"', "passwd"),
        (b'attachment; filename="a\x00\x1fb\xe2\x80\xaegpj.exe"', "abgpj.exe"),
        (b"; filename=valueless.pdf", "valueless.pdf"),
        (b"filename=valueless.pdf", "valueless.pdf"),
        (b"attachment", ""),
    ],
)
def test_a_file_name_is_read_and_made_safe(disposition: bytes, filename: str) -> None:
    mail = understood(
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b",
        b"",
        b"Hello",
        b"--b",
        b"Content-Type: application/pdf",
        b"Content-Disposition: " + disposition,
        b"",
        b"%PDF",
        b"--b--",
    )
    assert [one.filename for one in mail.attachments] == [filename]
    assert mail.text == "Hello"


def test_a_file_name_that_is_too_long_keeps_its_ending() -> None:
    mail = understood(
        b'Content-Type: application/pdf; name="' + b"x" * 500 + b'.pdf"', b"", b"%PDF"
    )
    assert len(mail.attachments[0].filename) == 200
    assert mail.attachments[0].filename.endswith(".pdf")


def test_a_text_file_that_is_attached_is_no_text_of_the_mail() -> None:
    mail = understood(
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b",
        b"",
        b"Hello",
        b"--b",
        b"Content-Type: text/plain; name=log.txt",
        b"Content-Disposition: attachment",
        b"",
        b"lines",
        b"--b--",
    )
    assert (mail.text, [one.filename for one in mail.attachments]) == ("Hello", ["log.txt"])


def test_a_file_uuencoded_in_the_text_becomes_an_attachment() -> None:
    mail = understood(b"", b"See:", b"begin 644 hi.txt", b"%2&5L;&\\ ", b"`", b"end", b"Bye")
    assert [(one.filename, one.payload) for one in mail.attachments] == [("hi.txt", b"Hello")]
    assert "begin" not in mail.text


def test_an_invitation_is_an_attachment() -> None:
    mail = understood(
        b"Content-Type: multipart/alternative; boundary=b",
        b"",
        b"--b",
        b"",
        b"Let us meet",
        b"--b",
        b"Content-Type: text/calendar; method=REQUEST",
        b"",
        b"BEGIN:VCALENDAR",
        b"--b--",
    )
    assert [one.content_type for one in mail.attachments] == ["text/calendar"]


@pytest.mark.parametrize(
    ("content_type", "signed", "encrypted"),
    [
        (b"multipart/signed; boundary=b", True, False),
        (b"multipart/encrypted; boundary=b", False, True),
        (b"multipart/mixed; boundary=b", False, False),
    ],
)
def test_signed_and_encrypted_mails_are_marked(
    content_type: bytes, signed: bool, encrypted: bool
) -> None:
    mail = understood(b"Content-Type: " + content_type, b"", b"--b", b"", b"Hello", b"--b--")
    assert (mail.signed, mail.encrypted) == (signed, encrypted)


# HTML


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<script>alert(1)</script>Hi", "Hi"),
        ('<a href="javascript:x()">Hi</a>', '<a rel="noopener noreferrer nofollow">Hi</a>'),
        ('<img src=x onerror="x()">', "<img>"),
        ('<p style="background:url(//spy.example)">Hi</p>', "<p>Hi</p>"),
        ("<form action=x><input>Hi</form>", "Hi"),
        ("<b>bold<p>new", "<b>bold<p>new</p></b>"),
        ("</div></b>Hi", "Hi"),
        ("<!--[if mso]>x<![endif]-->Hi", "Hi"),
        ("a < b & c", "a &lt; b &amp; c"),
        (
            '<a title="\ue000script">x</a>',
            '<a title="script" rel="noopener noreferrer nofollow">x</a>',
        ),
    ],
)
def test_html_is_safe_to_show(source: str, shown: str) -> None:
    mail = understood(
        b"Content-Type: text/html; charset=utf-8", b"", source.encode(), header=HEADER
    )
    assert mail.html == shown


def test_flowed_text_is_joined_again() -> None:
    mail = understood(
        b"Content-Type: text/plain; format=flowed",
        b"",
        b"This is one ",
        b"paragraph.",
        b"> quoted ",
        b"> too",
        b"-- ",
        b"Anna",
    )
    assert mail.text == "This is one paragraph.\n> quoted too\n-- \nAnna"


def test_a_mail_that_we_fail_on_is_kept_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("services.intake.mail.parse.read_body", broken)
    mail = understood(b"", b"Hello")
    assert (mail.from_address, mail.text, mail.kind) == (
        "anna@customer.example",
        "Hello",
        Kind.PERSON,
    )
    assert mail.defects == ("not_understood:RecursionError",)
    assert mail.problem is None
