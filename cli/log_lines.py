"""A line of a log, for people: `08:22:01 warning follower_failing  follower=relay error=…`.

Files stay JSON, for programs; what is no JSON (Postgres, Kafka) is shown as it is.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

COLOURS: Final = {"warning": "33", "error": "31", "critical": "1;31", "debug": "2"}
SAID_ELSEWHERE: Final = frozenset({"at", "level", "event", "service", "exception"})


def readable(line: str, *, coloured: bool = False) -> str:
    """The line, with its exception below it, indented."""
    try:
        facts = json.loads(line)
    except ValueError:
        return line
    if not isinstance(facts, dict) or "event" not in facts:
        return line
    level = str(facts.get("level", ""))
    text = f"{_time(facts)} {level:<8} {facts['event']}  {_told(facts)}".rstrip()
    below = [f"    {frame}" for frame in str(facts.get("exception", "")).splitlines()]
    whole = "\n".join([text, *below])
    colour = COLOURS.get(level) if coloured else None
    return f"\033[{colour}m{whole}\033[0m" if colour else whole


def _time(facts: Mapping[str, Any]) -> str:
    """The time of day, UTC, in milliseconds."""
    return str(facts.get("at", "")).partition("T")[2].rstrip("Z")[:12]


def _told(facts: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in facts.items() if key not in SAID_ELSEWHERE)
