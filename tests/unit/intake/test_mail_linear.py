"""No mail costs more than its length: given hostile patterns, twice the size is twice the work.

Work is counted in calls, of Python and of C, not in time, so that a busy machine changes
nothing; what loops inside one call to C, such as a bad regular expression, is caught by the
size of the mails: by the square it would take minutes.
"""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from services.intake.mail import html_tokens, parse, understand
from services.intake.mail.html_tokens import DEPTH_MAX, TOKENS_MAX, Reading, tokens_of
from services.intake.mail.parameters import VALUE_LENGTH_MAX, read_parameters
from services.intake.mail.structure import PARTS_MAX, Part, read_tree

SMALL = 10_000
LARGE = 100_000
HEADER = b"From: a@x.example\nSubject: Re: hello\n"
DAEMON = b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n"

Pattern = Callable[[int], bytes]


def repeated(unit: bytes, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def in_header(name: bytes, unit: bytes) -> Pattern:
    return lambda size: HEADER + name + b": " + repeated(unit, size) + b"\n\nHello\n"


def in_body(unit: bytes, content_type: bytes = b"text/plain", encoding: bytes = b"8bit") -> Pattern:
    header = b"Content-Type: " + content_type + b"\nContent-Transfer-Encoding: " + encoding
    return lambda size: HEADER + header + b"\n\n" + repeated(unit, size)


def in_html(unit: bytes) -> Pattern:
    return in_body(unit, b"text/html")


def after(start: bytes, unit: bytes) -> Pattern:
    return lambda size: start + repeated(unit, size)


def nested(size: int) -> bytes:
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at)
        for at in range(size // 60)
    )
    return HEADER + b"".join(levels)


