"""Pages from templates: escaped, with headers that let them load only what is ours."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.portal.reader import SWITCH, reader
from services.portal.rows import PlanRow
from services.portal.speaking import ENGLISH, LANGUAGES, Sayable, heard, say
from services.portal.words import UNTITLED, clean

HERE: Final = Path(__file__).parent
STATIC: Final = {
    "portal.css": "text/css",
    "portal.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def render(
    template: str,
    values: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] = HEADERS,
) -> Response:
    """A page, in the language of whoever reads it. Templates fail on what they are not given."""
    somebody = reader()
    told = {"can_switch": somebody.can_switch, **values}
    page = _environment(somebody.language).get_template(template).render(told)
    named = {**headers, "Content-Language": somebody.language}
    return Response(page, status, named, "text/html; charset=utf-8")


@cache
def static(name: str) -> tuple[bytes, str]:
    """The content of a static file, and its mark: the beginning of its hash."""
    content = (HERE / "static" / name).read_bytes()
    return content, sha256(content).hexdigest()[:12]


def static_url(name: str) -> str:
    """Where a static file is, under a name that changes with its content."""
    return f"/static/{static(name)[1]}/{name}"


def paragraphs(text: str) -> Markup:
    """What somebody typed, as paragraphs with the line breaks kept."""
    blocks = [block.strip("\n") for block in clean(text).split("\n\n")]
    made = [escape(block).replace("\n", Markup("<br>")) for block in blocks if block.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(block) for block in made)


def size(count: int, language: str = ENGLISH) -> str:
    """A file's size."""
    if count < 1_000_000:
        return f"{max(1, round(count / 1_000))} kB"
    told = f"{count / 1_000_000:.1f}".removesuffix(".0")
    return f"{told if language == ENGLISH else told.replace('.', ',')} MB"


def place(name: str) -> str:
    """The id of a field's element."""
    return "f-" + "".join(c if c.isascii() and c.isalnum() else "-" for c in name)


def slug(text: str) -> str:
    """A status as the name of a class of style."""
    return text.lower().replace(" ", "-")


def pairs(choices: Sequence[str]) -> list[tuple[str, str]]:
    """The options of a choice whose values are what people read."""
    return [(choice, choice) for choice in choices]


def plan_pairs(plans: Sequence[PlanRow]) -> list[tuple[str, str]]:
    """Plans as the options of a choice."""
    told = ((plan.plan_id, plan.name, plan.description) for plan in plans)
    return [(value, f"{name}: {about}" if about else name) for value, name, about in told]


@cache
def _environment(language: str) -> Environment:
    def marked(what: Sayable, /, **facts: Any) -> Markup:
        """Words that hold marks of HTML; facts are escaped."""
        safe = {name: escape(fact) for name, fact in facts.items()}
        return Markup(say(language, what, **safe))  # noqa: S704 - the words are ours

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "titled": lambda title: say(language, title) if title == UNTITLED else title,
        "asked": lambda question: say(language, heard(question, question)),
        "paragraphs": paragraphs,
        "size": partial(size, language=language),
        "place": place,
        "slug": slug,
        "pairs": pairs,
        "plan_pairs": plan_pairs,
    }
    made.globals |= {
        "static": static_url,
        "say": partial(say, language),
        "marked": marked,
        "language": language,
        "languages": LANGUAGES,
        "switch": SWITCH,
    }
    return made
