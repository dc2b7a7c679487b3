"""Templates in files → the subject, the text and the HTML of a mail. Pure, once loaded.

`templates/<name>.subject`, `.txt` and `.html` in English, `templates/<language>/…` in other
languages; what people wrote is escaped in HTML and freed of control characters everywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
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
    made.filters |= {
        "line": lambda text: line(text, TITLE_LENGTH_MAX),
        "name": lambda text: line(text, NAME_LENGTH_MAX),
        "paragraphs": paragraphs,
        "quoted": quoted,
    }
    return made


_TEXT: Final = _environment(html=False)
_HTML: Final = _environment(html=True)
