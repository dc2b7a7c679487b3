"""Where, in plain text, somebody else's words begin: attributions, header blocks, separators."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.intake.mail.phrases import FORWARDED, LABELS, ON, ORIGINAL_MESSAGE, WROTE

_LINE_LENGTH_MAX = 300
_ATTRIBUTION_LENGTH_MAX = 500
_ATTRIBUTION_LINES_MAX = 6
_BLOCK_LINES_MAX = 12
_VERB_WITHIN = 40
"""How near to its end an attribution has its verb, in characters."""

_LABEL_WITHIN = 60
_INVISIBLE = " \t\r\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069"
"""Space, and the marks that turn the direction of writing."""
_COLONS = (":", "\uff1a")
_HAS_COLON = re.compile("[:\uff1a]")
_ADDRESS = r"[^\s<>\"'(),;:\[\]]{1,80}@[^\s<>\"'(),;:\[\]]{1,80}"
_HAS_ADDRESS = re.compile(_ADDRESS)
_HAS_WHEN = re.compile(
    r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}\b|\b(?:19|20)\d\d\b"
    r"|\d{1,2}\s?[日일月월]|\b\d{1,2}-\w{3,5}\.?-\d{2,4}\b"
)
_WROTE_ENDS = re.compile(
    rf"(?:(?<!\w)|(?<=[^\x00-\x7f])|(?<=\d))(?:{WROTE})\s*[:\uff1a]?\s*-*\s*$", re.IGNORECASE
)
_WROTE_WITHIN = re.compile(rf"(?<!\w)(?:{WROTE})(?!\w)", re.IGNORECASE)
_STARTS_LIKE_ONE = re.compile(
    rf"[-_*>\s]*(?:(?:{ON})(?![a-zà-ÿ])|\d|[\"'“]|\w{{2,12}},? \d)", re.IGNORECASE
)
_STARTS_WITH_ON = re.compile(rf"[-_*\s]*(?:{ON})(?![a-zà-ÿ])", re.IGNORECASE)
_STARTS_WITH_WHEN = re.compile(
    r"[-_*\s]*(?:(?:\w{2,4}\.?,?\s+)?\d{1,4}"
    r"(?:[./-]\d{1,2}[./-]\d{1,4}|\.? \w{3,10}\.?,? \d{4}|年))"
)
_ENDS_WITH_ADDRESS = re.compile(
    rf"[<(\[]?\s*(?:mailto:)?{_ADDRESS}\s*[>)\]]{{1,2}}\s*([:\uff1a]?)\s*$"
)
_BRACKETED_ADDRESS = re.compile(rf"<{_ADDRESS}>")
_CLOCK = re.compile(r"(?<![\d.])\d{1,2}[:.]\d{2}(?!\d|\.\d)")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}\b")
_ENDS_WITH_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}(?::\d{2})?(?: [A-Z]{2,5})?\s?[:\uff1a]\s*$")
_SOME_LABEL = re.compile(
    r"[\s>]*[*_]{0,2}[^\W\d_][^\n:\uff1a<>@]{0,25}[*_]{0,2}\s?[:\uff1a][*_]{0,2}\s*\S"
)
"""The name of a field in any language: `Saatja: …`."""
_ENDS_WITH_COLON = re.compile(r"[:\uff1a]\s*$")
_DASHED_WROTE = re.compile(rf"\s*-{{2,}}.{{1,200}}\b(?:{WROTE})\s*:?\s*-{{2,}}\s*$", re.IGNORECASE)
_SHARED_START = re.compile(r"(?:(?<=\S)\s+|\s*-{2,4}\s*)(?=(?:On|Le|Am|El)\s)")
_ORIGINAL = re.compile(
    rf"\s*+[*]{{0,3}}+(?:[-_=]{{2,}}+|[-–—]\s)\s*+(?:{ORIGINAL_MESSAGE})\s*+[*_]*+\s*+[-_=]*+[-–—]?\s*$",
    re.IGNORECASE,
)
_ORIGINAL_BARE = re.compile(rf"\s*(?:{ORIGINAL_MESSAGE})\s*:?\s*$", re.IGNORECASE)
_ABOVE_THIS_LINE = re.compile(
    r"\s*(?:#{1,4}|[-=_*~]{2,})?\s*-?\s*(?:please )?(?:type|write|enter|add) your (?:reply|answer"
    r"|response)"
    r" (?:above|over) (?:this|the) line|\s*[-=_#*~]{2,}\s*(?:please )?reply (?:above"
    r"|over) this line"
    r"|\s*[-=_#*~]{2,}\s*(?:bitte )?(?:antworten|schreiben) sie (?:ihre antwort )?oberhalb dieser",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    rf"\s*+[*>]*+\s*+[-_=]*+\s*+(?:{FORWARDED})\s*+[:\uff1a]?\s*+[-_=*]*+\s*$", re.IGNORECASE
)
_RULE = re.compile(r"\s*[_\-=]{5,200}\s*$")
_LABEL = {
    kind: re.compile(rf"[\s>]*[*_]{{0,2}}(?:{words})\s?[*_]{{0,2}}\s?[:\uff1a]", re.IGNORECASE)
    for kind, words in LABELS.items()
}
_ANY_LABEL = re.compile(
    rf"[\s>]*[*_]{{0,2}}(?:{'|'.join(LABELS.values())})\s?[*_]{{0,2}}\s?[:\uff1a]", re.IGNORECASE
)
_QUOTED = re.compile(r"\s{0,3}>")
_POINTED_AT = re.compile(r"<{2,}\s*$")


class What(Enum):
    """How somebody else's words are announced."""

    ATTRIBUTION = "attribution"
    """`On Monday Anna wrote:`"""
    ORIGINAL = "original"
    """`-----Original Message-----`, or a copied header: all that follows is theirs."""
    FORWARD = "forward"
    """`---------- Forwarded message`: what follows is what the writer wants to be read."""


