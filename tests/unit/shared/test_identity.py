"""Whom a service believes, and who may say so."""

import pytest
from pydantic import ValidationError

from shared.asked import _request_id
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import Identity, NotSignedIn, sign, verify
from shared.settings import ServiceSettings

SECRET = "a secret of at least thirty-two bytes"


def believed(identity: Identity) -> bool:
    try:
        return verify(SECRET, sign(SECRET, identity, "sla", utc_now()), "sla") == identity
    except NotSignedIn:
        return False


@pytest.mark.parametrize(
    ("actor", "issuer", "role", "known"),
    [
        ("agent:anna", "gateway", Role.AGENT, True),
        ("operator:test", "cli", Role.OPERATOR, True),
        ("agent:anna", "portal", Role.ADMIN, False),
        ("agent:anna", "portal", None, False),
        ("service:x", "intake", Role.AGENT, False),
        ("customer:1", "portal", None, True),
        ("customer:1", "gateway", None, False),
        ("customer:1", "portal", Role.ADMIN, False),
        ("service:gateway", "gateway", None, True),
    ],
)
def test_each_issuer_answers_for_its_own_people_only(
    actor: str, issuer: str, role: Role | None, known: bool
) -> None:
    assert believed(Identity(actor, issuer, role=role)) == known


def test_a_secret_is_long() -> None:
    given = {"database_url": "", "port": 0, "identity_secret": SECRET, "link_secret": SECRET}
    assert ServiceSettings(**given)
    for name in ("identity_secret", "link_secret"):
        with pytest.raises(ValidationError):
            ServiceSettings(**given | {name: "s" * 31})


def test_the_id_of_a_request_is_the_same_again_and_tells_nothing_without_the_secret() -> None:
    one = _request_id(SECRET, "POST", "/v1/x", b"{}")
    assert one == _request_id(SECRET, "POST", "/v1/x", b"{}")
    others = [
        _request_id(SECRET, "PUT", "/v1/x", b"{}"),
        _request_id(SECRET, "POST", "/v1/y", b"{}"),
        _request_id(SECRET, "POST", "/v1/x", b"{ }"),
        _request_id("another " + SECRET, "POST", "/v1/x", b"{}"),
    ]
    assert len({one, *others}) == 5
