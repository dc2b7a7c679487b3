"""ARC (RFC 8617): what servers on the way saw of a mail before they changed or forwarded it.

Anybody can seal. A chain counts if it holds and every server in it is one that we trust, since
a later one could have made up the earlier ones. Then the first to have looked is believed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dkim

from services.intake.authentic.checks import is_affordable, text_records
from services.intake.authentic.resolver import Resolver, Unanswered
from services.intake.authentic.results import Result, results_in

SETS_MAX: Final = 5
"""Each costs two questions to the DNS and two signatures; a mail has rarely more than two."""


@dataclass(frozen=True)
class Chain:
    """What a mail's ARC sets amount to."""

    result: str = "none"
    """pass, fail, none, policy (too long to be looked at), temperror or permerror."""
    sealers: tuple[str, ...] = ()
    """Domains of the servers that sealed it, the last one first."""
    seen: tuple[str, ...] = ()
    """What each of them found out, in the same order."""

    @property
    def last(self) -> str:
        """The domain that sealed it last."""
        return self.sealers[0] if self.sealers else ""

    def vouches(self, author: str, trusted: Collection[str]) -> bool:
        """Whether servers that we trust, and no other, tell that DMARC passed for the author."""
        if self.result != "pass" or not all(one in trusted for one in self.sealers):
            return False
        found = (results_in(said).get("dmarc", Result()) for said in self.seen)
        return any(dmarc.result == "pass" and dmarc.about == author for dmarc in found)


def check_arc(resolver: Resolver, raw: bytes) -> Chain:
    """The chain of a mail, and whether it holds."""
    if not is_affordable(raw):
        return Chain()
    try:
        message = dkim.ARC(raw)
        newest, _ = message.sorted_arc_headers()
        if newest == 0:
            return Chain()
        if newest > SETS_MAX:
            return Chain("policy")
        held, sets, _ = message.verify(dnsfunc=text_records(resolver))
    except Unanswered:
        return Chain("temperror")
    except Exception:  # noqa: BLE001 - the library breaks on some broken sets
        return Chain("permerror")
    result = "pass" if held == dkim.CV_Pass else "fail"
    return Chain(result, _each(sets, "as-domain"), _each(sets, "aar-value"))


def _each(sets: Sequence[dict[str, Any]], name: str) -> tuple[str, ...]:
    return tuple(one.get(name, b"").decode("utf-8", "replace").lower() for one in sets)
