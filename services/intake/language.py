"""Which language somebody writes and reads: as they say it, or as their words tell. Pure.

A guess is only made where the words leave little doubt; nobody is better than somebody else's
language.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final
from zoneinfo import available_timezones

TAG_LENGTH_MAX: Final = 35
TEXT_LENGTH_READ: Final = 4_000
HITS_MIN: Final = 3
"""So many words must speak for a language."""
LEAD_MIN: Final = 1.4
"""And so much more for it than for the next one."""
SCRIPT_SHARE_MIN: Final = 0.3
"""Of the letters, how many must be of a script that tells the language."""

_TAG = re.compile(r"([a-zA-Z]{2,3})(?:-([a-zA-Z]{4}))?(?:-([a-zA-Z]{2}|\d{3}))?(?:-[\w-]*)?")
_QUALITY = re.compile(r"q\s*=\s*([01](?:\.\d{0,3})?)")
_WORD = re.compile(r"[^\W\d_]+")

_WORDS: Final[Mapping[str, str]] = {
    "en": "the and is not you with this that have for are was my your can please we it been",
    "de": "und der die das nicht ist ich wir sie mit ein eine bitte auf seit kann haben wird von",
    "fr": "le la les et est pas je nous vous avec une des pour que dans depuis bonjour merci sur",
    "es": "el la los las y es no que con una para por hola gracias desde pero está mi del se",
    "it": "il lo la gli e è non che con una per sono buongiorno grazie dal ma del si mi nella",
    "pt": "o a os as e não que com uma para por olá obrigado desde mas está meu do da se é",
    "nl": "de het een en is niet ik wij met voor van dat kan graag bedankt sinds deze mijn maar",
    "sv": "och det är inte jag vi med en ett för att på som kan hej tack sedan har den",
    "da": "og det er ikke jeg vi med en et for at på som kan hej tak siden har af",
    "nb": "og det er ikke jeg vi med en et for å på som kan hei takk siden har av",
    "fi": "ja on ei en minä me se että kun voi hei kiitos mutta ole ovat tämä jo kanssa",
    "pl": "i nie jest się na z do że mam proszę dzień dobry dziękuję od ale czy to jak mi",
    "cs": "a je není se na s do že mám prosím dobrý den děkuji od ale to jak mi nám jsem",
    "hu": "a az és nem van hogy egy ez meg kérem köszönöm de már lehet nekem itt csak mert",
    "ro": "și nu este că cu un o pe din la mulțumesc bună ziua dar mai sunt vă rog am",
    "tr": "ve bir bu için değil var yok ile merhaba teşekkürler lütfen ama çok ben biz olarak",
}
"""Words that every text of a language has, whatever it is about."""

_SCRIPTS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("uk", re.compile("[іїєґ]", re.IGNORECASE)),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)
_SPECIAL: Final = frozenset({"uk", "ja"})
"""Told by letters that stand among those of another language: a few of them are enough."""


def tag_of(text: str) -> str:
    """A language's tag as BCP 47 writes it, without what only specialists tell apart; empty for
    what is none."""
    found = _TAG.fullmatch(text.strip()[:TAG_LENGTH_MAX].replace("_", "-"))
    if found is None:
        return ""
    language, script, region = found[1].lower(), found[2], found[3]
    parts = [language, script.title() if script else "", region.upper() if region else ""]
    return "-".join(filter(None, parts))


def preferred(header: str) -> str:
    """The first choice in an `Accept-Language` or `Content-Language`; empty if there is none."""
    best, quality_of_best = "", 0.0
    for item in header[:500].split(","):
        name, _, more = item.partition(";")
        found = _QUALITY.search(more)
        quality = float(found[1]) if found else 1.0
        tag = tag_of(name)
        if tag and quality > quality_of_best:
            best, quality_of_best = tag, quality
    return best


def timezone_of(text: str) -> str:
    """The time zone's name as IANA has it; empty for what is none."""
    return text.strip() if text.strip() in _zones() else ""


def guessed(text: str) -> str:
    """The language that a text is written in; empty where the words don't tell."""
    read = text[:TEXT_LENGTH_READ].casefold()
    letters = sum(map(str.isalpha, read))
    for language, script in _SCRIPTS:
        enough = 0.02 if language in _SPECIAL else SCRIPT_SHARE_MIN
        if letters and len(script.findall(read)) / letters >= enough:
            return language
    return _by_words(_WORD.findall(read))


def _by_words(words: Iterable[str]) -> str:
    counted = Counter(words)
    scores = sorted(
        ((sum(counted[word] for word in known), language) for language, known in _known()),
        reverse=True,
    )
    (most, language), (second, _) = scores[:2]
    return language if most >= HITS_MIN and most >= LEAD_MIN * second else ""


@cache
def _known() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((language, frozenset(words.split())) for language, words in _WORDS.items())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
