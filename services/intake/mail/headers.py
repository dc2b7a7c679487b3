"""Header blocks: where one ends, what its fields are, and what their words say (RFC 2047).

Everything is bounded: fields past `FIELDS_MAX` and bytes of a field past `FIELD_BYTES_MAX`
are passed over, so that no header costs more than its length.
"""

import binascii
import re
from dataclasses import dataclass, field

from services.intake.mail.charset import decode

FIELDS_MAX = 2_000
FIELD_BYTES_MAX = 64 * 1024
WORDS_MAX = 5_000

_LINE_END = re.compile(rb"\r{0,2}\n|\r")
_FIELD = re.compile(
    # A name, and all that is folded below it; lines of mere white space are looked at apart.
    rb"([\x21-\x39\x3b-\x7e]{1,100})[ \t]{0,8}:"
    rb"([^\r\n]*+(?:(?:\r{0,2}\n|\r)[ \t]++[^ \t\r\n][^\r\n]*+)*+)(?:\r{0,2}\n|\r|\Z)"
)
_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]{1,100}[ \t]{0,8}:")
_BLANK = re.compile(rb"[ \t]*+(?:\r{0,2}\n|\r|\Z)")
_FOLD = re.compile(rb"(?:\r{0,2}\n|\r)(?=[ \t])")
_BLANK_LINES = re.compile(rb"(?:[ \t]*+[\r\n]++)*+")
_MBOX_FROM = re.compile(rb">?From [^\r\n:]*[^\r\n]*(?:\r{0,2}\n|\r)")
_NEEDED = ("from", "to", "subject", "content-type", "message-id")
"""Fields that are taken however many came before them."""

_WELL_KNOWN = re.compile(
    rb"(?i)(?:from|to|cc|bcc|subject|date|sender|reply-to|message-id|in-reply-to|references"
    rb"|mime-version|content-[a-z-]{2,30}|received|return-path|delivered-to|list-[a-z-]{2,20}"
    rb"|x-[a-z0-9-]{2,40}|precedence|auto-submitted|importance|user-agent|dkim-signature"
    rb"|thread-[a-z]{2,10}|authentication-results)[ \t]{0,8}:"
)
_WORD = re.compile(r"=\?([^?=\s]{1,75})\?([bBqQ])\?([^?]{0,2000}(?:\?(?!=)[^?]{0,400}){0,9})\?=")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class Headers:
    """The fields of one header block: lower-case name and unfolded raw value, in order."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)

    def raw(self, name: str) -> bytes:
        """The value of the first field called `name` that has one; empty without."""
        return next((value for key, value in self.fields if key == name and value), b"")

    def all_raw(self, name: str) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)

    def text(self, name: str) -> str:
        """The value as people read it: words decoded, white space collapsed."""
        return clean(decode_words(raw_text(self.raw(name))))

    def token(self, name: str) -> str:
        """The value as a machine compares it: ASCII, stripped, lower case."""
        return self.raw(name).decode("ascii", "replace").strip().lower()


@dataclass(slots=True)
class Block:
    headers: Headers
    body_start: int
    defects: list[str]


def read_block(data: bytes, start: int, end: int, boundaries: frozenset[bytes]) -> Block:
    """The header block that begins at `start`.

    It ends at a blank line, at a line that delimits one of `boundaries`, or, when the blank
    line is missing, at the first line that can't belong to a header.
    """
    fields: list[tuple[str, bytes]] = []
    defects: list[str] = []
    needed = set(_NEEDED)
    position = start
    while position < end:
        blank = _BLANK.match(data, position, end)
        if blank is not None:
            position = blank.end()
            if blank.group().strip(b"\r\n") and fields and _NAME.match(data, position, end):
                # A folded line without anything on it.
                continue
            break
        if data.startswith(b"--", position):
            stop, _ = _line(data, position, end)
            if is_delimiter(data[position:stop], boundaries):
                defects.append("header_without_body")
                break
        match = _FIELD.match(data, position, end)
        if match is not None:
            name = match[1].decode("ascii").lower()
            if len(fields) < FIELDS_MAX or name in needed:
                fields.append((name, _unfolded(match[2])))
                needed.discard(name)
            elif defects[-1:] != ["header_too_long"]:
                defects.append("header_too_long")
            position = match.end()
            continue
        stop, following = _line(data, position, end)
        if not fields or not _header_goes_on(data, following, end):
            defects.append("blank_line_missing")
            break
        defects.append("header_line_malformed")
        last, value = fields[-1]
        fields[-1] = (last, (value + b" " + data[position:stop].strip())[:FIELD_BYTES_MAX])
        position = following
    return Block(Headers(fields), position, list(dict.fromkeys(defects)))


def _unfolded(value: bytes) -> bytes:
    """The value on one line, as much of it as is looked at: of `References` the end matters."""
    if len(value) > FIELD_BYTES_MAX:
        value = value[: FIELD_BYTES_MAX // 2] + b" " + value[-FIELD_BYTES_MAX // 2 :]
    return _FOLD.sub(b"", value).strip()


def _line(data: bytes, position: int, end: int) -> tuple[int, int]:
    """(end of the line at `position`, start of the next)."""
    match = _LINE_END.search(data, position, end)
    return match.span() if match else (end, end)


def skip_envelope(data: bytes) -> int:
    """Where the header begins: after blank lines, a byte order mark and mbox's `From `."""
    position = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    blank = _BLANK_LINES.match(data, position)
    position = blank.end() if blank else position
    match = _MBOX_FROM.match(data, position)
    return match.end() if match else position


