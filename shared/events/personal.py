"""Which texts of an event are personal, and whose: read off the annotations, once a type."""

import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared.events.base import Event, PersonalField, Whose, WhoseKind, event_type
from shared.events.intake import TicketOpened
from shared.ids import desk_id, person_id

OWNER_FIELD = "person_id"
"""A value with this field says itself whose it is."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom an event is about, besides those that it names itself."""

    requester: UUID
    """Who opened the ticket; the subject itself where there is no ticket."""
    cause: tuple[UUID, ...] = ()
    """All whom the event that it follows from is about."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A personal text in an event's JSON: where it stands, and whose it is."""

    holder: Any
    """The JSON object or array."""
    key: Any
    """Its place in there."""
    persons: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    whose: tuple[Whose, ...]


@dataclass(frozen=True, slots=True)
class _Each:
    """All values of an array or an object."""

    of: "_Plan"


@dataclass(frozen=True, slots=True)
class _Fields:
    of: tuple[tuple[str, "_Plan"], ...]
    owned: bool


_Plan = _Text | _Each | _Fields


@cache
def plan_of(type_name: str) -> _Fields | None:
    """Where the personal texts of an event type stand; None if it has none, or is unknown."""
    cls = event_type(type_name)
    plan = _fields(cls, None) if cls is not None else None
    return plan if plan is not None and plan.of else None


def needs_cause(event: Event) -> bool:
    """Whether the event is also about those whom its cause is about."""
    return _needs_cause(type(event).__name__)


@cache
def _needs_cause(type_name: str) -> bool:
    plan = plan_of(type_name)
    return plan is not None and any(
        whose.kind is WhoseKind.CAUSE for text in _texts(plan) for whose in text.whose
    )


def requester_of(event: object) -> UUID | None:
    """Who opens a ticket, if this is what the event says."""
    return event.requester.person_id if isinstance(event, TicketOpened) else None


def spots(type_name: str, data: Any, about: About) -> list[Spot]:
    """Every personal text that is not empty in an event's JSON."""
    plan = plan_of(type_name)
    return [] if plan is None else _Finder(data, about).look(plan, data)


def persons_of(type_name: str, data: Any, about: About) -> tuple[UUID, ...]:
    """Everybody whom an event's texts are about."""
    found = spots(type_name, data, about)
    return tuple(dict.fromkeys(person for spot in found for person in spot.persons))


def personal_fields(cls: type[Event]) -> list[tuple[str, str]]:
    """Every personal field of an event type and whose it is, in words: for people."""
    plan = plan_of(cls.__name__)
    return [] if plan is None else list(_told(plan, "", owned=False))


class _Finder:
    """Finds the spots of one event: whose a text is, is worked out once for all its texts."""

    __slots__ = ("about", "found", "known", "root")

    def __init__(self, root: Any, about: About) -> None:
        self.root, self.about = root, about
        self.found: list[Spot] = []
        self.known: dict[int, tuple[UUID, ...]] = {}

    def look(
        self, plan: _Fields | _Each, node: Any, owner: tuple[UUID, ...] | None = None
    ) -> list[Spot]:
        """Everything in `node`, of whom its value says that it is."""
        inner: Iterable[tuple[Any, _Plan]]
        if isinstance(plan, _Each):
            keys = node if isinstance(node, dict) else range(len(node))
            inner = [(key, plan.of) for key in keys]
        else:
            inner = plan.of
            owner = (_uuid(node[OWNER_FIELD]),) if plan.owned else owner
        for key, each in inner:
            value = node[key]
            if not value:
                continue
            if isinstance(each, _Text):
                self.found.append(Spot(node, key, owner or self._persons(each.whose)))
            else:
                self.look(each, value, owner)
        return self.found

    def _persons(self, whose: tuple[Whose, ...]) -> tuple[UUID, ...]:
        # By identity: one tuple of the vocabulary marks many fields.
        known = self.known.get(id(whose))
        if known is None:
            persons = [p for each in whose for p in _resolved(each, self.root, self.about)]
            known = self.known[id(whose)] = tuple(dict.fromkeys(persons))
        return known


def _resolved(whose: Whose, root: Any, about: About) -> tuple[UUID, ...]:
    match whose.kind:
        case WhoseKind.REQUESTER:
            return (about.requester,)
        case WhoseKind.PERSON:
            return (_uuid(root[whose.field][OWNER_FIELD]),)
        case WhoseKind.AGENT:
            return (_agent(root[whose.field]),)
        case WhoseKind.ADDRESS:
            address = root[whose.field]
            return (_person(address) if address else about.requester,)
        case WhoseKind.CAUSE:
            return about.cause


@lru_cache(maxsize=2_000)
def _uuid(text: str) -> UUID:
    return UUID(text)


@lru_cache(maxsize=2_000)
def _person(address: str) -> UUID:
    return person_id(address)


@lru_cache(maxsize=2_000)
def _agent(agent_id: str) -> UUID:
    return desk_id("agent", agent_id)


def _fields(cls: type[BaseModel], mark: PersonalField | None) -> _Fields:
    hints = typing.get_type_hints(cls, include_extras=True)
    planned = ((name, _plan(hints[name], mark)) for name in cls.model_fields)
    of = tuple((name, plan) for name, plan in planned if plan is not None)
    return _Fields(of, OWNER_FIELD in cls.model_fields)


def _plan(hint: Any, mark: PersonalField | None) -> _Plan | None:
    """The plan of a value; an outer mark says whose all the marked texts in it are."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        own = next((m for m in arguments[1:] if isinstance(m, PersonalField)), None)
        if arguments[0] is str:
            return None if own is None else _Text((mark or own).whose)
        return _plan(arguments[0], mark or own)
    if origin in (typing.Union, types.UnionType):
        plans = [_plan(each, mark) for each in arguments if each is not type(None)]
        return next((plan for plan in plans if plan is not None), None)
    if origin in (tuple, dict):
        inner = _plan(arguments[0] if origin is tuple else arguments[1], mark)
        return None if inner is None else _Each(inner)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        fields = _fields(hint, mark)
        return fields if fields.of else None
    return None


def _texts(plan: _Plan) -> Iterator[_Text]:
    match plan:
        case _Text():
            yield plan
        case _Each(of):
            yield from _texts(of)
        case _Fields(of):
            for _, each in of:
                yield from _texts(each)


def _told(plan: _Plan, path: str, *, owned: bool) -> Iterator[tuple[str, str]]:
    match plan:
        case _Text(whose):
            named = " and ".join(f"{w.kind.value} {w.field}".strip() for w in whose)
            yield path.lstrip("."), "the value's own" if owned else named
        case _Each(of):
            yield from _told(of, f"{path}[]", owned=owned)
        case _Fields(of, owned_here):
            for name, each in of:
                yield from _told(each, f"{path}.{name}", owned=owned or owned_here)
