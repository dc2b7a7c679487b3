"""Delivery reports of every kind: what failed, for whom, and which mail of ours it was."""

import re
from dataclasses import replace

from services.intake.mail.bounce_text import (
    failures_in,
    is_delay,
    looks_like_report,
    report_in,
    returned_in,
    transcript,
)
from services.intake.mail.classify import is_daemon
from services.intake.mail.dsn import (
    RECIPIENTS_MAX,
    Returned,
    make_failure,
    report_of,
    returned_mail,
)
from services.intake.mail.headers import clean, raw_text
from services.intake.mail.model import Bounce, Failure, Kind
from services.intake.mail.sns import read_notice
from services.intake.mail.structure import Part

_NO_REPLY = re.compile(r"(?:no|do-?not)[-_.]?reply", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>;,\"'()]{1,200}@[^\s<>;,\"'()]{1,200}")


def read_bounce(
    root: Part, *, from_address: str, from_name: str, subject: str, text: str, null_sender: bool
) -> tuple[Kind, Bounce] | None:
    """What a delivery report says, and whether it's final; None for any other mail."""
    returned = returned_mail(root)
    notice = read_notice(text)
    failures = report_of(root) or notice or report_in(text)
    by_header = _failed_recipients(root)
    is_report = root.type.get("report-type").lower() == "delivery-status"
    machine = null_sender or is_daemon(from_address, from_name) or bool(by_header)
    if notice or report_of(root) or (failures and machine):
        failures = _with_text(failures, text)
    else:
        if not is_report and not looks_like_report(
            subject, text, from_machine=machine, from_nobody=_is_nobody(from_address)
        ):
            return None
        if not returned.message_id:
            returned = returned_in(text) or returned
        failures = tuple(failures_in(text))
        if not failures and by_header:
            failures = tuple(make_failure(one, text[:2_000], prose=True) for one in by_header)
        if not failures:
            to = next(iter(returned.to), "")
            failures = (make_failure(to, text[:2_000], prose=True),)
    failures = tuple(_addressed(one, by_header, returned) for one in failures[:RECIPIENTS_MAX])
    bounce = Bounce(failures, returned.message_id, returned.subject)
    return _kind(failures, subject, text), bounce


def _kind(failures: tuple[Failure, ...], subject: str, text: str) -> Kind:
    actions = {one.action for one in failures}
    if "failed" in actions:
        return Kind.DELAY_WARNING if is_delay(subject, text, failures) else Kind.BOUNCE
    return Kind.DELAY_WARNING if "delayed" in actions else Kind.AUTO_REPLY


def _is_nobody(address: str) -> bool:
    return _NO_REPLY.match(address) is not None


def _failed_recipients(root: Part) -> tuple[str, ...]:
    value = clean(raw_text(root.headers.raw("x-failed-recipients")))
    return tuple(dict.fromkeys(_ADDRESS.findall(value)))[:RECIPIENTS_MAX]


def _with_text(failures: tuple[Failure, ...], text: str) -> tuple[Failure, ...]:
    """Failures with what stands only in the text beside the report: reasons and codes."""
    if all(one.diagnostic and one.reply_code for one in failures):
        return failures
    told = {one.recipient.lower(): one for one in failures_in(text)}
    only = next(iter(told.values())) if len(failures) == 1 and len(told) == 1 else None
    talk = transcript(text) if len(failures) == 1 else ""
    completed = []
    for one in failures:
        said = told.get(one.recipient.lower(), only)
        if not one.diagnostic and said is not None:
            diagnostic = said.diagnostic
        elif not one.reply_code and talk:
            diagnostic = f"{one.diagnostic} {talk}"
        else:
            completed.append(one)
            continue
        completed.append(
            make_failure(one.recipient, diagnostic, action=one.action, status=one.status)
        )
    return tuple(completed)


def _addressed(failure: Failure, by_header: tuple[str, ...], returned: Returned) -> Failure:
    if failure.recipient:
        return failure
    recipient = next(iter(by_header), "") or next(iter(returned.to), "")
    return replace(failure, recipient=recipient)