def is_delimiter(line: bytes, boundaries: frozenset[bytes]) -> bool:
    token = line[2:].rstrip(b" \t")
    return token in boundaries or (token.endswith(b"--") and token[:-2] in boundaries)


def _header_goes_on(data: bytes, position: int, end: int) -> bool:
    """Whether a well-known field follows within three lines, before any blank one."""
    for _ in range(3):
        line_end = _LINE_END.search(data, position, min(end, position + 2_000))
        if line_end is None or line_end.start() == position:
            return False
        if _WELL_KNOWN.match(data, position):
            return True
        position = line_end.end()
    return False


def raw_text(value: bytes) -> str:
    """Raw header bytes as text, before words are decoded."""
    return decode(value)[0]


def clean(text: str) -> str:
    """`text` on one line, without control characters."""
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def decode_words(text: str) -> str:
    """`text` with its encoded words decoded, also where RFC 2047 doesn't allow them.

    Neighbours in the same charset are joined before they are decoded, because mailers cut
    words in the middle of a letter.
    """
    if "=?" not in text:
        return text
    pieces: list[str] = []
    pending: list[bytes] = []
    pending_charset = ""
    position = 0
    for count, match in enumerate(_WORD.finditer(text)):
        if count >= WORDS_MAX:
            break
        data = _word_bytes(match[2], match[3])
        if data is None:
            continue
        charset = match[1].partition("*")[0].lower()
        between = text[position : match.start()]
        adjacent = position > 0 and not between.strip()
        if pending and not (adjacent and charset == pending_charset):
            pieces.append(decode(b"".join(pending), pending_charset)[0])
            pending = []
        if not adjacent:
            pieces.append(between)
        pending.append(data)
        pending_charset = charset
        position = match.end()
    if pending:
        pieces.append(decode(b"".join(pending), pending_charset)[0])
    pieces.append(text[position:])
    return "".join(pieces)


def _word_bytes(encoding: str, word: str) -> bytes | None:
    """The bytes that an encoded word stands for; None when it stands for nothing."""
    raw = word.encode("utf-8", "replace")
    if encoding in "qQ":
        return _Q_ESCAPE.sub(lambda found: binascii.unhexlify(found[1]), raw.replace(b"_", b" "))
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", raw.replace(b"-", b"+").replace(b"_", b"/"))
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return None
