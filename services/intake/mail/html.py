"""HTML made safe to show, and HTML as plain text."""

import re
from collections.abc import Iterable

import nh3

from services.intake.mail.html_tokens import (
    ATTRIBUTES_LENGTH_MAX,
    BLOCKS,
    Token,
)

_QUOTE_DEPTH_MAX = 5

# The sanitiser takes time by the square for a long text with many `&` or no-break spaces
# (5 MB: 39 s), so private characters stand for them while it works.
_AMPERSAND = "\ue000"
_NO_BREAK = "\ue001"
_STAND_INS_DROPPED = str.maketrans({_AMPERSAND: "", _NO_BREAK: ""})
_ESCAPES = str.maketrans(
    {
        "&": _AMPERSAND,
        "\u00a0": _NO_BREAK,
        "<": "&lt;",
        ">": "&gt;",
        _AMPERSAND: "",
        _NO_BREAK: "",
    }
)
_SPACES = re.compile(r"[ \t\n\r\f\u00a0]+")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
_MANY_BREAKS = re.compile(r"\n{3,}")
_ATTRIBUTES = {
    "*": {"dir", "lang", "title", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}


def sanitise(tokens: list[Token]) -> str:
    """HTML without scripts, styles, forms and anything that would be fetched from elsewhere.

    Of images only those that came with the mail (`cid:`) keep their source.
    """
    cleaned = nh3.clean(
        _source_of(tokens),
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
    )
    return cleaned.replace(_AMPERSAND, "&amp;").replace(_NO_BREAK, "&nbsp;").strip()


def _source_of(tokens: list[Token]) -> str:
    """The tokens as HTML again, with stand-ins for what the sanitiser is slow at."""
    pieces: list[str] = []
    for token in tokens:
        if token.kind == "text":
            pieces.append(token.text.translate(_ESCAPES))
        elif token.kind == "open":
            attributes = token.text.translate(_STAND_INS_DROPPED)
            if len(attributes) > ATTRIBUTES_LENGTH_MAX:
                # Only what is whole within the limit is kept.
                attributes = "".join(
                    f' {name}="{_escaped(value)}"' for name, value in token.attributes().items()
                )
            pieces.append(f"<{token.name}{attributes}>")
        else:
            pieces.append(f"</{token.name}>")
    return "".join(pieces)


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace('"', "&quot;").translate(_STAND_INS_DROPPED)


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


def to_text(tokens: Iterable[Token]) -> str:
    """What a reader sees, with `> ` before quoted lines and `- ` before points."""
    writer = _Writer()
    for token in tokens:
        if token.kind == "text":
            writer.write(token.text)
        elif token.kind == "open":
            writer.opened(token.name)
        else:
            writer.closed(token.name)
    return writer.text()


class _Writer:
    """Text as it is laid out: runs of white space are one space, blocks begin a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.space = False
        self.preformatted = 0
        self.quotes = 0

    def write(self, text: str) -> None:
        text = _INVISIBLE.sub("", text)
        if self.preformatted:
            first, *rest = text.replace("\r", "").split("\n")
            self._append(first)
            for line in rest:
                self._end_line()
                self._append(line)
            return
        words = _SPACES.sub(" ", text)
        if words.startswith(" "):
            self.space = True
        content = words.strip(" ")
        if content:
            self._append((" " if self.space and self.line else "") + content)
            self.space = words.endswith(" ")

    def opened(self, name: str) -> None:
        if name == "br":
            self._end_line()
            return
        if name in BLOCKS:
            self._begin_block(name)
        if name == "blockquote":
            self.quotes += 1
        elif name == "pre":
            self.preformatted += 1
        elif name == "li":
            self._append("- ")
            self.space = False
        elif name in {"td", "th"} and self.line:
            self.space = True

    def closed(self, name: str) -> None:
        if name in BLOCKS:
            self._begin_block(name)
        if name == "blockquote":
            self.quotes -= 1
        elif name == "pre":
            self.preformatted -= 1

    def text(self) -> str:
        if self.line:
            self._end_line()
        return _MANY_BREAKS.sub("\n\n", "\n".join(self.lines)).strip("\n")

    def _append(self, text: str) -> None:
        if text:
            self.line.append(text)

    def _begin_block(self, name: str) -> None:
        if self.line:
            self._end_line()
        if name in {"p", "blockquote", "table", "ul", "ol", "h1", "h2", "h3"} and (
            self.lines and self.lines[-1]
        ):
            self.lines.append(">" * min(self.quotes, _QUOTE_DEPTH_MAX))

    def _end_line(self) -> None:
        text = "".join(self.line).rstrip()
        depth = min(self.quotes, _QUOTE_DEPTH_MAX)
        self.lines.append(">" * depth + (" " if depth and text else "") + text)
        self.line = []
        self.space = False
