"""Text from outside: what may be in it, and what is wrong with it."""

import re
from typing import Final

CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Control characters, other than tab, line feed and carriage return."""

_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_ONE_LINE_GAPS = re.compile(r"[\t\n\r]+")

KINDS: Final = {
    dict: "an object",
    list: "a list",
    bool: "true or false",
    int: "a number",
    float: "a number",
    bytes: "bytes",
}


def trouble_with_text(value: object, limit: int, *, lines: bool) -> str | None:
    """What is wrong with a text of one line, or of several; None if nothing is."""
    if not isinstance(value, str):
        return f"must be text, not {KINDS.get(type(value), 'null')}"
    text = value.strip()
    if not text:
        return "must not be empty"
    found = CONTROL.search(text) if lines else CONTROL.search(text) or re.search(r"[\t\r\n]", text)
    if found is not None:
        code = f"U+{ord(found.group()):04X}"
        return f"must not contain control characters ({code} at character {found.start() + 1})"
    if len(text) > limit:
        return f"must be at most {limit:,} characters long; it has {len(text):,}"
    return None


def tidy(text: str) -> str:
    """A text that was found good: without space around it, line feeds for line breaks."""
    return _BREAKS.sub("\n", text).strip()


def cleaned(text: str) -> str:
    """Any text, with what can't be stored taken out: for mail, where nothing is refused.

    Lone surrogates become question marks, control characters vanish.
    """
    storable = text.encode("utf-8", "replace").decode("utf-8")
    return CONTROL.sub("", _BREAKS.sub("\n", storable)).strip()


def one_line(text: str) -> str:
    """Any text, cleaned, on one line."""
    return _ONE_LINE_GAPS.sub(" ", cleaned(text))
