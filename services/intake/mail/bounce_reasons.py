"""Why a mail wasn't delivered: from codes and words to one reason, and whether it's final.

The names of the reasons are Sisimai's, because that is what mail people know. A few codes
decide by themselves; then the first phrase that fits, in the order below, which goes from
what can mean only one thing to what may mean many; then the codes again.
"""

import re
from dataclasses import dataclass

from services.intake.mail.bounce_phrases import PHRASES, PHRASES_OF_DIAGNOSTICS

HARD = frozenset(("userunknown", "hostunknown", "hasmoved", "notaccept"))
"""The address is dead. A full or suspended mailbox may come back."""

_CODES = re.compile(
    r"(?<![\d./])(?<!\d:)(?P<reply>[245][0-5]\d)(?:[- \t,;:#(]{1,3}"
    r"|$)#?'?(?P<enhanced>[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d))?"
    r"|(?<![\d.])(?P<alone>[245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)"
)
_NO_CODE = re.compile(r"[245][0-5]\d[- ]\d{1,3}\.\d{1,3}\.")

_COMPILED = tuple((name, re.compile("|".join(phrases), re.IGNORECASE)) for name, phrases in PHRASES)
_COMPILED_OF_DIAGNOSTICS = tuple(
    (name, re.compile("|".join(phrases), re.IGNORECASE)) for name, phrases in PHRASES_OF_DIAGNOSTICS
)

REASONS = frozenset(name for name, _ in (*PHRASES, *PHRASES_OF_DIAGNOSTICS)) | {
    "onhold",
    "undefined",
    "delivered",
}

_BY_STATUS = {
    # The second and third number of an enhanced status code (RFC 3463 and its registry).
    "1.0": "userunknown", "1.1": "userunknown", "1.2": "hostunknown", "1.3": "userunknown",
    "1.4": "userunknown", "1.6": "hasmoved", "1.7": "rejected", "1.8": "rejected",
    "1.9": "userunknown", "1.10": "notaccept",
    "2.0": "filtered", "2.1": "suspend", "2.2": "mailboxfull", "2.3": "exceedlimit",
    "2.4": "filtered",
    "3.0": "systemerror", "3.1": "systemfull", "3.2": "notaccept", "3.4": "mesgtoobig",
    "3.5": "systemerror",
    "4.0": "networkerror", "4.1": "expired", "4.2": "expired", "4.3": "systemerror",
    "4.4": "hostunknown", "4.5": "toomanyconn", "4.6": "networkerror", "4.7": "expired",
    "5.0": "syntaxerror", "5.1": "syntaxerror", "5.2": "syntaxerror", "5.3": "policyviolation",
    "5.4": "syntaxerror",
    "6.0": "contenterror", "6.1": "contenterror", "6.7": "contenterror", "6.9": "contenterror",
    "7.1": "rejected", "7.9": "policyviolation", "7.13": "suspend", "7.17": "hasmoved",
    "7.20": "authfailure", "7.21": "authfailure", "7.22": "authfailure", "7.23": "authfailure",
    "7.24": "authfailure", "7.25": "requireptr", "7.26": "authfailure", "7.27": "notaccept",
}  # fmt: skip
_DECIDED_BY_STATUS = frozenset(
    ("1.6", "1.7", "1.8", "2.2", "2.3", "3.4", "6.1", "6.9", "7.13", "7.20", "7.23", "7.24",
     "7.25", "7.26", "7.27")
)  # fmt: skip
"""Codes that say it better than the words beside them."""

_CONTRADICTED_BY_STATUS = frozenset(("2.0", "3.0", "7.0", "7.1"))
"""Codes that don't go together with an unknown user."""

_TEXT_LOOKED_AT = 2_000
_AFTER_DATA = re.compile(
    r"in reply to (?:end of )?data|after end of data|after data\b|smtp command\s+data\b|\(data\)"
    r"|>>> data"
    r"|>>> \.|end of data command",
    re.IGNORECASE,
)
_SPAM_IN_CONTENT = re.compile(r"\bspam|\bube\b|junk|unsolicited|viru", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Codes:
    """What an SMTP reply says in numbers; empty where it says nothing."""

    status: str = ""
    reply_code: str = ""


def find_codes(text: str) -> Codes:
    """The codes in a diagnostic: the most specific status, and the reply code it came with.

    Where one reply quotes another, the quoted one, which comes later, is the cause.
    """
    status = reply_code = ""
    for match in _CODES.finditer(text[:_TEXT_LOOKED_AT]):
        reply = match["reply"] or ""
        if reply and (
            (reply[0] == "2" and match.start() > 0)
            or (_NO_CODE.match(text, match.start()) and not match["enhanced"])
        ):
            reply = ""
        found = match["enhanced"] or match["alone"] or ""
        if found and better_status(status, found) == found:
            status = found
            reply_code = reply or reply_code
        elif reply and not reply_code:
            reply_code = reply
    return Codes(status, reply_code)


def better_status(known: str, found: str) -> str:
    """The more telling of two status codes; of two that tell as much, the one found later."""
    if not known or not found:
        return found or known
    return found if _tells(found) >= _tells(known) else known


def _tells(status: str) -> int:
    """How much a status says: nothing (`5.0.0`), the subject (`5.2.0`), or the detail."""
    return 0 if status.endswith(".0.0") else 1 if status.endswith(".0") else 2


def reason_of(
    text: str, *, status: str, reply_code: str = "", action: str = "failed", prose: bool = False
) -> str:
    """The reason that a diagnostic gives. `prose` is a whole letter, not a mail system's reply:
    of its words only the unmistakable count.
    """
    if status.startswith("2.") or action in {"delivered", "relayed", "expanded"}:
        return "delivered"
    words = " ".join(text[:_TEXT_LOOKED_AT].split())
    reason = _permanently(words, status, reply_code, action, prose=prose)
    if (
        reason == "userunknown"
        and status[2:4] != "1."
        and (status[2:] in _CONTRADICTED_BY_STATUS or _AFTER_DATA.search(words))
    ):
        # Who takes the address and then refuses the mail knows the address; and a code for
        # something else is a doubt, with which no address is called dead.
        return "filtered"
    if reason == "hostunknown" and status.startswith("4."):
        return "networkerror"
    return reason


def _permanently(words: str, status: str, reply_code: str, action: str, *, prose: bool) -> str:
    detail = status[2:]
    if detail in _DECIDED_BY_STATUS and not (
        detail.startswith("6.") and _SPAM_IN_CONTENT.search(words)
    ):
        return _BY_STATUS[detail]
    by_status = _BY_STATUS.get(detail)
    fitting = [name for name, pattern in _COMPILED if pattern.search(words)]
    if fitting:
        # Where the code is about the address and words agree, other words don't count.
        agreed = by_status if detail.startswith("1.") and by_status in fitting else None
        return agreed or fitting[0]
    if action == "delayed":
        return "expired"
    if reply_code in {"500", "501", "502", "503", "504"} and detail[:2] in {"", "0.", "5."}:
        return "syntaxerror"
    if detail.startswith("7."):
        return _BY_STATUS.get(detail, "policyviolation")
    if by_status and (detail.startswith("1.") or not detail.endswith(".0")):
        return by_status
    if not prose:
        for name, pattern in _COMPILED_OF_DIAGNOSTICS:
            if pattern.search(words):
                return name
    if by_status:
        return by_status
    return "onhold" if words and not prose else "undefined"
