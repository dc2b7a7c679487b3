"""Every word of every page in every language, and nothing left in English."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import services.portal
from services.intake.domain.ticket import (
    SenderTakesNoPart,
    TicketIsArchived,
    TicketIsClosed,
    TicketIsMerged,
)
from services.intake.domain.verification import troubles_in
from services.intake.refusals import InfectedFile, SenderIsBlocked
from services.intake.text import trouble_with_text
from services.portal.forms import FAILED
from services.portal.owners import NOT_SO
from services.portal.speaking import ENGLISH, LANGUAGES, catalogue, heard, language_of, say
from services.portal.words import UNTITLED
from services.resolution.domain import rejections
from services.review import refusals
from shared.body_budget import TooBusy, TooLarge, TooSlow
from shared.errors import LedgerdeskError, Stale
from shared.events import Priority, Status
from shared.events.desk import FieldCondition, FormField, TopicDefined
from shared.web import Invalid

HERE = Path(services.portal.__file__).parent
TEMPLATES = sorted((HERE / "templates").glob("*.html"))
MODULES = sorted(HERE.glob("*.py"))
OTHERS = sorted(set(LANGUAGES) - {ENGLISH})

SPEAKERS = {"say", "marked"}
"""What templates call with the words that they say."""

ENGLISH_WORDS = re.compile(
    r"\b(?:the|your|you|we|this|and|that|not|has|have|please|is|with|to|of)\b", re.IGNORECASE
)

CLASSES = {" wrong"}
"""Constants that are no words: styles."""

ELSEWHERE = {UNTITLED, FAILED, NOT_SO, *Status, *(priority.label for priority in Priority)}
"""Said where no call holds the words themselves."""


def constants(node: nodes.Node) -> Iterator[str]:
    found = [node, *node.find_all(nodes.Const)]
    yield from (each.value for each in found if isinstance(each, nodes.Const))


def said_in_template(path: Path) -> set[str]:
    tree = Environment().parse(path.read_text(encoding="utf-8"))
    calls = [
        call
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in SPEAKERS
    ]
    return {words for call in calls for words in constants(call.args[0])}


def said_in_module(path: Path) -> set[str]:
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said"
    ]
    first = (call.args[0] for call in calls)
    return {str(each.value) for each in first if isinstance(each, ast.Constant)} - {""}


def all_said() -> set[str]:
    in_templates = set().union(*map(said_in_template, TEMPLATES))
    return in_templates | set().union(*map(said_in_module, MODULES)) | ELSEWHERE


def facts(words: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", words))


def marks(words: str) -> list[str]:
    return sorted(re.findall(r"<[^>]*>", words))


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_all_words_and_none_that_are_not_said(language: str) -> None:
    assert set(catalogue(language).words) == all_said()


@pytest.mark.parametrize("language", OTHERS)
def test_words_leave_room_for_the_same_facts_and_marks_in_each_language(language: str) -> None:
    for english, words in catalogue(language).words.items():
        assert facts(words) == facts(english), english
        assert marks(words) == marks(english), english
    for pattern, words in catalogue(language).heard:
        assert facts(words) <= set(pattern.groupindex), words


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    """All that people read goes through what knows their language."""
    source = path.read_text(encoding="utf-8").replace("{% block width %}wide", "")
    source = re.sub(r"{[{%#].*?[}%#]}", " ", source, flags=re.DOTALL)
    for attribute in ("aria-label", "alt", "title", "placeholder"):
        assert not re.findall(rf'{attribute}="\s*\w', source)
    assert not re.findall(r"[^\W\d_]+", re.sub(r'<[^>]*>|[a-z-]+="[^"]*"', " ", source))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_sentence_of_a_template_is_said_to_nobody(path: Path) -> None:
    tree = Environment().parse(path.read_text(encoding="utf-8"))
    sentences = {
        text
        for text in constants(tree)
        if isinstance(text, str) and re.search(r"\w \w|^[A-Z]", text) and text not in set(Status)
    }
    assert sentences - said_in_template(path) <= CLASSES


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_was_left_in_english(language: str) -> None:
    known = catalogue(language)
    for words in [*known.words.values(), *(words for _, words in known.heard)]:
        said = re.sub(r"<[^>]*>|{\w+}", " ", words)
        assert not re.search(ENGLISH_WORDS, said), words


def sayings_of_intake() -> Iterator[str]:
    """What is wrong with fields of a form, as intake finds it."""
    topic = TopicDefined(
        topic_id="t", name="T", type="technical", team_id="t", team_name="T", revision=1,
        fields=(
            FormField(name="a", label="A", required=True),
            FormField(name="b", label="B", kind="choice", choices=("x", "y")),
            FormField(name="c", label="C", kind="number"),
            FormField(name="d", label="D", kind="date"),
            FormField(name="e", label="E", shown_when=FieldCondition(field="b", values=("x",))),
            FormField(name="f", label="F"),
        ),
    )  # fmt: skip
    values = {"b": "z", "c": "many", "d": "soon", "e": "e", "f": "f" * 3000}
    found = troubles_in(topic, values)
    assert set(found) == {"a", "b", "c", "d", "e", "f"}
    yield from found.values()
    for text in ("", "\x00", "a\nb", "x" * 301):
        yield trouble_with_text(text, 300, lines=False) or ""


def refusals_of_customers() -> Iterator[str]:
    """What keeps a customer's command from being carried out."""
    yield from (error().message for error in (Stale, InfectedFile, SenderIsBlocked))
    yield from (error().message for error in (TicketIsArchived, TicketIsClosed, SenderTakesNoPart))
    yield Invalid([]).message
    yield TicketIsMerged(into_number="LD-1").message
    yield from (TooBusy().message, TooLarge(limit=9).message, TooSlow(seconds=1.5).message)
    for name in ("TicketNotFound", "TicketNotResolved", "TicketNotClosed", "TicketAlreadyClosed",
                 "TicketInArchive", "TicketStaysClosed", "TicketGoesOnElsewhere",
                 "NotTheRequester"):  # fmt: skip
        yield getattr(rejections, name)().message
    yield rejections.TicketNotOpen(status="Closed").message
    yield from (refusals.TicketNotFound().message, refusals.TicketNotClosed().message)
    for module, name in (
        ("services.intake.domain.copying", "OnlyTheRequester"),
        ("services.intake.domain.copying", "NotAsked"),
        ("services.intake.domain.conversation", "NothingWasAsked"),
        ("services.review.domain", "NotTheRequester"),
        ("services.notify.wishes", "NotTheirTicket"),
    ):
        yield getattr(import_module(module), name)().message


