"""What a whole desk has logged: lines that programs can read, and not a word of anybody's.

Whatever tests before this one have done on the desk is searched, too: every address and every
subject in the mailbox, every secret, token and link.
"""

import asyncio
import json
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.services import SERVICES
from shared.ids import uuid7
from shared.testing.eventually import eventually
from tests.system.people import SOON_SECONDS, Customer
from tests.system.world import World

KEYS: Final = {"event", "level", "at", "service"}
LINK: Final = re.compile(r"https?://\S+?/([\w.~-]{60,})")


class Words:
    """Words that nobody else writes, by what they stand for."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def __getitem__(self, what: str) -> str:
        return self.of.setdefault(what, f"{what}{uuid7().hex[-12:]}")


async def trouble(world: World, words: Words) -> None:
    """What goes wrong, with words in it that an error's text would quote."""
    intake, portal = f"{world.url('intake')}/v1/tickets", world.url("portal")
    good = {
        "requester": {"name": words["name"], "email": f"{words['address']}@example.net"},
        "topic": "general",
        "subject": f"About {words['subject']}",
        "description": f"It is {words['body']}.",
    }
    bad: list[Any] = [
        good | {"requester": {"email": f"{words['wrong']}@@example.net"}},
        good | {"topic": words["topic"]},
        good | {"description": f"\0{words['nul']}"},
        good | {"subject": {words["deep"]: 1}},
        [words["listed"]],
    ]
    async with httpx.AsyncClient(timeout=30, follow_redirects=True) as client:
        assert (await client.post(intake, json=good)).status_code == 201
        for body in bad:
            answer = await client.post(intake, json=body)
            assert answer.status_code in {201, 422}, answer.text
        broken = f"{{{words['broken']}".encode()
        await client.post(intake, content=broken, headers={"content-type": "application/json"})
        for path in (f"/t/{words['link'] * 4}", f"/{words['path']}", f"/?q={words['query']}"):
            await client.get(portal + path)
        for headers in ({"authorization": f"Bearer {words['token']}"}, {"cookie": words["cookie"]}):
            await client.get(f"{world.url('gateway')}/api/v1/tickets", headers=headers)
        identity = {"Ledgerdesk-Identity": words["identity"]}
        await client.get(f"{world.url('sla')}/v1/parked/{words['parked']}", headers=identity)


def letters(world: World, words: Words) -> None:
    """Mails as no program should write them."""
    sender, to = f"{words['sender']}@example.net", f"{words['recipient']}@desk.localhost"
    mails = (
        f"From: {words['from']} <{sender}>\nSubject: {words['title']}\n\n{words['letter']}\n",
        f"Subject: =?utf-8?q?{words['header']}?=\nFrom: <{words['half']}@\n\n{words['text']}\n",
        f"From: MAILER-DAEMON\nContent-Type: multipart/report\n\n--{words['part']}\n",
        f"\xff\xfe{words['bytes']}\n",
    )
    with smtplib.SMTP("127.0.0.1", world.ports["INTAKE_SMTP_PORT"], timeout=20) as smtp:
        for mail in mails:
            smtp.sendmail(sender, [to], mail.encode("latin-1"))
        smtp.docmd(f"VRFY {words['verified']}@example.net")
        smtp.docmd(f"MAIL FROM:{words['command']}")


async def mailed(world: World) -> Iterator[str]:
    """Whom the desk has written to, about what, and with which links: all of the mailbox."""
    async with httpx.AsyncClient(base_url=world.url("mailbox"), timeout=60) as client:
        listed = (await client.get("/api/messages")).json()
    found = set()
    for mail in listed:
        found |= set(re.findall(r"[\w.+-]+@[\w.-]+", json.dumps(mail["headers"])))
        found |= set(LINK.findall(mail["text"]))
        if len(mail["subject"]) > 25:
            found.add(mail["subject"])
    return iter(found)


def secrets(world: World) -> Iterator[str]:
    """Everything that opens something."""
    yield from json.loads((world.folder.root / "secrets.json").read_text()).values()
    yield from re.findall(r"\bld_[a-z2-7]{32}\b", world.folder.sign_in.read_text())


def lines_of(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


async def test_logs_are_json_and_hold_no_word_address_or_secret(world: World) -> None:
    words = Words()
    await trouble(world, words)
    await asyncio.to_thread(letters, world, words)
    carl = Customer(world, words["name"], f"{words['address']}@example.net")
    await carl.mail_about(words["subject"])
    await eventually(world.is_settled, timeout=SOON_SECONDS)

    services = [line for each in SERVICES for line in lines_of(world.folder.log_of(each.name))]
    assert len(services) > len(SERVICES)
    for line in services:
        assert json.loads(line).keys() >= KEYS, line

    everything = "\n".join(line for p in world.folder.logs.glob("*.log") for line in lines_of(p))
    assert [what for what, word in words.of.items() if word in everything] == []
    assert [word for word in await mailed(world) if word in everything] == []
    assert [word[:6] for word in secrets(world) if word in everything] == []
