"""Mails in the desk's own words: subject and text in place of those in files. Pure.

Only the body is replaced: greeting, link, footer and layout stay, so that no mail loses what it
must have. Whatever breaks when a mail is written is passed over, and the mail says what it says
without: a customer waits for it, and the mistake is logged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Final

import structlog
from jinja2 import Template, TemplateError, meta, nodes

from services.notify.preview import PREVIEWS, made_up
from services.notify.rendering import Rendered, around, own_environment, render, source_of
from services.notify.speaking import ENGLISH, LANGUAGES, in_language
from services.notify.words import TITLE_LENGTH_MAX, line
from shared.events.notify import MailTemplate
from shared.sandbox import ALLOWED, FILTERS, RENDERED_LENGTH_MAX

log = structlog.get_logger()

SUBJECT_LENGTH_MAX: Final = 180
SOURCE_LENGTH_MAX: Final = 20_000

_OWN = own_environment()

_ALLOWED: Final = (*ALLOWED, nodes.For, nodes.Concat, nodes.Test)
"""What a template may be made of: no calls, no arithmetic."""

_FILTERS_ALLOWED: Final = FILTERS | {"line", "name", "paragraphs", "quoted", "length", "join"}


@dataclass(frozen=True)
class OwnWords:
    """The templates that the desk's file defines."""

    templates: Mapping[tuple[str, str], MailTemplate] = field(default_factory=dict)
    """By name and language."""

    @classmethod
    def of(cls, templates: Sequence[MailTemplate]) -> "OwnWords":
        return cls({(each.name, each.language): each for each in templates})

    def render(self, template: str, facts: Mapping[str, Any], language: str = ENGLISH) -> Rendered:
        """The mail in the desk's words, where it has some, else in ours."""
        usual = render(template, facts, language)
        own = self.templates.get((template, language)) or self.templates.get((template, ""))
        if own is None:
            return usual
        try:
            return _rendered(own, facts, language, usual)
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            log.warning("own_words_failed", template=template, error=type(error).__name__)
            return usual


NO_OWN_WORDS: Final = OwnWords()


def troubles(templates: Sequence[MailTemplate]) -> Iterator[tuple[str, str]]:
    """What is wrong with templates, each with the name of the one it is wrong with: found by
    rendering each with made-up facts."""
    seen: set[tuple[str, str]] = set()
    for each in templates:
        name = f"{each.name}.{each.language}" if each.language else each.name
        if each.name not in PREVIEWS:
            yield name, f"is no mail of ours; there are {', '.join(sorted(PREVIEWS))}"
            continue
        if each.language not in {"", *LANGUAGES}:
            yield name, f"there is no language {each.language}"
            continue
        if (each.name, each.language) in seen:
            yield name, "is there twice"
        seen.add((each.name, each.language))
        yield from ((name, what) for what in _wrong(each))


def _wrong(each: MailTemplate) -> Iterator[str]:
    if not each.subject.strip() and not each.text.strip():
        yield "says nothing: it needs a subject or a text"
    for part in ("subject", "text"):
        source = getattr(each, part)
        if len(source) > SOURCE_LENGTH_MAX:
            yield f"{part} is longer than {SOURCE_LENGTH_MAX:,} characters"
            return
        try:
            tree = _OWN.parse(source)
            _check(tree)
            used = meta.find_undeclared_variables(tree)
        except TemplateError as error:
            yield f"{part}: {error}"
            return
        if unknown := sorted(used - _facts_of(each.name)):
            yield f"{part}: this mail knows nothing of {', '.join(unknown)}"
        if part == "subject" and source.strip() and "number" not in used:
            yield "subject must hold {{ number }}: answers are found by it"
    for language in [each.language] if each.language else LANGUAGES:
        try:
            _rendered(each, made_up(each.name), language, Rendered("", "", ""))
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            yield f"can't be written: {error}"
            return


_AROUND: Final = ("_layout.txt", "_layout.html", "_frame.html")


@lru_cache(maxsize=200)
def _template(source: str) -> Template:
    _check(_OWN.parse(source))
    return _OWN.from_string(source)


def _check(tree: nodes.Template) -> None:
    """Raises `TemplateError` on what could take long, or much memory, to be written."""
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise TemplateError(f"{type(node).__name__.lower()} is not allowed")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS_ALLOWED:
            raise TemplateError(f"there is no filter {node.name}")
        if isinstance(node, nodes.For) and list(node.find_all(nodes.For)):
            raise TemplateError("a loop in a loop is not allowed")


@cache
def _facts_of(name: str) -> frozenset[str]:
    """What a mail is given: all that our own template of it, and its layout, ask for."""
    asked: set[str] = set()
    for file in (f"{name}.txt", f"{name}.html", f"{name}.subject", *_AROUND):
        asked |= meta.find_undeclared_variables(_OWN.parse(source_of(file)))
    return frozenset(asked)


def _rendered(
    own: MailTemplate, facts: Mapping[str, Any], language: str, usual: Rendered
) -> Rendered:
    told = {name: in_language(value, language) for name, value in facts.items()}
    made = usual
    if own.subject.strip():
        subject = _template(own.subject).render(told)
        made = replace(made, subject=line(subject, max(TITLE_LENGTH_MAX, SUBJECT_LENGTH_MAX)))
    if own.text.strip():
        body = _template(own.text).render(told).strip()[:RENDERED_LENGTH_MAX]
        text, html = around(own.name, language, body, told)
        made = replace(made, text=text, html=html)
    return made
