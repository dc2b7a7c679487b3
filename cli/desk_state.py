"""The desk as it is, put together from its owners in the form of a desk's file."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cli.desk_routing import routing, skills, working_hours
from deploy.desk_organisations import readable_members
from deploy.desk_work import as_file

Ask = Callable[[str, str], Awaitable[dict[str, Any]]]
"""What a service answers to a GET of a path."""

Desk = dict[str, Any]


async def present(ask: Ask) -> tuple[Desk, dict[str, dict[str, int]]]:
    """The desk in the form of a file, and how many open tickets need each part of it.

    Who is entitled to a plan by an address of their own is known to nobody but by its hash:
    a plan's domains are told, its people are not.
    """
    topics = await ask("intake", "/v1/desk")
    people = await ask("assignment", "/v1/desk")
    promises = await ask("sla", "/v1/desk")
    looking_back = await ask("review", "/v1/desk")
    work = await ask("resolution", "/v1/desk")
    desk = {
        "name": topics["name"],
        "calendars": {each["calendar_id"]: _calendar(each) for each in promises["calendars"]},
        "plans": {each["plan_id"]: _plan(each) for each in promises["definitions"]},
        "teams": {each["team_id"]: _team(each) for each in people["teams"]},
        "agents": {each["agent_id"]: _agent(each) for each in people["agents"] if each["active"]},
        "topics": {each["topic_id"]: _topic(each) for each in topics["topics"] if each["active"]},
        "rules": {each["rule_id"]: _rule(each) for each in topics["rules"]},
        "routing": routing(people["routing"]),
        "organisations": {
            each["organisation_id"]: _organisation(each) for each in topics["organisations"]
        },
        "quality": looking_back["quality"],
        "work": as_file(work),
    }
    for plan_id, domains in topics["entitled_domains"].items():
        if plan_id in desk["plans"]:
            desk["plans"][plan_id]["entitled"] = domains
    counts = {
        "topics": topics["open_tickets"],
        "teams": people["open_tickets_of_teams"],
        "agents": people["open_tickets_of_agents"],
        "plans": promises["open_tickets"],
    }
    return desk, counts


def _calendar(each: Mapping[str, Any]) -> Desk:
    holidays = {name: each[name] for name in ("country", "region") if each[name]}
    return {
        "timezone": each["timezone"],
        "hours": _days(each["hours"]),
        "holidays": list(each["holidays"]),
        "special_hours": _days(each["special_hours"]),
        **holidays,
    }


def _days(hours: Mapping[str, Any]) -> Desk:
    return {
        day: [f"{_hour(one['start'])}-{_hour(one['end'])}" for one in opened]
        for day, opened in hours.items()
    }


def _hour(text: str) -> str:
    return text[:5]


def _plan(each: Mapping[str, Any]) -> Desk:
    targets = {
        target["priority"]: {name: value for name, value in target.items() if name != "priority"}
        for target in each["targets"]
    }
    kept = ("name", "description", "default_for", "warn_at_share", "escalate_on_breach")
    later = ("escalation", "organisations", "topics", "types")
    return {
        **{name: each[name] for name in kept},
        **{name: each.get(name, []) for name in later},
        "stops": {stops["clock"]: stops["waits"] for stops in each.get("stops", ())},
        "calendar": each["calendar_id"],
        "targets": targets,
    }


def _team(each: Mapping[str, Any]) -> Desk:
    email = {"email": each["email"]} if each["email"] else {}
    return {"name": each["name"], **email, "strategy": each["strategy"]}


def _agent(each: Mapping[str, Any]) -> Desk:
    kept = ("name", "email", "role", "tier", "capacity")
    return {
        **{name: each[name] for name in kept},
        "teams": each["team_ids"],
        **working_hours(each),
        "skills": skills(each),
    }


def _topic(each: Mapping[str, Any]) -> Desk:
    left_out = {"topic_id", "team_id", "team_name", "plan_id", "active", "revision"}
    kept = {name: value for name, value in each.items() if name not in left_out}
    plan = {"plan": each["plan_id"]} if each["plan_id"] else {}
    return {**kept, "team": each["team_id"], **plan}


def _rule(each: Mapping[str, Any]) -> Desk:
    made = {name: each[name] for name in ("type", "impact", "urgency") if each[name] is not None}
    if each["team_id"]:
        made["team"] = each["team_id"]
    return {
        "name": each["name"],
        "when": [_condition(one) for one in each["when"]],
        "set": {**made, "tags": each["tags"]},
        "stop": each["stop"],
    }


def _organisation(each: Mapping[str, Any]) -> Desk:
    given = {
        "plan": each["plan_id"],
        "team": each["team_id"],
        "language": each["language"],
        "timezone": each["timezone"],
    }
    return {
        "name": each["name"],
        "domains": each["domains"],
        "members": readable_members(each["people"], ()),
        **{name: value for name, value in given.items() if value},
    }


def _condition(one: Mapping[str, Any]) -> Desk:
    values: Any = one["values"]
    match one["op"]:
        case "above" | "below":
            values = float(values[0])
        case "given":
            values = values != ["no"]
        case _:
            pass
    return {"field": one["field"], one["op"]: values}
