"""What a mail server of ours wrote down of a mail: `Authentication-Results` (RFC 8601).

Anybody may write such a header. It counts if it stands above all that came before it and names
a server that is trusted; the server itself takes away what pretends to be of it (5).
"""

import re
from collections.abc import Collection, Sequence

from shared.events.intake import Authenticity, Verdict

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"(spf|dkim|dmarc|arc)\s*=\s*([a-z]+)", re.IGNORECASE)
_POLICY = re.compile(r"\bp=(none|quarantine|reject)\b", re.IGNORECASE)
_LENGTH_MAX = 10_000


def believed(headers: Sequence[str], trusted: Collection[str]) -> Authenticity | None:
    """What the topmost header of a trusted server says; None without one."""
    for header in headers:
        name, _, said = header[:_LENGTH_MAX].partition(";")
        server = name.strip().partition(" ")[0].casefold()
        if server in trusted:
            return _read(said, server)
    return None


def _read(said: str, server: str) -> Authenticity:
    policy = _POLICY.search(said)
    found = results_in(said)
    dmarc = found.get("dmarc", "none")
    verdicts = {"pass": Verdict.PASSED, "fail": Verdict.FAILED}
    return Authenticity(
        spf=found.get("spf", "none"),
        dkim=found.get("dkim", "none"),
        dmarc=dmarc,
        policy=policy[1].lower() if policy else "none",
        verdict=verdicts.get(dmarc, Verdict.NONE),
        checked_by=server,
        arc=found.get("arc", "none"),
    )


def results_in(said: str) -> dict[str, str]:
    """Each method and its result; of several signatures, one that holds is enough."""
    found: dict[str, str] = {}
    for method, result in _RESULT.findall(_COMMENT.sub(" ", said[:_LENGTH_MAX])):
        if found.get(method.lower()) != "pass":
            found[method.lower()] = result.lower()
    return found
