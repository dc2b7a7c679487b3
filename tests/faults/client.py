"""An outside client, as a process of its own: opens tickets and keeps a journal.

    python -m tests.faults.client --intake URL --portal URL --smtp PORT --journal FILE …

It knows nothing of the desk but its three doors: HTTP with an Idempotency-Key, the form,
and SMTP. What became of a submission is not known until somebody said so; until then the
same is sent again, under the same key, token or Message-ID. One in thirty is malformed on
purpose, and must be refused.
"""

import argparse
import asyncio
import math
import os
import random
import re
import signal
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Final

import httpx

from shared.clock import monotonic_seconds
from tests.faults.journal import Outcome, Pen, Way

RETRY_SECONDS: Final = 0.5
RETRY_SECONDS_MAX: Final = 5.0
PATIENCE_SECONDS: Final = 20.0
"""How long one answer is waited for."""

FORM_TOKEN: Final = re.compile(r'name="form" value="([^"]+)"')
WAYS: Final = (Way.HTTP,) * 14 + (Way.FORM,) * 3 + (Way.SMTP,) * 3
TOPICS: Final = ("technical", "billing", "general", "outage")

Answer = tuple[Outcome, int]
"""What became of it as far as is known now, and the last status or reply code."""


@dataclass(frozen=True)
class Submission:
    """One ticket to be opened; its key is in its subject, so that it is found again."""

    key: str
    number: int
    way: Way
    topic: str
    malformed: bool

    @property
    def email(self) -> str:
        return f"customer-{self.key}@example.com"

    @property
    def subject(self) -> str:
        return f"Problem {self.number} ({self.key})"

    @property
    def text(self) -> str:
        return f"Since this morning, number {self.number} does not work any more: {self.key}."


@dataclass(frozen=True)
class Doors:
    """Where the desk takes tickets."""

    intake: str
    portal: str
    smtp_port: int


@dataclass
class Client:
    """Opens tickets through all doors."""

    doors: Doors
    http: httpx.AsyncClient
    pen: Pen
    give_up_seconds: float

    async def submit(self, submission: Submission) -> None:
        """Try until it is known what became of it, or patience ends."""
        self.pen.begun(submission.key, submission.way, malformed=submission.malformed)
        begun, tries, delay = monotonic_seconds(), 0, RETRY_SECONDS
        send = await self._prepared(submission)
        while True:
            outcome, status = await send()
            tries += 1
            waited = monotonic_seconds() - begun
            if outcome is not Outcome.UNKNOWN or waited > self.give_up_seconds:
                self.pen.ended(submission.key, outcome, status, tries, waited)
                return
            self.pen.asked(status)
            await asyncio.sleep(delay)
            delay = min(delay * 1.5, RETRY_SECONDS_MAX)

    async def _prepared(self, submission: Submission) -> Callable[[], Awaitable[Answer]]:
        match submission.way:
            case Way.HTTP:
                return lambda: self._by_http(submission)
            case Way.FORM:
                token: list[str] = []
                return lambda: self._by_form(submission, token)
            case Way.SMTP:
                return lambda: asyncio.to_thread(self._by_smtp, submission)

    async def _by_http(self, submission: Submission) -> Answer:
        body = {
            "topic": submission.topic,
            "requester": {"name": "A customer", "email": submission.email},
            "subject": submission.subject,
            "description": submission.text,
        }
        if submission.malformed:
            del body["topic"]
        try:
            answer = await self.http.post(
                f"{self.doors.intake}/v1/tickets",
                json=body,
                headers={"Idempotency-Key": submission.key},
            )
        except httpx.HTTPError:
            return Outcome.UNKNOWN, 0
        return _known(answer.status_code, accepted={200, 201}), answer.status_code

    async def _by_form(self, submission: Submission, token: list[str]) -> Answer:
        """The form is fetched once: sent again, it is the same form."""
        url = f"{self.doors.portal}/new/{submission.topic}"
        fields = {
            "subject": submission.subject,
            "description": "" if submission.malformed else submission.text,
            "requester.name": "A customer",
            "requester.email": submission.email,
        }
        try:
            if not token:
                page = await self.http.get(url)
                token += FORM_TOKEN.findall(page.text) if page.status_code == 200 else []
            if not token:
                return Outcome.UNKNOWN, page.status_code
            answer = await self.http.post(f"{url}/send", data=fields | {"form": token[0]})
        except httpx.HTTPError:
            return Outcome.UNKNOWN, 0
        return _known(answer.status_code, accepted={303}), answer.status_code

    def _by_smtp(self, submission: Submission) -> Answer:
        mail = EmailMessage()
        mail["From"] = "" if submission.malformed else f"A customer <{submission.email}>"
        mail["To"] = "support@desk.localhost"
        mail["Subject"] = submission.subject
        mail["Message-ID"] = f"<{submission.key}@example.com>"
        mail.set_content(submission.text)
        sender = submission.email
        try:
            port = self.doors.smtp_port
            with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_SECONDS) as smtp:
                smtp.sendmail(sender, "support@desk.localhost", mail.as_bytes())
        except smtplib.SMTPResponseException as error:
            refused = 500 <= error.smtp_code < 600
            return (Outcome.REFUSED if refused else Outcome.UNKNOWN), error.smtp_code
        except (smtplib.SMTPException, OSError):
            return Outcome.UNKNOWN, 0
        return Outcome.ACCEPTED, 250


def _known(status: int, accepted: set[int]) -> Outcome:
    """A busy desk, or one that is down, has said nothing yet."""
    if status in accepted:
        return Outcome.ACCEPTED
    return Outcome.UNKNOWN if status >= 500 or status in {408, 429} else Outcome.REFUSED


async def run(doors: Doors, pen: Pen, asked: argparse.Namespace) -> None:
    """Open tickets at a steady rate until told to stop, or until whoever started this is gone,
    then wait for their outcomes."""
    parent = os.getppid()
    chance = random.Random(asked.seed)
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=50)
    timeout = httpx.Timeout(PATIENCE_SECONDS, pool=None)
    async with (
        httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        client = Client(doors, http, pen, asked.give_up)
        begun = monotonic_seconds()
        enough = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, enough.set)
        for number in count():
            if enough.is_set() or number >= asked.rate * asked.seconds or os.getppid() != parent:
                break
            await asyncio.sleep(max(0.0, begun + number / asked.rate - monotonic_seconds()))
            way = chance.choice(WAYS)
            submission = Submission(
                key=f"k{chance.getrandbits(64):016x}",
                number=number,
                way=way,
                topic=chance.choice(TOPICS) if way is Way.HTTP else "technical",
                malformed=way is not Way.SMTP and chance.random() < 1 / 30,
            )
            group.create_task(client.submit(submission))


def main() -> None:
    """Read what is asked, and do it."""
    parser = argparse.ArgumentParser(prog="tests.faults.client")
    parser.add_argument("--intake", required=True)
    parser.add_argument("--portal", required=True)
    parser.add_argument("--smtp", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--give-up", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with asked.journal.open("a", buffering=1) as file:
        asyncio.run(run(Doors(asked.intake, asked.portal, asked.smtp), Pen(file), asked))


if __name__ == "__main__":
    main()
