"""`understand`: from raw bytes to a parsed mail, for any bytes whatsoever.

The way is: structure, headers, texts, the visible reply, what kind of mail it is. Each step
is lenient and linear. Should one of them still fail, which is a bug, the mail is kept as a
plain text with the defect named: a customer's mail is never lost to our mistake.
"""

import email.utils
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

from services.intake.mail.addresses import is_usable, read_addresses
from services.intake.mail.body import Body, Piece, attach_html, payload_of, read_body
from services.intake.mail.bounce import read_bounce
from services.intake.mail.charset import decode
from services.intake.mail.classify import classify, loop_headers
from services.intake.mail.dsn import walk
from services.intake.mail.headers import Headers, clean, raw_text
from services.intake.mail.html import sanitise, to_text
from services.intake.mail.html_quotes import without_quotes
from services.intake.mail.html_tokens import TOKENS_MAX, Token, read_tokens
from services.intake.mail.model import Bounce, Kind, Mailbox, ParsedMail
from services.intake.mail.reply import Reply, extract_reply
from services.intake.mail.structure import Part, Tree, read_headers, read_tree

REFERENCES_MAX = 200
ADDRESSES_KEPT_MAX = 200
DEFECTS_MAX = 20
LANGUAGE_LENGTH_MAX = 100

_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE_ID = re.compile(r"[^\s<>,;]{1,400}@[^\s<>,;]{1,200}")
_MANY_BREAKS = re.compile(r"\n{4,}")


def understand(raw: bytes) -> ParsedMail:
    """The mail that `raw` is, as far as it can be understood. Never raises."""
    if not raw.strip(b"\r\n\t \x00"):
        return ParsedMail(problem="empty")
    try:
        return _understood(raw)
    except Exception as error:  # noqa: BLE001 - a mail is never lost to a bug of ours
        return _as_plain_text(raw, type(error).__name__)


def _understood(raw: bytes) -> ParsedMail:
    tree = read_tree(raw)
    headers = tree.root.headers
    sender = _sender(headers)
    subject = headers.text("subject")
    body = read_body(tree.root)
    read = _tokens_of(body)
    tokens = [read[piece] for piece in body.html]
    text = _text_of(body, read)
    reply = _reply(text, tokens, sender, subject, has_plain=bool(body.text))
    loops = loop_headers(headers)
    found = read_bounce(
        tree.root,
        from_address=sender.address,
        from_name=sender.name,
        subject=subject,
        text=text,
        null_sender=loops.return_path == "",
    )
    report, bounce = found or (None, None)
    classified = classify(
        tree.root, loops, from_address=sender.address, subject=subject, text=text, report=report
    )
    return ParsedMail(
        from_address=sender.address,
        from_name=sender.name,
        to=read_addresses(headers.raw("to"))[:ADDRESSES_KEPT_MAX],
        cc=read_addresses(headers.raw("cc"))[:ADDRESSES_KEPT_MAX],
        reply_to=read_addresses(headers.raw("reply-to"))[:ADDRESSES_KEPT_MAX],
        subject=subject,
        language=clean(raw_text(headers.raw("content-language")))[:LANGUAGE_LENGTH_MAX],
        date=_date(headers),
        message_id=next(iter(_ids(headers, "message-id")), ""),
        in_reply_to=_ids(headers, "in-reply-to"),
        references=_ids(headers, "references"),
        text=text,
        html=_html_of(tokens),
        reply_text=reply.text,
        signature_text=reply.signature,
        attachments=tuple(body.attachments),
        kind=classified.kind,
        kind_because=classified.because,
        out_of_office=classified.out_of_office,
        bounce=bounce if classified.kind is not Kind.FEEDBACK_REPORT else _without_failures(bounce),
        loop_headers=loops,
        authentication_results=tuple(
            clean(raw_text(value)) for value in headers.all_raw("authentication-results")[:20]
        ),
        signed=_has(tree.root, "multipart/signed", "signed-data"),
        encrypted=_has(tree.root, "multipart/encrypted", "enveloped-data"),
        fingerprint=_fingerprint(tree.root),
        defects=_defects(tree, body),
        several_authors=_has_several_authors(headers),
        problem=_problem(sender, classified.kind, headers),
    )


def _as_plain_text(raw: bytes, error: str) -> ParsedMail:
    """The least that can be said of a mail: its sender, its subject, and all of it as text."""
    defects = (f"not_understood:{error}",)
    try:
        headers = read_headers(raw)
        sender = _sender(headers)
        subject = headers.text("subject")
    except Exception:  # noqa: BLE001 - the same
        sender, subject = Mailbox("", ""), ""
    _, _, rest = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    text = decode(rest)[0]
    problem = None if is_usable(sender.address) else "no_sender"
    return ParsedMail(
        from_address=sender.address,
        from_name=sender.name,
        subject=subject,
        text=text,
        reply_text=text.strip(),
        defects=defects,
        problem=problem,
    )


