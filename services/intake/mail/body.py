"""Which parts are the text, which the HTML, and which are attachments.

The choice is RFC 8621's (4.1.4), with two differences for a help desk: an image is always an
attachment as well, so that none is lost, and a text that is the mail's only part is its text
even when it's called an attachment.
"""

import re
from dataclasses import dataclass, field, replace

from services.intake.mail.charset import decode
from services.intake.mail.flowed import unflow
from services.intake.mail.headers import clean, decode_words, raw_text
from services.intake.mail.model import Attachment
from services.intake.mail.structure import Part
from services.intake.mail.transfer import decode_transfer
from services.intake.mail.uuencoded import without_files

FILENAME_LENGTH_MAX = 200
TOO_LONG_FILENAME = "message.html"

_MEDIA = ("image/", "audio/", "video/")
_UNSAFE_IN_FILENAME = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:-]{2,40})", re.IGNORECASE
)
_META_WITHIN = 2_048


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The HTML of a part: each its own, whatever it says."""

    part: Part
    html: str


@dataclass(slots=True)
class Body:
    """What a mail consists of. `text` and `html` are lists of pieces in their order."""

    text: list[str] = field(default_factory=list)
    html: list[Piece] = field(default_factory=list)
    html_as_text: list[Piece] = field(default_factory=list)
    """The HTML pieces that stand where a plain text is missing."""
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Chosen:
    """The lists of RFC 8621; None is a list that isn't to be added to any more."""

    text: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)


def read_body(root: Part) -> Body:
    """The texts and attachments of a mail."""
    chosen = _Chosen()
    if root.is_multipart:
        _choose(root, chosen, chosen.text, chosen.html, within_alternative=False)
    elif _is_undivided(root) or (
        root.content_type in {"text/plain", "text/html"} and _is_only_text(root)
    ):
        chosen.text.append(root)
        chosen.html.append(root)
    else:
        _choose_leaf(root, chosen, chosen.text, chosen.html, kind="mixed", first=True)
    body = Body()
    pieces = {
        id(part): Piece(part, text_of(part, body.defects))
        for part in (*chosen.text, *chosen.html)
        if part.content_type == "text/html"
    }
    for part in chosen.text:
        if part.content_type == "text/html":
            body.html_as_text.append(pieces[id(part)])
        else:
            text, files = without_files(text_of(part, body.defects))
            body.text.append(text)
            body.attachments += files
    for part in chosen.html:
        if id(part) in pieces:
            body.html.append(pieces[id(part)])
    if _is_undivided(root) and root.body.strip():
        chosen.attachments.append(root)
    for part in chosen.attachments:
        body.attachments.append(_attachment(part, body.defects))
    return body


def attach_html(body: Body, piece: Piece) -> None:
    """Keep a piece of HTML as a file, too: it is too much to be shown whole."""
    attachment = _attachment(piece.part, body.defects)
    name = attachment.filename or TOO_LONG_FILENAME
    body.attachments.append(replace(attachment, filename=name, inline=False))


def _is_undivided(part: Part) -> bool:
    """A multipart that couldn't be divided: shown as it is, and attached as it came."""
    return part.content_type.startswith("multipart/") and not part.is_multipart


def _is_only_text(part: Part) -> bool:
    return part.disposition.value != "attachment" or not _filename(part)


def _choose(
    part: Part,
    chosen: _Chosen,
    text: list[Part] | None,
    html: list[Part] | None,
    *,
    within_alternative: bool,
) -> None:
    """Sort the children of a multipart into the lists."""
    kind = part.content_type.partition("/")[2]
    text_before = len(text) if text is not None else -1
    html_before = len(html) if html is not None else -1
    for index, child in enumerate(part.children):
        if child.is_multipart:
            inside = within_alternative or kind == "alternative"
            _choose(child, chosen, text, html, within_alternative=inside)
            continue
        if within_alternative and kind != "alternative" and _is_shown(child, kind, index == 0):
            # Text beside HTML within one alternative: from here on they go apart.
            html = None if child.content_type == "text/plain" else html
            text = None if child.content_type == "text/html" else text
        _choose_leaf(child, chosen, text, html, kind=kind, first=index == 0)
    if kind == "alternative" and text is not None and html is not None:
        if text_before == len(text) and html_before != len(html):
            text += html[html_before:]
        elif html_before == len(html) and text_before != len(text):
            html += text[text_before:]


