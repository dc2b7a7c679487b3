"""Macros: what their steps are as commands, their texts rendered for one ticket."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from services.resolution.domain.commands import (
    AddNote,
    ChangeTags,
    CloseTicket,
    Command,
    HoldTicket,
    ReplyToCustomer,
    ReportProgress,
    RequestEscalation,
    ResolveTicket,
    RunMacro,
    SpendTime,
    StartWork,
)
from shared.events.resolution import ClosingRules, Macro, ProgressKind, ResolutionKind
from shared.sandbox import Variables, render


class Runs(NamedTuple):
    """Who runs a macro, and when."""

    by: str
    agent_name: str
    now: datetime
    rules: ClosingRules


Fields = Mapping[str, str]


def commands_of(macro: Macro, shown: Variables, runs: Runs) -> RunMacro:
    """The macro's command. Raises `TemplateNotAllowed`, `KeyError` for a step nobody knows."""
    steps = tuple(
        _STEPS[step.do]({name: render(text, shown) for name, text in step.fields.items()}, runs)
        for step in macro.steps
    )
    return RunMacro(by=runs.by, now=runs.now, steps=steps)


def _reply(fields: Fields, runs: Runs) -> Command:
    return ReplyToCustomer(
        by=runs.by,
        agent_name=runs.agent_name,
        now=runs.now,
        text=fields["text"],
        awaits_customer=fields.get("awaits_customer") == "yes",
    )


def _note(fields: Fields, runs: Runs) -> Command:
    return AddNote(
        by=runs.by,
        agent_name=runs.agent_name,
        now=runs.now,
        text=fields["text"],
        pinned=fields.get("pinned") == "yes",
    )


def _progress(fields: Fields, runs: Runs) -> Command:
    kind = ProgressKind(fields.get("kind", "step"))
    return ReportProgress(
        by=runs.by, agent_name=runs.agent_name, now=runs.now, kind=kind, text=fields["text"]
    )


def _tags(fields: Fields, runs: Runs) -> Command:
    added, removed = (tuple(fields.get(name, "").split()) for name in ("add", "remove"))
    return ChangeTags(by=runs.by, now=runs.now, add=added, remove=removed)


def _resolve(fields: Fields, runs: Runs) -> Command:
    return ResolveTicket(
        by=runs.by,
        agent_name=runs.agent_name,
        now=runs.now,
        kind=ResolutionKind(fields.get("kind", "fix")),
        cause=fields["cause"],
        note=fields["note"],
        rules=runs.rules,
    )


def _time(fields: Fields, runs: Runs) -> Command:
    return SpendTime(by=runs.by, now=runs.now, minutes=float(fields["minutes"]))


_STEPS: Final[Mapping[str, Callable[[Fields, Runs], Command]]] = {
    "start": lambda _, runs: StartWork(by=runs.by, now=runs.now),
    "reply": _reply,
    "note": _note,
    "progress": _progress,
    "tags": _tags,
    "hold": lambda fields, runs: HoldTicket(by=runs.by, now=runs.now, reason=fields["reason"]),
    "escalation": lambda fields, runs: RequestEscalation(
        by=runs.by, now=runs.now, reason=fields["reason"]
    ),
    "resolve": _resolve,
    "time": _time,
    "close": lambda fields, runs: CloseTicket(
        by=runs.by, now=runs.now, note=fields["note"], rules=runs.rules
    ),
}
"""What a step can do, by the name that the desk's file gives it."""

KNOWN: Final = frozenset(_STEPS)
