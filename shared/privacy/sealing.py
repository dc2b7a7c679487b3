"""A text sealed with people's keys, and back. Pure, but for the random nonces.

A sealed text stands in an event's JSON in the place of the text:

    ld1.<key id>[+<key id> …].<nonce, ciphertext and tag>      all base64url, unpadded

AES-256-GCM, bound to the event by its id. The text of several people is sealed with a key
derived from all of theirs, so that it is gone as soon as one of them is. What is sealed is
the text as it stands in the JSON, escapes and all: opened, it is put back as it was.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import LedgerdeskError
from shared.events.personal import Spot
from shared.ids import random_bytes
from shared.privacy.master import KEY_BYTES, NONCE_BYTES

ERASED: Final = "[erased]"
"""What is read in the place of a text whose key is gone."""

_SEALED: Final = re.compile(r'"ld1\.([A-Za-z0-9_+-]{22,})\.([A-Za-z0-9_-]{38,})"')
_SHARED: Final = b"ledgerdesk: a text of several people"


class SealBroken(LedgerdeskError):
    """A sealed text of the event {event_id} is not what was sealed."""


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """A person's key, in the clear: only ever in memory."""

    id: UUID
    name: str
    """The id, as sealed texts name it."""
    person: UUID
    key: bytes
    cipher: AESGCM

    @classmethod
    def of(cls, key_id: UUID, person: UUID, key: bytes) -> "Secret":
        return cls(key_id, key_name(key_id), person, key, AESGCM(key))

    @classmethod
    def new(cls, person: UUID) -> "Secret":
        """A new key for a person."""
        return cls.of(UUID(bytes=random_bytes(16), version=4), person, random_bytes(KEY_BYTES))

    def __repr__(self) -> str:
        return f"Secret({self.id})"


Secrets = Mapping[str, Secret | None]
"""Keys by name; None where the key was erased."""


def key_name(key_id: UUID) -> str:
    """A key's id in 22 characters."""
    return urlsafe_b64encode(key_id.bytes).decode().rstrip("=")


def key_id_of(name: str) -> UUID:
    """The id of a key by its name. Raises ValueError."""
    return UUID(bytes=urlsafe_b64decode(f"{name}=="))


def seal_spots(spots: Sequence[Spot], by_person: Mapping[UUID, Secret], event_id: UUID) -> str:
    """Seal each text where it stands; the names of all keys used, comma-separated."""
    nonces = random_bytes(NONCE_BYTES * len(spots))
    used: dict[str, None] = {}
    shared: dict[tuple[UUID, ...], tuple[str, AESGCM]] = {}
    for number, spot in enumerate(spots):
        if spot.persons not in shared:
            secrets = [by_person[person] for person in spot.persons]
            used.update(dict.fromkeys(secret.name for secret in secrets))
            shared[spot.persons] = "+".join(s.name for s in secrets), _cipher(secrets)
        names, cipher = shared[spot.persons]
        text = orjson.dumps(spot.holder[spot.key])[1:-1]
        nonce = nonces[number * NONCE_BYTES : (number + 1) * NONCE_BYTES]
        sealed = urlsafe_b64encode(nonce + cipher.encrypt(nonce, text, event_id.bytes))
        spot.holder[spot.key] = f"ld1.{names}.{sealed.decode().rstrip('=')}"
    return ",".join(used)


def opened(data: str, event_id: UUID, secrets: Secrets, keys: str) -> str:
    """An event's JSON with its sealed texts readable again, those erased as `[erased]`.

    `keys` names those that the event is sealed with: only these count, so that nobody can
    write what looks sealed. Raises KeyError if `secrets` lacks one of them.
    """
    own = keys.split(",")

    def put_back(match: "re.Match[str]") -> str:
        names, sealed = match.group(1).split("+"), match.group(2)
        if not all(name in own for name in names):
            return match.group(0)
        found = [secrets[name] for name in names]
        whole = [secret for secret in found if secret is not None]
        if len(whole) < len(found):
            return f'"{ERASED}"'
        raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        try:
            text = _cipher(whole).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], event_id.bytes)
        except InvalidTag as error:
            raise SealBroken(event_id=event_id) from error
        return f'"{text.decode()}"'

    return _SEALED.sub(put_back, data)


def named_in(keys: Iterable[str]) -> set[str]:
    """The names of all keys in several events' lists of them."""
    return {name for names in keys if names for name in names.split(",")}


def _cipher(secrets: Sequence[Secret]) -> AESGCM:
    if len(secrets) == 1:
        return secrets[0].cipher
    return AESGCM(hmac.digest(_SHARED, b"".join(s.key for s in secrets), "sha256"))


def json_of(data: Any) -> str:
    """JSON as it is appended."""
    return orjson.dumps(data).decode()
