"""The customers of the demo: by HTTP API, by the portal's forms, and by mail."""

import asyncio
import re
import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from typing import Any, Final

import httpx

from cli.demo.places import Places
from cli.demo.scenarios import Scenario

TIMEOUT_SECONDS: Final = 30
TRIES: Final = 8
RETRY_SECONDS: Final = 0.5
MAIL_AWAITED_SECONDS: Final = 120
MAIL_ASKED_SECONDS: Final = 10
"""How long the mailbox keeps a question open."""

_FIELD: Final = re.compile(r'name="form"\s+value="([^"]+)"')
_LINK: Final = re.compile(r"/t/([\w.-]+)")
_ARTICLE: Final = re.compile(r'href="/articles/([\w-]+)"')

Json = dict[str, Any]


_RETURNED: Final = ("From", "To", "Subject", "Message-ID", "Date")

_REPORT: Final = """\
From: Mail Delivery System <MAILER-DAEMON@customers.example>
To: <{to}>
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce.{name}@customers.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

<{address}>: 550 5.1.1 No such user here

--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.customers.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user here

--report
Content-Type: text/rfc822-headers

{returned}

--report--
"""
"""What a mail system writes when an address does not exist."""


class NotArrived(Exception):
    """A mail that should have come did not."""


@dataclass
class Customers:
    """Everybody who writes to the desk."""

    places: Places
    http: httpx.AsyncClient = field(init=False)
    _smtp: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(6))

    def __post_init__(self) -> None:
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=40)
        self.http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False)

    async def submit(self, scenario: Scenario, topic: str, key: str) -> Json:
        """Open a ticket by HTTP; the receipt has its number and its magic link."""
        body = {
            "topic": topic,
            "requester": {"name": scenario.customer.name, "email": scenario.customer.email},
            "subject": scenario.subject,
            "description": scenario.text,
            "impact": scenario.impact,
            "urgency": scenario.urgency,
        }
        url = f"{self.places.urls['intake']}/v1/tickets"
        answer = await self._send("POST", url, json=body, headers={"Idempotency-Key": key})
        answer.raise_for_status()
        receipt: Json = answer.json()
        return receipt | {"token": _token(receipt["status_url"])}

    async def form(self, topic: str) -> str:
        """The token of a new form under the topic."""
        page = await self._send("GET", f"{self.places.urls['portal']}/new/{topic}")
        page.raise_for_status()
        return _form_token(page, f"/new/{topic}")

    async def fill_in(self, scenario: Scenario, topic: str, form: str) -> str:
        """Send the form of the topic; the token of the ticket's magic link."""
        typed = {
            "form": form,
            "offered": "yes",  # They have looked at what may be about the same.
            "requester.name": scenario.customer.name,
            "requester.email": scenario.customer.email,
            "subject": scenario.subject,
            "description": scenario.text,
            "impact": scenario.impact,
            "urgency": scenario.urgency,
        }
        url = f"{self.places.urls['portal']}/new/{topic}/send"
        answer = await self._send("POST", url, data=typed)
        if answer.status_code != 303:
            raise NotArrived(f"the form of {topic} was refused: {answer.status_code}")
        return _token(answer.headers["location"])

    async def act(self, token: str, action: str, **typed: str) -> None:
        """Do something on the ticket's page: reply, confirm, reject, reopen, feedback."""
        base = f"{self.places.urls['portal']}/t/{token}"
        page = await self._send("GET", base if action == "reply" else f"{base}/{action}")
        form = _form_token(page, f"/{action}")
        answer = await self._send("POST", f"{base}/{action}", data={"form": form, **typed})
        if answer.status_code != 303:
            raise NotArrived(f"{action} was refused on the portal: {answer.status_code}")

    async def mail(
        self,
        scenario: Scenario,
        subject: str,
        text: str,
        message_id: str,
        about: Json | None = None,
        *,
        automatic: bool = False,
    ) -> None:
        """Write a mail to the desk, or answer one of its mails; accepted when this returns."""
        mail = EmailMessage()
        mail["From"] = f"{scenario.customer.name} <{scenario.customer.email}>"
        mail["To"] = f"support@{self.places.mail_domain}"
        mail["Subject"] = subject
        mail["Message-ID"] = message_id
        if automatic:
            mail["Auto-Submitted"] = "auto-replied"
        if about is not None:
            headers = about["headers"]
            mail.replace_header("To", headers.get("reply-to") or mail["To"])
            mail["In-Reply-To"] = mail["References"] = headers["message-id"]
        mail.set_content(text)
        await self._deliver(mail.as_bytes(), scenario.customer.email, str(mail["To"]))

    async def bounce(self, scenario: Scenario, about: Json) -> None:
        """Their mail system says that a mail of the desk can't be delivered (RFC 3464)."""
        headers = about["headers"]
        to = headers.get("return-path", "").strip("<> ") or f"support@{self.places.mail_domain}"
        report = _REPORT.format(
            to=to,
            address=scenario.customer.email,
            name=headers["message-id"].strip("<> ").replace("@", "."),
            returned="\n".join(
                f"{name}: {headers[name.lower()]}" for name in _RETURNED if name.lower() in headers
            ),
        )
        await self._deliver(report.encode(), "", to)

    async def mails(self, address: str, number: str = "", wait: float = 0) -> list[Json]:
        """What the desk wrote to an address, about a ticket, the newest first."""
        url = f"{self.places.urls['mailbox']}/api/messages"
        asked = {"to": address, "subject": number, "wait_seconds": wait}
        answer = await self._send("GET", url, params=asked)
        answer.raise_for_status()
        listed: list[Json] = answer.json()
        return listed

    async def await_mail(self, address: str, number: str = "") -> Json:
        """The first mail of the desk to an address, about a ticket, as soon as it is there."""
        async with asyncio.timeout(MAIL_AWAITED_SECONDS):
            while not (mails := await self.mails(address, number, MAIL_ASKED_SECONDS)):
                pass
        return mails[-1]

    async def offered(self, topic: str, subject: str) -> list[str]:
        """The articles that the form offers, by id, while the subject is typed."""
        url = f"{self.places.urls['portal']}/new/{topic}/similar"
        answer = await self._send("POST", url, data={"subject": subject})
        answer.raise_for_status()
        return _ARTICLE.findall(answer.text)

    async def read(self, article_id: str) -> str:
        """What an article's page says."""
        answer = await self._send("GET", f"{self.places.urls['portal']}/articles/{article_id}")
        answer.raise_for_status()
        return unescape(answer.text)

    async def _send(self, method: str, url: str, **more: Any) -> httpx.Response:
        for tried in range(TRIES):
            try:
                answer = await self.http.request(method, url, **more)
            except httpx.TransportError:
                if tried == TRIES - 1:
                    raise
            else:
                if answer.status_code not in {429, 502, 503, 504}:
                    return answer
            await asyncio.sleep(RETRY_SECONDS * (tried + 1))
        return answer

    async def _deliver(self, mail: bytes, sender: str, recipient: str) -> None:
        async with self._smtp:
            await asyncio.to_thread(self._deliver_now, mail, sender, recipient)

    def _deliver_now(self, mail: bytes, sender: str, recipient: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.places.smtp_port, timeout=TIMEOUT_SECONDS) as smtp:
            smtp.sendmail(sender, [recipient], re.sub(rb"\r?\n", b"\r\n", mail))

    async def close(self) -> None:
        await self.http.aclose()


def _token(url: str) -> str:
    match = _LINK.search(url)
    if match is None:
        raise NotArrived(f"{url} is no magic link")
    return match[1]


def link_token(mail: Json) -> str:
    """The token of the magic link in a mail."""
    for link in mail["links"]:
        match = _LINK.search(link)
        if match:
            return match[1]
    raise NotArrived(f"the mail {mail['subject']!r} has no magic link")


def _form_token(page: httpx.Response, action: str) -> str:
    """The hidden token of the form that posts to `action`."""
    for form in re.findall(r"<form\b.*?</form>", page.text, re.DOTALL):
        if action in unescape(form[: form.index(">")]):
            match = _FIELD.search(form)
            if match:
                return unescape(match[1])
    title = re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)
    shown = unescape(title[1]).strip() if title else "no page"
    raise NotArrived(f"no form for {action}, but {page.status_code} {shown!r}")
