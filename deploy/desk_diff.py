"""What a desk's file would change: line by line, and what of it would leave tickets behind."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from deploy.desk_file import DeskFile

SECTIONS: Final = ("calendars", "plans", "teams", "agents", "topics", "rules", "organisations")

ONE: Final = {
    "calendars": "calendar",
    "plans": "plan",
    "teams": "team",
    "agents": "agent",
    "topics": "topic",
    "rules": "rule",
    "organisations": "organisation",
}

Parts = Mapping[str, Mapping[str, Any]]


def plain(desk: DeskFile) -> dict[str, Any]:
    """The desk as plain values, as they stand in a file."""
    made: dict[str, Any] = desk.model_dump(mode="json", by_alias=True, exclude_none=True)
    for calendar in made["calendars"].values():
        for hours in ("hours", "special_hours"):
            calendar[hours] = {
                day: [each.replace(" ", "") for each in opened]
                for day, opened in calendar[hours].items()
            }
    return made


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """`+ topic x`, `- team y`, `~ plan z: what: old → new`; empty if nothing would change."""
    lines = []
    if before.get("name") != after.get("name"):
        lines.append(f"~ name: {before.get('name')} → {after.get('name')}")
    for section in SECTIONS:
        old, new = before.get(section, {}), after.get(section, {})
        lines += _section(ONE[section], old, new)
        if section == "rules" and set(old) == set(new) and list(old) != list(new):
            lines.append(f"~ rules: their order is now {', '.join(new)}")
    for section in ("routing", "quality", "work"):
        changes = _changes("", before.get(section, {}), after.get(section, {}))
        lines += [f"~ {section}: {what}" for what in changes]
    return lines


def _section(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in new:
        if name not in old:
            yield f"+ {kind} {name}"
        else:
            yield from (f"~ {kind} {name}: {what}" for what in _changes("", old[name], new[name]))
    yield from (f"- {kind} {name}" for name in old if name not in new)


def _changes(place: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in (*old, *(each for each in new if each not in old)):
            inner = f"{place}.{name}" if place else str(name)
            yield from _changes(inner, old.get(name), new.get(name))
    elif old != new:
        yield f"{place}: {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    text = "nothing" if value in (None, [], {}, "") else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def orphans(
    before: Parts, after: Parts, open_tickets: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """What the file takes away though tickets need it: a line each, with what to do first.

    `open_tickets` counts those that are not closed, by section and id.
    """
    advice = {
        "teams": "transfer them to another team first",
        "agents": "give them to somebody else first",
        "topics": "put them under another topic first",
        "plans": "put them under another plan first",
    }
    found = []
    for section, what in advice.items():
        for name in before.get(section, {}):
            count = open_tickets.get(section, {}).get(name, 0)
            if name not in after.get(section, {}) and count:
                tickets = "1 ticket" if count == 1 else f"{count} tickets"
                found.append(f"{ONE[section]} {name} still has {tickets}: {what}")
    return found