def _choose_leaf(
    part: Part,
    chosen: _Chosen,
    text: list[Part] | None,
    html: list[Part] | None,
    *,
    kind: str,
    first: bool,
) -> None:
    shown = _is_shown(part, kind, first)
    if not shown or part.content_type.startswith(_MEDIA) or part.disposition.get("filename"):
        if not part.content_type.endswith("-signature") or kind != "signed" or _filename(part):
            # A bare signature over the rest is of no use to a reader.
            chosen.attachments.append(part)
        if not shown or part.content_type.startswith(_MEDIA):
            return
    if kind == "alternative":
        target = text if part.content_type == "text/plain" else html
        (target if target is not None else chosen.attachments).append(part)
    elif text is None and html is None:
        chosen.attachments.append(part)
    else:
        if text is not None:
            text.append(part)
        if html is not None:
            html.append(part)


def _is_shown(part: Part, kind: str, first: bool) -> bool:
    """Whether the part belongs to what is read, not to what is attached."""
    media = part.content_type.startswith(_MEDIA)
    if part.disposition.value == "attachment":
        return False
    if part.content_type not in {"text/plain", "text/html"} and not media:
        return False
    return first or (kind != "related" and (media or not _filename(part)))


def text_of(part: Part, defects: list[str]) -> str:
    """The text of a text part, decoded, with line feeds for line ends."""
    data = payload_of(part, defects)
    label = part.type.get("charset")
    if part.content_type == "text/html" and not label:
        meta = _META_CHARSET.search(data, 0, _META_WITHIN)
        label = meta[1].decode("ascii") if meta else ""
    text, understood = decode(data, label)
    if not understood:
        defects.append("charset_mislabelled")
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    if part.content_type == "text/plain" and part.type.get("format").lower() == "flowed":
        text = unflow(text, delete_space=part.type.get("delsp").lower() == "yes")
    return text


def payload_of(part: Part, defects: list[str]) -> bytes:
    """The bytes of a part without their transfer encoding."""
    if part.is_multipart:
        return b""
    data, defect = decode_transfer(part.body, part.headers.token("content-transfer-encoding"))
    if defect:
        defects.append(defect)
    return data


def _attachment(part: Part, defects: list[str]) -> Attachment:
    content_id = clean(raw_text(part.headers.raw("content-id"))).strip("<> ")
    return Attachment(
        filename=_filename(part),
        content_type=part.content_type,
        content_id=content_id,
        payload=payload_of(part, defects),
        inline=part.disposition.value != "attachment"
        and (bool(content_id) or part.disposition.value == "inline"),
    )


def _filename(part: Part) -> str:
    """The name of the file, made safe: no folders, no control or direction characters."""
    name = part.disposition.get("filename") or part.type.get("name")
    if not name:
        described = part.headers.raw("content-description") or b""
        text = clean(decode_words(raw_text(described[:300])))
        name = text if re.fullmatch(r"[^\\/:]{1,100}\.[A-Za-z0-9]{2,5}", text) else ""
    name = _UNSAFE_IN_FILENAME.sub("", name).replace("\\", "/").rstrip("/ .")
    name = name.rpartition("/")[2].strip()
    if len(name) <= FILENAME_LENGTH_MAX:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:FILENAME_LENGTH_MAX]
    return stem[: FILENAME_LENGTH_MAX - len(extension) - 1] + "." + extension
