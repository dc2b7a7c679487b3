"""Delivery reports as RFC 3464 has them: a machine-readable part, and the returned mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.intake.mail.addresses import read_addresses
from services.intake.mail.body import payload_of
from services.intake.mail.bounce_reasons import (
    HARD,
    better_status,
    find_codes,
    reason_of,
)
from services.intake.mail.charset import decode
from services.intake.mail.headers import Headers, clean, decode_words, raw_text
from services.intake.mail.model import Failure
from services.intake.mail.structure import Part, read_headers

RECIPIENTS_MAX = 500

_REPORT_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))
_RETURNED_TYPES = frozenset(
    ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers",
     "message/rfc822-headers")
)  # fmt: skip
_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{1,40})[ \t]*:[ \t]*(.*)")
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_ADDRESS = re.compile(r"[^\s<>;,\"'()]{1,200}@[^\s<>;,\"'()]{1,200}")
_RELAYED = re.compile(
    r"^.{0,1500}(?:other server returned was|response from the remote server was|response was):",
    re.DOTALL | re.IGNORECASE,
)
"""What stands before the reply of the server that refused."""
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, slots=True)
class Returned:
    """What is known of the mail that came back."""

    message_id: str = ""
    subject: str = ""
    to: tuple[str, ...] = ()


def walk(root: Part) -> Iterator[Part]:
    """The part and all parts in it, in their order."""
    pending = [root]
    while pending:
        part = pending.pop()
        yield part
        pending += reversed(part.children)


def report_of(root: Part) -> tuple[Failure, ...]:
    """What the delivery-status parts say, one entry a recipient."""
    failures: list[Failure] = []
    for part in walk(root):
        if part.content_type in _REPORT_TYPES and not part.children:
            failures += read_report(decode(payload_of(part, []))[0])
    return tuple(failures[:RECIPIENTS_MAX])


def read_report(text: str) -> list[Failure]:
    """The recipients of a delivery report's text."""
    failures: list[Failure] = []
    for group in _groups(text):
        if "final-recipient" in group or "original-recipient" in group or "action" in group:
            failures.append(_failure(group))
        if len(failures) >= RECIPIENTS_MAX:
            break
    return failures


def returned_mail(root: Part) -> Returned:
    """What the returned mail says of itself."""
    for part in walk(root):
        if part is not root and part.content_type in _RETURNED_TYPES:
            return returned_from(read_headers(payload_of(part, []).lstrip()))
    return Returned()


def returned_from(headers: Headers) -> Returned:
    """What matters of a returned mail's headers."""
    return Returned(
        clean(raw_text(headers.raw("message-id"))).strip("<> "),
        clean(decode_words(raw_text(headers.raw("subject")))),
        tuple(one.address for one in read_addresses(headers.raw("to")) if one.address)[:20],
    )


def make_failure(
    recipient: str,
    diagnostic: str,
    *,
    action: str = "failed",
    status: str = "",
    prose: bool = False,
) -> Failure:
    """A failure with what its diagnostic tells."""
    codes = find_codes(diagnostic)
    status = better_status(status, codes.status)
    reply_code = codes.reply_code
    if not status and reply_code:
        status = f"{reply_code[0]}.0.0"
    reason = reason_of(
        _RELAYED.sub("", diagnostic),
        status=status,
        reply_code=reply_code,
        action=action,
        prose=prose,
    )
    return Failure(
        recipient=recipient,
        action=action,
        status=status,
        reply_code=reply_code,
        reason=reason,
        hard=action == "failed" and reason in HARD,
        diagnostic=diagnostic[:1_000],
    )


def _groups(text: str) -> Iterator[dict[str, str]]:
    """The groups of fields, which blank lines part."""
    group: dict[str, str] = {}
    last = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip():
            if group:
                yield group
            group, last = {}, ""
            continue
        match = _FIELD.match(line)
        if line[0] in " \t" and last:
            if len(group[last]) < 4_000:
                group[last] += " " + line.strip()
        elif match:
            last = match[1].lower()
            if last == "final-recipient" and last in group:
                # Some forget the blank line between two recipients.
                yield group
                group = {}
            group.setdefault(last, match[2].strip())
    if group:
        yield group


def _failure(group: dict[str, str]) -> Failure:
    recipient = ""
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        match = _ADDRESS.search(group.get(name, ""))
        if match:
            recipient = match.group().rpartition(";")[2]
            break
    action = group.get("action", "").strip().lower().partition(" ")[0]
    status = _STATUS.search(group.get("status", ""))
    diagnostic = _without_type(group.get("diagnostic-code", ""))
    if status is None and group.get("status") and not diagnostic:
        diagnostic = group["status"]
    if action not in _ACTIONS:
        action = "delayed" if status and status.group().startswith("4.") else "failed"
    return make_failure(
        recipient, diagnostic, action=action, status=status.group() if status else ""
    )


def _without_type(diagnostic: str) -> str:
    kind, separator, rest = diagnostic.partition(";")
    if separator and re.fullmatch(r"\s*[A-Za-z0-9-]{1,30}\s*", kind):
        prefix = "X-Unix; " if kind.strip().lower() == "x-unix" else ""
        return prefix + rest.strip()
    return diagnostic
