"""Routing as it is, in the form of a desk's file."""

from collections.abc import Mapping
from typing import Any


def skills(each: Mapping[str, Any]) -> Any:
    """Names alone, or with the level of each where any matters."""
    levels = each["levels"]
    if not levels:
        return list(each["skills"])
    return {skill: levels.get(skill, 1) for skill in each["skills"]}


def working_hours(agent: Mapping[str, Any]) -> dict[str, Any]:
    """When an agent works."""
    shifts = {
        day: [f"{one['start']}-{one['end']}" for one in worked]
        for day, worked in agent["shifts"].items()
    }
    leave = [
        one["first"] if one["first"] == one["last"] else f"{one['first']}..{one['last']}"
        for one in agent["leave"]
    ]
    return {"timezone": agent["timezone"], "shifts": shifts, "leave": leave}


def routing(defined: Mapping[str, Any] | None) -> dict[str, Any]:
    """How the desk routes; what goes without saying, if nothing was said."""
    if defined is None:
        return {}
    known = ("rules", "revision", "untouched_calendar_id", "untouched_calendar")
    kept = {name: value for name, value in defined.items() if name not in known}
    if defined["untouched_calendar_id"]:
        kept["untouched_calendar"] = defined["untouched_calendar_id"]
    return {**kept, "rules": {each["rule_id"]: _rule(each) for each in defined["rules"]}}


def _rule(each: Mapping[str, Any]) -> dict[str, Any]:
    kinds = ("topics", "types", "priorities", "organisations", "languages")
    made = {
        "name": each["name"],
        "when": {kind: each[kind] for kind in kinds},
        "team": each["team_id"],
        "skills": skills(each),
        "tier": each["tier"],
        "strategy": each["strategy"],
        "owner": each["owner"],
    }
    return {name: value for name, value in made.items() if value}
