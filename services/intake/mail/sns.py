"""Amazon's notices about mails sent through SES: a report as JSON in a plain text."""

import json
import re
from typing import Any

from services.intake.mail.dsn import make_failure
from services.intake.mail.model import Failure

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_LENGTH_MAX = 256 * 1024
_RECIPIENTS_MAX = 100


def read_notice(text: str) -> tuple[Failure, ...]:
    """What a notice says of each recipient; nothing for any other text."""
    stripped = text.lstrip()
    if not stripped.startswith("{") or "notificationType" not in stripped[:2_000]:
        return ()
    try:
        notice, _ = json.JSONDecoder().raw_decode(_SURROGATE.sub("", stripped[:_LENGTH_MAX]))
    except (ValueError, RecursionError):
        return ()
    if isinstance(notice, dict) and isinstance(notice.get("Message"), str):
        return read_notice(notice["Message"])
    found = _bounced(notice) if isinstance(notice, dict) else []
    return tuple(found[:_RECIPIENTS_MAX])


def _bounced(notice: dict[str, Any]) -> list[Failure]:
    bounce, delivery = notice.get("bounce"), notice.get("delivery")
    failures: list[Failure] = []
    if isinstance(bounce, dict):
        failures += [
            make_failure(
                str(one.get("emailAddress", "")),
                str(one.get("diagnosticCode", "")).removeprefix("smtp; "),
                action=str(one.get("action", "failed")).lower(),
                status=str(one.get("status", "")),
            )
            for one in _list(bounce.get("bouncedRecipients"))
            if isinstance(one, dict)
        ]
    elif isinstance(delivery, dict):
        said = str(delivery.get("smtpResponse", ""))
        failures += [
            make_failure(str(address), said, action="delivered")
            for address in _list(delivery.get("recipients"))
        ]
    return failures


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
