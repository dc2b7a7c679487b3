"""Every template in every language, and words that people of that language would use."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.notify.preview import PREVIEWS, preview
from services.notify.rendering import TEMPLATES
from services.notify.speaking import (
    ENGLISH,
    GERMAN,
    LANGUAGES,
    days,
    duration,
    in_language,
    language_of,
    spoken,
)
from services.notify.story import story_of
from shared.moments import moment
from shared.testing.spec import TICKET, recorded
from tests.unit.notify.examples import categorised, opened

ENGLISH_WORDS = re.compile(r"\b(?:the|your|you|we|this|and|ticket was|has|have)\b", re.IGNORECASE)


OF_ALL_LANGUAGES = {"_frame.html", "_parts.html"}
"""They say nothing."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.*")} - OF_ALL_LANGUAGES


def test_every_language_has_every_template() -> None:
    for language in set(LANGUAGES) - {ENGLISH}:
        assert names(TEMPLATES / language) == names(TEMPLATES)


@pytest.mark.parametrize("name", sorted(names(TEMPLATES)))
def test_a_template_asks_the_same_in_every_language(name: str) -> None:
    """The same facts and conditions, in whatever order the language wants them."""

    def asked(path: Path) -> list[str]:
        code = re.findall(r"{[{%](.*?)[%}]}", path.read_text(encoding="utf-8"), re.DOTALL)
        plain = [re.sub(r"\"[^\"]*\"", "", each) for each in code]
        return sorted({word for each in plain for word in re.findall(r"[a-z_]+", each)})

    for language in set(LANGUAGES) - {ENGLISH}:
        assert asked(TEMPLATES / language / name) == asked(TEMPLATES / name)


@pytest.mark.parametrize("path", sorted((TEMPLATES / GERMAN).glob("*.*")), ids=lambda p: p.name)
def test_no_sentence_was_left_in_english(path: Path) -> None:
    """Also where only some facts bring it to light."""
    source = path.read_text(encoding="utf-8")
    said = re.sub(r"<style>.*</style>|<[^>]*>|{{.*?}}|{%.*?%}", " ", source, flags=re.DOTALL)
    assert not re.search(ENGLISH_WORDS, said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(PREVIEWS))
def test_every_template_renders_in_every_language(name: str, language: str) -> None:
    made = preview(name, language)
    assert made.subject.startswith("[LD-7KQ4M-2XR9C-5] ")
    assert f'lang="{language}"' in made.html
    for part in (made.subject, made.text, made.html):
        assert not re.search(r"[{}%]{2}|None", part.partition("</style>")[2] or part)
    if language == GERMAN:
        words = re.sub(r"<style>.*</style>|<[^>]*>", "", made.html, flags=re.DOTALL)
        assert not re.search(ENGLISH_WORDS, made.subject + made.text + words)


def test_times_are_told_as_people_tell_them() -> None:
    at = datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert moment(at, "Europe/Berlin", "en") == "Monday 2 March 2026, 14:00 (Europe/Berlin)"
    assert moment(at, "Europe/Berlin", "de") == "Montag, 2. März 2026, 14:00 Uhr (Europe/Berlin)"
    assert [duration(each, "de") for each in (1, 45, 60, 240)] == [
        "1 Minute",
        "45 Minuten",
        "1 Stunde",
        "4 Stunden",
    ]
    assert (days(4320, "en"), days(4320, "de"), days(60, "de")) == ("3 days", "3 Tage", "1 Stunde")


@pytest.mark.parametrize(
    ("tag", "language"), [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("", "en"), ("fr", "en")]
)
def test_whoever_speaks_no_language_of_ours_is_written_to_in_english(
    tag: str, language: str
) -> None:
    assert language_of(tag) == language


def test_a_customer_is_written_to_in_the_language_that_was_heard_last() -> None:
    german = opened(language="de")
    assert story_of(TICKET, recorded(german)).language == "de"
    assert story_of(TICKET, recorded(german, categorised())).language == "de"
    later = categorised().model_copy(update={"language": "en"})
    assert story_of(TICKET, recorded(german, later)).language == "en"


def test_what_is_spoken_is_english_to_whoever_does_not_ask() -> None:
    word = spoken("a solution", "eine Lösung")
    assert (word, in_language(word, "de"), in_language("plain", "de")) == (
        "a solution",
        "eine Lösung",
        "plain",
    )
