"""Files that stand uuencoded in the text, as programs older than MIME send them."""

import binascii
import re

from services.intake.mail.model import Attachment

FILES_MAX = 20

_BEGIN = re.compile(r"^begin [0-7]{3,4} ([^\n]{1,200})\n", re.MULTILINE)
_END = re.compile(r"^(?:`|\s)?\n?end[ \t]*$", re.MULTILINE)
_LINE = re.compile(r"[ -`]{1,90}")


def without_files(text: str) -> tuple[str, list[Attachment]]:
    """The text without the files in it, and the files."""
    files: list[Attachment] = []
    pieces: list[str] = []
    position = 0
    for _ in range(FILES_MAX):
        begin = _BEGIN.search(text, position)
        end = _END.search(text, begin.end()) if begin else None
        if begin is None or end is None:
            break
        payload = _decoded(text[begin.end() : end.start()])
        if payload is None:
            pieces.append(text[position : begin.end()])
            position = begin.end()
            continue
        pieces.append(text[position : begin.start()])
        position = end.end()
        name = (
            re.sub(r"[\x00-\x1f\x7f]", "", begin[1]).strip().replace("\\", "/").rpartition("/")[2]
        )
        files.append(Attachment(name, "application/octet-stream", "", payload, inline=False))
    return ("".join(pieces) + text[position:], files) if files else (text, [])


def _decoded(block: str) -> bytes | None:
    """The bytes of the encoded lines; None when they aren't any."""
    decoded = bytearray()
    for line in block.split("\n"):
        if not line.strip():
            continue
        if not _LINE.fullmatch(line):
            return None
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            return None
    return bytes(decoded) or None
