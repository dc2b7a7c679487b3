r"""What an author may expect of a mail, and whether it was met.

Where the sources of such cases differ by convention, not by what they found in the mail:

- white space and control characters are collapsed (Postgres stores no NUL);
- U+FFFD in an expectation is a letter that the author couldn't read: any letters will do;
- `reply_text` may or may not include the signature, and `#sig#` is an annotation;
- a fragment of `html_contains` is compared sanitised, as the HTML is;
- a status `5.0.9xx` is what Sisimai makes up when a report gives none: the class counts;
- a file keeps no folder, also where the author took `C:\TEMP\a.png` for `C:TEMPa.png`;
- the reasons `vacation`, `feedback` and `delivered` are our kinds of mail.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from services.intake.mail import Attachment, Failure, Kind, ParsedMail
from services.intake.mail.html import sanitise, to_text
from services.intake.mail.html_tokens import tokens_of


@dataclass(frozen=True)
class Subject:
    """What was made of a case: a mail, or only a reply."""

    mail: ParsedMail
    reply: str
    signature: str


Check = Callable[[Subject, Any], object]
"""Returns True when the expectation is met, otherwise what was found instead."""


def squeeze(text: str) -> str:
    """`text` as it is compared: no control characters, single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0e-\x1f\x7f]", "", text)).strip()


def same(found: str, expected: str) -> bool:
    """Whether two texts are the same, U+FFFD standing for letters nobody could read."""
    expected, found = squeeze(expected.replace("#sig#", "")), squeeze(found)
    if "\ufffd" not in expected:
        return found == expected
    return re.fullmatch(_wild(expected), found) is not None


def contains(found: str, expected: str) -> bool:
    """Whether one text is within the other, by the same measure."""
    expected, found = squeeze(expected), squeeze(found)
    if "\ufffd" not in expected:
        return expected in found
    return re.search(_wild(expected), found) is not None


def _wild(expected: str) -> str:
    return "\\S{1,4}".join(re.escape(piece) for piece in re.split("\ufffd+", expected))


def _text(get: Callable[[ParsedMail], str]) -> Check:
    def check(subject: Subject, expected: Any) -> object:
        found = get(subject.mail)
        return same(found, expected or "") or found

    return check


def _address(subject: Subject, expected: Any) -> object:
    return subject.mail.from_address.lower() == expected.lower() or subject.mail.from_address


def _mailboxes(name: str) -> Check:
    def check(subject: Subject, expected: Any) -> object:
        wanted = [expected] if isinstance(expected, str) else expected
        found = [one.address.lower() for one in getattr(subject.mail, name)]
        return {one.lower() for one in wanted} <= set(found) or found

    return check


def _ids(name: str) -> Check:
    def check(subject: Subject, expected: Any) -> object:
        found = list(getattr(subject.mail, name))
        if not expected:
            return found or True
        wanted = [expected] if isinstance(expected, str) else expected
        return {one.strip("<>") for one in wanted} <= set(found) or found

    return check


def _body_contains(subject: Subject, expected: Any) -> object:
    everything = subject.mail.text + "\n" + _html_text(subject.mail)
    missing = [one for one in expected if not contains(everything, one)]
    return not missing or f"missing {missing[0]!r} in {squeeze(subject.mail.text)!r}"


def _body_not_contains(subject: Subject, expected: Any) -> object:
    there = [one for one in expected if contains(subject.mail.text, one)]
    return there or True


def _html_text(mail: ParsedMail) -> str:
    return to_text(tokens_of(mail.html)) if mail.html else ""


def _html_contains(subject: Subject, expected: Any) -> object:
    html = squeeze(subject.mail.html or "")
    missing = [one for one in expected if squeeze(sanitise(tokens_of(one))) not in html]
    return not missing or html


def _attachments(subject: Subject, expected: Any) -> object:
    found = list(subject.mail.attachments)
    shown = [(one.filename, one.content_type, len(one.payload)) for one in found]
    for wanted in expected:
        match = next((one for one in found if _is_attachment(one, wanted)), None)
        if match is None:
            return shown or "none"
        found.remove(match)
    return True


def _is_attachment(found: Attachment, wanted: dict[str, Any]) -> bool:
    name = wanted.get("filename")
    if name is not None and not wanted.get("name_derived_by_peer"):
        base = re.split(r"[\\/]", name)[-1]
        folder = re.match(r"[A-Za-z]:", name) is not None and found.filename != ""
        if not (
            same(found.filename, name)
            or same(found.filename, base)
            or (folder and name.endswith(found.filename))
        ):
            return False
    facts: dict[str, object] = {
        "content_type": found.content_type,
        "size": len(found.payload),
        "sha256": hashlib.sha256(found.payload).hexdigest(),
        "content_id": found.content_id,
    }
    return all(fact == wanted[key] for key, fact in facts.items() if key in wanted)


def _reply(subject: Subject, expected: Any) -> object:
    with_signature = f"{subject.reply}\n{subject.signature}"
    for found in (subject.reply, with_signature):
        if re.sub(r"\s", "", found) == re.sub(r"\s", "", expected):
            return True
    return with_signature


def _signature(subject: Subject, expected: Any) -> object:
    return same(subject.signature, expected) or subject.signature


def _hidden(subject: Subject, expected: Any) -> object:
    there = [one for one in expected if contains(subject.reply, one)]
    return there or True


