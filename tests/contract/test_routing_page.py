"""The page about routing shows a desk that can be had, and names what the code has."""

import re
from pathlib import Path

import yaml

from deploy.desk_file import Agent
from deploy.desk_routing import Kind, Routing, RoutingRule
from services.assignment.domain.line import PATIENCE
from shared.events.assignment import Strategy

PAGE = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")


def test_the_rules_on_the_page_are_rules() -> None:
    (rules, agents) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    routing = Routing.model_validate(yaml.safe_load(rules)["routing"])
    assert set(routing.rules) == {"gold-databases"}
    shown = yaml.safe_load(agents)["agents"]["ines"]
    ines = Agent.model_validate({"name": "Ines", "email": "ines@desk.example", **shown})
    assert ines.as_defined()["shifts"]["fri"] == [{"start": "22:00", "end": "06:00"}]
    assert ines.as_defined()["leave"][1] == {"first": "2026-12-24", "last": "2026-12-24"}


def test_every_strategy_and_every_part_of_a_rule_is_on_the_page() -> None:
    for strategy in Strategy:
        assert f"| `{strategy.value}` |" in PAGE
    for name in (*Kind.model_fields, *RoutingRule.model_fields.keys() - {"name"}):
        assert f"`{name}`" in PAGE, name


def test_the_patience_on_the_page_is_that_of_the_code() -> None:
    hours = [patience.total_seconds() / 3600 for patience in PATIENCE]
    assert hours == [4 * 24, 2 * 24, 8, 1]
    assert (
        "an hour\nafter it was opened for critical, eight for high, two days for medium, four"
        in PAGE
    )
