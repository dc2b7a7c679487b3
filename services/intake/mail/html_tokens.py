"""HTML as a flat list of well-nested tokens: the ground for showing, reading and cutting it.

A browser's tree builder is quadratic on hostile input (each tag looks through the open
ones), so what is handed to the sanitiser is nested properly here first, in one pass, at most
`DEPTH_MAX` deep, with at most `STYLES_DEPTH_MAX` styles open at once, and with as many tokens
as are asked for: a mail has `TOKENS_MAX` for all of its parts together.
"""

import html
import re
from collections import Counter
from typing import NamedTuple

DEPTH_MAX = 60
STYLES_DEPTH_MAX = 6
TOKENS_MAX = 50_000
ATTRIBUTES_LENGTH_MAX = 8_000

# fmt: off
VOID = frozenset((
    "area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr",
))
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
    "h6", "header", "hr", "html", "li", "main", "menu", "nav", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
))
_STYLES = frozenset((
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
))
_UNREAD = frozenset((
    "applet", "iframe", "math", "noembed", "noframes", "noscript", "object", "plaintext", "script",
    "select", "style", "svg", "template", "textarea", "title", "xmp",
))
"""Elements whose content is no text that anybody reads."""
# fmt: on
_ENDS_PARAGRAPH = BLOCKS - {"body", "html", "li", "dd", "dt", "tr", "tbody", "thead", "tfoot"}
_ENDED_BY = {
    "li": frozenset(("li",)),
    "dt": frozenset(("dt", "dd")),
    "dd": frozenset(("dt", "dd")),
    "td": frozenset(("td", "th")),
    "th": frozenset(("td", "th")),
    "tr": frozenset(("tr", "td", "th")),
    "option": frozenset(("option",)),
    "a": frozenset(("a",)),
}
"""Which open elements an element ends when it begins."""
_STOPS = frozenset(("table", "ul", "ol", "dl", "body", "html", "blockquote"))

_NAME = re.compile(r"[a-zA-Z][^\s/>]{0,60}")
_PLAIN = re.compile(r"[^>=]*")
_QUOTE = re.compile(r"=\s{0,20}([\"'])")
_ATTRIBUTE = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:.-]{0,60})\s{0,20}=\s{0,20}"
    r"(?:\"([^\"]{0,4000})|'([^']{0,4000})|([^\s\"'>]{1,4000}))"
)
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")


class Token(NamedTuple):
    kind: str
    """text, open or close."""
    name: str
    """Of the element, in lower case; empty for text."""
    text: str
    """The text, its references resolved, or the attributes, as they were written."""

    def attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(self.text[:ATTRIBUTES_LENGTH_MAX]):
            value = match[2] or match[3] or match[4] or ""
            found.setdefault(match[1].lower(), unescape(value))
        return found


class Reading(NamedTuple):
    tokens: list[Token]
    cost: int
    """In tokens; a mark that leaves none, such as a comment, counts as one."""
    whole: bool
    """Whether the source was read to its end."""


def unescape(text: str) -> str:
    """`text` with its character references resolved."""
    if "&" not in text:
        return text
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text))


def tokens_of(source: str, tokens_max: int = TOKENS_MAX) -> list[Token]:
    """The well-nested tokens of an HTML document or fragment; scripts and styles left out."""
    return read_tokens(source, tokens_max).tokens


def read_tokens(source: str, tokens_max: int) -> Reading:
    """The tokens, what they cost, and whether they are all."""
    nesting = _Nesting()
    position = 0
    marks = 0
    while position < len(source) and max(marks, len(nesting.tokens)) < tokens_max:
        marks += 1
        start = source.find("<", position)
        if start < 0:
            nesting.text(source[position:])
            position = len(source)
            break
        if start > position:
            nesting.text(source[position:start])
        position = _markup(source, start, nesting)
    nesting.finish()
    cost = max(marks, len(nesting.tokens))
    return Reading(nesting.tokens, cost, whole=position >= len(source))


def _markup(source: str, start: int, nesting: "_Nesting") -> int:
    """Read what begins with the `<` at `start`; where to go on."""
    following = source[start + 1 : start + 2]
    if source.startswith("<!--", start):
        end = source.find("-->", start + 4)
        return len(source) if end < 0 else end + 3
    if following in {"!", "?"}:
        end = source.find(">", start)
        return len(source) if end < 0 else end + 1
    closing = following == "/"
    match = _NAME.match(source, start + 1 + closing)
    if match is None:
        nesting.text("<")
        return start + 1
    name = match.group().lower()
    end = _tag_end(source, match.end())
    if closing:
        nesting.close(name)
        return end + 1
    attributes = source[match.end() : end]
    if name in _UNREAD and not attributes.endswith("/"):
        found = re.compile(rf"</{re.escape(name)}[\s/>]", re.IGNORECASE).search(source, end)
        return len(source) if found is None else _tag_end(source, found.start()) + 1
    nesting.open(name, attributes.removesuffix("/"))
    return end + 1


def _tag_end(source: str, position: int) -> int:
    """Where the `>` of a tag stands; the end of the source when it's missing."""
    while True:
        match = _PLAIN.match(source, position)
        position = match.end() if match else position
        if position >= len(source) or source[position] == ">":
            return position
        quote = _QUOTE.match(source, position)
        if quote is None:
            position += 1
            continue
        closed = source.find(quote[1], quote.end())
        if closed < 0:
            end = source.find(">", quote.end())
            return len(source) if end < 0 else end
        position = closed + 1


class _Nesting:
    """Tokens as they come, put out well nested."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.stack: list[str] = []
        self.counts: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.styles = 0

    def text(self, text: str) -> None:
        self.tokens.append(Token("text", "", unescape(text)))

    def open(self, name: str, attributes: str) -> None:
        ended = _ENDED_BY.get(name)
        if ended:
            self._end(ended)
        elif name in _ENDS_PARAGRAPH and self.counts["p"]:
            self._end(frozenset({"p"}))
        if name in VOID:
            self.tokens.append(Token("open", name, attributes))
        elif len(self.stack) >= DEPTH_MAX or (name in _STYLES and self.styles >= STYLES_DEPTH_MAX):
            self.skipped[name] += 1
            if name in BLOCKS:
                self.tokens.append(Token("open", "br", ""))
        else:
            self.stack.append(name)
            self.counts[name] += 1
            self.styles += name in _STYLES
            self.tokens.append(Token("open", name, attributes))

    def close(self, name: str) -> None:
        if name == "p" and not self.counts["p"]:
            self.tokens.append(Token("open", "br", ""))
        elif self.skipped[name]:
            self.skipped[name] -= 1
        elif self.counts[name]:
            while self._pop() != name:
                pass

    def finish(self) -> None:
        while self.stack:
            self._pop()

    def _end(self, ended: frozenset[str]) -> None:
        """Close the nearest of `ended` if only inline elements are open within it."""
        for depth in range(len(self.stack) - 1, -1, -1):
            name = self.stack[depth]
            if name in ended:
                while len(self.stack) > depth:
                    self._pop()
            elif name in _STOPS or name in BLOCKS:
                return

    def _pop(self) -> str:
        name = self.stack.pop()
        self.counts[name] -= 1
        self.styles -= name in _STYLES
        self.tokens.append(Token("close", name, ""))
        return name
