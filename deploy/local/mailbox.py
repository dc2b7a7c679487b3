"""The local mailbox: takes every mail that the desk sends, keeps it, and shows it to people.

An SMTP server (2526) that answers 250 once the mail is a file on disk, the same mail (by
Message-ID and recipients) only once; and a page (8090). `python -m deploy.local.mailbox`.
"""

import asyncio
import email
import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import uvicorn
from aiosmtpd.smtp import SMTP
from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.responses import HTMLResponse
from jinja2 import DictLoader, Environment
from markupsafe import Markup, escape
from starlette.middleware.trustedhost import TrustedHostMiddleware

from shared.loop import make_runner

SIZE_MAX: Final = 50_000_000
PAGE: Final = 50
AWAITED_SECONDS_MAX: Final = 10.0
"""How long a program can wait for a mail within one request."""

ID: Final = re.compile(r"[0-9]{17}-[0-9a-f]{32}")
URL: Final = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
NUMBER: Final = re.compile(r"\[([A-Z0-9-]{5,30})\]")
HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
CSP_PAGE: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
CSP_MAIL: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Mail:
    """What a list of mails shows of one."""

    id: str
    received_at: str
    sender: str
    to: tuple[str, ...]
    subject: str
    message_id: str
    ticket: str

    def matches(self, to: str, subject: str, ticket: str) -> bool:
        """Whether every word that was given is found where it belongs."""
        told = ticket.casefold()
        return (
            (not to or any(to.casefold() in one.casefold() for one in self.to))
            and subject.casefold() in self.subject.casefold()
            and (not told or told in self.ticket.casefold() or told in self.subject.casefold())
        )


