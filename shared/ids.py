"""Identifiers: UUIDv7 for what is new, UUIDv5 for what must come out the same again."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID, uuid5

import idna

LEDGERDESK = UUID("6f1c7c9e-1f4b-5c39-9a55-0d5f3f1c0a11")
"""Namespace of every derived id."""


def uuid7() -> UUID:
    """A new id, UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random_bits >> 62) << 64
    return UUID(int=value | 0b10 << 62 | random_bits & ((1 << 62) - 1))


def made_at(made: UUID) -> datetime:
    """When a UUIDv7 was made."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, tz=UTC)


def derived_id(*parts: object) -> UUID:
    """The id of what is made of `parts`: the same parts always give the same id."""
    return uuid5(LEDGERDESK, "\x1f".join(str(part) for part in parts))


def desk_id(kind: str, slug: str) -> UUID:
    """The subject of a desk entity, e.g. `desk_id("agent", "anna")`."""
    return derived_id("desk", kind, slug)


def person_id(email: str) -> UUID:
    """The person behind a mail address, however it is written.

    A domain of other letters is the one that is registered, as DNS knows it: straße.de and
    strasse.de are two, though case folding takes them for one.
    """
    local, at, domain = email.strip().rpartition("@")
    return derived_id("person", f"{local.lower()}{at}{domain_key(domain)}")


def domain_key(domain: str) -> str:
    """A domain in its one spelling: lower case, and in ASCII (RFC 5890, A-labels)."""
    lower = domain.strip().lower()
    if lower.isascii():
        return lower
    try:
        return idna.encode(lower, uts46=True).decode("ascii")
    except idna.IDNAError:
        return lower


def random_bytes(count: int) -> bytes:
    """So many random bytes, good enough for keys and nonces."""
    return secrets.token_bytes(count)
