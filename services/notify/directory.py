"""Where agents and managers are written to, and what the plans promise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.notify.story import Story
from services.notify.words import duration, moment
from shared.events import Priority
from shared.events.sla import ClockKind


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


def expected_answer(story: Story, directory: Directory, zone: str) -> str:
    """When the customer may expect to hear from us, in words that stand after "by now".

    Clocks and assignment are heard in any order: without a clock, the plan's own words.
    """
    first = story.clocks.get(ClockKind.FIRST_RESPONSE)
    if ClockKind.FIRST_RESPONSE not in story.met:
        if first is not None:
            return _promised("a first answer", first.due_at, paused=first.paused, zone=zone)
        minutes = _target(story, directory, ClockKind.FIRST_RESPONSE)
        if minutes is not None:
            return f"You can expect a first answer within {duration(minutes)} of business time."
    solution = story.clocks.get(ClockKind.RESOLUTION)
    if solution is not None and ClockKind.RESOLUTION not in story.met:
        return _promised("a solution", solution.due_at, paused=solution.paused, zone=zone)
    return "We will get back to you as soon as we can."


def _promised(what: str, due_at: datetime, *, paused: bool, zone: str) -> str:
    if paused:
        return f"You can expect {what} once we have what we are waiting for."
    return f"You can expect {what} by {moment(due_at, zone)}."


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


def deadlines(story: Story, zone: str) -> str:
    """What is due when, for those who work on it; empty when no clock runs yet."""
    running = [
        (kind.value.replace("_", " ").capitalize(), clock)
        for kind, clock in story.clocks.items()
        if kind not in story.met
    ]
    return " ".join(
        f"{name} is due by {moment(clock.due_at, zone)}{', paused' if clock.paused else ''}."
        for name, clock in sorted(running)
    )
