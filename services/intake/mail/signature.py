"""Where a writer's signature begins: by its delimiter, its phone, its closing or its name."""

import re
from collections.abc import Sequence

from services.intake.mail.phrases import CLOSING, SENT_FROM

_LINES_MAX = 16
_LINE_LENGTH_MAX = 70

_DELIMITER = re.compile(r"\s*(?:--|––|—|-- )\s*$")
_RULE = re.compile(r"\s*(?:[-_=*~]{3,60}|[–—]{2,})\s*$")
_CONTACT = re.compile(
    r"(?:\+?\(?\d[\d ()./-]{6,20}\d)|[^\s@]{1,60}@[^\s@]{1,60}\.[a-z]{2,}|https?://|www\.|skype:",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"[.?!]\s*$")


def signature_start(lines: Sequence[str], sender: str) -> int:
    """The line at which the signature begins; `len(lines)` when there is none.

    `sender` is the writer's name and address as far as they are known. A signature never
    takes the whole of the text.
    """
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    filled = [index for index in range(end) if lines[index].strip()]
    if len(filled) < 2:
        return end
    tail = filled[1:][-_LINES_MAX:]
    candidates = (
        _after_delimiter(lines, tail),
        _sent_from(lines, tail),
        _closing(lines, tail),
        _name(lines, tail, sender),
        _contacts(lines, tail),
    )
    start = min((found for found in candidates if found is not None), default=end)
    start = _with_closing(lines, start, filled[0])
    left = [lines[index] for index in filled if index < start]
    # `Thanks, Anna` is all that she says.
    return start if any(not CLOSING.fullmatch(line[:120]) for line in left) else end


def _after_delimiter(lines: Sequence[str], tail: list[int]) -> int | None:
    for index in reversed(tail):
        if _DELIMITER.match(lines[index]):
            return index
    for position in range(len(tail) - 1, -1, -1):
        index = tail[position]
        if _RULE.match(lines[index]):
            rest = [lines[other] for other in tail[position + 1 :]]
            short = all(len(line) <= _LINE_LENGTH_MAX for line in rest)
            return index if short and any(map(_CONTACT.search, rest)) else None
    return None


def _sent_from(lines: Sequence[str], tail: list[int]) -> int | None:
    for index in tail[-4:]:
        if len(lines[index]) <= 120 and SENT_FROM.match(lines[index]):
            return index
    return None


def _closing(lines: Sequence[str], tail: list[int]) -> int | None:
    """`Kind regards` and the few short lines after it."""
    for position in range(len(tail) - 1, max(-1, len(tail) - 10), -1):
        line = lines[tail[position]]
        match = CLOSING.match(line[:120])
        if match is None:
            continue
        name = line[match.end() :].strip()
        if name and not (line[: match.end()].rstrip().endswith(",") and _is_short(name, 3)):
            continue
        rest = [lines[index] for index in tail[position + 1 :]]
        if (rest or name) and all(_belongs(line) for line in rest):
            return tail[position]
    return None


def _name(lines: Sequence[str], tail: list[int], sender: str) -> int | None:
    """A line that begins a last paragraph and is the sender's name."""
    names = {word.lower() for word in _WORD.findall(sender.partition("@")[0])}
    for index in tail[-10:]:
        if lines[index - 1].strip() and not CLOSING.fullmatch(lines[index - 1][:120]):
            continue
        words = [word.lower() for word in _WORD.findall(lines[index])]
        if not words or len(words) > 6 or _SENTENCE.search(lines[index].rstrip(".")):
            continue
        if names & set(words[:2]) and all(
            _belongs(lines[other]) for other in tail if other > index
        ):
            return index
    return None


def _contacts(lines: Sequence[str], tail: list[int]) -> int | None:
    """A last paragraph of short lines, half of them ways to reach somebody."""
    start = tail[-1]
    while start > tail[0] and lines[start - 1].strip():
        start -= 1
    paragraph = [lines[index] for index in tail if index >= start]
    contacts = sum(1 for line in paragraph if _CONTACT.search(line))
    short = all(_belongs(line) for line in paragraph)
    enough = contacts >= 2 and contacts * 2 >= len(paragraph) and len(paragraph) >= 3
    return start if short and enough and start in tail else None


def _with_closing(lines: Sequence[str], start: int, first: int) -> int:
    """The signature together with the closing right above it, unless nothing else is left."""
    above = start - 1
    while above > first and not lines[above].strip():
        above -= 1
    if start < len(lines) and above > first and CLOSING.fullmatch(lines[above][:120]):
        return above
    return start


def _belongs(line: str) -> bool:
    """Whether a line may be part of a signature: short, and no sentence or question."""
    return len(line) <= _LINE_LENGTH_MAX and not line.rstrip().endswith(("?", "!"))


def _is_short(text: str, words_max: int) -> bool:
    return len(text) <= 40 and len(text.split()) <= words_max