@dataclass(frozen=True, slots=True)
class Splitter:
    what: What
    start: int
    end: int
    """The line after the announcement."""


def is_quoted(line: str) -> bool:
    """`> like this`; not `>>> here <<<`."""
    return bool(_QUOTED.match(line)) and not _POINTED_AT.search(line[-200:])


def splitter_at(lines: Sequence[str], index: int) -> Splitter | None:
    """The announcement that begins at a line, if one does."""
    line = lines[index][:_LINE_LENGTH_MAX]
    if not line.strip():
        return None
    if _FORWARD.match(line):
        return Splitter(What.FORWARD, index, index + 1)
    if _ORIGINAL.match(line) or _ABOVE_THIS_LINE.match(line):
        return Splitter(What.ORIGINAL, index, index + 1)
    if _ORIGINAL_BARE.match(line) and _block_end(lines, index + 1):
        return Splitter(What.ORIGINAL, index, index + 1)
    if _RULE.match(line):
        following = _next_line(lines, index + 1)
        if following is not None and _block_end(lines, following):
            return Splitter(What.ORIGINAL, index, following)
        return None
    block_end = _block_end(lines, index)
    if block_end:
        return Splitter(What.ORIGINAL, index, block_end)
    if _DASHED_WROTE.match(line):
        return Splitter(What.ATTRIBUTION, index, index + 1)
    end = _attribution_end(lines, index)
    return Splitter(What.ATTRIBUTION, index, end) if end else None


def shared_line(line: str) -> tuple[str, str] | None:
    """(reply, attribution) of a line that holds both, as some programs write it."""
    if len(line) > _ATTRIBUTION_LENGTH_MAX or not _ENDS_WITH_COLON.search(line[-10:]):
        return None
    if not _WROTE_ENDS.search(line[-_VERB_WITHIN:]) or _STARTS_WITH_ON.match(line):
        return None
    for match in _SHARED_START.finditer(line):
        if match.start() and _HAS_WHEN.search(line, match.end(), match.end() + 60):
            return line[: match.start()], line[match.end() :]
    return None


