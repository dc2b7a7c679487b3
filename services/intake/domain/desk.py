"""Topics of the desk, and the revisions of its configuration."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.intake import DeskRevised, TopicDefined


@dataclass(frozen=True)
class DefineTopic:
    """The topic is to be like this; its revision counts only if anything else differs."""

    topic: TopicDefined


@dataclass(frozen=True)
class RetireTopic:
    """Nothing new is to be opened under the topic."""

    revision: int


@dataclass(frozen=True)
class ReviseDesk:
    """A configuration with this digest is going to be applied."""

    digest: str
    by: str
    now: datetime


@dataclass(frozen=True)
class DeskState:
    """A topic, or the desk itself: what was last said of it."""

    topic: TopicDefined | None = None
    revised: DeskRevised | None = None


def decide(command: DefineTopic | RetireTopic | ReviseDesk, state: DeskState) -> list[Event]:
    """What is newly true of the desk; nothing if it already was so."""
    match command:
        case DefineTopic(topic):
            same = state.topic is not None and topic == state.topic.model_copy(
                update={"revision": topic.revision}
            )
            return [] if same else [topic]
        case RetireTopic(revision):
            if state.topic is None or not state.topic.active:
                return []
            return [state.topic.model_copy(update={"active": False, "revision": revision})]
        case ReviseDesk(digest, by, now):
            last = state.revised
            if last is not None and last.digest == digest:
                return []
            revision = 1 if last is None else last.revision + 1
            return [DeskRevised(revision=revision, digest=digest, revised_by=by, revised_at=now)]


def evolve(state: DeskState, event: Event | Unknown) -> DeskState:
    """The last definition counts."""
    match event:
        case TopicDefined():
            return replace(state, topic=event)
        case DeskRevised():
            return replace(state, revised=event)
        case _:
            return state


DESK_DECIDER: Decider[DefineTopic | RetireTopic | ReviseDesk, DeskState] = Decider(
    initial_state=DeskState(), decide=decide, evolve=evolve
)
