"""Words in the language of whoever reads them: moments, durations, whole sentences. Pure.

What a letter tells is worked out before it is known who reads it: a `Spoken` is such a text in
every language, and in English for whoever does not ask.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from services.notify.words import duration as english_duration

ENGLISH: Final = "en"
GERMAN: Final = "de"
LANGUAGES: Final = (ENGLISH, GERMAN)

_UNITS: Final = (("hours", "Stunden"), ("hour", "Stunde"), ("minutes", "Minuten"),
                 ("minute", "Minute"), ("days", "Tage"))  # fmt: skip


class Spoken(str):
    """A text in English, that knows how it is said in other languages."""

    __slots__ = ("texts",)

    texts: Mapping[str, str]

    def __new__(cls, say: Callable[[str], str]) -> Self:
        """What `say` answers for each language."""
        made = super().__new__(cls, say(ENGLISH))
        made.texts = {language: say(language) for language in LANGUAGES}
        return made


def in_language(value: Any, language: str) -> Any:
    """A fact as it is told in a language; what is said in no language stays as it is."""
    return value.texts[language] if isinstance(value, Spoken) else value


def language_of(tag: str) -> str:
    """The language in which somebody is written to whose language is `tag` (BCP 47)."""
    primary = tag.partition("-")[0].casefold()
    return primary if primary in LANGUAGES else ENGLISH


def spoken(english: str, german: str) -> Spoken:
    """A text in each language."""
    return Spoken(lambda language: german if language == GERMAN else english)


def duration(minutes: float, language: str) -> str:
    """`4 hours`, or `4 Stunden`."""
    return (
        _in_german(english_duration(minutes)) if language == GERMAN else english_duration(minutes)
    )


def days(minutes: float, language: str) -> str:
    """`3 days` for two days and more, else hours or minutes."""
    if minutes < 48 * 60:
        return duration(minutes, language)
    count = f"{round(minutes / (24 * 60))} days"
    return _in_german(count) if language == GERMAN else count


def _in_german(counted: str) -> str:
    number, _, unit = counted.partition(" ")
    return f"{number} {dict(_UNITS)[unit]}"
