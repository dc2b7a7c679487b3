"""What a mail server wrote onto a mail when it delivered it: the envelope, of a mail that comes
without one."""

from typing import Final

from services.intake.mail.headers import raw_text
from services.intake.mail.structure import read_headers

DELIVERED: Final = ("delivered-to", "x-original-to", "envelope-to")


def sender_of(raw: bytes) -> str | None:
    """The envelope's sender, empty for `<>`; None if nobody wrote it down."""
    headers = read_headers(raw)
    return headers.token("return-path").strip("<> ") if headers.has("return-path") else None


def recipient_of(raw: bytes) -> str:
    """Whom it was delivered to last; empty if nobody wrote it down."""
    headers = read_headers(raw)
    for name in DELIVERED:
        for value in headers.all_raw(name)[:1]:
            return raw_text(value).strip().strip("<>")
    return ""
