"""Texts that people of the desk write can show, and do nothing else."""

import pytest

from shared.sandbox import RENDERED_LENGTH_MAX, TemplateNotAllowed, check, render

SHOWN = {"requester": {"name": "Carla {{ 7 * 7 }}", "first_name": "Carla"}, "agent": {"name": ""}}


def test_variables_are_shown_and_what_they_hold_is_text() -> None:
    assert render("Hello {{ requester.name }}!", SHOWN) == "Hello Carla {{ 7 * 7 }}!"
    assert render("{{ agent.name|default('us', true) }}", SHOWN) == "us"
    text = "{% if requester.first_name == 'Carla' %}a{% else %}b{% endif %}"
    assert render(text, SHOWN) == "a"


@pytest.mark.parametrize(
    "template",
    [
        "{{ requester.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ requester.name.format(1) }}",
        "{{ 'a' * 1000000000 }}",
        "{% for a in requester.name %}x{% endfor %}",
        "{% set a = 1 %}",
        "{% include 'x' %}",
        "{% macro a() %}{% endmacro %}",
        "{{ requester.name|pprint }}",
        "{{ requester['name'] }}",
        "{{ range(10) }}",
        "{{ unclosed",
        "x" * 20_001,
        "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
    ],
)
def test_nothing_else_is_allowed(template: str) -> None:
    with pytest.raises(TemplateNotAllowed):
        check(template, SHOWN)


def test_what_comes_out_is_bounded() -> None:
    shown = {"requester": {"name": "x" * 10_000}}
    assert len(render("{{ requester.name }}" * 900, shown)) == RENDERED_LENGTH_MAX
