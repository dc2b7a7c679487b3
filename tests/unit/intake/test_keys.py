"""API keys: made once, revoked for good."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.intake.domain.keys import (
    KEYS_DECIDER,
    CreateApiKey,
    ExpiresInThePast,
    RevokeApiKey,
)
from shared.errors import NotFound
from shared.events.access import ApiKeyCreated, ApiKeyRevoked
from shared.scopes import Scope, covers
from shared.testing.spec import T0, given

CREATE = CreateApiKey(
    name="Monitoring",
    scopes=(Scope.TICKETS_READ, Scope.TICKETS_OPEN, Scope.TICKETS_READ),
    key_hash="0" * 64,
    expires_at=None,
    by="petra",
    now=T0,
)
CREATED = ApiKeyCreated(
    name="Monitoring",
    scopes=("tickets:open", "tickets:read"),
    key_hash="0" * 64,
    created_by="petra",
    created_at=T0,
)
REVOKED = ApiKeyRevoked(revoked_by="petra", revoked_at=T0)


def test_a_key_has_each_of_its_scopes_once() -> None:
    given(KEYS_DECIDER).when(CREATE).then(CREATED)


def test_a_key_that_has_expired_is_not_made() -> None:
    late = replace(CREATE, expires_at=T0 - timedelta(seconds=1))
    given(KEYS_DECIDER).when(late).rejected(ExpiresInThePast)


def test_a_key_is_revoked_once() -> None:
    revoke = RevokeApiKey("petra", T0)
    given(KEYS_DECIDER, CREATED).when(revoke).then(REVOKED)
    given(KEYS_DECIDER, CREATED, REVOKED).when(revoke).nothing()


def test_a_key_that_never_was_can_not_be_revoked() -> None:
    given(KEYS_DECIDER).when(RevokeApiKey("petra", T0)).rejected(NotFound)


def test_a_revoked_key_is_not_made_again() -> None:
    given(KEYS_DECIDER, CREATED, REVOKED).when(CREATE).nothing()


@pytest.mark.parametrize(
    ("has", "wanted", "allowed"),
    [
        ({"tickets:read"}, Scope.TICKETS_READ, True),
        ({"tickets:read"}, Scope.TICKETS_WORK, False),
        ({"tickets:manage"}, Scope.TICKETS_WORK, True),
        ({"tickets:work"}, Scope.TICKETS_MANAGE, False),
        (set(), Scope.WEBHOOKS, False),
    ],
)
def test_a_scope_allows_what_it_names(has: set[str], wanted: Scope, *, allowed: bool) -> None:
    assert covers(has, wanted) is allowed
