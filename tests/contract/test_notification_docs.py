"""The page on notifications tells what holds without rules of a desk."""

import re
from pathlib import Path

from services.notify.rules import DEFAULTS

PAGE = Path(__file__).parents[2] / "docs" / "notifications.md"
ROW = re.compile(
    r"^\| (?P<kind>[a-z_]+) \| (?P<to>[a-z, ]+) \| (?P<urgent>yes)? ?\|$", re.MULTILINE
)


def test_the_page_says_who_hears_of_what() -> None:
    rows = {row["kind"]: row for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    assert rows.keys() == {kind.value for kind in DEFAULTS}
    for kind, rule in DEFAULTS.items():
        row = rows[kind.value]
        assert row["to"].split(", ") == list(rule.to), kind
        assert bool(row["urgent"]) is rule.urgent, kind
