"""Somebody is forgotten, and whatever they wrote is in no file of the desk any more.

Searched byte by byte: the files of Postgres (tables, statistics, write-ahead log), Kafka's
log, the files of tickets, the local mailbox, and what the services log.
"""

import asyncio
import json
import mmap
import os
from base64 import b64encode
from pathlib import Path
from typing import Final

import asyncpg
import httpx
import pytest

from deploy.local.desk import Desk
from shared.files import FileStore
from shared.ids import uuid7
from shared.testing.eventually import eventually
from tests.system.people import SOON_SECONDS, Agent, Customer
from tests.system.world import World, fetch

NOT_SEARCHED: Final = {"cache", "run"}


class Marks:
    """Words that nobody else writes: what each stands for, and the word."""

    def __init__(self) -> None:
        self.of = {what: f"{what}{uuid7().hex[-10:]}" for what in (
            "name", "address", "subject", "body", "field", "file", "content", "answer", "note",
            "letter", "reason",
        )}  # fmt: skip

    def __getitem__(self, what: str) -> str:
        return self.of[what]

    def found_in(self, folder: Path) -> dict[str, dict[str, Path]]:
        """By the folder that they are in: what each word that was found stands for, and a file
        that it is in."""
        found: dict[str, dict[str, Path]] = {}
        for path in folder.rglob("*"):
            part = path.relative_to(folder).parts[0]
            if part in NOT_SEARCHED or not path.is_file() or not path.stat().st_size:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m:
                for what, word in self.of.items():
                    if m.find(word.encode()) >= 0 or (part in str(path) and word in path.name):
                        found.setdefault(part, {})[what] = path
        return found


async def opened(world: World, marks: Marks, email: str) -> str:
    """A ticket with every kind of text in it; its number."""
    content = b64encode(f"content of {marks['content']}".encode()).decode()
    attachment = {
        "name": f"{marks['file']}.txt",
        "content_type": "text/plain",
        "content_base64": content,
    }
    submission = {
        "requester": {"name": marks["name"], "email": email},
        "topic": "general",
        "subject": f"About {marks['subject']}",
        "description": f"It is {marks['body']}, since nine.",
        "attachments": [attachment],
    }
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(f"{world.url('intake')}/v1/tickets", json=submission)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def worked_on(world: World, marks: Marks, number: str, carl: Customer) -> None:
    """A conversation about it, by mail, too."""
    manager = Agent(world, world.everyone("manager")[0])
    ticket = await manager.sees(number, status="Assigned")
    agent = Agent(world, ticket["agent"]["id"])
    await agent.do(number, "start")
    await agent.do(number, "notes", text=f"He calls it {marks['note']}.", pinned=True)
    await agent.do(number, "replies", text=f"Try {marks['answer']}.", awaits_customer=True)
    mail = await carl.mail_about(marks["answer"])
    await carl.write(
        f"Re: {mail['subject']}",
        f"No {marks['letter']} here.",
        to=mail["headers"]["reply-to"],
        in_reply_to=mail["headers"]["message-id"],
        message_id=f"<{marks['field']}@mail.example>",
    )
    await agent.sees(number, status="In progress")
    await agent.do(number, "escalate", reason=f"Because of {marks['reason']}.", tier=3)
    await eventually(world.is_settled, timeout=SOON_SECONDS)


async def flushed(world: World) -> None:
    """Have Postgres write down what it holds in memory."""
    desk = Desk.open(world.folder, dict(world.environ))
    admin = await asyncpg.connect(desk.stack.postgres.admin_url)
    await admin.execute("checkpoint")
    await admin.close()


@pytest.mark.timeout(600)
async def test_what_somebody_wrote_is_in_no_file_once_they_are_forgotten(world: World) -> None:
    marks, root = Marks(), world.folder.root
    email = f"{marks['address']}@example.net"
    carl = Customer(world, marks["name"], email)
    number = await opened(world, marks, email)
    await worked_on(world, marks, number, carl)
    others = await opened(world, Marks(), f"{uuid7().hex}@example.net")
    await flushed(world)

    # The search finds what is there; and on Kafka it never was.
    before = await asyncio.to_thread(marks.found_in, root)
    assert before["postgres"].keys() == marks.of.keys() - {"content"}, before
    assert "content" in before["files"]
    assert {"name", "address", "answer"} <= before["mailbox"].keys()
    assert "kafka" not in before
    assert "logs" not in before

    # What is known can be had.
    export = json.loads(await asyncio.to_thread(world.run, "people", "export", email))
    told = json.dumps(export)
    assert [what for what, word in marks.of.items() if word not in told] == ["content"]
    assert export["tickets"] == [number]
    assert [file["name"] for file in export["files"]] == [f"{marks['file']}.txt"]

    for path in FileStore.of(root).root.rglob("*"):
        os.utime(path, (0, 0))  # as if they had been stored a while ago
    said = await asyncio.to_thread(world.run, "people", "erase", "--yes", email)
    assert "forgotten" in said
    assert await asyncio.to_thread(marks.found_in, root) == {}

    # What happened stays on record, whole and in order; others are as they were.
    assert "TicketOpened" in {event["type"] for event in export["events"]}
    assert "OK: no gap" in await asyncio.to_thread(world.run, "log", number)
    manager = Agent(world, world.everyone("manager")[0])
    assert (await manager.ticket(number))["subject"] == "[erased]"
    assert (await manager.ticket(others))["subject"].startswith("About subject")
    rows = await fetch(
        world.database("audit").url,
        "select count(*) from ledger.keys where wrapped is not null and person = any ($1::uuid[])",
        export["persons"],
    )
    assert rows[0]["count"] == 0

    # Again is harmless, and whoever comes back is new.
    assert "forgotten" in await asyncio.to_thread(world.run, "people", "erase", "--yes", email)
    again = await opened(world, marks, email)
    assert (await manager.sees(again, status="Assigned"))["requester"]["name"] == marks["name"]


@pytest.mark.timeout(300)
async def test_a_new_master_key_reads_what_the_old_one_wrapped(world: World) -> None:
    marks = Marks()
    number = await opened(world, marks, f"{marks['address']}@example.net")
    manager = Agent(world, world.everyone("manager")[0])
    await manager.sees(number, status="Assigned")
    before = world.folder.master_keys.read_text(encoding="utf-8")
    said = await asyncio.to_thread(world.run, "keys", "rotate")
    after = world.folder.master_keys.read_text(encoding="utf-8")
    assert after.partition(":")[0] != before.partition(":")[0]
    assert len(after.split()) == 1
    assert "keys yet" in said or f"by {after.partition(':')[0]}" in said
    world.kill("audit")
    await asyncio.to_thread(world.run, "up")
    assert marks["subject"] in await asyncio.to_thread(world.run, "log", number)
