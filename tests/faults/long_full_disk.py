"""A disk that fills up under Postgres, then under Kafka: said clearly, nothing lost, no hand."""

import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from shared.ids import uuid7
from shared.testing.eventually import eventually
from tests.faults.faults import recovered
from tests.faults.journal import Journal, Outcome, Way
from tests.faults.soak import Soak, soaked

POSTGRES_MB = 450
KAFKA_MB = 200
PAGE_BYTES = 4_096
DESCRIPTION = "It is full. " * 4_000
"""Long, so that the room that is left in files that are there already is soon used up."""


def small_disks(root: Path, until: ExitStack) -> None:
    """File systems in the data folder, each in memory."""
    for part, size_mb in (("postgres", POSTGRES_MB), ("kafka", KAFKA_MB)):
        until.enter_context(mounted(root / part, size_mb))


@contextmanager
def mounted(folder: Path, size_mb: int) -> Iterator[None]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0700", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here, so no disk was filled: {done.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """No room at all, until the block ends."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(PAGE_BYTES))
    try:
        yield
    finally:
        ballast.unlink()


@dataclass
class Customer:
    """Opens tickets, and remembers what was said."""

    run: Soak
    journal: Journal = field(default_factory=Journal)

    async def writes(self) -> httpx.Response | None:
        key = f"k{uuid7().hex}"
        self.journal.ways[key] = Way.HTTP
        body = {
            "topic": "technical",
            "requester": {"name": "A customer", "email": f"{key}@example.com"},
            "subject": f"Problem ({key})",
            "description": DESCRIPTION,
        }
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            try:
                url = f"{self.run.world.url('intake')}/v1/tickets"
                answer = await client.post(url, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                return None
        if answer.status_code == 201:
            self.journal.outcomes[key] = Outcome.ACCEPTED
        return answer

    async def is_served(self) -> bool:
        answer = await self.writes()
        return answer is not None and answer.status_code == 201

    async def is_told(self) -> httpx.Response | None:
        """The answer that is no acceptance."""
        answer = await self.writes()
        return None if answer is None or answer.status_code == 201 else answer

    def mails(self) -> int:
        """The reply code to a mail."""
        mail = EmailMessage()
        mail["From"], mail["To"] = "a@example.com", "support@desk.localhost"
        mail["Subject"], mail["Message-ID"] = "Full", f"<{uuid7().hex}@example.com>"
        mail.set_content(DESCRIPTION)
        port = self.run.world.ports["INTAKE_SMTP_PORT"]
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as smtp:
            try:
                smtp.send_message(mail)
            except smtplib.SMTPDataError as error:
                return error.smtp_code
        return 250


@pytest.mark.timeout(900)
async def test_a_full_disk_is_said_and_what_was_accepted_is_there() -> None:
    async with soaked(1, 1, prepare=small_disks) as run:
        customer, root = Customer(run), run.world.folder.root
        assert await customer.is_served()

        with full(root / "postgres"):
            answer = await eventually(customer.is_told, timeout=120)
            assert answer.status_code in {503, 507}, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
            assert answer.json()["detail"]
            assert customer.mails() in {451, 452}
        await eventually(customer.is_served, timeout=120)
        await recovered(run.world)

        with full(root / "kafka"):
            for _ in range(20):
                assert await customer.is_served(), "Kafka is not needed to accept"
        await recovered(run.world)

        findings = await run.settle_and_check(customer.journal)
    assert not findings.all, findings.all[:10]
    assert len(customer.journal.of(Outcome.ACCEPTED)) > 20
