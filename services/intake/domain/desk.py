"""The desk's name, topics and organisations, who is entitled to which plan, its revisions."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.customers import OrganisationDefined
from shared.events.desk import (
    DeskNamed,
    DeskRevised,
    EntitlementDefined,
    TopicDefined,
    TriageRule,
    TriageRulesDefined,
)


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
class DefineEntitlement:
    """A plan is for these customers only; its revision counts only if anything else differs."""

    entitlement: EntitlementDefined


@dataclass(frozen=True)
class RetireEntitlement:
    """Everybody may choose the plan again."""

    revision: int


@dataclass(frozen=True)
class DefineOrganisation:
    """The organisation is to be like this; its revision counts only if anything else differs."""

    organisation: OrganisationDefined


@dataclass(frozen=True)
class RetireOrganisation:
    """Nobody belongs to it any more."""

    revision: int


@dataclass(frozen=True)
class NameDesk:
    """The desk is to call itself so."""

    name: str
    revision: int


@dataclass(frozen=True)
class ReviseDesk:
    """A configuration with this digest is going to be applied."""

    digest: str
    by: str
    now: datetime


DeskCommand = (
    DefineTopic
    | RetireTopic
    | DefineRules
    | DefineEntitlement
    | RetireEntitlement
    | DefineOrganisation
    | RetireOrganisation
    | NameDesk
    | ReviseDesk
)


@dataclass(frozen=True)
class DeskState:
    """A topic, an entitlement, the rules, or the desk itself: what was last said of it."""

    topic: TopicDefined | None = None
    entitlement: EntitlementDefined | None = None
    organisation: OrganisationDefined | None = None
    named: DeskNamed | None = None
    revised: DeskRevised | None = None
    rules: tuple[TriageRule, ...] = ()


def decide(command: DeskCommand, state: DeskState) -> list[Event]:
    """What is newly true of the desk; nothing if it already was so."""
    match command:
        case DefineTopic(topic):
            return _defined(topic, state.topic)
        case RetireTopic(revision):
            return _retired(state.topic, revision)
        case DefineRules(rules, revision):
            if rules == state.rules:
                return []
            return [TriageRulesDefined(rules=rules, revision=revision)]
        case DefineEntitlement(entitlement):
            return _defined(entitlement, state.entitlement)
        case RetireEntitlement(revision):
            return _retired(state.entitlement, revision)
        case DefineOrganisation(organisation):
            return _defined(organisation, state.organisation)
        case RetireOrganisation(revision):
            return _retired(state.organisation, revision)
        case NameDesk(name, revision):
            return _defined(DeskNamed(name=name, revision=revision), state.named)
        case ReviseDesk(digest, by, now):
            last = state.revised
            if last is not None and last.digest == digest:
                return []
            revision = 1 if last is None else last.revision + 1
            return [DeskRevised(revision=revision, digest=digest, revised_by=by, revised_at=now)]


def _defined(
    wanted: TopicDefined | EntitlementDefined | OrganisationDefined | DeskNamed,
    last: TopicDefined | EntitlementDefined | OrganisationDefined | DeskNamed | None,
) -> list[Event]:
    same = last is not None and wanted == last.model_copy(update={"revision": wanted.revision})
    return [] if same else [wanted]


def _retired(
    last: TopicDefined | EntitlementDefined | OrganisationDefined | None, revision: int
) -> list[Event]:
    if last is None or not last.active:
        return []
    return [last.model_copy(update={"active": False, "revision": revision})]


def evolve(state: DeskState, event: Event | Unknown) -> DeskState:
    """The last definition counts."""
    match event:
        case TopicDefined():
            return replace(state, topic=event)
        case TriageRulesDefined():
            return replace(state, rules=event.rules)
        case EntitlementDefined():
            return replace(state, entitlement=event)
        case OrganisationDefined():
            return replace(state, organisation=event)
        case DeskNamed():
            return replace(state, named=event)
        case DeskRevised():
            return replace(state, revised=event)
        case _:
            return state


DESK_DECIDER: Decider[DeskCommand, DeskState] = Decider(
    initial_state=DeskState(), decide=decide, evolve=evolve
)
