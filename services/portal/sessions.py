"""Who is signed in: somebody who typed the code that was mailed to their address, half a day ago
at most. A cookie says so, signed, and this portal alone reads it.

A mailed link opens one ticket, whoever holds it. A session opens all tickets of one person, so
that it takes the address itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from fastapi import Request, Response

from shared.ids import person_id

COOKIE: Final = "ledgerdesk_session"
LIFETIME: Final = timedelta(hours=12)
AUDIENCE: Final = "portal session"


@dataclass(frozen=True)
class Session:
    """A person who has shown that the address is theirs."""

    email: str

    @property
    def person_id(self) -> UUID:
        """Their id."""
        return person_id(self.email)


@dataclass(frozen=True)
class Sessions:
    """Signs people in and out."""

    secret: str
    secure: bool
    """Whether the portal is reached over TLS, so that the cookie goes over nothing else."""

    def of(self, request: Request) -> Session | None:
        """Whoever is signed in, if anybody is."""
        token = request.cookies.get(COOKIE, "")
        try:
            claims = jwt.decode(token, self.secret, algorithms=["HS256"], audience=AUDIENCE)
            return Session(str(claims["email"]))
        except (jwt.InvalidTokenError, KeyError):
            return None

    def begin(self, response: Response, session: Session, now: datetime) -> None:
        """Sign somebody in."""
        claims: dict[str, Any] = {"email": session.email, "aud": AUDIENCE, "exp": now + LIFETIME}
        token = jwt.encode(claims, self.secret, algorithm="HS256")
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LIFETIME.total_seconds()),
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        """Sign whoever it is out."""
        response.delete_cookie(COOKIE, secure=self.secure, httponly=True, samesite="lax")
