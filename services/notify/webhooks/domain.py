"""What a webhook is: made, changed, its secret renewed, removed. A subject of its own."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.decider import Decider
from shared.errors import NotFound, Rejected
from shared.events import TICKETS, Event, Unknown, all_event_types
from shared.events.notify import (
    NoticeIssued,
    WebhookChanged,
    WebhookCreated,
    WebhookRemoved,
    WebhookSecretRotated,
)

TYPES: Final = tuple(
    sorted(cls.__name__ for cls in all_event_types() if cls.public and cls.topic == TICKETS)
)
"""What can be asked for: what customers may see of tickets."""

NOTICE: Final = NoticeIssued.__name__
"""What a webhook gets only if it asks for it by name: it may tell what customers don't see."""


class UnknownEventType(Rejected):
    """There are no public events of these types: {types}."""

    http_status = 422


@dataclass(frozen=True)
class CreateWebhook:
    """Post these events there."""

    url: str
    types: tuple[str, ...]
    description: str
    by: str
    now: datetime


@dataclass(frozen=True)
class ChangeWebhook:
    """None leaves something as it is."""

    url: str | None
    types: tuple[str, ...] | None
    description: str | None
    active: bool | None
    by: str
    now: datetime


@dataclass(frozen=True)
class RotateSecret:
    """Sign with a new secret."""

    by: str
    now: datetime


@dataclass(frozen=True)
class RemoveWebhook:
    """Post nothing there any more."""

    by: str
    now: datetime


Command = CreateWebhook | ChangeWebhook | RotateSecret | RemoveWebhook


@dataclass(frozen=True)
class Webhook:
    """A webhook as it is."""

    url: str
    types: tuple[str, ...]
    description: str
    active: bool = True
    generation: int = 1


@dataclass(frozen=True)
class Removed:
    """It was one."""


State = Webhook | Removed | None


def decide(command: Command, state: State) -> list[Event]:
    """What is newly true of a webhook."""
    match command:
        case CreateWebhook():
            return [_created(command)] if state is None else []
        case ChangeWebhook():
            return _changed(command, _known(state))
        case RotateSecret(by, now):
            generation = _known(state).generation + 1
            return [WebhookSecretRotated(generation=generation, rotated_by=by, rotated_at=now)]
        case RemoveWebhook(by, now):
            if isinstance(state, Removed):
                return []
            _known(state)
            return [WebhookRemoved(removed_by=by, removed_at=now)]


def _created(command: CreateWebhook) -> WebhookCreated:
    return WebhookCreated(
        url=command.url,
        types=_checked(command.types),
        description=command.description,
        created_by=command.by,
        created_at=command.now,
    )


def _changed(command: ChangeWebhook, known: Webhook) -> list[Event]:
    wanted = replace(
        known,
        url=known.url if command.url is None else command.url,
        types=known.types if command.types is None else _checked(command.types),
        description=known.description if command.description is None else command.description,
        active=known.active if command.active is None else command.active,
    )
    if wanted == known:
        return []
    return [
        WebhookChanged(
            url=wanted.url,
            types=wanted.types,
            description=wanted.description,
            active=wanted.active,
            changed_by=command.by,
            changed_at=command.now,
        )
    ]


def _checked(types: Collection[str]) -> tuple[str, ...]:
    if unknown := sorted(set(types) - {*TYPES, NOTICE}):
        raise UnknownEventType(types=", ".join(unknown))
    return tuple(sorted(set(types)))


def _known(state: State) -> Webhook:
    if not isinstance(state, Webhook):
        raise NotFound(what="webhook")
    return state


def evolve(state: State, event: Event | Unknown) -> State:
    """The last word counts; what was removed stays so."""
    match event:
        case WebhookCreated():
            return Webhook(event.url, event.types, event.description)
        case WebhookRemoved():
            return Removed()
        case WebhookChanged() if isinstance(state, Webhook):
            return replace(
                state,
                url=event.url,
                types=event.types,
                description=event.description,
                active=event.active,
            )
        case WebhookSecretRotated() if isinstance(state, Webhook):
            return replace(state, generation=event.generation)
        case _:
            return state


WEBHOOKS_DECIDER: Decider[Command, State] = Decider(None, decide, evolve)