def _sender(headers: Headers) -> Mailbox:
    """Who wrote it: `From`, or the next best header that names somebody."""
    named = Mailbox("", "")
    for name in ("from", "sender", "reply-to", "return-path", "x-original-from"):
        for raw in headers.all_raw(name)[:5]:
            for mailbox in read_addresses(raw)[:10]:
                if is_usable(mailbox.address):
                    return replace(mailbox, name=mailbox.name or named.name)
                if name == "from" and not (named.name or named.address):
                    named = mailbox
    return named


def _fingerprint(root: Part) -> str:
    digest = hashlib.sha256()
    for part in walk(root):
        payload = payload_of(part, []).translate(None, b" \t\r\n")
        digest.update(len(payload).to_bytes(8, "big") + payload)
    return digest.hexdigest()


def _has_several_authors(headers: Headers) -> bool:
    raws = headers.all_raw("from")
    if len(raws) > 1:
        return True
    boxes = read_addresses(raws[0])[:10] if raws else ()
    domains = {box.address.rpartition("@")[2].casefold() for box in boxes if "@" in box.address}
    return len(domains) > 1


def _problem(sender: Mailbox, kind: Kind, headers: Headers) -> str | None:
    if is_usable(sender.address) or kind in {Kind.BOUNCE, Kind.DELAY_WARNING, Kind.FEEDBACK_REPORT}:
        return None
    if not headers.fields:
        return "no_headers"
    return "sender_unusable" if sender.address or sender.name else "no_sender"


def _date(headers: Headers) -> datetime | None:
    value = clean(raw_text(headers.raw("date")))[:200]
    try:
        found = email.utils.parsedate_to_datetime(value)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _ids(headers: Headers, name: str) -> tuple[str, ...]:
    """The message ids of all headers of that name, without their brackets, each once."""
    ids: dict[str, None] = {}
    for raw in headers.all_raw(name)[:50]:
        value = raw_text(raw)
        found = _MESSAGE_ID.findall(value) or _BARE_ID.findall(value)
        ids.update(dict.fromkeys(found[-REFERENCES_MAX:]))
    return tuple(ids)[-REFERENCES_MAX:]


def _tokens_of(body: Body) -> dict[Piece, list[Token]]:
    """The tokens of every piece of HTML, within one budget: what is beyond it is attached."""
    read: dict[Piece, list[Token]] = {}
    left = TOKENS_MAX
    for piece in dict.fromkeys((*body.html, *body.html_as_text)):
        reading = read_tokens(piece.html, left)
        read[piece] = reading.tokens
        left = max(0, left - reading.cost)
        if not reading.whole:
            body.defects.append("html_too_long")
            attach_html(body, piece)
    return read


def _text_of(body: Body, read: dict[Piece, list[Token]]) -> str:
    """The best plain text: what was sent as such, or what the HTML says."""
    pieces = [*body.text, *(to_text(read[piece]) for piece in body.html_as_text)]
    text = "\n".join(piece for piece in pieces if piece.strip())
    if not text.strip():
        text = "\n".join(to_text(read[piece]) for piece in body.html)
    return _MANY_BREAKS.sub("\n\n\n", text).strip("\n")


def _html_of(tokens: list[list[Token]]) -> str | None:
    if not tokens:
        return None
    return "\n".join(sanitise(piece) for piece in tokens)


def _reply(
    text: str, tokens: list[list[Token]], sender: Mailbox, subject: str, *, has_plain: bool
) -> Reply:
    """The visible reply, from whichever of the two versions tells it better."""
    who = f"{sender.name} {sender.address}"
    plain = extract_reply(text, sender=who, subject=subject)
    if not tokens or (has_plain and (plain.cut or not text.strip())):
        return plain
    pieces = [without_quotes(piece) for piece in tokens]
    if has_plain and not any(cut for _, cut in pieces):
        return plain
    shown = "\n".join(to_text(piece) for piece, _ in pieces)
    marked = extract_reply(shown, sender=who, subject=subject)
    return replace(marked, cut=marked.cut or any(cut for _, cut in pieces))


def _has(root: Part, content_type: str, smime_type: str) -> bool:
    for part in walk(root):
        if part.content_type == content_type:
            return True
        if part.content_type in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            declared = part.type.get("smime-type").lower() or "enveloped-data"
            if declared == smime_type:
                return True
    return False


def _without_failures(bounce: Bounce | None) -> Bounce | None:
    return replace(bounce, failures=()) if bounce else None


def _defects(tree: Tree, body: Body) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*tree.defects, *body.defects]))[:DEFECTS_MAX]
