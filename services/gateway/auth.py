"""Who is at the desk: bearer tokens of agents, API keys of programs, sessions of the panel.

Only the SHA-256 of a token is kept anywhere. A session says who signed in and with which
token, so that a new token, or leaving the desk, ends it.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import jwt

from services.gateway.finders import Finders
from services.gateway.rows import AgentRow, ApiKeyRow
from shared.errors import Rejected
from shared.events.assignment import Role
from shared.identity import Identity, NotSignedIn
from shared.ids import uuid7
from shared.scopes import ACTOR_PREFIX, KEY_PREFIX, Scope, covers

ISSUER: Final = "gateway"
COOKIE: Final = "ledgerdesk_agent"
_PANEL: Final = "panel"
_TOKEN_LENGTH_MAX: Final = 512


class ScopeMissing(Rejected):
    """This API key lacks the scope {scope}: ask an admin for a key that has it."""

    http_status = 403


class NotForPrograms(Rejected):
    """This is for people of the desk, with a token of their own; an API key can't do it."""

    http_status = 403


def token_hash(token: str) -> str:
    """What is kept of a bearer token: its SHA-256, hex."""
    return sha256(token.encode()).hexdigest()


def identity_of(agent: AgentRow) -> Identity:
    """What the owners of commands are told of the agent."""
    is_program = agent.agent_id.startswith(ACTOR_PREFIX)
    actor = agent.agent_id if is_program else f"agent:{agent.agent_id}"
    return Identity(actor=actor, issuer=ISSUER, name=agent.name, role=Role(agent.role))


async def by_token(finders: Finders, token: str) -> AgentRow:
    """Whose token it is. Raises `NotSignedIn` for a wrong one, and for who has left."""
    if not token or len(token) > _TOKEN_LENGTH_MAX:
        raise NotSignedIn
    hashed = token_hash(token)
    agent = await finders.agent_by_token(hashed)
    if agent is None or not hmac.compare_digest(agent.token_hash, hashed) or not agent.active:
        raise NotSignedIn
    return agent


async def by_key(finders: Finders, key: str, scope: Scope | None, now: datetime) -> AgentRow:
    """The program whose API key it is, if its scopes allow `scope`; None is for no program.

    Raises `NotSignedIn` for a key that is wrong, revoked or expired.
    """
    if len(key) > _TOKEN_LENGTH_MAX:
        raise NotSignedIn
    hashed = token_hash(key)
    row = await finders.api_key(hashed)
    if row is None or not hmac.compare_digest(row.key_hash, hashed) or not _good(row, now):
        raise NotSignedIn
    if scope is None:
        raise NotForPrograms
    if not covers(row.scopes, scope):
        raise ScopeMissing(scope=scope.value)
    return _program(row, scope)


def is_key(token: str) -> bool:
    """Whether it is written as API keys are."""
    return token.startswith(KEY_PREFIX)


def _good(row: ApiKeyRow, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


_ROLES: Final = {Scope.TICKETS_MANAGE: Role.MANAGER, Scope.WEBHOOKS: Role.ADMIN}
"""What a program is to the owners of what a scope allows; else it is an agent."""


def _program(row: ApiKeyRow, scope: Scope) -> AgentRow:
    """The program as somebody at the desk, in no team and with no tickets: for what is asked
    now, and no more."""
    return AgentRow(
        subject=row.subject,
        agent_id=f"{ACTOR_PREFIX}{row.subject}",
        name=row.name,
        email="",
        role=_ROLES.get(scope, Role.AGENT).value,
        team_ids=[],
        skills=[],
        tier=1,
        capacity=0,
        token_hash=row.key_hash,
        active=True,
    )


@dataclass(frozen=True)
class Session:
    """Somebody signed in at the panel."""

    id: UUID
    agent_id: str
    token_mark: str
    """The beginning of the hash of the token they signed in with."""


class Sessions:
    """Makes and reads the panel's cookie and the tokens of its forms."""

    def __init__(self, secret: str, lifetime: timedelta) -> None:
        # A key of its own: a session is no identity, and an identity no session.
        self._key = hmac.digest(secret.encode(), b"ledgerdesk panel session", sha256)
        self.lifetime = lifetime

    def begin(self, agent: AgentRow, now: datetime) -> tuple[Session, str]:
        """A new session of the agent, and the cookie that carries it."""
        session = Session(uuid7(), agent.agent_id, _mark(agent))
        claims = {
            "jti": session.id.hex,
            "sub": session.agent_id,
            "tok": session.token_mark,
            "aud": _PANEL,
            "exp": now + self.lifetime,
        }
        return session, jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, cookie: str | None) -> Session:
        """The session in the cookie. Raises `NotSignedIn`."""
        if not cookie:
            raise NotSignedIn
        try:
            claims = jwt.decode(cookie, self._key, algorithms=["HS256"], audience=_PANEL)
            return Session(UUID(hex=claims["jti"]), claims["sub"], claims["tok"])
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise NotSignedIn from error

    async def agent(self, session: Session, finders: Finders) -> AgentRow:
        """Who the session is of. Raises `NotSignedIn` once they left, have a new token, or have
        signed out."""
        if await finders.session_ended(session.id):
            raise NotSignedIn
        agent = await finders.agent(session.agent_id)
        if agent is None or not agent.active:
            raise NotSignedIn
        if not hmac.compare_digest(_mark(agent), session.token_mark):
            raise NotSignedIn
        return agent

    def form_token(self, session: Session) -> str:
        """What a form of this session carries, so that no other site can send it."""
        return hmac.digest(self._key, b"form" + session.id.bytes, sha256).hex()

    def check_form(self, session: Session, token: str) -> bool:
        """Whether the form came from a page of this session."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())


def _mark(agent: AgentRow) -> str:
    return agent.token_hash[:16]
