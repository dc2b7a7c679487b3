"""Addresses that nothing is sent to. Pure."""

import re
from typing import Final

_AUTOMATIC: Final = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|no[-_.]?reply|do[-_.]?not[-_.]?reply|nobody|bounces?"
    r"|auto[-_.]?(?:reply|responder|notify)|listserv|majordomo|.*-(?:request|bounces|owner))"
    r"(?:[+=].*)?",
    re.IGNORECASE,
)
"""Local parts that machines answer at (RFC 3834, 5.1, and usage)."""

_ADDRESS: Final = re.compile(
    r"[^\s@<>\x00-\x20\x7f,;:\"()\[\]\\]{1,64}@[^\s@<>\x00-\x20\x7f,;:]{1,255}"
)


def is_address(text: str) -> bool:
    """Whether it is one mail address, plainly written, and nothing besides."""
    return _ADDRESS.fullmatch(text) is not None


def why_not(
    recipient: str, *, to_customer: bool, own: frozenset[str], bounced: frozenset[str]
) -> str:
    """Why nothing may be sent to the recipient; empty if it may.

    `own` are addresses of ours that mail comes in at, `bounced` those that lately took no
    mail; both case folded. Agents' addresses may look like a machine's, and are never given up.
    """
    address = recipient.casefold()
    local, _, domain = address.rpartition("@")
    if not address:
        return "address_unknown"
    if not is_address(address):
        return "address_malformed"
    if f"{local.split('+', 1)[0]}@{domain}" in own or address in own:
        return "own_address"
    if to_customer and _AUTOMATIC.fullmatch(local):
        return "automatic_address"
    return "address_bounced" if to_customer and address in bounced else ""