@dataclass
class Box:
    """The mails in a folder: one file each, written whole and synced before it has its name."""

    folder: Path
    mails: dict[str, Mail] = field(default_factory=dict)
    _digests: set[str] = field(default_factory=set)
    _awaited: dict[asyncio.Future[None], tuple[str, str, str]] = field(default_factory=dict)

    def open(self) -> None:
        """Make the folder, or read what is in it."""
        for name in ("tmp", "new"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for path in sorted((self.folder / "new").iterdir()):
            self._remember(path.name, _head(path.read_bytes()))

    async def keep(self, sender: str, recipients: list[str], content: bytes) -> bool:
        """Keep a mail; False if it was here already. Raises OSError when the disk is full."""
        lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {one}" for one in recipients)]
        raw = "".join(f"{_flat(one)}\r\n" for one in lines).encode() + content
        head = _head(raw)
        digest = _digest(recipients, head, content)
        if digest in self._digests:
            return False
        self._digests.add(digest)
        name = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"[:17] + f"-{digest}"
        try:
            await asyncio.to_thread(self._write, name, raw)
        except OSError:
            self._digests.discard(digest)
            raise
        self._remember(name, head)
        return True

    def read(self, mail_id: str) -> Message:
        """A mail in full. Raises 404."""
        if not ID.fullmatch(mail_id) or mail_id not in self.mails:
            raise HTTPException(404, "There is no such mail")
        return _parsed((self.folder / "new" / mail_id).read_bytes())

    def found(self, to: str = "", subject: str = "", ticket: str = "") -> list[Mail]:
        """Those that match, the newest first."""
        return [m for m in reversed(self.mails.values()) if m.matches(to, subject, ticket)]

    async def arrival(self, to: str, subject: str, ticket: str, seconds: float) -> None:
        """Wait until a mail that matches is there, but no longer than so many seconds."""
        if seconds <= 0 or self.found(to, subject, ticket):
            return
        arrived = asyncio.get_running_loop().create_future()
        self._awaited[arrived] = (to, subject, ticket)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await arrived
        finally:
            del self._awaited[arrived]

    def forget(self, message_ids: set[str]) -> int:
        """Delete the mails with these Message-IDs; how many there were."""
        names = [name for name, m in self.mails.items() if m.message_id.strip("<>") in message_ids]
        for name in names:
            del self.mails[name]
            (self.folder / "new" / name).unlink(missing_ok=True)
        return len(names)

    def _write(self, name: str, raw: bytes) -> None:
        draft = self.folder / "tmp" / f"{name}.{os.getpid()}"
        with draft.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / "new" / name)
        descriptor = os.open(self.folder / "new", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _remember(self, name: str, mail: Message) -> None:
        at = datetime.strptime(name[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        subject = _header(mail, "Subject") or "(no subject)"
        number = NUMBER.search(subject)
        self.mails[name] = Mail(
            id=name,
            received_at=at.isoformat(),
            sender=_header(mail, "From") or _header(mail, "Return-Path"),
            to=tuple(_flat(str(one)) for one in mail.get_all("Delivered-To", ())),
            subject=subject,
            message_id=_header(mail, "Message-ID"),
            ticket=_header(mail, "Ledgerdesk-Ticket") or (number[1] if number else ""),
        )
        self._digests.add(name.partition("-")[2])
        for arrived, wanted in self._awaited.items():
            if not arrived.done() and self.mails[name].matches(*wanted):
                arrived.set_result(None)


class Sink:
    """What aiosmtpd hands mails to."""

    def __init__(self, box: Box) -> None:
        self._box = box

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """250 only once the mail is on disk."""
        content = envelope.content or b""
        try:
            fresh = await self._box.keep(envelope.mail_from or "", envelope.rcpt_tos, content)
        except OSError:
            return "452 4.3.1 Could not be stored, try again later"
        return "250 2.0.0 Kept" if fresh else "250 2.0.0 Kept already"


def web(box: Box) -> FastAPI:
    """The pages, and the JSON that tests and the demo read."""
    app = FastAPI(title="Ledgerdesk mailbox", docs_url=None, redoc_url=None)
    # Whoever is asked under another name was led here by a page that made it up.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    text = Annotated[str, Query(max_length=300)]

    @app.get("/health/{_kind}")
    async def health(_kind: str) -> dict[str, int]:
        return {"mails": len(box.mails)}

    @app.get("/api/messages")
    async def messages(
        to: text = "",
        subject: text = "",
        ticket: text = "",
        limit: int = 1000,
        wait_seconds: Annotated[float, Query(ge=0, le=AWAITED_SECONDS_MAX)] = 0,
    ) -> list[dict[str, Any]]:
        """The newest first; each with its text and links. Or as soon as there is one."""
        await box.arrival(to, subject, ticket, wait_seconds)
        found = box.found(to, subject, ticket)[:limit]
        return await asyncio.to_thread(
            lambda: [vars(mail) | _content(box.read(mail.id)) for mail in found]
        )

    @app.post("/api/forget")
    async def forget(message_ids: list[str]) -> dict[str, int]:
        """Delete mails by their Message-IDs, as somebody is to be forgotten."""
        return {"mails": box.forget({message_id.strip("<>") for message_id in message_ids})}

    @app.get("/")
    async def inbox(to: text = "", ticket: text = "", page: int = 1) -> Response:
        found = box.found(to, "", ticket)
        first = (max(1, page) - 1) * PAGE
        shown = found[first : first + PAGE]
        facts = {"to": to, "ticket": ticket, "page": page, "total": len(found), "mails": shown}
        return _page("inbox", more=len(found) > first + PAGE, **facts)

    @app.get("/mail/{mail_id}")
    async def one(mail_id: str) -> Response:
        mail = box.read(mail_id)
        names = ("From", "To", "Reply-To", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted")
        headers = [(name, _header(mail, name)) for name in names if mail[name]]
        plain, html = (_body(mail, kind) for kind in ("plain", "html"))
        return _page(
            "mail", mail=box.mails[mail_id], headers=headers, text=_linked(plain), html=bool(html),
            files=[part.get_filename() or "file" for part in _files(mail)],
        )  # fmt: skip

    @app.get("/mail/{mail_id}/html")
    async def html(mail_id: str) -> Response:
        """The HTML alone: for the frame, where nothing of it may run, load or read."""
        body = _body(box.read(mail_id), "html")
        based = re.sub(r"(?i)(<head[^>]*>|^)", r'\1<base target="_blank">', body, count=1)
        return HTMLResponse(based, headers=HEADERS | {"Content-Security-Policy": CSP_MAIL})

    @app.get("/mail/{mail_id}/raw")
    async def raw(mail_id: str) -> Response:
        return _download(box.read(mail_id).as_bytes(), f"{mail_id}.eml")

    @app.get("/mail/{mail_id}/files/{number}")
    async def file(mail_id: str, number: int) -> Response:
        files = _files(box.read(mail_id))
        if not 0 <= number < len(files):
            raise HTTPException(404, "There is no such file")
        content = files[number].get_payload(decode=True)
        return _download(
            content if isinstance(content, bytes) else b"", files[number].get_filename()
        )

    return app


def main() -> None:
    """Take and show mails until told to stop."""
    with suppress(KeyboardInterrupt), make_runner() as runner:
        runner.run(serve())


async def serve() -> None:
    """Listen on both ports; settings come from the environment."""
    box = Box(Path(os.environ.get("LEDGERDESK_DATA", ".ledgerdesk")) / "mailbox")
    box.open()
    host = os.environ.get("MAILBOX_HOST", "127.0.0.1")
    loop = asyncio.get_running_loop()
    port = int(os.environ.get("MAILBOX_SMTP_PORT", "2526"))
    smtp = await loop.create_server(lambda: smtp_protocol(box), host, port)
    config = uvicorn.Config(
        web(box), host=host, port=int(os.environ.get("MAILBOX_PORT", "8090")), log_level="warning",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    async with smtp:
        await uvicorn.Server(config).serve()


def smtp_protocol(box: Box) -> SMTP:
    """The server's side of one connection."""
    return SMTP(
        Sink(box), hostname="mailbox", ident="Ledgerdesk", data_size_limit=SIZE_MAX,
        enable_SMTPUTF8=True, loop=asyncio.get_running_loop(),
    )  # fmt: skip


def _digest(recipients: list[str], head: Message, content: bytes) -> str:
    told = _header(head, "Message-ID").encode() or content
    whom = "\n".join(sorted(one.casefold() for one in recipients)).encode()
    return hashlib.sha256(told + b"\x00" + whom).hexdigest()[:32]


def _head(raw: bytes) -> Message:
    """The headers of a mail, parsed."""
    return _parsed(raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")


def _parsed(raw: bytes) -> Message:
    return email.message_from_bytes(raw)


def _header(mail: Message, name: str) -> str:
    """A header, decoded if it can be."""
    value = mail[name] or ""
    with suppress(ValueError, LookupError):
        value = make_header(decode_header(value))
    return _flat(str(value).encode("utf-8", "replace").decode())


def _flat(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip()


def _body(mail: Message, kind: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == f"text/{kind}" and not _attached(part):
            content = part.get_payload(decode=True)
            raw = content if isinstance(content, bytes) else b""
            try:
                return raw.decode(part.get_content_charset() or "utf-8", "replace")
            except LookupError:
                return raw.decode("utf-8", "replace")
    return ""


def _files(mail: Message) -> list[Message]:
    return [part for part in mail.walk() if not part.is_multipart() and _attached(part)]


def _attached(part: Message) -> bool:
    named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
    return named or part.get_content_maintype() not in {"text", "multipart"}


def _content(mail: Message) -> dict[str, Any]:
    text, html = _body(mail, "plain"), _body(mail, "html")
    headers = {name.lower(): _header(mail, name) for name in mail}
    return {"text": text, "html": html, "links": URL.findall(text), "headers": headers}


def _linked(text: str) -> Markup:
    made, end = Markup(""), 0
    for match in URL.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>')
        made += escape(text[end : match.start()]) + link.format(match.group())
        end = match.end()
    return made + escape(text[end:])


def _download(content: bytes, name: str | None) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(_flat(name or 'file'), safe='')}"
    headers = HEADERS | {"Content-Disposition": disposition, "Content-Security-Policy": "sandbox"}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _page(template: str, **facts: Any) -> Response:
    body = TEMPLATES.get_template(template).render(facts)
    return HTMLResponse(body, headers=HEADERS | {"Content-Security-Policy": CSP_PAGE})


TEMPLATES: Final = Environment(
    autoescape=True,
    trim_blocks=True,
    loader=DictLoader(
        {
            "frame": """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Mailbox</title><style>
body{margin:0;background:#f3f5f2;color:#1c2620;font:16px/1.5 system-ui,sans-serif}
header{background:#14532d;color:#fff;padding:12px 24px}header a{color:#fff;font-weight:650;
text-decoration:none}main{max-width:960px;margin:20px auto;padding:0 16px}a{color:#14532d}
form{display:flex;gap:8px;flex-wrap:wrap;align-items:end;margin-bottom:16px}label{display:block;
font-size:14px;color:#4d5a51}input{font:inherit;padding:6px 10px;border:1px solid #b9c7bc;
border-radius:6px}button{font:inherit;padding:7px 16px;border:0;border-radius:6px;background:
#15803d;color:#fff}ul{list-style:none;padding:0;margin:0;background:#fff;border:1px solid #dfe5dd;
border-radius:8px}li+li{border-top:1px solid #edf0ec}li a{display:block;padding:10px 16px;
text-decoration:none;color:inherit}li a:hover,li a:focus{background:#eef4ef}small{color:#5d6a61}
.card{background:#fff;border:1px solid #dfe5dd;border-radius:8px;padding:16px 20px;margin:0 0 16px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0;font-size:14px}dt{color:
#5d6a61}dd{margin:0;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:
15px/1.5 ui-monospace,monospace}iframe{width:100%;height:70vh;border:1px solid #dfe5dd;
border-radius:8px;background:#fff}h1{font-size:21px}</style></head><body>
<header><a href="/">Ledgerdesk mailbox</a></header><main>{% block main %}{% endblock %}</main>
</body></html>""",
            "inbox": """{% extends "frame" %}{% block main %}<form>
<div><label for="to">Address</label><input id="to" name="to" value="{{ to }}"></div>
<div><label for="ticket">Ticket or subject</label><input id="ticket" name="ticket"
value="{{ ticket }}"></div><button>Search</button></form><p><small>{{ total }} mails</small></p>
<ul>{% for mail in mails %}<li><a href="/mail/{{ mail.id }}"><strong>{{ mail.subject }}</strong><br>
<small>to {{ mail.to | join(", ") }} · {{ mail.received_at[:19] | replace("T", " ") }} UTC</small>
</a></li>{% else %}<li><a href="/">Nothing here yet.</a></li>{% endfor %}</ul>{% if more %}
<p><a href="/?page={{ page + 1 }}&amp;to={{ to | urlencode }}&amp;ticket={{ ticket | urlencode }}">
Older mails</a></p>{% endif %}{% endblock %}""",
            "mail": """{% extends "frame" %}{% block main %}<h1>{{ mail.subject }}</h1>
<div class="card"><dl>{% for name, value in headers %}<dt>{{ name }}</dt><dd>{{ value }}</dd>
{% endfor %}<dt>Delivered to</dt><dd>{{ mail.to | join(", ") }}</dd></dl></div>
{% for name in files %}<p><a href="/mail/{{ mail.id }}/files/{{ loop.index0 }}">{{ name }}</a></p>
{% endfor %}{% if html %}<iframe title="The mail as HTML" src="/mail/{{ mail.id }}/html" sandbox=
"allow-popups allow-popups-to-escape-sandbox"></iframe>{% endif %}<h2>Text</h2><div class="card">
<pre>{{ text }}</pre></div><p><a href="/mail/{{ mail.id }}/raw">Source</a></p>{% endblock %}""",
        }
    ),
)


if __name__ == "__main__":
    main()
