"""Where agents and managers are written to, and what the plans promise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.notify.speaking import ENGLISH, GERMAN, Spoken, duration, spoken
from services.notify.story import Story
from shared.events import Priority
from shared.events.sla import ClockKind
from shared.moments import moment


@dataclass(frozen=True)
class Contact:
    """Somebody of the desk; without an address when the desk's definition gives none."""

    agent_id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Promise:
    """What a plan promises for one priority, in business minutes."""

    first_response_minutes: float
    resolution_minutes: float


@dataclass(frozen=True)
class Directory:
    """What a letter about one ticket may need to look up."""

    agents: Mapping[str, Contact] = field(default_factory=dict)
    managers: tuple[Contact, ...] = ()
    """Managers of the ticket's team; its own address when it has none."""
    promises: Mapping[tuple[str, Priority], Promise] = field(default_factory=dict)
    """By plan and priority."""
    defaults: Mapping[Priority, str] = field(default_factory=dict)
    """The plan of each priority when nothing else is said."""

    def agent(self, agent_id: str, name: str = "") -> Contact:
        """The agent; with no address if this service doesn't know one."""
        return self.agents.get(agent_id) or Contact(agent_id, name)


def expected_answer(story: Story, directory: Directory, zone: str) -> Spoken:
    """When the customer may expect to hear from us, in words that stand after "by now".

    Clocks and assignment are heard in any order: without a clock, the plan's own words.
    """
    first = story.clocks.get(ClockKind.FIRST_RESPONSE)
    if ClockKind.FIRST_RESPONSE not in story.met:
        if first is not None:
            return _promised(_ANSWER, first.due_at, paused=first.paused, zone=zone)
        minutes = _target(story, directory, ClockKind.FIRST_RESPONSE)
        if minutes is not None:
            return _within(minutes)
    solution = story.clocks.get(ClockKind.RESOLUTION)
    if solution is not None and ClockKind.RESOLUTION not in story.met:
        return _promised(_SOLUTION, solution.due_at, paused=solution.paused, zone=zone)
    return spoken(
        "We will get back to you as soon as we can.", "Wir melden uns, sobald wir können."
    )


_ANSWER = spoken("a first answer", "eine erste Antwort")
_SOLUTION = spoken("a solution", "eine Lösung")


def _within(minutes: float) -> Spoken:
    english, german = (duration(minutes, language) for language in (ENGLISH, GERMAN))
    return spoken(
        f"You can expect a first answer within {english} of business time.",
        f"Sie können eine erste Antwort innerhalb von {german} Geschäftszeit erwarten.",
    )


def _promised(what: Spoken, due_at: datetime, *, paused: bool, zone: str) -> Spoken:
    german = what.texts[GERMAN]
    if paused:
        return spoken(
            f"You can expect {what} once we have what we are waiting for.",
            f"Sie können {german} erwarten, sobald wir haben, worauf wir warten.",
        )
    return spoken(
        f"You can expect {what} by {moment(due_at, zone, ENGLISH)}.",
        f"Sie können {german} bis {moment(due_at, zone, GERMAN)} erwarten.",
    )


def _target(story: Story, directory: Directory, clock: ClockKind) -> float | None:
    if story.plan is not None:
        minutes = [t.minutes for t in story.plan.targets if t.clock is clock]
        if minutes:
            return minutes[0]
    if story.priority is None:
        return None
    plan = story.plan_wanted or directory.defaults.get(story.priority, "")
    promise = directory.promises.get((plan, story.priority))
    if promise is None:
        return None
    first = clock is ClockKind.FIRST_RESPONSE
    return promise.first_response_minutes if first else promise.resolution_minutes


def deadlines(story: Story, zone: str) -> Spoken:
    """What is due when, for those who work on it; empty when no clock runs yet."""
    running = [(_CLOCKS[k], c) for k, c in story.clocks.items() if k not in story.met]

    def say(language: str) -> str:
        due, paused = _DUE.texts[language], _PAUSED.texts[language]
        return " ".join(
            f"{name.texts[language]} {due} {moment(clock.due_at, zone, language)}"
            f"{paused if clock.paused else ''}."
            for name, clock in sorted(running, key=lambda each: each[0])
        )

    return Spoken(say)


_CLOCKS = {
    ClockKind.FIRST_RESPONSE: spoken("First response", "Die erste Antwort"),
    ClockKind.NEXT_RESPONSE: spoken("Next response", "Die nächste Antwort"),
    ClockKind.PROGRESS: spoken("Word of progress", "Der nächste Zwischenstand"),
    ClockKind.RESOLUTION: spoken("Resolution", "Die Lösung"),
}
CLOCK_NAMES = {
    ClockKind.FIRST_RESPONSE: spoken("first response", "erste Antwort"),
    ClockKind.NEXT_RESPONSE: spoken("next response", "nächste Antwort"),
    ClockKind.PROGRESS: spoken("word of progress", "nächster Zwischenstand"),
    ClockKind.RESOLUTION: spoken("resolution", "Lösung"),
}
"""As letters name the clocks within a sentence."""
_DUE = spoken("is due by", "ist fällig bis")
_PAUSED = spoken(", paused", ", angehalten")