def _reply_contains(subject: Subject, expected: Any) -> object:
    found = f"{subject.reply}\n{subject.signature}"
    missing = [one for one in expected if not contains(found, one)]
    return not missing or found


def _kind_is(*kinds: Kind) -> Check:
    def check(subject: Subject, expected: Any) -> object:
        return (subject.mail.kind in kinds) == bool(expected) or str(subject.mail.kind)

    return check


def _recipients(subject: Subject, expected: Any) -> object:
    found = subject.mail.bounce.failed_recipients if subject.mail.bounce else ()
    return sorted(map(str.lower, found)) == sorted(map(str.lower, expected)) or found


_KIND_OF_REASON = {
    "vacation": Kind.AUTO_REPLY,
    "feedback": Kind.FEEDBACK_REPORT,
    "delivered": Kind.AUTO_REPLY,
}


FAILURE_FIELDS = ("status", "reply_code", "reason", "hard", "action")


def score_failures(
    mail: ParsedMail, expected: list[dict[str, Any]]
) -> Iterator[tuple[bool, str, str, str]]:
    """(met, field, expected, found) for each field that is stated of each failure.

    Failures are compared in the order that fits best: authors list recipients as they like.
    """
    left = list(mail.bounce.failures) if mail.bounce else []
    exact = [one for one in expected if any(_fits(found, one) for found in left)]
    for wanted in (*exact, *(one for one in expected if one not in exact)):
        stated = [field for field in FAILURE_FIELDS if wanted.get(field) not in {None, ""}]
        kind = _KIND_OF_REASON.get(wanted.get("reason", ""))
        if kind is not None:
            yield mail.kind is kind, "failures.reason", wanted["reason"], str(mail.kind)
            stated = [] if not wanted.get("status") else ["status", "reply_code"]
        best = max(left, key=lambda one: sum(_met(one, wanted, f) for f in stated), default=None)
        if best is not None:
            left.remove(best)
        for field in stated:
            met = best is not None and _met(best, wanted, field)
            found = (
                "no failure" if best is None else f"{getattr(best, field)!r} in {best.diagnostic!r}"
            )
            yield met, f"failures.{field}", repr(wanted[field]), found


def _fits(found: Failure, wanted: dict[str, Any]) -> bool:
    return all(_met(found, wanted, field) for field in FAILURE_FIELDS if wanted.get(field))


def _met(found: Failure, wanted: dict[str, Any], field: str) -> bool:
    if field == "status" and re.fullmatch(r"[45]\.0\.9\d\d", wanted["status"]):
        return not found.status or found.status[0] == wanted["status"][0]
    return bool(getattr(found, field) == wanted[field])


CHECKS: dict[str, Check] = {
    "from": _address,
    "from_name": _text(lambda mail: mail.from_name),
    "to": _mailboxes("to"),
    "cc": _mailboxes("cc"),
    "subject": _text(lambda mail: mail.subject),
    "subject_contains": lambda subject, expected: (
        contains(subject.mail.subject, expected) or subject.mail.subject
    ),
    "message_id": _text(lambda mail: mail.message_id),
    "references": _ids("references"),
    "in_reply_to": _ids("in_reply_to"),
    "body_contains": _body_contains,
    "body_not_contains": _body_not_contains,
    "body_text": _text(lambda mail: mail.text),
    "body_empty": lambda subject, expected: (not subject.mail.text.strip()) == expected or "text",
    "html_contains": _html_contains,
    "attachments": _attachments,
    "attachment_count": lambda subject, expected: (
        len(subject.mail.attachments) == expected or len(subject.mail.attachments)
    ),
    "filename_contains": lambda subject, expected: (
        any(expected in one.filename for one in subject.mail.attachments)
        or [one.filename for one in subject.mail.attachments]
    ),
    "reply_text": _reply,
    "reply_contains": _reply_contains,
    "hidden_contains": _hidden,
    "signature_text": _signature,
    "is_auto": lambda subject, expected: (
        (subject.mail.kind not in {Kind.PERSON, Kind.LIST}) == expected or str(subject.mail.kind)
    ),
    "is_out_of_office": lambda subject, expected: (
        subject.mail.out_of_office == expected or str(subject.mail.kind)
    ),
    "auto_response_allowed": lambda subject, expected: (
        subject.mail.auto_response_allowed == expected or str(subject.mail.kind)
    ),
    "is_bounce": _kind_is(Kind.BOUNCE),
    "is_delay_warning": _kind_is(Kind.DELAY_WARNING),
    "is_feedback_report": _kind_is(Kind.FEEDBACK_REPORT),
    "is_success_dsn": lambda subject, _: (
        any(one.reason == "delivered" for one in subject.mail.bounce.failures)
        if subject.mail.bounce
        else "no report"
    ),
    "is_signed": lambda subject, expected: subject.mail.signed == expected or "not signed",
    "is_encrypted": lambda subject, expected: subject.mail.encrypted == expected or "not encrypted",
    "failed_recipients": _recipients,
    "failures": lambda _subject, _expected: True,  # field by field: `score_failures`
    "accept": lambda subject, expected: (subject.mail.problem is None) == expected or "refused",
    "reject": lambda subject, expected: (
        (subject.mail.problem is not None) == expected or "accepted"
    ),
    "no_crash": lambda _subject, _expected: True,
    "outcome": lambda subject, expected: (
        expected == "no_crash"
        or (expected == "accept") == (subject.mail.problem is None)
        or str(subject.mail.problem)
    ),
}
