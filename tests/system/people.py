"""Customers and agents of a test desk, using what real ones use: pages, mails, the API."""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from shared.testing.eventually import eventually
from tests.system.world import World

SOON_SECONDS = 60.0


@dataclass
class Form:
    """A form of a page: where it posts, and its fields as they stand."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    multipart: bool = False
    choices: set[str] = field(default_factory=set)
    """Names of what can be ticked, and is not."""


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            multipart = given.get("enctype", "").startswith("multipart")
            self.forms.append(Form(given.get("action", ""), multipart=multipart))
        if not self.forms:
            return
        fields = self.forms[-1].fields
        name = given.get("name", "")
        match tag, given.get("type", "text"):
            case "input", "submit" | "button" | "file":
                pass
            case "input", "radio" | "checkbox" if "checked" not in given:
                self.forms[-1].choices.add(name)
            case "input", _ if name:
                fields[name] = given.get("value", "")
            case "textarea", _ if name:
                fields[name] = ""
            case "select", _ if name:
                self._select = name
                fields[name] = ""
            case "option", _ if self._select and ("selected" in given or not fields[self._select]):
                fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@dataclass
class Page:
    """A page as somebody without JavaScript sees it."""

    url: str
    status: int
    html: str

    @property
    def text(self) -> str:
        """What can be read, with white space run together."""
        parser = _Forms()
        parser.feed(self.html)
        return re.sub(r"\s+", " ", " ".join(parser.text))

    @property
    def forms(self) -> list[Form]:
        """Its forms."""
        parser = _Forms()
        parser.feed(self.html)
        return parser.forms


@dataclass
class Customer:
    """Somebody who writes to the desk."""

    world: World
    name: str
    email: str
    browser: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.world.client(follow_redirects=True)

    async def look(self, url: str) -> Page:
        """A page of the portal."""
        answer = await self.browser.get(urljoin(self.world.url("portal"), url))
        return Page(str(answer.url), answer.status_code, answer.text)

    async def look_for(self, url: str, action: str) -> Page:
        """The page, once it has the form: the mail may be quicker than the portal."""

        async def shown() -> Page | None:
            page = await self.look(url)
            found = any(form.action.rstrip("/").endswith(action) for form in page.forms)
            return page if found else None

        page = await eventually(shown, timeout=SOON_SECONDS)
        assert page is not None
        return page

    async def fill_in(self, page: Page, action: str, values: Mapping[str, str]) -> Page:
        """Fill in the form of `page` whose action ends with `action`, and send it."""
        matching = [f for f in page.forms if f.action.rstrip("/").endswith(action)]
        assert matching, f"no form for {action!r} on {page.url}: {[f.action for f in page.forms]}"
        form = matching[0]
        unknown = values.keys() - form.fields.keys() - form.choices
        assert not unknown, f"the form has no field {unknown}: {sorted(form.fields)}"
        data = form.fields | dict(values)
        url = urljoin(page.url, form.action)
        if form.multipart:
            parts = [(name, (None, value.encode())) for name, value in data.items()]
            answer = await self.browser.post(url, files=parts)
        else:
            answer = await self.browser.post(url, data=data)
        return Page(str(answer.url), answer.status_code, answer.text)

    async def mails(self, subject: str = "") -> list[dict[str, Any]]:
        """The mails in this customer's mailbox, the newest first."""
        answer = await self.browser.get(
            f"{self.world.url('mailbox')}/api/messages",
            params={"to": self.email, "subject": subject},
        )
        answer.raise_for_status()
        listed: list[dict[str, Any]] = answer.json()
        return listed

    async def mail_about(self, words: str) -> dict[str, Any]:
        """The mail whose subject or text has these words, as soon as it is there."""

        async def arrived() -> dict[str, Any] | None:
            for mail in await self.mails():
                if words.casefold() in f"{mail['subject']} {mail['text']}".casefold():
                    return mail
            return None

        mail = await eventually(arrived, timeout=SOON_SECONDS)
        assert mail is not None
        return mail

    async def link_about(self, words: str) -> str:
        """The ticket's page, by the link in the mail about it."""
        links = (await self.mail_about(words))["links"]
        found = (re.match(r".*/t/[\w.-]+", link) for link in links)
        return next(match[0] for match in found if match)

    async def write(
        self, subject: str, text: str, *, to: str, in_reply_to: str = "", message_id: str = ""
    ) -> None:
        """Send a mail to the desk by SMTP; returns when it was accepted."""
        mail = EmailMessage()
        mail["From"] = f"{self.name} <{self.email}>"
        mail["To"] = to
        mail["Subject"] = subject
        if in_reply_to:
            mail["In-Reply-To"] = in_reply_to
            mail["References"] = in_reply_to
        mail["Message-ID"] = message_id or f"<{abs(hash((subject, text)))}@example.com>"
        mail.set_content(text)
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.world.ports["INTAKE_SMTP_PORT"], timeout=20) as smtp:
            smtp.send_message(mail)


@dataclass
class Agent:
    """Somebody who works at the desk, through the gateway's API."""

    world: World
    agent_id: str
    api: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.api = self.world.agent(self.agent_id)

    async def do(self, ticket: str, command: str, **body: Any) -> httpx.Response:
        """Give a command on a ticket; raises with the problem if it is refused."""
        answer = await self.api.post(f"/api/v1/tickets/{ticket}/{command}", json=body or None)
        assert answer.is_success, f"{command}: {answer.status_code} {answer.text}"
        return answer

    async def ticket(self, ticket: str) -> dict[str, Any]:
        """A ticket as it stands."""
        answer = await self.api.get(f"/api/v1/tickets/{ticket}")
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        shape: dict[str, Any] = answer.json()
        return shape

    async def sees(self, ticket: str, **expected: Any) -> dict[str, Any]:
        """The ticket, once its fields are as expected."""

        async def as_expected() -> dict[str, Any]:
            shape = await self.ticket(ticket)
            for name, value in expected.items():
                assert shape[name] == value, f"{name} is {shape[name]!r}, not {value!r}"
            return shape

        return await eventually(as_expected, timeout=SOON_SECONDS)

    async def part(self, ticket: str, part: str) -> list[dict[str, Any]]:
        """A ticket's conversation, timeline or clocks."""
        answer = await self.api.get(f"/api/v1/tickets/{ticket}/{part}")
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        key = {"conversation": "messages", "timeline": "events"}.get(part, part)
        listed: list[dict[str, Any]] = answer.json()[key]
        return listed


@asynccontextmanager
async def at_work(world: World) -> AsyncIterator[None]:
    """Everybody who can have tickets is online; all browsers are closed at the end."""
    try:
        for agent_id in world.everyone() + world.everyone("manager"):
            await eventually(partial(_comes_to_work, Agent(world, agent_id)), timeout=SOON_SECONDS)
        yield
    finally:
        for client in world.clients:
            await client.aclose()
        world.clients.clear()


async def _comes_to_work(agent: Agent) -> None:
    """Online; on a machine that is busy the gateway may hear of its people late."""
    answer = await agent.api.put("/api/v1/me/presence", json={"online": True})
    assert answer.is_success, answer.text