def quoted_deeper_and_deeper(size: int) -> bytes:
    return HEADER + b"\n" + b"".join(b">" * (at % 900) + b" x\n" for at in range(size // 450))


PATTERNS: dict[str, Pattern] = {
    "recipients": in_header(b"To", b"a@x.example, "),
    "named recipients": in_header(b"To", b'"Doe, John" <a@x.example>, '),
    "comments": in_header(b"To", b"("),
    "closed comments": in_header(b"From", b"(a) "),
    "commas": in_header(b"To", b","),
    "colons": in_header(b"To", b"a@b:"),
    "angles": in_header(b"To", b"<,"),
    "angles with addresses": in_header(b"To", b"<a@b,;"),
    "quotes that never close": in_header(b"To", b'"\\'),
    "encoded words": in_header(b"Subject", b"=?utf-8?q?a?= "),
    "half encoded words": in_header(b"Subject", b"=?utf-8?q?"),
    "beginnings of encoded words": in_header(b"Subject", b"=?"),
    "references": in_header(b"References", b"<a@b> "),
    "half references": in_header(b"References", b"<"),
    "parameters": in_header(b"Content-Type", b'; a="b'),
    "empty parameters": in_header(b"Content-Disposition", b";"),
    "spaces in a parameter": after(HEADER + b"Content-Disposition: x; a=b", b" " * 16_000 + b"c"),
    "numbered parameters": in_header(b"Content-Type", b"; a*0*=b"),
    "folded lines": lambda size: HEADER + b"X: y\n" + repeated(b" z\n", size) + b"\nHello",
    "many headers": lambda size: HEADER + repeated(b"X-Y: z\n", size) + b"\nHello",
    "header rubbish": lambda size: HEADER + repeated(b"rubbish\n", size) + b"\nHello",
    "no header at all": lambda size: repeated(b"a", size),
    "nested multiparts": nested,
    "nested messages": after(HEADER, b"Content-Type: message/rfc822\n\n"),
    "parts": after(HEADER + MULTIPART, b"--b\nContent-Type: text/plain\n\nx\n"),
    "empty parts": after(HEADER + MULTIPART, b"--b\n"),
    "what looks like boundaries": after(HEADER + MULTIPART, b"--c\n"),
    "deep quotes": quoted_deeper_and_deeper,
    "quoted lines": in_body(b"> x\n"),
    "quotes and answers": in_body(b"> x\ny\n"),
    "angle brackets": in_body(b">"),
    "attributions": in_body(b"On Mon, Jan 1, 2020 at 10:00 a@x.example wrote:\n"),
    "half attributions": in_body(b"On 1.1.2020 10:30:\n"),
    "shared lines": in_body(b"x On On On On On On On 10:30:\n"),
    "copied headers": in_body(b"From: a@x.example\n"),
    "broken copied headers": in_body(b"To: @@@@\n"),
    "rules": in_body(b"_" * 60 + b"\n"),
    "empty lines": in_body(b"\n"),
    "short lines": in_body(b"a\n"),
    "one line": in_body(b"a"),
    "spaces": in_body(b" "),
    "dates": in_body(b"1.1.2020 10:30 <a@b>\nx\n"),
    "divs": in_html(b"<div>"),
    "styles": in_html(b"<p><b a=1>x"),
    "fonts": in_html(b"<p>x</p><font color=red>"),
    "less-than signs": in_html(b"<"),
    "half tags": in_html(b"<a "),
    "attributes that never close": in_html(b"<a b='"),
    "mixed quotes": in_html(b"<a b=\"' c='\""),
    "comments in html": in_html(b"<!--"),
    "scripts": in_html(b"<script>"),
    "closing tags": in_html(b"</div>"),
    "closing paragraphs": in_html(b"</p>"),
    "ampersands": in_html(b"&"),
    "references in html": in_html(b"x&amp;y "),
    "half references in html": in_html(b"&#9"),
    "blockquotes": in_html(b"<blockquote>x"),
    "quote containers": in_html(b'<div class="gmail_quote">x</div>'),
    "forwards": in_html(b'<div class="gmail_quote">---- Forwarded message ----'),
    "ruled divs": in_html(b'<div style="border-top:solid #aaaaaa">x</div>'),
    "tables": in_html(b"<table><tr><td>x"),
    "lists": in_html(b"<ul><li>x"),
    "base 64": in_body(b"YWJj\n", encoding=b"base64"),
    "padded base 64": in_body(b"YQ==\n", encoding=b"base64"),
    "quoted-printable": in_body(b"=41", encoding=b"quoted-printable"),
    "soft breaks": in_body(b"= ", encoding=b"quoted-printable"),
    "uuencoded": in_body(b"begin 644 x\nend\n"),
    "flowed": in_body(b"a \n", b"text/plain; format=flowed"),
    "utf-7": in_body(b"+AGE-", b"text/plain; charset=utf-7"),
    "broken utf-8": in_body(b"\xe9\xc3\xa9", b"text/plain; charset=utf-8"),
    "a bounce": after(DAEMON + b"\n", b"<a@x.example>: 550 5.1.1 user unknown\n"),
    "words of bounces": after(DAEMON + b"\n", b"user recipient address domain host "),
    "a report": after(
        DAEMON + b"Content-Type: multipart/report; boundary=b\n\n--b\n"
        b"Content-Type: message/delivery-status\n\n",
        b"Final-Recipient: rfc822; a@x.example\nStatus: 5.1.1\n\n",
    ),
    "json": after(HEADER + b'\n{"notificationType":', b"["),
    "nulls": lambda size: repeated(b"\x00", size),
}  # fmt: skip


def calls_of(raw: bytes) -> int:
    """How many calls it takes to understand a mail."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        understand(raw)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_twice_the_size_is_at_most_twice_the_work(pattern: Pattern) -> None:
    understand(pattern(100))  # what is done once is not counted
    once, twice = calls_of(pattern(SMALL)), calls_of(pattern(2 * SMALL))
    assert twice <= 2.3 * once + 500


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_a_large_one_is_understood(pattern: Pattern) -> None:
    mail = understand(pattern(LARGE))
    assert not [one for one in mail.defects if one.startswith("not_understood")]


@pytest.mark.parametrize("start", [b"", b"x; a=b"])
@pytest.mark.parametrize("unit", [b";", b",", b" ", b"; ", b"a ", b'a="', b'a="\\"', b"a=;"])
def test_parameters_take_no_time_to_speak_of(start: bytes, unit: bytes) -> None:
    # A regular expression counts as one call, so this one is measured: 20 ms, or 17 s.
    began = time.process_time()
    read_parameters(start + repeated(unit, VALUE_LENGTH_MAX - len(start) - 1) + b"c")
    assert time.process_time() - began < 0.5


def test_many_long_parts_of_html_are_read_within_one_budget_and_the_rest_is_attached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Reading] = []

    def counted(source: str, tokens_max: int) -> Reading:
        read.append(html_tokens.read_tokens(source, tokens_max))
        return read[-1]

    monkeypatch.setattr(parse, "read_tokens", counted)
    part = b"--b\nContent-Type: text/html\n\n" + b"<" * (TOKENS_MAX * 3 // 4) + b"\n"
    mail = understand(HEADER + MULTIPART + part * 4)
    assert sum(reading.cost for reading in read) <= TOKENS_MAX + 4
    assert "html_too_long" in mail.defects
    assert [one.filename for one in mail.attachments] == ["message.html"] * 3
    assert {one.payload.strip() for one in mail.attachments} == {b"<" * (TOKENS_MAX * 3 // 4)}


def test_html_is_never_deeper_or_longer_than_allowed() -> None:
    tokens = tokens_of("<div>" * 50_000 + "<p>x" * 50_000)
    depth = deepest = 0
    for token in tokens:
        depth += {"open": 1, "close": -1, "text": 0}[token.kind] * (token.name != "br")
        deepest = max(deepest, depth)
    assert depth == 0
    assert deepest <= DEPTH_MAX
    assert len(tokens) <= TOKENS_MAX + DEPTH_MAX + 1


def test_a_tree_has_never_more_parts_than_allowed() -> None:
    def parts_of(part: Part) -> int:
        return 1 + sum(map(parts_of, part.children))

    root = read_tree(PATTERNS["empty parts"](LARGE)).root
    assert parts_of(root) <= PARTS_MAX + 1
