"""The customers of the demo: by HTTP API, by the portal's forms, and by mail."""

import asyncio
import re
import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from html import unescape
from typing import Any, Final

import httpx

from cli.demo.places import Places
from cli.demo.scenarios import Scenario

TIMEOUT_SECONDS: Final = 30
TRIES: Final = 8
RETRY_SECONDS: Final = 0.5
MAIL_AWAITED_SECONDS: Final = 60
MAIL_POLL_SECONDS: Final = 0.7

_FIELD: Final = re.compile(r'name="form"\s+value="([^"]+)"')
_LINK: Final = re.compile(r"/t/([\w.-]+)")

Json = dict[str, Any]


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
        return _form_token(page.text, f"/new/{topic}")

    async def fill_in(self, scenario: Scenario, topic: str, form: str) -> str:
        """Send the form of the topic; the token of the ticket's magic link."""
        typed = {
            "form": form,
            "requester.name": scenario.customer.name,
            "requester.email": scenario.customer.email,
            "subject": scenario.subject,
            "description": scenario.text,
            "impact": scenario.impact,
            "urgency": scenario.urgency,
        }
        url = f"{self.places.urls['portal']}/new/{topic}"
        answer = await self._send("POST", url, data=typed)
        if answer.status_code != 303:
            raise NotArrived(f"the form of {topic} was refused: {answer.status_code}")
        return _token(answer.headers["location"])

    async def act(self, token: str, action: str, **typed: str) -> None:
        """Do something on the ticket's page: reply, confirm, reject, reopen, feedback."""
        base = f"{self.places.urls['portal']}/t/{token}"
        page = await self._send("GET", base if action == "reply" else f"{base}/{action}")
        form = _form_token(page.text, f"/{action}")
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
    ) -> None:
        """Write a mail to the desk, or answer one of its mails; accepted when this returns."""
        mail = EmailMessage()
        mail["From"] = f"{scenario.customer.name} <{scenario.customer.email}>"
        mail["To"] = f"support@{self.places.mail_domain}"
        mail["Subject"] = subject
        mail["Message-ID"] = message_id
        if about is not None:
            headers = about["headers"]
            mail.replace_header("To", headers.get("reply-to") or mail["To"])
            mail["In-Reply-To"] = mail["References"] = headers["message-id"]
        mail.set_content(text)
        await self._deliver(mail, scenario.customer.email, str(mail["To"]))

    async def bounce(self, scenario: Scenario, about: Json) -> None:
        """Their mail system says that a mail of the desk can't be delivered (RFC 3464)."""
        address = scenario.customer.email
        report = MIMEMultipart("report")
        report.set_param("report-type", "delivery-status")
        report["From"] = "Mail Delivery System <MAILER-DAEMON@customers.example>"
        headers = about["headers"]
        to = headers.get("return-path", "").strip("<> ") or f"support@{self.places.mail_domain}"
        report["To"] = to
        report["Subject"] = "Undelivered Mail Returned to Sender"
        report["Message-ID"] = f"<bounce-{headers['message-id'].strip('<>')}"[:200] + ">"
        report["Auto-Submitted"] = "auto-replied"
        report.attach(MIMEText(f"<{address}>: 550 5.1.1 No such user here\n"))
        status = Message()
        status.add_header("Content-Type", "message/delivery-status")
        status.set_payload(
            "Reporting-MTA: dns; mail.customers.example\n\n"
            f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 No such user here\n"
        )
        report.attach(status)
        returned = Message()
        returned.add_header("Content-Type", "text/rfc822-headers")
        kept = {"From": "from", "To": "to", "Subject": "subject", "Message-ID": "message-id"}
        lines = [f"{name}: {headers[key]}" for name, key in kept.items() if key in headers]
        returned.set_payload("\n".join(lines) + "\n")
        report.attach(returned)
        await self._deliver(report, "", to)

    async def mails(self, address: str) -> list[Json]:
        """What the desk wrote to an address, the newest first."""
        url = f"{self.places.urls['mailbox']}/api/messages"
        answer = await self._send("GET", url, params={"to": address})
        answer.raise_for_status()
        listed: list[Json] = answer.json()
        return listed

    async def await_mail(self, address: str) -> Json:
        """The first mail of the desk to an address, as soon as it is there."""
        async with asyncio.timeout(MAIL_AWAITED_SECONDS):
            while not (mails := await self.mails(address)):
                await asyncio.sleep(MAIL_POLL_SECONDS)
        return mails[-1]

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

    async def _deliver(self, mail: Message, sender: str, recipient: str) -> None:
        async with self._smtp:
            await asyncio.to_thread(self._deliver_now, mail, sender, recipient)

    def _deliver_now(self, mail: Message, sender: str, recipient: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.places.smtp_port, timeout=TIMEOUT_SECONDS) as smtp:
            smtp.send_message(mail, sender, [recipient])

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


def _form_token(page: str, action: str) -> str:
    """The hidden token of the form that posts to `action`."""
    for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL):
        head = form[: form.index(">")]
        if action in unescape(head):
            match = _FIELD.search(form)
            if match:
                return unescape(match[1])
    raise NotArrived(f"the page has no form for {action}")
