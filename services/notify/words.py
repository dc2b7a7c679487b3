"""Plain words for people: names, moments, durations, and text that is safe to show."""

import math
import re
from typing import Final

TITLE_LENGTH_MAX: Final = 120
NAME_LENGTH_MAX: Final = 60
EXCERPT_LENGTH_MAX: Final = 400
LOOKED_AT_LENGTH_MAX: Final = 2_000
"""So much of a text is looked at for its excerpt, however long it is."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
"""Control characters but tab and line feed; separators and halves that no program shows."""
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Marks that turn the direction of writing, so that a line reads as something else."""
_SPACE = re.compile(r"\s+")
_LABELS = r"(?<![\w-])[\w-]{1,63}(?:[.\u3002\uff0e\uff61][\w-]{1,63})"
_ADDRESS = re.compile(
    r"\b(?:\w{1,20}://|(?i:www)\.)\S+"
    rf"|{_LABELS}{{1,10}}/\S*"
    rf"|{_LABELS}{{0,10}}[.\u3002\uff0e\uff61](?P<end>(?:xn--|[^\W\d_]{{2}})[\w-]*)"
    r"(?P<more>[:/?#]\S+)?"
)
"""What programs make a link of: an address, or a host that ends like a domain."""
_FILE = re.compile(
    r"bak|conf|csv|dll|docx?|exe|gif|html?|ini|jar|jpe?g|js|json|log|msi|od[st]|pdf|php|png"
    r"|pptx?|sql|tmp|tsv|txt|xlsx?|xml|ya?ml",
    re.IGNORECASE,
)
"""Ends of files that are no top-level domains."""


def clean(text: str) -> str:
    """Text of several lines, with nothing in it that a program would obey."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def line(text: str, length_max: int = TITLE_LENGTH_MAX) -> str:
    """One line, shortened if need be: for subjects, names and headers."""
    flat = _SPACE.sub(" ", _DIRECTION.sub("", _CONTROL.sub(" ", text))).strip()
    return shortened(flat, length_max)


def shortened(text: str, length_max: int) -> str:
    """The text, or its beginning at a word's end, and an ellipsis."""
    if len(text) <= length_max:
        return text
    cut = text[: length_max - 1]
    at_word = cut.rsplit(" ", 1)[0] if " " in cut[length_max // 2 :] else cut
    return at_word.rstrip() + "…"


def excerpt(text: str) -> str:
    """The beginning of what a customer wrote, without addresses to go to.

    An acknowledgment goes to an address that nobody has proven yet: it must not carry a
    stranger's advertisement there.
    """
    plain = without_links(clean(text[:LOOKED_AT_LENGTH_MAX])).strip()
    return shortened(re.sub(r"\n{3,}", "\n\n", plain), EXCERPT_LENGTH_MAX)


def without_links(text: str) -> str:
    """The text with no address or host to go to; the time is linear in its length."""
    return _ADDRESS.sub(_unlinked, text)


def _unlinked(found: re.Match[str]) -> str:
    is_file = _FILE.fullmatch(found["end"] or "") and not found["more"]
    return found[0] if is_file else "[link]"


def unproven_name(name: str) -> str:
    """A name that somebody typed for an address that isn't proven; empty if it may be a link."""
    return "" if any(sign in name for sign in "./\u3002\uff0e\uff61") else name


def first_name(name: str) -> str:
    """How somebody is greeted; empty when the name doesn't say."""
    plain = line(name, NAME_LENGTH_MAX)
    if "@" in plain or "/" in plain or not plain:
        return ""
    if "," in plain:
        plain = plain.split(",", 1)[1].strip() or plain
    return plain.split(" ", 1)[0].strip(",")


def duration(minutes: float) -> str:
    """`45 minutes` or `4 hours`, rounded up; no days, as a business day has no fixed length."""
    hours = minutes / 60
    if hours >= 1 and (hours == int(hours) or hours >= 3):
        return _counted(math.ceil(hours), "hour")
    return _counted(max(1, math.ceil(minutes)), "minute")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
