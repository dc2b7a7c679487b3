"""What pages say, in each language. Pure.

Words are written in English where they are said; `languages/<language>.toml` has all of them in
another language. What was said is kept as `Said`, with its facts beside it, and put into words
for whoever reads it.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.moments import moment

ENGLISH: Final = "en"
LANGUAGES: Final = {ENGLISH: "English", "de": "Deutsch"}
"""What pages are written in, each as it calls itself."""

FOLDER: Final = Path(__file__).parent / "languages"

_FACT: Final = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Said:
    """Words in English, with the facts that they leave room for."""

    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    otherwise: str = ""
    """Of what another service said: what is said instead in a language that doesn't know it."""

    def given(self, **facts: Any) -> "Said":
        """The same, with these facts."""
        return replace(self, facts={**self.facts, **facts})


@dataclass(frozen=True)
class Moment:
    """A fact: when something is, in a zone."""

    at: datetime
    zone: str


Sayable = str | Said | Sequence[str | Said]
"""One thing to say, or some of them, one after the other."""


@dataclass(frozen=True)
class Catalogue:
    """The words of a language, by the English ones."""

    words: Mapping[str, str]
    heard: Sequence[tuple[re.Pattern[str], str]]
    """What other services say: its pattern, and how it is said here."""

    def of(self, said: Said) -> tuple[str, Mapping[str, Any]]:
        """The words, with room for facts, and these."""
        if said.words in self.words or not said.otherwise:
            return self.words.get(said.words, said.words), said.facts
        for pattern, words in self.heard:
            if found := pattern.fullmatch(said.words):
                return words, found.groupdict()
        return self.words.get(said.otherwise, said.otherwise), {}


def said(words: str, /, **facts: Any) -> Said:
    """What is to be said: in English here, and in each language's file."""
    return Said(words, facts)


def heard(text: str, otherwise: str) -> Said:
    """What another service said, in English; in other languages, if they don't know it,
    `otherwise`."""
    return Said(text, {}, otherwise)


def say(language: str, what: Sayable, /, **facts: Any) -> str:
    """The words for it. Raises `KeyError` on a fact that they need and aren't given."""
    if isinstance(what, str):
        return say(language, Said(what, facts))
    if not isinstance(what, Said):
        return " ".join(filter(None, (say(language, each) for each in what)))
    words, known = what.words, what.facts
    if language != ENGLISH:
        words, known = catalogue(language).of(what)
    if not known:
        return words
    return _FACT.sub(lambda found: _told(language, known[found[1]]), words)


def language_of(tag: str) -> str:
    """Which of our languages a tag (BCP 47) stands for; empty for none."""
    primary = tag.partition("-")[0].casefold()
    return primary if primary in LANGUAGES else ""


@cache
def catalogue(language: str) -> Catalogue:
    """The words of a language other than English."""
    read = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    heard_by_length = sorted(read.pop("heard").items(), key=lambda pair: -len(pair[0]))
    return Catalogue(
        {english: words for part in read.values() for english, words in part.items()},
        [(_pattern(english), words) for english, words in heard_by_length],
    )


def _told(language: str, fact: Any) -> str:
    match fact:
        case Moment(at, zone):
            return moment(at, zone, language)
        case Said():
            return say(language, fact)
        case _:
            return str(fact)


def _pattern(english: str) -> re.Pattern[str]:
    """`A form may have {limit} files.` as a pattern, in which facts are groups."""
    parts = _FACT.split(english)
    made = [f"(?P<{p}>.*)" if i % 2 else re.escape(p) for i, p in enumerate(parts)]
    return re.compile("".join(made), re.DOTALL)
