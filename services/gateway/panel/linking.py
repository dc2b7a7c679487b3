"""Text from anybody, as it may stand in a page: escaped, with its web addresses as links."""

import re
from typing import Final

from markupsafe import Markup, escape

_URL: Final = re.compile(r"https?://[^\s<>\"']{1,2000}")
"""Bounded, and found in one pass: a text of any shape takes time in proportion to its length."""

_TRAILING: Final = ".,;:!?)]}"
_LINK: Final = Markup(
    '<a href="{url}" target="_blank" rel="noopener noreferrer nofollow">{url}</a>'
)


def linked(text: str) -> Markup:
    """The text, escaped, with `http` and `https` addresses as links."""
    parts: list[Markup] = []
    end = 0
    for match in _URL.finditer(text):
        url = match.group().rstrip(_TRAILING)
        shown = _LINK.format(url=url) if not url.endswith("//") else escape(url)
        parts += [escape(text[end : match.start()]), shown]
        end = match.start() + len(url)
    parts.append(escape(text[end:]))
    return Markup("").join(parts)
