"""`Content-Type` and `Content-Disposition`: a value and its parameters (RFC 2045, 2231).

Takes RFC 2231 as it occurs: pieces out of order or without the first, no charset, percent
signs without the star; missing semicolons, quotes that never close, names with spaces.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from services.intake.mail.charset import decode
from services.intake.mail.headers import clean, decode_words, raw_text

VALUE_LENGTH_MAX = 16 * 1024

_VALUE = re.compile(r"[^;\s\"=]*")
_PARAMETER = re.compile(r"""([^\s;=,"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL)
# Each run of spaces is looked at once, from its beginning.
_NEXT_PARAMETER = re.compile(r"(?<!\s)\s++[a-zA-Z*0-9-]{1,40}\s*=\s*[\"a-zA-Z0-9]")
_PIECE = re.compile(r"(.+?)\*(\d{1,3})(\*?)")
# Not every backslash: Windows paths are sent as they are.
_ESCAPED = re.compile(r"\\([\"\\])")


@dataclass(frozen=True, slots=True)
class Parameters:
    value: str
    """In lower case, such as `text/plain` or `attachment`."""
    values: dict[str, str]

    def get(self, name: str) -> str:
        return self.values.get(name, "")


def read_parameters(raw: bytes) -> Parameters:
    """What a structured header says."""
    text = raw_text(raw[:VALUE_LENGTH_MAX])
    match = _VALUE.match(text)
    value = match.group() if match else ""
    start = len(value)
    if text[start : start + 1] == "=":
        # `Content-Disposition: filename=x`: the value is missing.
        value, start = "", 0
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for found in _PARAMETER.finditer(text, start):
        name, content = found[1].lower(), _unquoted(found[2])
        piece = _PIECE.fullmatch(name)
        if piece:
            pieces.setdefault(piece[1], {}).setdefault(int(piece[2]), (content, bool(piece[3])))
        elif name.endswith("*"):
            pieces.setdefault(name[:-1], {}).setdefault(0, (content, True))
        else:
            plain.setdefault(name, content)
    values = {name: clean(decode_words(content)) for name, content in plain.items()}
    for name, parts in pieces.items():
        joined = clean(_joined(parts))
        if joined:
            values[name] = joined
    return Parameters(value.strip().lower(), values)


def _unquoted(content: str) -> str:
    if content.startswith('"'):
        closed = len(content) > 1 and content.endswith('"')
        return _ESCAPED.sub(r"\1", content[1:-1]) if closed else content[1:].strip()
    content = content.strip()
    following = _NEXT_PARAMETER.search(content)
    return content[: following.start()] if following else content


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """The pieces of an RFC 2231 value in the order of their numbers, decoded together."""
    charset = ""
    data = bytearray()
    for index, number in enumerate(sorted(parts)):
        content, encoded = parts[number]
        if index == 0 and encoded:
            fields = content.split("'", 2)
            if len(fields) == 3:
                charset, content = fields[0], fields[2]
        if encoded:
            data += unquote_to_bytes(content)
        else:
            data += content.encode("utf-8", "replace")
    return decode_words(decode(bytes(data), charset)[0])
