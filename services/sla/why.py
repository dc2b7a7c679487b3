"""Why a clock is due when it is: its plan, its business hours, its pauses and moves. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.sla.clocks import MINUTE_SECONDS

Row = dict[str, Any]


def shown(ticket: Row, clocks: Sequence[Row]) -> dict[str, Any]:
    """A ticket's plan and clocks, from rows of `clocks.tickets` and `clocks.clocks`."""
    return {
        "ticket_id": ticket["subject"],
        "number": ticket["number"],
        "priority": ticket["priority"],
        "plan": _plan(ticket),
        "clocks": [_clock(ticket, row) for row in clocks],
    }


def _plan(ticket: Row) -> dict[str, Any] | None:
    if ticket["plan_id"] is None:
        return None
    named = ("plan_id", "plan_name", "applied_at", "calendar_id", "calendar")
    return {
        **{name: ticket[name] for name in named},
        "reason": ticket["plan_reason"],
        "by": ticket["plan_by"],
        "revision": ticket["plan_revision"],
    }


def _clock(ticket: Row, row: Row) -> dict[str, Any]:
    hidden = {"id", "subject", "history"}
    facts = {name: value for name, value in row.items() if name not in hidden}
    history = row["history"]
    pauses, moves = pauses_in(history), moves_in(history)
    return {
        **facts,
        "breached": row["breached_at"] is not None,
        "why": {
            "text": _sentence(ticket, row, pauses, moves),
            "pauses": pauses,
            "moved": moves,
            "history": history,
        },
    }


def pauses_in(history: Sequence[Row]) -> list[dict[str, Any]]:
    """When the clock stood still and what for; the last may have no `until` yet."""
    pauses: list[dict[str, Any]] = []
    for event in history:
        match event:
            case {"what": "ClockPaused", "paused_at": since, "reason": reason}:
                pauses.append({"since": since, "until": None, "reason": reason})
            case {"what": "ClockResumed", "resumed_at": until} if pauses:
                pauses[-1]["until"] = until
            case {"what": "TargetMet", "met_at": until} if pauses:
                pauses[-1]["until"] = pauses[-1]["until"] or until
            case {"what": "ClockStopped", "stopped_at": until} if pauses:
                pauses[-1]["until"] = pauses[-1]["until"] or until
    return pauses


def moves_in(history: Sequence[Row]) -> list[dict[str, Any]]:
    """When the due time was moved by another plan, another priority or a reopening."""
    return [
        {
            "at": event["started_at"],
            "from": event["previous_due_at"],
            "to": event["due_at"],
            "elapsed_seconds": event["elapsed_seconds"],
            "reason": event["reason"],
        }
        for event in history
        if event["what"] == "ClockStarted" and event["previous_due_at"]
    ]


def _sentence(ticket: Row, row: Row, pauses: Sequence[Row], moves: Sequence[Row]) -> str:
    zone = (ticket["calendar"] or {}).get("timezone", "UTC")
    target = _duration(row["target_minutes"] * MINUTE_SECONDS)
    parts = [
        (
            f"{target} of business time ({zone}) under the plan {ticket['plan_name']}, "
            f"revision {ticket['plan_revision']}, hours {ticket['calendar_id']}"
        )
    ]
    if row["due_at"] is not None:
        parts.insert(0, f"due {_local(row['due_at'], zone)}")
    else:
        left = row["remaining_seconds"] or 0.0
        parts.insert(0, f"stands still with {_duration(left)} left: {row['pause_reason']}")
    parts += [f"moved at {_local(m['at'], zone)} ({m['reason']})" for m in moves]
    if ended := [pause for pause in pauses if pause["until"]]:
        parts.append(f"stood still {len(ended)} time{'s' if len(ended) > 1 else ''}")
    if row["breached_at"] is not None:
        parts.append(f"breached at {_local(row['breached_at'], zone)}")
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def _local(moment: datetime | str, zone: str) -> str:
    instant = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"


def _duration(seconds: float) -> str:
    return f"{'-' if seconds < 0 else ''}{timedelta(seconds=abs(round(seconds)))}"
