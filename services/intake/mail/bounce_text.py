"""Delivery reports in prose: what mail systems write when they know no RFC 3464."""

import re

from services.intake.mail.dsn import (
    Returned,
    make_failure,
    read_report,
    returned_from,
)
from services.intake.mail.model import Failure
from services.intake.mail.phrases import one_of
from services.intake.mail.structure import read_headers

_TEXT_LOOKED_AT = 30_000
_RECIPIENTS_MAX = 50

# fmt: off
_SUBJECT = re.compile(
    one_of(
        "could not (?:send|be delivered|deliver)", "dead mail",
        ("delivery (?:status|failure|failed|notification|error|problem|has failed|report"
         "|incomplete|delayed|unsuccessful)"),
        "delivery failure", "devuelto", "error (?:in )?mail", "failed (?:delivery|mail|to deliver)",
        "failure (?:notice|notification|delivery)", "mail (?:error|failure)",
        ("(?:mail|message|e-?mail) (?:delivery|system|could not|not) (?:fail|error|problem"
         "|status|notification|subsystem|be|deliver)"),
        "mancata consegna", "message (?:you sent )?(?:delayed|failed|blocked|status)",
        "nicht (?:zu|aus)gestellt", "nicht zustellbar", "niet (?:bezorgd|afgeleverd)",
        "no se (?:ha )?pud?o entregar", "non remis", "non[- ]?deliver", "not deliver(?:ed|able)",
        "bounce", "problem(?:s)? with your mail", "rejected",
        "returned (?:mail|to sender|e-?mail|message)", "returned$", "undeliver(?:ed|able)",
        "unzustellbar", "user unknown", "warning - message", "warning: .{0,40}(?:could not|delay)",
        "zustellung", "échec", "недоставлен", "нестав", "送信", "送達", "配信",
    ),
    re.IGNORECASE,
)
_BODY = re.compile(
    one_of(
        "address(?:es)? (?:failed|had)", "couldn't be delivered", "(?:could|can) ?not be delivered",
        "delivery (?:to the following|failed|has failed|of your|status|error|attempt)",
        "did not reach", "error message below", "failed to deliver",
        "following (?:recipient|address|destination|user)", "has been rejected",
        "mail delivery (?:failed|system)", "mail system (?:error|at)",
        "message (?:was|has been|could) (?:not |un|rejected|returned|bounced|refused)",
        "n'a pas (?:pu|été)", "nicht zugestellt", "no such user", "not (?:delivered|reach|exist)",
        "not able to deliver", "permanent (?:fatal )?error", "qmail-send", "recipient unknown",
        "requested action not taken", "returned to sender", "unable to deliver", "undeliverable",
        "undelivered message", "unknown user", "user unknown", "was rejected", "wasn't delivered",
        "(?:was|were|been|is) (?:not|un)(?: ?be| been)? ?(?:able to be )?deliver",
    ),
    re.IGNORECASE,
)
_RETURNED_BELOW = re.compile(
    r"^[ \t>*|=_#+~-]{0,80}(?:"
    + one_of(
        "below this line is a copy", "included is a copy",
        "message (?:header|text|headers) (?:follow|follows|was|is)",
        "(?:received|return-path|message-id): .*", "returned message follows",
        (r"(?:the )?(?:headers?|header|text|body|copy|content|start|beginning|first \d+"
         " lines|transcript) of (?:the |your |this )?(?:original |returned |undelivered "
         "|rejected )?(?:message|mail|e-?mail)"),
        ("(?:the )?(?:original|returned|returned/undelivered|undelivered|rejected)"
         " (?:message|mail|headers?)(?: headers?| text| follows| is| below| attached)?"),
        "this is a copy of (?:the|your) message", "unsent message",
        "your (?:original )?(?:message|mail)(?: header)? (?:follows|is|reads|was|begins)",
    )
    + r")[^\r\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
# fmt: on
_HEADER_LINE = re.compile(
    r"^[ \t>]{0,8}(?:return-path|received|message-id|from|to|subject|date|mime-version): ?\S",
    re.IGNORECASE | re.MULTILINE,
)
# fmt: off
_STILL_TRYING = re.compile(
    one_of(
        "(?:do(?:es)? not|don't|no) need to (?:re)?send", "attempts? .{0,40}will continue",
        "no action is required", "not yet been delivered",
        "still be(?:ing)? (?:retried|tried|queued)",
        "warning (?:message )?only", "will be retried", "will retry for", "delivery incomplete",
        "will (?:keep|continue) (?:trying|to try)",
    ),
    re.IGNORECASE,
)
_DELAY = re.compile(
    one_of(
        "(?:has|been) (?:been )?delayed", "(?:warning|delay) (?:message|notif)",
        "delivery (?:is |has been )?delayed", "message (?:is )?(?:still )?(?:delayed|queued)",
        "retr(?:y|ied) for", "this is a warning",
    ),
    re.IGNORECASE,
)
_FINAL = re.compile(
    one_of(
        "could not be delivered to", "deleted from (?:the )?queue",
        "exceeded .{0,30}(?:time|retr)", "expired",
        "failed permanently", "gave up", "given up", "giving up", "has failed", "permanent",
        "returned to", "undelivered mail returned", "will not (?:be )?(?:retr|try)",
    ),
    re.IGNORECASE,
)
# fmt: on
_DELAY_SUBJECT = re.compile(r"delay|warning|verzöger|delayed|retard", re.IGNORECASE)

_REFUSED_BY_LIST = re.compile(
    r"you (?:\S+ )?are not (?:a )?member of this mailing list"
    r"|you are not allowed to post to this (?:mailing )?list"
    r"|your (?:message|mail|e-?mail) to (?:the )?\S{1,80} (?:mailing )?list (?:has been"
    r"|was) (?:automatically )?rejected",
    re.IGNORECASE,
)
_REPORT_IN_TEXT = re.compile(
    r"^(?:reporting-mta|(?:final|original)-recipient"
    r"|action)[ \t]*:(?=[^\n]*\n(?:[^\n]*\n){0,12}?final-recipient[ \t]*:|[^\n]*rfc822;)",
    re.IGNORECASE | re.MULTILINE,
)
_REFUSED = re.compile(
    r"^(?:<<< |>>> )?([45]\d\d[ -][45]\.\d{1,3}\.\d{1,3} [^\n]{1,400})$", re.MULTILINE
)
_MAILBOX = r"[A-Za-z0-9._%+=#$&'*/?^{}|~!-]{1,100}@[A-Za-z0-9.-]{1,200}(?:\.[A-Za-z0-9-]{1,63})?"
_ADDRESS_LINE = re.compile(
    rf"^[ \t>*.-]{{0,12}}(?:[\w .-]{{0,60}}[:=]\s{{0,4}})?[<\"'(\[]?(?:smtp:|rfc822;\s?"
    rf"|mailto:)?(?P<address>{_MAILBOX})[>\"')\]]?"
    r"(?P<rest>[^\r\n]{0,500})$",
    re.IGNORECASE,
)
_IN_SENTENCE = re.compile(
    r"(?<!\w)(?:to|recipient(?:s|\(s\))?|address(?:es)?|mailbox|user|for|an|à|para|a)"
    rf"[\s:]{{1,4}}[<\"'(\[]?(?P<address>{_MAILBOX})",
    re.IGNORECASE,
)
_ANY = re.compile(_MAILBOX)
_SMTP_TALK = re.compile(r"(?<![\d.])[45]\d\d[ -](?:[45]\.\d|\D)|\b[45]\.\d{1,3}\.\d{1,3}\b")
_NOT_A_RECIPIENT = re.compile(
    r"mailer-daemon|postmaster@|^abuse@|^support@|^help@|^noc@", re.IGNORECASE
)
_PROVEN_HEADERS = re.compile(
    r"^(?:from|reply-to|sender|return-path|message-id|received|x-[\w-]+|date|subject|mime-version"
    r"|content-[\w-]+|references|in-reply-to|errors-to|cc)\s*:",
    re.IGNORECASE,
)
_LEADS_IN = re.compile(
    r"following|address|recipient|deliver|failed|error|unable|could not|unknown|rejected"
    r"|transcript",
    re.IGNORECASE,
)


def looks_like_report(subject: str, text: str, *, from_machine: bool, from_nobody: bool) -> bool:
    """Whether a mail without a machine-readable part is a delivery report.

    `from_machine`: a mail system sent it; `from_nobody`: somebody who doesn't want an answer.
    """
    told = text[:_TEXT_LOOKED_AT]
    if _REFUSED_BY_LIST.search(f"{subject[:300]}\n{told[:2_000]}"):
        return True
    about_delivery = bool(_SUBJECT.search(subject[:300])), bool(_BODY.search(told))
    if not from_machine:
        return from_nobody and all(about_delivery)
    return any(about_delivery)


def is_delay(subject: str, text: str, failures: tuple[Failure, ...]) -> bool:
    """Whether a report in prose says "not yet" instead of "no"."""
    if any(one.status.startswith("5.") or one.reply_code.startswith("5") for one in failures):
        return False
    told = _before_returned(text[:_TEXT_LOOKED_AT])
    if _STILL_TRYING.search(told):
        return True
    if _FINAL.search(told):
        return False
    return bool(_DELAY.search(told)) or bool(_DELAY_SUBJECT.search(subject[:200]))


def report_in(text: str) -> tuple[Failure, ...]:
    """A machine-readable report that came as text, as when a gateway took its part away."""
    match = _REPORT_IN_TEXT.search(text[:_TEXT_LOOKED_AT])
    if match is None:
        return ()
    failures = read_report(text[match.start() : match.start() + _TEXT_LOOKED_AT])
    return tuple(one for one in failures if one.recipient)[:_RECIPIENTS_MAX]


def transcript(text: str) -> str:
    """The last refusal in a transcript of the session."""
    found = _REFUSED.findall(text[:_TEXT_LOOKED_AT])
    return found[-1][:500] if found else ""


def returned_in(text: str) -> Returned | None:
    """The headers of the returned mail, where it stands in the text."""
    told = text[: _TEXT_LOOKED_AT * 2]
    for match in _HEADER_LINE.finditer(told):
        headers = read_headers(told[match.start() :].encode("utf-8", "replace"))
        if len(headers.fields) >= 3:
            return returned_from(headers)
    return None


def failures_in(text: str) -> list[Failure]:
    """The recipients that a report in prose names, with what it says of each."""
    told = _before_returned(text[:_TEXT_LOOKED_AT])
    lines = told.replace("\r\n", "\n").split("\n")
    starts: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        match = _ADDRESS_LINE.match(line[:700])
        if (
            match is None
            or _PROVEN_HEADERS.match(line.lstrip(" \t>"))
            or _NOT_A_RECIPIENT.search(match["address"])
        ):
            continue
        starts.append((index, match["address"].rstrip(".")))
    if not starts:
        return _from_sentences(told, lines)
    preface = " ".join(line.strip() for line in lines[: starts[0][0]])
    failures: dict[str, Failure] = {}
    for position, (index, address) in enumerate(starts):
        end = starts[position + 1][0] if position + 1 < len(starts) else len(lines)
        said = _said(lines[index:end])
        if address.lower() in failures and not _SMTP_TALK.search(said):
            continue
        failure = make_failure(address, said)
        if failure.reason in {"onhold", "undefined"}:
            failure = make_failure(address, f"{said} {preface}")
        known = failures.get(address.lower())
        if known is None or (not known.reply_code and failure.reply_code):
            failures[address.lower()] = failure
        if len(failures) >= _RECIPIENTS_MAX:
            break
    return list(failures.values())


def _before_returned(text: str) -> str:
    match = _RETURNED_BELOW.search(text)
    return text[: match.start()] if match and match.start() > 40 else text


def _said(lines: list[str]) -> str:
    return " ".join(line.strip(" \t>*") for line in lines[:25] if line.strip())


def _from_sentences(told: str, lines: list[str]) -> list[Failure]:
    match = _IN_SENTENCE.search(told) or _ANY.search(told)
    if match is None:
        return []
    address = match["address"] if "address" in match.groupdict() else match.group()
    return [make_failure(address.rstrip("."), _said(lines)[:2_000])]
