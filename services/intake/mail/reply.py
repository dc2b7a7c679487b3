"""What a mail adds to the conversation: its text without quotes and signature.

The cuts are those a reader would make. Answers written between quoted lines keep the quotes,
because alone they mean nothing; a forwarded message is what the writer wants read; and when
nothing would be left, nothing is cut. The whole text is always kept beside it.
"""

import re
from dataclasses import dataclass

from services.intake.mail.phrases import FORWARD_SUBJECT
from services.intake.mail.quotes import Splitter, What, is_quoted, shared_line, splitter_at
from services.intake.mail.signature import signature_start

LINES_LOOKED_AT_MAX = 5_000
_ROUNDS_MAX = 4
_QUOTED_LINES_MIN = 3
"""Without an attribution, fewer lines with `>` in a row are taken for the writer's own."""

_LINK_STARTS = re.compile(r"\s*[(<]\s*(?:https?:|mailto:|$)")
_LINK_OPEN = re.compile(r"[(<](?:https?:|mailto:)[^\s)>]*\s*$")


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    signature: str
    cut: bool
    """Whether a quote was found and left out."""


def extract_reply(text: str, *, sender: str = "", subject: str = "") -> Reply:
    """The visible reply in a plain text. `sender` is the writer's name and address."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rest = lines[LINES_LOOKED_AT_MAX:]
    visible, cut = _unquoted(
        lines[:LINES_LOOKED_AT_MAX], forwards=FORWARD_SUBJECT.match(subject) is not None
    )
    if rest and not cut:
        return Reply("\n".join(visible + rest).strip(), "", cut=False)
    start = signature_start(visible, sender)
    body, signature = "\n".join(visible[:start]), "\n".join(visible[start:])
    return Reply(_trimmed(body), _trimmed(signature), cut)


def _trimmed(text: str) -> str:
    return text.strip("\n").rstrip() if text.strip() else ""


def _unquoted(lines: list[str], *, forwards: bool) -> tuple[list[str], bool]:
    """The lines without the quotes, and whether there were any."""
    lines = _separated(lines)
    kept: list[str] = []
    cut = False
    for _ in range(_ROUNDS_MAX):
        found = _first_splitter(lines)
        if found is None:
            visible, unmarked = _without_marked(lines, quotes_min=_QUOTED_LINES_MIN)
            return kept + visible, cut or unmarked
        if found.what is What.FORWARD or (found.what is What.ORIGINAL and forwards):
            return kept + lines, cut
        before = lines[: found.start]
        after = lines[found.end :]
        if not _is_marked(after):
            if not any(line.strip() for line in kept + before):
                return kept + lines, cut
            visible, _ = _without_marked(before, quotes_min=_QUOTED_LINES_MIN)
            return kept + visible, True
        if _answers_between(after):
            return kept + lines, cut
        kept += before
        cut = True
        lines = _after_marked(after)
        if not any(line.strip() for line in lines):
            return kept, cut
    return kept + lines, cut


def _separated(lines: list[str]) -> list[str]:
    """The lines, with attributions on lines of their own."""
    separated: list[str] = []
    for line in lines:
        shared = shared_line(line) if ":" in line and not is_quoted(line) else None
        separated += shared or (line,)
    return separated


def _first_splitter(lines: list[str]) -> Splitter | None:
    for index, line in enumerate(lines):
        if is_quoted(line):
            continue
        found = splitter_at(lines, index)
        if found is not None:
            return found
    return None


def _is_marked(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return is_quoted(first)


def _marked_runs(lines: list[str]) -> list[tuple[int, int]]:
    """(start, end) of the runs of lines with `>`; blank lines and broken links don't end one."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    last = 0
    link_open = False
    for index, line in enumerate(lines):
        if is_quoted(line):
            if start is None:
                start = index
            last = index + 1
            link_open = _LINK_OPEN.search(line[-300:]) is not None
        elif not line.strip():
            continue
        elif start is not None and (
            _LINK_STARTS.match(line) or link_open or line.rstrip().endswith(" >")
        ):
            last = index + 1
            link_open = False
        elif start is not None:
            runs.append((start, last))
            start = None
    if start is not None:
        runs.append((start, last))
    return runs


def _answers_between(lines: list[str]) -> bool:
    """Whether the writer answered between the quoted lines."""
    return len(_marked_runs(lines)) > 1


def _after_marked(lines: list[str]) -> list[str]:
    """What follows the quote that `lines` begin with."""
    return lines[_marked_runs(lines)[0][1] :]


def _without_marked(lines: list[str], *, quotes_min: int) -> tuple[list[str], bool]:
    """The lines without their one quote, if it is long enough to be sure that it is one."""
    runs = _marked_runs(lines)
    if len(runs) != 1:
        return lines, False
    start, end = runs[0]
    if sum(1 for line in lines[start:end] if is_quoted(line)) < quotes_min:
        return lines, False
    remaining = lines[:start] + lines[end:]
    return (remaining, True) if any(line.strip() for line in remaining) else (lines, False)
