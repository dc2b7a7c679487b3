"""Why an agent has a ticket, or why it still waits: in sentences, from its row alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

HOW: Final = {
    "least_loaded": "the least loaded of those who were free",
    "most_spare": "who had the most places free",
    "round_robin": "who had waited longest for a ticket",
    "had_before": "whoever had the ticket before",
    "owner": "the customer's own agent",
    "helped_before": "whoever last helped the customer",
    "by_hand": "whoever was named",
}
"""How an agent was found, by the event's `strategy`."""


def told(row: Mapping[str, Any], rule_name: str, ahead: int) -> list[str]:
    """The sentences: who has it or why nobody, what it needs and why, what is noticed."""
    lines = [*_standing(row, ahead), *_needs(row, rule_name)]
    if row["untouched_since"] is not None:
        lines.append(f"Nothing was done about it since {_moment(row['untouched_since'])}.")
    return lines


def _standing(row: Mapping[str, Any], ahead: int) -> Sequence[str]:
    if row["closed"]:
        return ["It is closed: nobody needs to have it."]
    if row["stage"] == "incoming":
        return ["It is still being verified and categorised: nobody can have it yet."]
    if row["agent_id"] is not None:
        return _held(row)
    why = _because(row)
    since = f" since {_moment(row['queued_at'])}" if row["queued_at"] else ""
    before = f"{ahead} with the same need are before it" if ahead else "it is the next in line"
    due = (
        f"it is due at {_moment(row['due_at'])}"
        if row["due_at"] is not None
        else f"nothing is promised: its place in line is {_moment(row['line_at'])}"
    )
    return [
        f"It waits for {row['team_name']}{since}: {before}; {due}.",
        f"{why[:1].upper()}{why[1:]}.",
    ]


def _held(row: Mapping[str, Any]) -> Sequence[str]:
    lines = [f"{row['agent_id']} has it since {_moment(row['assigned_at'])}: {_because(row)}."]
    how = HOW.get(row["how"])
    if how is not None:
        lines.append(f"Asked for was {how}.")
    if row["overrides"]:
        lines.append(f"Whoever named them passed over: {', '.join(row['overrides'])}.")
    if row["weight"] != 1:
        lines.append(f"It takes {row['weight']} places, being of {row['priority']} priority.")
    return lines


def _needs(row: Mapping[str, Any], rule_name: str) -> Sequence[str]:
    if row["team_name"] is None:
        return []
    wants, facts = row["wants"], row["facts"]
    levels = wants.get("levels", {})
    skills = [f"{s} at level {levels[s]}" if s in levels else s for s in row["skills"]]
    what = [f"tier {row['tier']} of {row['team_name']}", *(f"skill {each}" for each in skills)]
    rule = wants.get("rule")
    if facts.get("by_hand"):
        why = "as somebody has moved it there"
    elif rule:
        why = f"by the routing rule {rule_name or rule}"
    else:
        why = "as its topic says"
    declined = row["declined"]
    gave_back = [f"Not asked again, as they gave it back: {', '.join(declined)}."]
    return [f"It needs {', '.join(what)}, {why}.", *(gave_back if declined else [])]


def _because(row: Mapping[str, Any]) -> str:
    return str(row["reason"]).rstrip(".") or "nothing was said of why"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