def _attribution_end(lines: Sequence[str], index: int) -> int | None:
    """The line after an attribution that begins at `index` and may run over several."""
    first = lines[index][:_LINE_LENGTH_MAX]
    starts_like_one = _STARTS_LIKE_ONE.match(first) is not None
    joined = ""
    for end in range(index, min(index + _ATTRIBUTION_LINES_MAX, len(lines))):
        line = lines[end][:_LINE_LENGTH_MAX].strip(_INVISIBLE)
        if not line:
            following = lines[end + 1].lstrip() if end + 1 < len(lines) else ""
            if following.startswith("<") and not joined.endswith(">"):
                continue
            return None
        if end > index and (is_quoted(line) and line.strip() != ">" and not line.startswith("> ")):
            return None
        joined = f"{joined} {line}".strip()
        if len(joined) > _ATTRIBUTION_LENGTH_MAX:
            return None
        if _is_attribution(joined, starts_like_one, _quote_follows(lines, end + 1)):
            return end + 1
        if not starts_like_one or joined.endswith(_COLONS):
            return None
    return None


def _is_attribution(text: str, starts_like_one: bool, quote_follows: bool) -> bool:
    colon = _ENDS_WITH_COLON.search(text[-10:]) is not None
    if not (colon or quote_follows):
        return False
    has_address = "@" in text and _HAS_ADDRESS.search(text) is not None
    has_when = _HAS_WHEN.search(text) is not None
    if colon and _names_who_and_when(text):
        return True
    if _WROTE_ENDS.search(text[-_VERB_WITHIN:]):
        if (has_when and starts_like_one) or has_address:
            return True
        if quote_follows and colon and len(text) <= 100:
            return True
    announced = has_address or _STARTS_WITH_ON.match(text) is not None
    if colon and has_when and announced and _WROTE_WITHIN.search(text):
        return True
    ends = _ENDS_WITH_ADDRESS.search(text[-200:]) if has_address and has_when else None
    if ends and _STARTS_WITH_WHEN.match(text):
        return bool(ends[1]) or quote_follows
    return False


def _names_who_and_when(text: str) -> bool:
    """Whether a line that ends with a colon says in any language who wrote, and when: a day and
    a time of day, and an address in brackets or a verb."""
    if not (_CLOCK.search(text) and _YEAR.search(text)):
        return False
    if _BRACKETED_ADDRESS.search(text):
        return True
    return bool(_ENDS_WITH_CLOCK.search(text[-20:]) and _WROTE_WITHIN.search(text))


def _quote_follows(lines: Sequence[str], index: int) -> bool:
    following = _next_line(lines, index)
    return following is not None and is_quoted(lines[following])


def _next_line(lines: Sequence[str], index: int) -> int | None:
    """The next line with something on it, at most three further on."""
    for position in range(index, min(index + 3, len(lines))):
        if lines[position].strip():
            return position
    return None


def _block_end(lines: Sequence[str], index: int) -> int | None:
    """The line after a copied mail header (`From: … Sent: … To: … Subject: …`)."""
    if index >= len(lines) or not _HAS_COLON.search(lines[index][:_LABEL_WITHIN]):
        return None
    if not _ANY_LABEL.match(lines[index][:_LINE_LENGTH_MAX]):
        return _unknown_block_end(lines, index)
    kinds: set[str] = set()
    has_address = False
    end = index
    strangers = 0
    for position in range(index, min(index + _BLOCK_LINES_MAX, len(lines))):
        line = lines[position][:_LINE_LENGTH_MAX]
        if not line.strip():
            if position + 1 < len(lines) and _ANY_LABEL.match(lines[position + 1][:100]):
                continue
            break
        found = {kind for kind, pattern in _LABEL.items() if pattern.match(line)}
        if found:
            kinds |= found
            strangers = 0
            end = position + 1
        else:
            strangers += 1
            if strangers > 2:
                break
        has_address = has_address or _HAS_ADDRESS.search(line) is not None
    enough = len(kinds) >= 2 and ("from" in kinds or {"date", "to"} <= kinds)
    if enough and (has_address or "subject" in kinds):
        return end
    return _unknown_block_end(lines, index)


def _unknown_block_end(lines: Sequence[str], index: int) -> int | None:
    """The line after a copied mail header in a language that we don't know: who, with an
    address, then when, and at least one field more."""
    if not _HAS_ADDRESS.search(lines[index][:_LINE_LENGTH_MAX]):
        return None
    block = [line[:_LINE_LENGTH_MAX] for line in lines[index : index + _BLOCK_LINES_MAX]]
    count = next((n for n, line in enumerate(block) if not _SOME_LABEL.match(line)), len(block))
    dated = any(_CLOCK.search(line) and _YEAR.search(line) for line in block[1:3])
    return index + count if count >= 3 and dated else None
