"""Laws of `understand`: it never fails, its answer can be stored, and it's always the same."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail import ParsedMail, understand
from services.intake.mail.addresses import is_usable
from services.intake.mail.reply import extract_reply

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
MAILS = [path.read_bytes() for path in sorted(FIXTURES.rglob("*.eml"))]

WHOLE = (
    b"Return-Path: <anna@customer.example>\r\nReceived: from a by b; Mon, 4 Mar 2024 09:15"
    b" +0100\r\n"
    b'From: =?utf-8?q?J=C3=B6rg?= "von" Berg (lab) <j@customer.example>\r\n'
    b"To: Desk <support@desk.example>, team: a@x.example, b@x.example;\r\n"
    b"Subject: =?utf-8?b?RHLDvGNrZXI=?= brennt\r\nDate: Mon, 4 Mar 2024 09:15:00 +0100\r\n"
    b"Message-ID: <1@x.example>\r\nReferences: <2@x.example> <3@x.example>\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\n'
    b"Content-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1; format=flowed\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nEs brennt. =\r\nSehr.\r\n\r\n"
    b"Am 04.03.2024 um 09:15 schrieb Desk <support@desk.example>:\r\n> Ist er aus?\r\n\r\n"
    b"Mit freundlichen Gr=FC=DFen\r\nJ=F6rg\r\n--bb\r\nContent-Type: text/html;"
    b" charset=utf-8\r\n\r\n"
    b'<p>Es <b>brennt</b>.<blockquote type="cite">Ist er aus?</blockquote><img src=cid:i>\r\n'
    b"--bb--\r\n"
    b"--b\r\nContent-Type: image/png; name*0*=utf-8''b%C3%A4; name*1=r.png\r\nContent-ID: <i>\r\n"
    b"Content-Disposition: attachment; filename=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"iVBORw0KGgo=\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@x.example\r\n\r\n"
    b"Hi\r\n--b--\r\n"
)
PIECES = [
    b"\r\n", b"\n\n", b"\r", b"--b\r\n", b"--b--", b"\x00", b"\xff\xfe", b"\x1b$B", b"=?utf-8?q?",
    b"?=", b"<", b">", b'"', b"(", b";", b"=", b"*0*=", b"%", b"&#xD800;", b"+2AA-", b"&amp",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"charset=utf-7", b"charset=utf-16",
    b"Content-Transfer-Encoding: base64\r\n", b"Final-Recipient: rfc822;x@y\r\nAction: failed\r\n",
    b"begin 644 x\r\n", b"<!--", b"<script>", b"<table><tr>", b"\xe2\x80\xae", b"From: ",
    b"-- \r\n",
    b"On 1/1/2024 10:00, x <x@y.example> wrote:\r\n", b"From:\r\nTo:\r\nSubject:\r\n", b"> ",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A mail with some of it cut, doubled, moved, overwritten or put in."""
    raw = draw(st.sampled_from([WHOLE, *MAILS]))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        until = draw(st.integers(at, min(len(raw), at + 200)))
        raw = draw(
            st.sampled_from(
                [
                    raw[:at] + raw[until:],
                    raw[:until] + raw[at:],
                    raw[:at] + draw(st.sampled_from(PIECES)) + raw[at:],
                    raw[:at] + draw(st.binary(max_size=8)) + raw[until:],
                ]
            )
        )
    return raw


def strings_in(value: Any) -> list[str]:
    """All strings within a mail, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in strings_in(item)]
    if is_dataclass(value):
        return [text for one in fields(value) for text in strings_in(getattr(value, one.name))]
    return []


def check(mail: ParsedMail) -> None:
    assert not [one for one in mail.defects if one.startswith("not_understood")]
    for text in strings_in(mail):
        assert "\x00" not in text
        text.encode("utf-8")
    for one in mail.attachments:
        assert not re.search(r"[/\\\x00-\x1f]", one.filename)
    if mail.problem is None and mail.kind in {"person", "list", "auto_reply"}:
        assert is_usable(mail.from_address)
    assert not re.search(r"(?i)<script|\son\w+=|javascript:", mail.html or "")
    assert "\n" not in mail.subject + mail.from_address + mail.from_name


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_understood(raw: bytes) -> None:
    check(understand(raw))


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_any_broken_mail_is_understood(raw: bytes) -> None:
    check(understand(raw))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*PIECES, b"a", b" ", b": ", b"@x.example"]), max_size=60))
def test_any_heap_of_hostile_pieces_is_understood(pieces: list[bytes]) -> None:
    check(understand(b"".join(pieces)))


@settings(max_examples=30, deadline=None)
@given(mutated())
def test_the_same_bytes_mean_the_same(raw: bytes) -> None:
    assert understand(raw) == understand(raw)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500), st.text(max_size=40))
def test_a_reply_never_says_what_the_mail_does_not(text: str, sender: str) -> None:
    reply = extract_reply(text, sender=sender)
    words = set(text.split())
    assert set(reply.text.split()) | set(reply.signature.split()) <= words | {"On"} | {
        part for word in words for part in re.split(r"-{2,}", word)
    }


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abcdefgh \n"), min_size=1, max_size=200).map("".join))
def test_a_plain_text_loses_nothing_but_white_space(text: str) -> None:
    mail = understand(b"From: a@x.example\r\n\r\n" + text.encode())
    told = f"{mail.reply_text} {mail.signature_text}".split()
    assert told == text.split() or mail.problem == "empty"


def test_a_whole_mail_is_understood_in_all_its_parts() -> None:
    mail = understand(WHOLE)
    assert mail.from_name == "J\u00f6rg von Berg"
    assert mail.subject == "Dr\u00fccker brennt"
    assert mail.reply_text == "Es brennt. Sehr."
    assert mail.signature_text == "Mit freundlichen Gr\u00fc\u00dfen\nJ\u00f6rg"
    assert [one.filename for one in mail.attachments] == ["x", ""]
    assert mail.html is not None
    assert '<img src="cid:i">' in mail.html
