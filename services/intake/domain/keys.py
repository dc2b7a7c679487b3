"""API keys: a subject of its own for each. Who has one is decided; what it says is not known."""

from dataclasses import dataclass
from datetime import datetime

from shared.decider import Decider
from shared.errors import NotFound, Rejected
from shared.events import Event, Unknown
from shared.events.access import ApiKeyCreated, ApiKeyRevoked
from shared.scopes import Scope


class ExpiresInThePast(Rejected):
    """A key that has expired already is of no use: choose a later instant."""

    http_status = 422


@dataclass(frozen=True)
class CreateApiKey:
    """A program is to be let in."""

    name: str
    scopes: tuple[Scope, ...]
    key_hash: str
    expires_at: datetime | None
    by: str
    now: datetime


@dataclass(frozen=True)
class RevokeApiKey:
    """It is to be let in no more."""

    by: str
    now: datetime


Command = CreateApiKey | RevokeApiKey


@dataclass(frozen=True)
class KeyState:
    """What was said of a key."""

    created: bool = False
    revoked: bool = False


def decide(command: Command, state: KeyState) -> list[Event]:
    """A key is made once and revoked once."""
    match command:
        case CreateApiKey():
            return [] if state.created else [_created(command)]
        case RevokeApiKey(by, now):
            if not state.created:
                raise NotFound(what="API key")
            return [] if state.revoked else [ApiKeyRevoked(revoked_by=by, revoked_at=now)]


def _created(command: CreateApiKey) -> ApiKeyCreated:
    if command.expires_at is not None and command.expires_at <= command.now:
        raise ExpiresInThePast
    return ApiKeyCreated(
        name=command.name,
        scopes=tuple(sorted({scope.value for scope in command.scopes})),
        key_hash=command.key_hash,
        expires_at=command.expires_at,
        created_by=command.by,
        created_at=command.now,
    )


def evolve(state: KeyState, event: Event | Unknown) -> KeyState:
    """Never takes anything back: a revoked key stays revoked."""
    match event:
        case ApiKeyCreated():
            return KeyState(created=True, revoked=state.revoked)
        case ApiKeyRevoked():
            return KeyState(created=state.created, revoked=True)
        case _:
            return state


KEYS_DECIDER: Decider[Command, KeyState] = Decider(KeyState(), decide, evolve)
