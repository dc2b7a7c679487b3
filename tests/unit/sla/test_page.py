"""The page about promises says of the clocks what the code says."""

import re
from pathlib import Path

from services.sla.facts import STOPS
from shared.events.sla import ClockKind

PAGE = (Path(__file__).parents[3] / "docs" / "sla.md").read_text(encoding="utf-8")


def test_the_table_of_clocks_names_each_and_what_it_stands_still_for() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([a-z, ]+) \|$", PAGE, re.MULTILINE)
    told = {clock: set(stops.split(", ")) - {"nothing"} for clock, stops in rows}
    expected = {clock.value: {wait.name.lower() for wait in STOPS[clock]} for clock in ClockKind}
    assert told == expected
