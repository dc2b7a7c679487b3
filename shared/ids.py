"""Identifiers: UUIDv7 for what is new, UUIDv5 for what must come out the same again."""

import secrets
import time
from uuid import UUID, uuid5

LEDGERDESK = UUID("6f1c7c9e-1f4b-5c39-9a55-0d5f3f1c0a11")
"""Namespace of every derived id."""


def uuid7() -> UUID:
    """A new id, UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random_bits >> 62) << 64
    return UUID(int=value | 0b10 << 62 | random_bits & ((1 << 62) - 1))


def derived_id(*parts: object) -> UUID:
    """The id of what is made of `parts`: the same parts always give the same id."""
    return uuid5(LEDGERDESK, "\x1f".join(str(part) for part in parts))


def desk_id(kind: str, slug: str) -> UUID:
    """The subject of a desk entity, e.g. `desk_id("agent", "anna")`."""
    return derived_id("desk", kind, slug)


def person_id(email: str) -> UUID:
    """The person behind a mail address, however it is written."""
    return derived_id("person", email.strip().casefold())


def random_bytes(count: int) -> bytes:
    """So many random bytes, good enough for keys and nonces."""
    return secrets.token_bytes(count)