def errors_of_the_portal() -> Iterator[str]:
    known = {"name": "a.png", "limit": 5}
    for path in MODULES:
        module = import_module(f"services.portal.{path.stem}".removesuffix(".__init__"))
        for error in vars(module).values():
            ours = isinstance(error, type) and error.__module__ == module.__name__
            if ours and issubclass(error, LedgerdeskError):
                yield error(**known).message


@pytest.mark.parametrize("language", OTHERS)
def test_what_other_services_say_is_told_in_each_language(language: str) -> None:
    sayings = [*sayings_of_intake(), *refusals_of_customers(), *errors_of_the_portal()]
    assert len(sayings) > 30
    for text in sayings:
        told = say(language, heard(text, FAILED))
        assert told not in (text, say(language, FAILED)), text
        assert say(ENGLISH, heard(text, FAILED)) == text


def test_facts_are_put_in_as_they_are() -> None:
    assert say("de", "Ticket {number}", number="{0} {x}") == "Ticket {0} {x}"
    assert say("en", "no {facts}") == "no {facts}"
    with pytest.raises(KeyError):
        say("de", "Ticket {number}", other="x")


@pytest.mark.parametrize(
    ("tag", "language"), [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("fr", ""), ("", "")]
)
def test_a_tag_stands_for_a_language_of_ours_or_for_none(tag: str, language: str) -> None:
    assert language_of(tag) == language
