"""Polling a real IMAP server: a mail is marked only after it was taken."""

import asyncio
import imaplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local import process
from services.intake.imap import Account, Poller, Session, _quoted
from services.intake.placing import Envelope
from shared.testing.eventually import eventually

USER, PASSWORD = "demouser", "demopass"
BYTES_MAX = 10_000


@dataclass
class Taker:
    """Takes mails, or fails to."""

    failing: list[Exception] = field(default_factory=list)
    taken: list[tuple[bytes, Envelope]] = field(default_factory=list)
    rescued: list[bytes] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    async def take(self, raw: bytes, envelope: Envelope) -> None:
        await asyncio.sleep(0)
        if self.failing:
            raise self.failing.pop(0)
        self.taken.append((raw, envelope))

    async def rescue(self, raw: bytes, _envelope: Envelope, reason: str = "not_handled") -> None:
        self.rescued.append(raw)
        self.reasons.append(reason)

    @property
    def subjects(self) -> list[bytes]:
        return [raw.partition(b"Subject: ")[2].partition(b"\r\n")[0] for raw, _ in self.taken]


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """An IMAP server in memory; its port."""
    port = process.free_port()
    program = Path(sys.executable).with_name("pymap")
    command = [program, "--no-tls", "--host", "127.0.0.1", "--port", str(port), "dict"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    running.terminate()
    running.wait(10)


@pytest.fixture
async def account(server: int) -> Account:
    """The mailbox, empty."""

    async def ready() -> bool:
        with suppress(OSError):
            return bool(await asyncio.to_thread(_emptied, server))
        return False

    await eventually(ready, timeout=30)
    url = f"imap://{USER}:{PASSWORD}@127.0.0.1:{server}/INBOX?address=support@desk.localhost"
    return Account.parse(url)


def _client(port: int) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=10)
    client.login(USER, PASSWORD)
    client.select("INBOX")
    return client


def _emptied(port: int) -> bool:
    client = _client(port)
    client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.logout()
    return True


def put(account: Account, *subjects: str, body: str = "Hello") -> None:
    client = _client(account.port)
    for subject in subjects:
        mail = f"Return-Path: <carla@example.com>\r\nSubject: {subject}\r\n\r\n{body}\r\n"
        client.append("INBOX", "", "", mail.encode())
    client.logout()


def poller(account: Account, taker: Taker) -> Poller:
    return Poller(account, taker.take, taker.rescue, BYTES_MAX)


async def test_what_was_taken_is_marked_and_not_taken_again(account: Account) -> None:
    await asyncio.to_thread(put, account, "one", "two")
    taker = Taker()
    assert await poller(account, taker).look() == 2
    assert await poller(account, taker).look() == 0
    assert taker.subjects == [b"one", b"two"]
    assert taker.taken[0][1] == Envelope("carla@example.com", ("support@desk.localhost",))


async def test_what_could_not_be_stored_is_taken_the_next_time(account: Account) -> None:
    await asyncio.to_thread(put, account, "one", "two")
    taker = Taker(failing=[ConnectionResetError()])
    with pytest.raises(ConnectionResetError):
        await poller(account, taker).look()
    assert taker.taken == []
    assert await poller(account, taker).look() == 2
    assert taker.subjects == [b"one", b"two"]


async def test_a_crash_before_the_mark_takes_it_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(put, account, "one")
    taker = Taker()

    def crash(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(Session, "mark", crash)
        with pytest.raises(ConnectionResetError):
            await poller(account, taker).look()
    await poller(account, taker).look()
    assert taker.subjects == [b"one", b"one"]


async def test_a_mail_that_breaks_us_is_rescued_and_holds_up_no_other(account: Account) -> None:
    await asyncio.to_thread(put, account, "bad", "good")
    taker = Taker(failing=[ValueError("a bug")])
    await poller(account, taker).look()
    assert [b"bad" in raw for raw in taker.rescued] == [True]
    assert taker.subjects == [b"good"]


async def test_one_that_is_too_large_is_kept_as_far_as_it_was_read(account: Account) -> None:
    await asyncio.to_thread(put, account, "huge", body="x" * 2 * BYTES_MAX)
    taker = Taker()
    await poller(account, taker).look()
    assert [len(raw) for raw in taker.rescued] == [BYTES_MAX + 1]
    assert taker.reasons == ["too_large"]


async def test_two_pollers_on_one_mailbox_do_no_harm(account: Account) -> None:
    await asyncio.to_thread(put, account, *(f"mail {n}" for n in range(5)))
    taker = Taker()
    await asyncio.gather(*(poller(account, taker).look() for _ in range(2)))
    assert set(taker.subjects) == {b"mail %d" % n for n in range(5)}
    assert await poller(account, taker).look() == 0


async def test_the_address_that_was_written_to_counts(account: Account) -> None:
    answers = "support+token@desk.localhost"
    mails = poller(account, Taker())
    traced = b"Delivered-To: " + answers.encode() + b"\r\nSubject: x\r\n\r\nHello"
    assert mails._recipients(traced) == (answers, "support@desk.localhost")
    elsewhere = traced.replace(b"desk.localhost", b"provider.example")
    assert mails._recipients(elsewhere) == ("support@desk.localhost",)


def test_a_mailbox_is_written_as_a_url() -> None:
    found = Account.parse("imaps://us%40x.example:p%2Fw@mail.x.example/Support%20desk")
    assert (found.host, found.port, found.tls) == ("mail.x.example", 993, True)
    assert (found.username, found.password, found.folder) == ("us@x.example", "p/w", "Support desk")
    assert found.address == "us@x.example"
    for wrong in ("smtp://a@b.example", "imaps://x.example/INBOX", "imap://user:p@x.example"):
        with pytest.raises(ValueError, match="mailbox"):
            Account.parse(wrong)


def test_a_folder_may_have_any_name() -> None:
    assert _quoted("INBOX") == '"INBOX"'
    assert _quoted('Büro & "x"') == '"B&APw-ro &- \\"x\\""'
