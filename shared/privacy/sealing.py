"""A text sealed with people's keys, and back. Pure, but for the random nonces.

A sealed text stands in an event's JSON in the place of the text:

    ld1.<key id>[+<key id> …].<nonce, ciphertext and tag>      all base64url, unpadded

AES-256-GCM, bound to the event by its id. The text of several people is sealed with a key
derived from all of theirs, so that it is gone as soon as one of them is. What is sealed is
the text as it stands in the JSON, escapes and all: opened, it is put back as it was.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
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

HIDDEN: Final = "[somebody else's]"
"""What is read in the place of a text that is not the reader's."""

_BEGINS: Final = '"ld1.'
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
_PADDING: Final = (b"", b"===", b"==", b"=")
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
    nonces, bound_to = random_bytes(NONCE_BYTES * len(spots)), event_id.bytes
    used: dict[str, None] = {}
    of_persons: dict[int, tuple[str, AESGCM]] = {}  # by identity: many spots share a tuple
    for number, spot in enumerate(spots):
        known = of_persons.get(id(spot.persons))
        if known is None:
            secrets = [by_person[person] for person in spot.persons]
            names = [secret.name for secret in secrets]
            used.update(dict.fromkeys(names))
            known = of_persons[id(spot.persons)] = f"ld1.{'+'.join(names)}.", _cipher(secrets)
        prefix, cipher = known
        text = orjson.dumps(spot.holder[spot.key])[1:-1]
        nonce = nonces[number * NONCE_BYTES : (number + 1) * NONCE_BYTES]
        sealed = b2a_base64(nonce + cipher.encrypt(nonce, text, bound_to), newline=False)
        spot.holder[spot.key] = prefix + sealed.translate(_TO_URL, b"=").decode()
    return ",".join(used)


def opened(
    data: str, event_id: UUID, secrets: Secrets, keys: str, only: AbstractSet[str] | None = None
) -> str:
    """An event's JSON with its sealed texts readable again, those erased as `[erased]`.

    `keys` names those that the event is sealed with: only these count, so that nobody can
    write what looks sealed. Raises KeyError if `secrets` lacks one of them. What is sealed
    with none of the keys `only`, if given, stays hidden.
    """
    bound_to, own = event_id.bytes, keys.split(",")
    openers: dict[str, AESGCM | str | None] = {}
    first, *rest = data.split(_BEGINS)
    pieces = [first]
    for piece in rest:
        whole, _, behind = piece.partition('"')
        names, _, sealed = whole.partition(".")
        if names not in openers:
            openers[names] = _opener(names.split("+"), own, secrets, only)
        opener = openers[names]
        if isinstance(opener, AESGCM):
            pieces += ('"', _unsealed(sealed, opener, bound_to, event_id), '"', behind)
        elif opener is None:
            pieces += (_BEGINS, piece)
        else:
            pieces += ('"', opener, '"', behind)
    return "".join(pieces)


def _unsealed(sealed: str, cipher: AESGCM, bound_to: bytes, event_id: UUID) -> str:
    try:
        raw = a2b_base64(sealed.encode().translate(_FROM_URL) + _PADDING[len(sealed) % 4])
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to).decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken(event_id=event_id) from error


def _opener(
    names: Sequence[str], own: Sequence[str], secrets: Secrets, only: AbstractSet[str] | None
) -> AESGCM | str | None:
    """What opens a text, or what is read in its place; None if it only looks sealed."""
    if not all(name in own for name in names):
        return None  # somebody wrote what looks sealed
    if only is not None and only.isdisjoint(names):
        return HIDDEN
    found = [secrets[name] for name in names]
    whole = [secret for secret in found if secret is not None]
    return _cipher(whole) if len(whole) == len(found) else ERASED


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
