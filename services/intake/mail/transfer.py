"""Transfer encodings: what a part's bytes were before they were made fit for mail.

Decoding is lenient and never loses: what can't be decoded is handed on as it came.
"""

import binascii
import re

_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_DELETED = bytes(set(range(256)) - set(_BASE64_ALPHABET))
_SOFT_BREAK = re.compile(rb"=[ \t]{1,80}(?=\r?\n)")
_UU_BEGIN = re.compile(rb"(?:^|[\r\n])begin [0-7]{3,4} [^\r\n]{1,300}\r?\n")
_ENCODING = re.compile(r"base64|quoted-?printable|uuencode|x-uue?|uue", re.IGNORECASE)
_FOREIGN_SHARE_MAX = 8
"""A body with more than one in eight bytes outside of base 64's alphabet isn't base 64."""


def decode_transfer(data: bytes, header: str) -> tuple[bytes, str | None]:
    """The decoded bytes, and the defect met on the way."""
    match = _ENCODING.search(header)
    if match is None:
        return data, None
    encoding = match.group().lower()
    if encoding == "base64":
        return _base64(data)
    if encoding.startswith("quoted"):
        return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", data)), None
    return _uu(data)


def _base64(data: bytes) -> tuple[bytes, str | None]:
    visible = len(data) - sum(data.count(space) for space in (b"\r", b"\n", b" ", b"\t"))
    letters = data.translate(None, _DELETED)
    foreign = visible - len(letters) + data.count(b" ")
    if foreign * _FOREIGN_SHARE_MAX > visible:
        return data, "not_base64"
    defect = "base64_malformed" if visible != len(letters) else None
    if b"=" not in letters.rstrip(b"="):
        return _segment(letters.rstrip(b"=")), defect
    # Several encoded pieces one after the other; what follows on the line of the padding
    # is nothing of the kind.
    decoded = bytearray()
    for line_group in _padded_groups(data):
        decoded += _segment(line_group)
    return bytes(decoded), defect


def _padded_groups(data: bytes) -> list[bytes]:
    """Base 64 up to each padding, without the rest of the padding's line."""
    groups: list[bytes] = []
    gathered: list[bytes] = []
    for line in data.splitlines():
        before, padding, _ = line.partition(b"=")
        gathered.append(before.translate(None, _DELETED))
        if padding:
            groups.append(b"".join(gathered))
            gathered = []
    groups.append(b"".join(gathered))
    return groups


def _segment(letters: bytes) -> bytes:
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return b""


def _uu(data: bytes) -> tuple[bytes, str | None]:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data, "not_uuencoded"
    decoded = bytearray()
    for line in data[begin.end() :].splitlines():
        if line.strip() in {b"end", b"`", b""}:
            if line.strip() == b"end":
                break
            continue
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            # Trailing garbage, as some encoders write it: believe the length that is given.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                return bytes(decoded), "uuencode_malformed"
    return bytes(decoded), None
