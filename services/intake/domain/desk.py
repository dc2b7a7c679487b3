"""Topics of the desk, and the revisions of its configuration."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.intake import DeskRevised, TopicDefined, TriageRule, TriageRulesDefined


@dataclass(frozen=True)
class DefineTopic:
    """The topic is to be like this; its revision counts only if anything else differs."""

    topic: TopicDefined


@dataclass(frozen=True)
class RetireTopic:
    """Nothing new is to be opened under the topic."""

    revision: int


@dataclass(frozen=True)
class DefineRules:
    """The rules are to be these; their revision counts only if anything else differs."""

    rules: tuple[TriageRule, ...]
    revision: int


@dataclass(frozen=True)
class ReviseDesk:
    """A configuration with this digest is going to be applied."""

    digest: str
    by: str
    now: datetime


@dataclass(frozen=True)
class DeskState:
    """A topic, the rules, or the desk itself: what was last said of it."""

    topic: TopicDefined | None = None
    revised: DeskRevised | None = None
    rules: tuple[TriageRule, ...] = ()


Command = DefineTopic | RetireTopic | DefineRules | ReviseDesk


def decide(command: Command, state: DeskState) -> list[Event]:
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
        case DefineRules(rules, revision):
            if rules == state.rules:
                return []
            return [TriageRulesDefined(rules=rules, revision=revision)]
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
        case TriageRulesDefined():
            return replace(state, rules=event.rules)
        case DeskRevised():
            return replace(state, revised=event)
        case _:
            return state


DESK_DECIDER: Decider[Command, DeskState] = Decider(
    initial_state=DeskState(), decide=decide, evolve=evolve
)
