"""`ledgerdesk mail`: what a pipe is told, and what a person reads."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from cli.mail import DONE, REFUSED, TRY_AGAIN, main
from deploy.local import process

LETTER = (
    b"From nobody Mon Mar  2 09:00:00 2026\n"
    b"Return-Path: <carla@example.com>\nDelivered-To: support@desk.localhost\n"
    b"From: Carla <carla@example.com>\nTo: other@example.com\n"
    b"Subject: Help\n\nIt broke.\n.\nReally.\n"
)


@dataclass
class Intake:
    """What answers at intake's SMTP port."""

    answer: str = "250 2.0.0 Taken as 1"
    got: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append(envelope)
        return self.answer


@pytest.fixture
async def intake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Intake]:
    made = Intake()
    port = process.free_port()
    monkeypatch.setenv("LEDGERDESK_DATA", str(tmp_path))
    monkeypatch.setenv("INTAKE_SMTP_PORT", str(port))
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(made), "127.0.0.1", port)
    yield made
    server.close()
    await server.wait_closed()


@pytest.fixture
def letter(tmp_path: Path) -> str:
    path = tmp_path / "a.eml"
    path.write_bytes(LETTER)
    return str(path)


async def test_a_mail_from_a_pipe_is_handed_over_whole(intake: Intake, letter: str) -> None:
    assert await asyncio.to_thread(main, ["deliver", letter]) == DONE
    (envelope,) = intake.got
    assert envelope.mail_from == "carla@example.com"
    assert envelope.rcpt_tos == ["support@desk.localhost"]
    assert envelope.content.startswith(b"Return-Path:")
    assert envelope.content.endswith(b"It broke.\r\n.\r\nReally.\r\n")


@pytest.mark.parametrize(
    ("answer", "code"), [("451 4.3.0 Later", TRY_AGAIN), ("550 5.7.1 Never", REFUSED)]
)
async def test_the_exit_code_is_what_a_mail_server_expects(
    intake: Intake, letter: str, answer: str, code: int
) -> None:
    intake.answer = answer
    assert await asyncio.to_thread(main, ["deliver", letter, "--to", "a@desk.localhost"]) == code


def test_without_intake_the_mail_is_to_be_tried_again(
    letter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEDGERDESK_DATA", str(tmp_path))
    monkeypatch.setenv("INTAKE_SMTP_PORT", str(process.free_port()))
    assert main(["deliver", letter]) == TRY_AGAIN


def test_a_mail_is_explained(
    letter: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEDGERDESK_DATA", str(tmp_path))
    assert main(["explain", letter]) == DONE
    told = " ".join(capsys.readouterr().out.split())
    assert "from Carla <carla@example.com>" in told
    assert "kind person: nothing says that a machine wrote it" in told
    assert "would open a ticket" in told
