"""DMARC (RFC 7489): whether SPF or DKIM speak for the author's domain, and what it asks for.

Written here, in a page: the libraries there are read the list of public suffixes from disk
several times a mail, and look at one signature only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from services.intake.authentic.resolver import Resolver

POLICIES: Final = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True)
class Policy:
    """What a domain asks of receivers."""

    policy: str = "none"
    strict_dkim: bool = False
    strict_spf: bool = False


def policy_of(resolver: Resolver, domain: str) -> Policy | None:
    """The policy that holds for an author's domain; None if none is published."""
    organisation = organisation_of(domain)
    for name in dict.fromkeys((domain, organisation)):
        tags = _record(resolver, name)
        if tags is None:
            continue
        asked = tags.get("sp" if name != domain and "sp" in tags else "p", "none")
        return Policy(
            asked if asked in POLICIES else "none",
            strict_dkim=tags.get("adkim") == "s",
            strict_spf=tags.get("aspf") == "s",
        )
    return None


def is_aligned(author: str, proven: str, *, strict: bool) -> bool:
    """Whether a proven domain speaks for the author's: the same, or the same organisation."""
    if author == proven:
        return True
    return not strict and organisation_of(author) == organisation_of(proven)


def organisation_of(domain: str) -> str:
    """The domain that somebody registered, of which this is a part."""
    return _suffixes().privatesuffix(domain) or domain


def _record(resolver: Resolver, domain: str) -> dict[str, str] | None:
    """The tags of the one DMARC record there is; two are none (RFC 7489, 6.6.3)."""
    records = [b"".join(parts) for parts in resolver.lookup(f"_dmarc.{domain}", "TXT")]
    ours = [one for one in records if one.replace(b" ", b"").lower().startswith(b"v=dmarc1")]
    if len(ours) != 1:
        return None
    return dict(_tags(ours[0].decode("ascii", "replace").lower().split(";")))


def _tags(pieces: Iterable[str]) -> Iterable[tuple[str, str]]:
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if equals:
            yield name.strip(), value.strip()


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
