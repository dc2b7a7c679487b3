"""Who is calling: signed by the gateway or the portal, believed by the services.

A JSON Web Token (RFC 7519), HS256, good for one service and for one minute. Services
accept nothing else on their inner APIs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from shared.errors import Rejected
from shared.events.assignment import Role

HEADER = "Ledgerdesk-Identity"
"""The HTTP header that carries the token."""

LIFETIME = timedelta(seconds=60)


class NotSignedIn(Rejected):
    """Sign in first: the request carries no valid identity."""

    http_status = 401


class NotAllowed(Rejected):
    """Your role does not allow this: it takes at least {role}."""

    http_status = 403


STAFF_BY = frozenset({"gateway", "cli"})
"""Who may answer for people of the desk."""
CUSTOMERS_BY = "portal"
"""Who may answer for customers."""

_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Identity:
    """Somebody, as vouched for by `issuer`."""

    actor: str
    """`agent:anna`, `customer:<person id>` or `service:gateway`."""
    issuer: str
    """`gateway`, `portal` or `cli`."""
    name: str = ""
    role: Role | None = None
    """Of an agent; None for a customer."""

    @property
    def agent_id(self) -> str | None:
        """The agent's id, if this is one."""
        kind, _, rest = self.actor.partition(":")
        return rest if kind == "agent" else None

    def require(self, role: Role) -> None:
        """Raise `NotAllowed` unless this is somebody with at least `role`."""
        if self.role is None or _RANK[self.role] < _RANK[role]:
            raise NotAllowed(role=role.value)


def sign(secret: str, identity: Identity, audience: str, now: datetime) -> str:
    """A token that says to the service `audience` who is calling."""
    claims = {
        "sub": identity.actor,
        "iss": identity.issuer,
        "aud": audience,
        "name": identity.name,
        "role": identity.role.value if identity.role else None,
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def verify(secret: str, token: str, audience: str) -> Identity:
    """Who the token says is calling. Raises `NotSignedIn` for anything but a valid one."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=audience,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )
    except jwt.InvalidTokenError as error:
        raise NotSignedIn(reason=str(error)) from error
    role = claims.get("role")
    identity = Identity(
        actor=claims["sub"],
        issuer=claims["iss"],
        name=claims.get("name") or "",
        role=Role(role) if role else None,
    )
    if not _may_say(identity):
        raise NotSignedIn(reason=f"{identity.issuer} answers for nobody like {identity.actor}")
    return identity


def _may_say(identity: Identity) -> bool:
    """Whether its issuer is one who knows such people."""
    if identity.actor.startswith("customer:"):
        return identity.issuer == CUSTOMERS_BY and identity.role is None
    staff = identity.role is not None or identity.agent_id is not None
    return identity.issuer in STAFF_BY if staff else True
