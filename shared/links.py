"""Magic links: what a customer may do with a ticket, proven by the link alone.

The link shows on GET and acts only on POST, so that a mail scanner changes nothing.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt
import orjson

from shared.errors import Rejected

LIFETIME = timedelta(days=180)

_HEADER: Final = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


class LinkNotValid(Rejected):
    """This link is not valid, or no longer: ask for a new one on the portal."""

    http_status = 403


@dataclass(frozen=True)
class Link:
    """Lets a person see and answer one ticket."""

    ticket_id: UUID
    person_id: UUID
    opened: bool = False
    """It was shown to whoever opened the ticket, and not mailed: it proves no address."""


def sign_link(secret: str, link: Link, now: datetime) -> str:
    """The token of a magic link, safe in a URL: a JWT (RFC 7519), made here, as the library
    takes ten times as long and every mail and every answer has one."""
    claims: dict[str, Any] = {
        "sub": link.person_id.hex,
        "tid": link.ticket_id.hex,
        "aud": "link",
        "exp": int((now + LIFETIME).timestamp()),
    }
    if link.opened:
        claims["opened"] = True
    signed = _HEADER + b"." + urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=")
    signature = urlsafe_b64encode(hmac.digest(secret.encode(), signed, "sha256")).rstrip(b"=")
    return (signed + b"." + signature).decode()


def read_link(secret: str, token: str) -> Link:
    """What the token allows. Raises `LinkNotValid` for anything but a valid one."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], audience="link")
        return Link(
            ticket_id=UUID(claims["tid"]),
            person_id=UUID(claims["sub"]),
            opened=bool(claims.get("opened")),
        )
    except (jwt.InvalidTokenError, KeyError, ValueError) as error:
        raise LinkNotValid from error


def status_url(portal_url: str, token: str) -> str:
    """The ticket's status page for the holder of `token`."""
    return f"{portal_url}/t/{token}"
