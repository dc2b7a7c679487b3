"""Templates in files → the subject, the text and the HTML of a mail. Pure, once loaded.

`templates/<name>.subject`, `.txt` and `.html` in English, `templates/<language>/…` in other
languages; what people wrote is escaped in HTML and freed of control characters everywhere.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from services.notify.speaking import ENGLISH, in_language
from services.notify.words import NAME_LENGTH_MAX, TITLE_LENGTH_MAX, clean, line

TEMPLATES: Final = Path(__file__).parent / "templates"
SUBJECT_LENGTH_MAX: Final = 180
_GAP: Final = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True)
class Rendered:
    """What a mail says."""

    subject: str
    text: str
    html: str


def render(template: str, facts: Mapping[str, Any], language: str = ENGLISH) -> Rendered:
    """The mail of a template in a language. Raises on a fact that the template needs and isn't
    given."""
    if language != ENGLISH:
        template = f"{language}/{template}"
    facts = {name: in_language(value, language) for name, value in facts.items()}
    text = _TEXT.get_template(f"{template}.txt").render(facts).strip()
    return Rendered(
        subject=line(_TEXT.get_template(f"{template}.subject").render(facts), SUBJECT_LENGTH_MAX),
        text=_GAP.sub("\n\n", text) + "\n",
        html=_HTML.get_template(f"{template}.html").render(facts).strip() + "\n",
    )


def around(template: str, language: str, body: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """The text and the HTML of a template with another body."""
    plain, marked = _around(template if language == ENGLISH else f"{language}/{template}")
    told = {**facts, "own_body": body}
    text = plain.render(told).strip()
    return _GAP.sub("\n\n", text) + "\n", marked.render(told).strip() + "\n"


@cache
def _around(name: str) -> tuple[Template, Template]:
    """A template as text and as HTML, with a body that is still to be given."""
    frame = '{% extends "' + name + '.KIND" %}{% block body %}BODY{% endblock %}'
    plain = frame.replace("KIND", "txt").replace("BODY", "\n{{ own_body }}\n")
    marked = frame.replace("KIND", "html").replace("BODY", "{{ own_body | paragraphs }}")
    return _TEXT.from_string(plain), _HTML.from_string(marked)


def source_of(file: str) -> str:
    """A template's source."""
    return (TEMPLATES / file).read_text(encoding="utf-8")


def own_environment() -> Environment:
    """For templates that somebody wrote who is not us: they reach the facts, and nothing else."""
    made = ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters |= _FILTERS
    return made


def paragraphs(text: str) -> Markup:
    """What somebody typed, as HTML paragraphs with the line breaks kept."""
    blocks = [block.strip("\n") for block in clean(text).split("\n\n")]
    made = [escape(block).replace("\n", Markup("<br>\n")) for block in blocks if block.strip()]
    return Markup("").join(Markup("<p>{}</p>\n").format(block) for block in made)


def quoted(text: str) -> str:
    """What somebody typed, with `> ` before each line, so that it can't pass for ours."""
    return "\n".join(f"> {part}".rstrip() for part in clean(text).strip().split("\n"))


def _finalize(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment(*, html: bool) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,  # noqa: S701 - text and subjects are no markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        auto_reload=False,
    )
    made.filters |= _FILTERS
    return made


_FILTERS: Final[Mapping[str, Callable[[str], object]]] = {
    "line": lambda text: line(text, TITLE_LENGTH_MAX),
    "name": lambda text: line(text, NAME_LENGTH_MAX),
    "paragraphs": paragraphs,
    "quoted": quoted,
}


_TEXT: Final = _environment(html=False)
_HTML: Final = _environment(html=True)
