"""Texts with variables that people of the desk write: rendered in a sandbox, and bounded.

A template may show variables, choose between texts by `if`, and use a few filters. There are
no loops, no calls and no arithmetic in it, so rendering takes time in proportion to its
length; what comes out is bounded, too.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from jinja2 import TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from shared.errors import Rejected

TEMPLATE_LENGTH_MAX: Final = 20_000
RENDERED_LENGTH_MAX: Final = 50_000

FILTERS: Final = frozenset({"default", "lower", "upper", "title", "capitalize", "trim"})

ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
"""What templates may be made of: what they do takes time in proportion to their length."""

Variables = Mapping[str, Mapping[str, str]]
"""By name: `requester` has `name`, say."""


class TemplateNotAllowed(Rejected):
    """The text can't be used: {what}."""

    http_status = 422


def check(template: str, known: Variables | None = None) -> None:
    """Raises `TemplateNotAllowed`, saying why the template can't be rendered.

    With `known`, every variable must be one of these.
    """
    if len(template) > TEMPLATE_LENGTH_MAX:
        raise TemplateNotAllowed(what=f"it is longer than {TEMPLATE_LENGTH_MAX} characters")
    try:
        tree = _environment().parse(template)
    except (TemplateError, RecursionError) as error:
        what = str(error) or type(error).__name__
        raise TemplateNotAllowed(what=what) from error
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, ALLOWED):
            raise TemplateNotAllowed(what=f"{type(node).__name__.lower()} is not allowed")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise TemplateNotAllowed(what=f"there is no filter {node.name}")
        if known is not None:
            _check_variable(node, known)


def render(template: str, variables: Variables) -> str:
    """The text, with what is unknown left out. Raises `TemplateNotAllowed`."""
    check(template)
    try:
        text = _environment().from_string(template).render(variables)
    except (TemplateError, RecursionError, TypeError, ValueError) as error:
        raise TemplateNotAllowed(what=str(error) or type(error).__name__) from error
    return text[:RENDERED_LENGTH_MAX]


def _check_variable(node: nodes.Node, known: Variables) -> None:
    if isinstance(node, nodes.Getattr):
        held = known.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if held is None or node.attr not in held:
            whole = f"{getattr(node.node, 'name', '…')}.{node.attr}"
            raise TemplateNotAllowed(what=f"there is no variable {whole}")
    elif isinstance(node, nodes.Name) and node.name not in known:
        raise TemplateNotAllowed(what=f"there is no variable {node.name}")


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=False, keep_trailing_newline=True)
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.globals.clear()
    return environment
