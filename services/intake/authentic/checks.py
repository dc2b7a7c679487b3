"""SPF and DKIM of a mail, by libraries, within bounds that a hostile mail can't pass."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import dkim
import spf

from services.intake.authentic.resolver import Resolver, Unanswered

SPF_SECONDS: Final = 10.0
SIGNATURES_MAX: Final = 3
HEADER_BYTES_MAX: Final = 128 * 1024
SPACES_WORK_MAX: Final = 50_000_000
"""The library's work on a run of spaces grows by the square of its length."""

_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_DKIM: Final = b"dkim-signature"
_SIGNED_BY: Final = re.compile(rb"(?:^|;)\s*d\s*=\s*([^;\s]{1,253})")
_SPACES = re.compile(rb"[ \t]{16,}")


@dataclass(frozen=True)
class Signature:
    """What a DKIM signature proves: that this domain answers for the mail."""

    domain: str
    result: str


class _Query(spf.query):  # type: ignore[misc]
    """An SPF query that asks our resolver, which follows aliases by itself."""

    resolver: Resolver

    def dns(
        self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False
    ) -> list[Any]:
        name = str(name).rstrip(".").lower()
        if not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        if (name, qtype) not in self.cache:
            try:
                self.cache[name, qtype] = self.resolver.lookup(name, qtype)
            except Unanswered as error:
                raise spf.TempError(f"DNS {error}") from error
        found = self.cache[name, qtype]
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many lookups without an answer")
        return list(found)


def check_spf(resolver: Resolver, peer: str, sender: str, helo: str) -> str:
    """Whether the peer may send for the envelope's sender (RFC 7208, 2.6)."""
    query = _Query(i=peer, s=sender, h=helo or "unknown", querytime=SPF_SECONDS)
    query.resolver = resolver
    try:
        return str(query.check()[0])
    except Exception:  # noqa: BLE001 - the library breaks on some addresses and records
        return "permerror"


def check_dkim(
    resolver: Resolver, raw: bytes, speaks_for: Callable[[str], bool]
) -> list[Signature]:
    """The signatures of a mail, and whether they hold (RFC 6376).

    Those of domains that may speak for the author are looked at first: others can be added by
    anybody, with name servers that take their time.
    """
    if not is_affordable(raw):
        return []
    text = text_records(resolver)
    found: list[Signature] = []
    with suppress(dkim.DKIMException):
        message = dkim.DKIM(raw)
        domains = [_domain(value) for name, value in message.headers if name.lower() == _DKIM]
        numbers = sorted(range(len(domains)), key=lambda number: not speaks_for(domains[number]))
        for number in numbers[:SIGNATURES_MAX]:
            result = _verified(message, number, text)
            domain = message.signature_fields.get(b"d", b"").decode("ascii", "replace").lower()
            whole = b"l" not in message.signature_fields
            # What was added behind a signature's length is signed by nobody.
            found.append(Signature(domain, result if whole or result != "pass" else "policy"))
    return found


def _domain(value: bytes) -> str:
    named = _SIGNED_BY.search(value)
    return named[1].decode("ascii", "replace").lower() if named else ""


def _verified(message: Any, number: int, text: Any) -> str:
    message.signature_fields = {}
    try:
        return "pass" if message.verify(idx=number, dnsfunc=text) else "fail"
    except Unanswered:
        return "temperror"
    except Exception:  # noqa: BLE001 - the library breaks on some broken signatures
        return "permerror"


def text_records(resolver: Resolver) -> Callable[..., bytes | None]:
    """How the library asks for a TXT record."""

    def text(name: bytes, timeout: int = 5) -> bytes | None:
        records = resolver.lookup(name.decode("ascii").rstrip("."), "TXT")
        return b"".join(records[0]) if records else None

    return text


def is_affordable(raw: bytes) -> bool:
    """Whether the library can look at it in good time."""
    end = _END_OF_HEADER.search(raw, 0, HEADER_BYTES_MAX)
    if end is None:
        return False
    work = sum((match.end() - match.start()) ** 2 for match in _SPACES.finditer(raw))
    return work < SPACES_WORK_MAX
