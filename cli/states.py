"""The state machines of the docs, read from the code that decides: `python -m cli.states`.

Each is found by trying: from the first state on, every event that its owner knows, in every
variation that one of its fields gives, is folded by the very function that folds history. Nothing
is drawn by hand, so nothing can be drawn wrongly.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from services.assignment.app import SERVICE as ASSIGNMENT
from services.assignment.domain.decisions import TICKETS as ASSIGNMENT_DECIDER
from services.intake.app import SERVICE as INTAKE
from services.intake.domain import DECIDER as INTAKE_DECIDER
from services.resolution.app import SERVICE as RESOLUTION
from services.resolution.domain import DECIDER as RESOLUTION_DECIDER
from services.review.app import SERVICE as REVIEW
from services.review.domain import DECIDER as REVIEW_DECIDER
from shared.events import TICKETS, Event, Status, all_event_types, status_after
from shared.service import Service
from shared.testing.examples import variations

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "states.md"

KEPT_MAX: Final = 10
"""Different states of one name from which everything is tried."""

HEAD: Final = """\
# State machines

Generated from the code by `python -m cli.states`, and held against it by a test: each arrow was
found by folding that event in that state. What changes no state is not shown.
"""


@dataclass(frozen=True)
class Machine:
    """Something whose states have names."""

    title: str
    what: str
    first: Any
    step: Callable[[Any, Event], Any]
    events: Iterable[type[Event]]
    drawn: bool = True
    """False where nearly everything leads from everywhere: then a table tells more."""


Arrow = tuple[str, str, str]
"""From where, by what, to where."""


def machines() -> Iterator[Machine]:
    """All that the page shows."""
    yield Machine(
        "The status that people see",
        "Folded by everybody from all services' events: `shared/events/status.py`. A fold never"
        " refuses history; what may be said in which status is for the owners to decide.",
        Status.NEW,
        status_after,
        [cls for cls in all_event_types() if cls.topic == TICKETS],
        drawn=False,
    )
    for service, decider in (
        (INTAKE, INTAKE_DECIDER),
        (ASSIGNMENT, ASSIGNMENT_DECIDER),
        (RESOLUTION, RESOLUTION_DECIDER),
        (REVIEW, REVIEW_DECIDER),
    ):
        yield Machine(
            f"A ticket in {service.name}",
            f"What {service.name} decides from.",
            decider.initial_state,
            decider.evolve,
            _known_to(service),
        )


def arrows(machine: Machine) -> list[Arrow]:
    """Every change of the state's name that one event makes, in the order of discovery."""
    found: dict[Arrow, None] = {}
    kept: dict[str, list[Any]] = {name_of(machine.first): [machine.first]}
    waiting = [machine.first]
    tries = {cls: list(variations(cls)) for cls in machine.events}
    while waiting:
        state = waiting.pop(0)
        for cls, tried in tries.items():
            after = [machine.step(state, event) for _, event in tried]
            ways = [(chosen, name_of(each)) for (chosen, _), each in zip(tried, after, strict=True)]
            for label, there in _labels(cls, ways):
                if there != name_of(state):
                    found[name_of(state), label, there] = None
            for each in after:
                listed = kept.setdefault(name_of(each), [])
                if each not in listed and len(listed) < KEPT_MAX:
                    listed.append(each)
                    waiting.append(each)
    return list(found)


def name_of(state: Any) -> str:
    """A state's name: of a status itself, of anything else its class's."""
    if state is None:
        return "Nothing"
    return str(state.value) if isinstance(state, Enum) else type(state).__name__


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(machine) for machine in machines())])


def _labels(cls: type[Event], ways: list[tuple[dict[str, Any], str]]) -> Iterator[tuple[str, str]]:
    """The event by where it leads; with what it must say for that, where that matters."""
    usual = ways[0][1]
    whole = next(variations(cls))[1]
    elsewhere = [(chosen, there) for chosen, there in ways if there != usual]
    matters = {name: getattr(whole, name) for chosen, _ in elsewhere for name in chosen}
    said = ", ".join(_said(name, value) for name, value in matters.items())
    yield (f"{cls.__name__} ({said})" if said else cls.__name__), usual
    for chosen, there in elsewhere:
        told = ", ".join(_said(name, value) for name, value in chosen.items())
        yield f"{cls.__name__} ({told})", there


def _said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    if value in (None, ""):
        return f"no {name}"
    return f"{name} {value.value if isinstance(value, Enum) else value}"


def _known_to(service: Service) -> list[type[Event]]:
    known = service.hears | service.says
    return [cls for cls in all_event_types() if cls in known and cls.topic == TICKETS]


def _section(machine: Machine) -> str:
    found = arrows(machine)
    parts = [f"## {machine.title}", machine.what, *([_diagram(machine, found)] * machine.drawn)]
    return "\n\n".join([*parts, _table(found)]) + "\n"


def _diagram(machine: Machine, found: list[Arrow]) -> str:
    by_ways: dict[tuple[str, str], list[str]] = {}
    for here, label, there in found:
        by_ways.setdefault((here, there), []).append(label)
    lines = [f"    [*] --> {name_of(machine.first)}"]
    for (here, there), labels in by_ways.items():
        lines.append(f"    {here} --> {there}: {', '.join(_short(labels))}")
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _table(found: list[Arrow]) -> str:
    """An event a row: from where it leads where."""
    names = dict.fromkeys(name for here, _, there in found for name in (here, there))
    by_event: dict[tuple[str, str], list[str]] = {}
    for here, label, there in found:
        by_event.setdefault((label, there), []).append(here)
    rows = []
    for (label, there), heres in by_event.items():
        others = [name for name in names if name != there and name not in heres]
        told = "any other" if not others else ", ".join(heres)
        if len(heres) > len(others) + 2 and others:
            told = f"any other but {', '.join(others)}"
        rows.append(f"| {label} | {told} | {there} |")
    return "\n".join(["| event | from | to |", "|---|---|---|", *sorted(rows)])


def _short(labels: list[str]) -> list[str]:
    """Each event once: without what it says, if it can lead there whatever it says."""
    plain = {label for label in labels if "(" not in label}
    return [label for label in labels if label in plain or label.split(" ")[0] not in plain]


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
