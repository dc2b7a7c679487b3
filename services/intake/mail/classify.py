"""What kind of mail it is: from a person, or from which machine.

The order matters: our own mails first, then what names itself as a report, then replies
that a machine gave, then what was sent to many. The rest is from a person.
"""

import re
from dataclasses import dataclass

from services.intake.mail.away import seems_away
from services.intake.mail.headers import Headers, clean, raw_text
from services.intake.mail.model import Kind, LoopHeaders
from services.intake.mail.out_of_office import (
    is_automatic_subject,
    is_out_of_office,
    says_automatic,
)
from services.intake.mail.structure import Part

OUR_HEADER = "ledgerdesk-"

_AUTO_SENDER = re.compile(
    r"(?:mailer-?daemon|postmaster|mail-?delivery-?(?:sub)?system|mdaemon|autoreply|auto-reply"
    r"|autoresponder|vacation)(?:[+._-][^@]*)?(?:@|$)"
)
_DAEMON = re.compile(
    r"mailer[-_]?daemon|post_?master|mail[-_. ]?deliver[yv]?|maildeliverysystem|mdaemon|mmdf"
    r"|mail ?administrator|mail ?delivery|returned ?mail",
)
_RECEIPT_SUBJECT = re.compile(
    r"(?:read|not read|deleted|gelesen|lu|lues?|leído|lido|letto|gelezen|läst|lest|læst)\s?:",
    re.IGNORECASE,
)


_LIST_HEADERS = (
    "list-id", "list-unsubscribe", "list-post", "x-mailing-list", "x-beenthere", "feedback-id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Classified:
    kind: Kind
    because: str
    """What in the mail says so, in a few words."""
    out_of_office: bool = False


def loop_headers(headers: Headers) -> LoopHeaders:
    """The headers that say whether, and by whom, this mail was made by a machine."""
    return_path: str | None = None
    if headers.has("return-path"):
        return_path = headers.token("return-path").strip("<> ")
    return LoopHeaders(
        auto_submitted=headers.token("auto-submitted").partition(";")[0].strip(),
        precedence=headers.token("precedence"),
        x_loop=tuple(clean(raw_text(value)).lower() for value in headers.all_raw("x-loop")),
        list_id=clean(raw_text(headers.raw("list-id"))).lower(),
        x_auto_response_suppress=headers.token("x-auto-response-suppress"),
        ledgerdesk=tuple(
            (name.removeprefix(OUR_HEADER), clean(raw_text(value)))
            for name, value in headers.fields
            if name.startswith(OUR_HEADER)
        ),
        return_path=return_path,
        received_count=len(headers.all_raw("received")),
    )


def classify(
    root: Part,
    loops: LoopHeaders,
    *,
    from_address: str,
    subject: str,
    text: str,
    report: Kind | None,
) -> Classified:
    """The kind of a mail; `report` is what its delivery reports were found to say, if any."""
    headers = root.headers
    if loops.ledgerdesk and (loops.auto_submitted not in {"", "no"} or loops.precedence == "bulk"):
        # A delivery report about a mail of ours quotes our headers, but doesn't carry them.
        # What an agent of another desk wrote is not automatic, and is a letter like any other.
        return Classified(Kind.LOOP, "a Ledgerdesk made it by itself")
    if _is_feedback(root):
        return Classified(Kind.FEEDBACK_REPORT, "it is a feedback report (RFC 5965)")
    if report is not None:
        return Classified(report, "it reports on a delivery")
    automatic = _why_automatic(root, loops, from_address.lower(), subject, text)
    away = is_out_of_office(subject, text)
    many = _why_for_many(headers, loops)
    if loops.auto_submitted.startswith("auto-generated") and many and not away:
        return Classified(Kind.LIST, many)
    if automatic:
        return Classified(Kind.AUTO_REPLY, automatic, out_of_office=away)
    if many:
        return Classified(Kind.LIST, many)
    return Classified(Kind.PERSON, "nothing says that a machine wrote it")


def _why_automatic(root: Part, loops: LoopHeaders, sender: str, subject: str, text: str) -> str:
    """What says that a machine wrote it; empty if nothing does."""
    if loops.auto_submitted not in {"", "no"}:
        return f"Auto-Submitted: {loops.auto_submitted}"
    if says_automatic(root.headers):
        return "a header of automatic replies"
    if loops.precedence in {"auto_reply", "auto-reply", "autoreply"}:
        return f"Precedence: {loops.precedence}"
    if _is_receipt(root, subject):
        return "it is a receipt"
    if is_automatic_subject(subject):
        return "its subject is that of an automatic reply"
    if seems_away(subject, text):
        return "it says that its sender is away"
    return "its sender is a machine" if _AUTO_SENDER.match(sender) is not None else ""


def is_daemon(from_address: str, from_name: str) -> bool:
    """Whether a mail system wrote it, going by the name."""
    local = from_address.lower().partition("@")[0]
    return bool(_DAEMON.search(local) or _DAEMON.search(from_name.lower()))


def _is_feedback(root: Part) -> bool:
    if root.type.get("report-type").lower() == "feedback-report":
        return True
    return any(part.content_type == "message/feedback-report" for part in root.children)


def _is_receipt(root: Part, subject: str) -> bool:
    if root.type.get("report-type").lower() == "disposition-notification":
        return True
    if any(part.content_type == "message/disposition-notification" for part in root.children):
        return True
    return bool(_RECEIPT_SUBJECT.match(subject)) and root.content_type == "multipart/report"


def _why_for_many(headers: Headers, loops: LoopHeaders) -> str:
    """What says that it was sent to many; empty if nothing does."""
    if loops.precedence in {"list", "bulk", "junk"}:
        return f"Precedence: {loops.precedence}"
    found = [
        name for name in _LIST_HEADERS if headers.has(name) and (name != "list-id" or loops.list_id)
    ]
    return f"the header {found[0]}" if found else ""
