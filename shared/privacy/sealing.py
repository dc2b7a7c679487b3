"""Texts sealed with people's keys, and back. Pure, but for the random nonces.

A sealed text stands in an event's JSON in the place of the text:

    ld1.<key id>[+<key id> …].<nonce, ciphertext and tag>      all base64url, unpadded
    ld1.<key id>[+<key id> …].~<the same>                      made smaller (RFC 1951) first
    ld1.<key id>[+<key id> …].                                 the next text of the same seal

AES-256-GCM, bound to the event by its id. All texts of an event that belong to the same people
are sealed together, where the first stands. The texts of several people are sealed with a key
derived from all of theirs, so that they are gone as soon as one of them is. What is sealed is
a text as it stands in the JSON, escapes and all: opened, it is put back as it was.
"""

import hmac
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
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
_BETWEEN: Final = b"\n"
"""Between texts: in JSON a line end is written as an escape."""

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
_PADDING: Final = (b"", b"===", b"==", b"=")
_SMALLER: Final = "~"
"""Before what was made smaller: no character of base64url."""

_WORTHWHILE_BYTES: Final = 600
"""From here on what is sealed is made smaller first. A mail is a third of its size then, and it
is published, heard, stored and opened by every service that hears of it."""

_OPENED_BYTES_MAX: Final = 64 * 1024 * 1024

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


@dataclass(slots=True)
class _Bundle:
    """The texts of an event that belong to the same people, sealed together."""

    prefix: str
    cipher: AESGCM
    first: Spot
    texts: list[bytes] = field(default_factory=list)


def seal_spots(spots: Sequence[Spot], by_person: Mapping[UUID, Secret], event_id: UUID) -> str:
    """Seal each text where it stands; the names of all keys used, comma-separated."""
    used: dict[str, None] = {}
    bundles: dict[str, _Bundle] = {}
    of_persons: dict[int, _Bundle] = {}  # by identity: many spots share a tuple
    for spot in spots:
        bundle = of_persons.get(id(spot.persons))
        if bundle is None:
            secrets = [by_person[person] for person in spot.persons]
            names = [secret.name for secret in secrets]
            used.update(dict.fromkeys(names))
            prefix = f"ld1.{'+'.join(names)}."
            if prefix not in bundles:
                bundles[prefix] = _Bundle(prefix, _cipher(secrets), spot)
            bundle = of_persons[id(spot.persons)] = bundles[prefix]
        bundle.texts.append(orjson.dumps(spot.holder[spot.key])[1:-1])
        spot.holder[spot.key] = bundle.prefix
    for bundle in bundles.values():
        sealed = _sealed(_BETWEEN.join(bundle.texts), bundle.cipher, event_id)
        bundle.first.holder[bundle.first.key] = bundle.prefix + sealed
    return ",".join(used)


def _sealed(texts: bytes, cipher: AESGCM, event_id: UUID) -> str:
    mark = ""
    if len(texts) >= _WORTHWHILE_BYTES:
        texts, mark = zlib.compress(texts, level=6, wbits=-zlib.MAX_WBITS), _SMALLER
    nonce = random_bytes(NONCE_BYTES)
    raw = nonce + cipher.encrypt(nonce, texts, event_id.bytes)
    return mark + b2a_base64(raw, newline=False).translate(_TO_URL, b"=").decode()


def opened(
    data: str, event_id: UUID, secrets: Secrets, keys: str, only: AbstractSet[str] | None = None
) -> str:
    """An event's JSON with its sealed texts readable again, those erased as `[erased]`.

    `keys` names those that the event is sealed with: only these count, so that nobody can
    write what looks sealed. Raises KeyError if `secrets` lacks one of them. What is sealed
    with none of the keys `only`, if given, stays hidden.
    """
    own = keys.split(",")
    openers: dict[str, AESGCM | str | None] = {}
    texts: dict[str, Iterator[str]] = {}
    first, *rest = data.split(_BEGINS)
    pieces = [first]
    for piece in rest:
        whole, _, behind = piece.partition('"')
        names, _, sealed = whole.partition(".")
        if names not in openers:
            openers[names] = _opener(names.split("+"), own, secrets, only)
        opener = openers[names]
        if isinstance(opener, AESGCM):
            if sealed:
                texts[names] = _unsealed(sealed, opener, event_id)
            text = next(texts.get(names, iter(())), None)
            if text is None:
                raise SealBroken(event_id=event_id)
            pieces += ('"', text, '"', behind)
        elif opener is None:
            pieces += (_BEGINS, piece)
        else:
            pieces += ('"', opener, '"', behind)
    return "".join(pieces)


def _unsealed(sealed: str, cipher: AESGCM, event_id: UUID) -> Iterator[str]:
    """The texts that were sealed together."""
    smaller = sealed.startswith(_SMALLER)
    if smaller:
        sealed = sealed[1:]
    try:
        raw = a2b_base64(sealed.encode().translate(_FROM_URL) + _PADDING[len(sealed) % 4])
        text = cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], event_id.bytes)
        if smaller:
            text = zlib.decompressobj(-zlib.MAX_WBITS).decompress(text, _OPENED_BYTES_MAX)
        return iter(text.decode().split(_BETWEEN.decode()))
    except (InvalidTag, ValueError, zlib.error) as error:
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
