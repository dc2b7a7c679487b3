"""Links that go to a second address of somebody: whoever acts through one can read its mail.

Only whoever is signed in under the first address has one sent. It is sealed, as it holds both
addresses, and links are kept in more places than mails are.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.links import LinkNotValid

LIFETIME: Final = timedelta(days=1)
_NONCE_BYTES: Final = 12


@dataclass(frozen=True)
class AddressLink:
    """Whoever acts through it has `other_address`; it was asked for by whoever has `address`."""

    ticket_id: UUID
    """A ticket of theirs, under `address`."""
    address: str
    other_address: str


def seal_address_link(secret: str, link: AddressLink, now: datetime) -> str:
    """The link's token, safe in a URL; the same for the same link at the same time."""
    told = {
        "ticket": link.ticket_id,
        "address": link.address,
        "other": link.other_address,
        "until": int((now + LIFETIME).timestamp()),
    }
    key, text = _key(secret), orjson.dumps(told)
    nonce = hmac.digest(key, text, sha256)[:_NONCE_BYTES]
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text, None)).rstrip(b"=").decode()


def open_address_link(secret: str, token: str, now: datetime) -> AddressLink:
    """What the token says. Raises `LinkNotValid` for anything but one of ours that still stands."""
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        told = orjson.loads(AESGCM(_key(secret)).decrypt(nonce, text, None))
    except (Error, InvalidTag, ValueError) as error:
        raise LinkNotValid from error
    if now.timestamp() >= told["until"]:
        raise LinkNotValid
    return AddressLink(UUID(told["ticket"]), told["address"], told["other"])


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"ledgerdesk address link", sha256)
