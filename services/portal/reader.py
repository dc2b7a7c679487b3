"""Who reads a page: the language they chose, or that their browser asks for.

Whatever is rendered while a request is answered is in its reader's language.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi import Request, Response

from services.portal.speaking import ENGLISH, LANGUAGES, language_of

COOKIE: Final = "ledgerdesk_language"
LIFETIME: Final = timedelta(days=365)

SWITCH: Final = "language"
"""The parameter of an address that chooses a language."""

HEADER_LENGTH_READ: Final = 500

_TAG: Final = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-[a-z]{2})?", re.IGNORECASE)
_QUALITY: Final = re.compile(r"\s*q=(0(\.\d{0,3})?|1(\.0{0,3})?)\s*")


@dataclass(frozen=True)
class Reader:
    """Whoever reads what is rendered."""

    language: str = ENGLISH
    """The one of ours that pages are in."""
    speaks: str = ""
    """The tag of what they speak, as far as they or their browser say so."""
    can_switch: bool = False
    """Whether reading the page again in another language loses nothing they typed."""


NOBODY: Final = Reader()

_READER: Final[ContextVar[Reader]] = ContextVar("reader", default=NOBODY)


def reader() -> Reader:
    """Whoever reads what is rendered now."""
    return _READER.get()


@contextmanager
def read_by(somebody: Reader) -> Iterator[None]:
    """While this lasts, pages are for them."""
    token = _READER.set(somebody)
    try:
        yield
    finally:
        _READER.reset(token)


def reader_of(request: Request) -> Reader:
    """Whoever sent the request: as they chose, now or before; else as their browser says."""
    can_switch = request.method == "GET"
    chosen = chosen_in(request) or request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return Reader(chosen, chosen, can_switch)
    tags = wanted(request.headers.get("accept-language", ""))
    for tag in tags:
        if language := language_of(tag):
            return Reader(language, tag, can_switch)
    return Reader(ENGLISH, tags[0] if tags else "", can_switch)


def chosen_in(request: Request) -> str:
    """The language that this request chooses; empty if it chooses none."""
    chosen = request.query_params.get(SWITCH, "") if request.method == "GET" else ""
    return chosen if chosen in LANGUAGES else ""


def remember(response: Response, language: str, *, secure: bool) -> None:
    """Have the browser say from now on what was chosen."""
    response.set_cookie(
        COOKIE,
        language,
        max_age=int(LIFETIME.total_seconds()),
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def wanted(header: str) -> list[str]:
    """The tags of an `Accept-Language`, the best first; what is none is passed over."""
    found: list[tuple[float, str]] = []
    for item in header[:HEADER_LENGTH_READ].split(","):
        tag, _, parameters = item.strip().partition(";")
        quality = _QUALITY.fullmatch(parameters)
        weight = float(quality[1]) if quality else 0.0 if parameters else 1.0
        if weight and _TAG.fullmatch(tag):
            found.append((weight, tag))
    return [tag for _, tag in sorted(found, key=lambda pair: -pair[0])]
