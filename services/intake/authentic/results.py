"""What a mail server of ours wrote down of a mail: `Authentication-Results` (RFC 8601).

Anybody may write such a header. It counts if it stands above all that came before it and names
a server that is trusted; the server itself takes away what pretends to be of it (5). And what
it says is about the domain that it took for the author's, which need not be the one we read.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from services.intake.mail import ParsedMail
from shared.events.intake import Authenticity, Verdict

_RESULT: Final = re.compile(r"\s*(spf|dkim|dmarc|arc)\s*=\s*([a-z]+)", re.IGNORECASE)
_FROM: Final = re.compile(r"\sheader\.from\s*=\s*([\w.-]{1,253})(?!\S)", re.IGNORECASE)
_POLICY: Final = re.compile(r"\bp=(none|quarantine|reject)\b", re.IGNORECASE)
_LENGTH_MAX: Final = 10_000
_VERDICTS: Final = {"pass": Verdict.PASSED, "fail": Verdict.FAILED}


@dataclass(frozen=True)
class Result:
    """What came of one method."""

    result: str = "none"
    about: str = ""
    """The author's domain, as the server read it; empty where it does not say."""
    comment: str = ""


def believed(mail: ParsedMail, trusted: Collection[str]) -> Authenticity | None:
    """What the topmost header of a trusted server says of a mail's author; None without one."""
    for header in mail.authentication_results:
        name, _, said = header[:_LENGTH_MAX].partition(";")
        server = name.strip().partition(" ")[0].casefold()
        if server in trusted:
            return _read(said, server, mail)
    return None


def _read(said: str, server: str, mail: ParsedMail) -> Authenticity:
    found = results_in(said)
    dmarc = found.get("dmarc", Result())
    policy = _POLICY.search(dmarc.comment)
    return Authenticity(
        spf=found.get("spf", Result()).result,
        dkim=found.get("dkim", Result()).result,
        dmarc=dmarc.result,
        policy=policy[1].lower() if policy else "none",
        verdict=_verdict(dmarc, mail),
        checked_by=server,
        arc=found.get("arc", Result()).result,
    )


def _verdict(dmarc: Result, mail: ParsedMail) -> Verdict:
    if mail.several_authors:
        return Verdict.FAILED
    author = mail.from_address.rpartition("@")[2].casefold()
    if dmarc.result == "pass" and dmarc.about != author:
        return Verdict.NONE
    return _VERDICTS.get(dmarc.result, Verdict.NONE)


def results_in(said: str) -> dict[str, Result]:
    """Each method and its result; of several signatures, one that holds is enough."""
    found: dict[str, Result] = {}
    for plain, comment in _pieces(said[:_LENGTH_MAX]):
        match = _RESULT.match(plain)
        if match is None or found.get(match[1].lower(), Result()).result == "pass":
            continue
        about = _FROM.search(plain)
        found[match[1].lower()] = Result(
            match[2].lower(), about[1].casefold() if about else "", comment
        )
    return found


def _pieces(said: str) -> Iterator[tuple[str, str]]:
    """What stands between semicolons: without its comments and quoted strings, which may hold
    what a sender chose; and the comments."""
    plain: list[str] = []
    comment: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in f"{said};":
        if escaped:
            escaped = False
        elif letter == "\\" and (depth or quoted):
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
            plain.append('"')
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            plain.append(" ")
        elif depth:
            comment.append(letter)
        elif letter == ";":
            yield "".join(plain), "".join(comment)
            plain, comment = [], []
        else:
            plain.append(letter)
