"""Pages from templates: escaped, kept by no cache, allowed to load only what is ours."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.gateway.panel.linking import linked
from services.gateway.queues import QUEUES
from services.gateway.rows import AgentRow
from services.gateway.words import clock_name, duration
from shared.events.base import Priority, Status

HERE: Final = Path(__file__).parent

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

STATIC: Final = {
    "panel.css": "text/css",
    "panel.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

MENTIONABLE_MAX: Final = 12
"""Agents named beside a note, as examples of how to mention one."""

SOON_SECONDS: Final = 30 * 60
"""What is due within this time is shown as soon due."""


def render(template: str, http_status: int = 200, /, **values: Any) -> Response:
    """A page. Templates fail on what they are not given."""
    page = _environment().get_template(template).render(**values)
    return Response(page, http_status, HEADERS, "text/html; charset=utf-8")


@cache
def static(name: str) -> tuple[bytes, str]:
    """The content of a static file, and its mark: the beginning of its hash."""
    content = (HERE / "static" / name).read_bytes()
    return content, sha256(content).hexdigest()[:12]


def static_url(name: str) -> str:
    """Where a static file is, under a name that changes with its content."""
    return f"/static/{static(name)[1]}/{name}"


def left(due_at: datetime | None, now: datetime) -> str:
    """How long until something is due, or how long it is overdue."""
    if due_at is None:
        return ""
    seconds = (due_at - now).total_seconds()
    return f"{duration(seconds)} left" if seconds > 0 else f"overdue by {duration(seconds)}"


def urgency(due_at: datetime | None, now: datetime) -> str:
    """overdue, soon, later or none: the class that colours a due time."""
    if due_at is None:
        return "none"
    seconds = (due_at - now).total_seconds()
    if seconds <= 0:
        return "overdue"
    return "soon" if seconds < SOON_SECONDS else "later"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago something was."""
    seconds = (now - moment).total_seconds()
    return "just now" if seconds < 5 else f"{duration(seconds)} ago"


def age(moment: datetime, now: datetime) -> str:
    """How old something is, in one unit."""
    seconds = max((now - moment).total_seconds(), 0)
    for unit, size_seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size_seconds:
            return f"{int(seconds // size_seconds)} {unit}"
    return f"{int(seconds)} s"


def moment(value: datetime | str) -> str:
    """An instant as people read it; a script puts it into their own zone."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def size(count: int) -> str:
    """A file's size."""
    if count < 1_000_000:
        return f"{max(count / 1_000, 0.1):.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def priority_label(value: str | None) -> str:
    """A priority as people see it: critical is an emergency."""
    return Priority(value).label if value else "not set"


def slug(text: str) -> str:
    """A status or the like as the name of a class of style."""
    return text.lower().replace(" ", "-")


def pairs(rows: Sequence[object], value: str, text: str) -> list[tuple[str, str]]:
    """Rows as the options of a choice."""
    return [(getattr(row, value), getattr(row, text)) for row in rows]


def agents_by_load(agents: Sequence[tuple[AgentRow, int]]) -> list[tuple[str, str]]:
    """Agents as the options of a choice: who is online and has least to do comes first."""
    ordered = sorted(agents, key=lambda each: (not each[0].online, each[1], each[0].name))
    return [
        (
            agent.agent_id,
            f"{agent.name} ({load}/{agent.capacity}{'' if agent.online else ', offline'})",
        )
        for agent, load in ordered
    ]


def mentionable(agents: Sequence[tuple[AgentRow, int]]) -> str:
    """How agents are mentioned in a note: the first few."""
    listed = [f"@{agent.agent_id}" for agent, _ in agents[:MENTIONABLE_MAX]]
    return " ".join(listed) + (" …" if len(agents) > MENTIONABLE_MAX else "")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "left": left,
        "linked": linked,
        "urgency": urgency,
        "age": age,
        "ago": ago,
        "moment": moment,
        "size": size,
        "priority": priority_label,
        "slug": slug,
        "duration": duration,
        "clock": clock_name,
    }
    environment.globals |= {
        "agents_by_load": agents_by_load,
        "mentionable": mentionable,
        "pairs": pairs,
        "static": static_url,
        "QUEUES": QUEUES,
        "STATUSES": [status.value for status in Status],
        "PRIORITIES": list(reversed([priority.value for priority in Priority])),
    }
    return environment
