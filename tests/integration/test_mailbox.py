"""The local mailbox over real SMTP and HTTP."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from deploy.local.mailbox import Box, smtp_protocol, web
from shared.testing.eventually import eventually


@asynccontextmanager
async def mailbox(folder: Path) -> AsyncIterator[tuple[Box, int, httpx.AsyncClient]]:
    """A mailbox on ports of its own: the box, its SMTP port, and a client of its pages."""
    box = Box(folder)
    box.open()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: smtp_protocol(box), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = httpx.ASGITransport(app=web(box))
    async with (
        server,
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield box, port, client


def mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    told = {"From": "a@example.com", "To": "b@example.com", "Subject": "Hello"} | headers
    for name, value in told.items():
        made[name.replace("_", "-")] = value
    made.set_content("See https://example.com/t/abc.\n.\n<script>alert(1)</script>\n")
    html = '<head></head><p>Hi</p><script>x</script><a href="https://e.x">l</a>'
    made.add_alternative(html, "html")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename='b"\u00e4d.pdf')
    return made


def hand_in(port: int, message: EmailMessage, to: str = "b@example.com") -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="test") as client:
        client.send_message(message, from_addr="a@example.com", to_addrs=[to])


async def test_a_page_that_gives_the_mailbox_another_name_reads_nothing(tmp_path: Path) -> None:
    async with mailbox(tmp_path) as (_, _port, client):
        for host, status in (("localhost:8090", 200), ("127.0.0.1:1", 200), ("evil.example", 400)):
            answer = await client.get("/api/messages", headers={"host": host})
            assert answer.status_code == status


async def test_a_mail_is_a_file_before_it_is_answered_for_and_found_again_after_a_restart(
    tmp_path: Path,
) -> None:
    message = mail(Message_ID="<one@example.com>", Ledgerdesk_Ticket="t-1")
    async with mailbox(tmp_path) as (_, port, _client):
        await asyncio.to_thread(hand_in, port, message)
        assert len(list((tmp_path / "new").iterdir())) == 1
    async with mailbox(tmp_path) as (_, port, client):
        found = (await client.get("/api/messages", params={"to": "B@example.com"})).json()
        assert [one["subject"] for one in found] == ["Hello"]
        assert found[0]["links"] == ["https://example.com/t/abc"]
        assert found[0]["headers"]["ledgerdesk-ticket"] == "t-1"
        assert (await client.get("/api/messages?ticket=t-1&subject=hell")).json()
        assert not (await client.get("/api/messages?to=else@example.com")).json()


async def test_the_same_mail_to_the_same_people_is_kept_once(tmp_path: Path) -> None:
    message = mail(Message_ID="<one@example.com>")
    async with mailbox(tmp_path) as (box, port, _client):
        await asyncio.gather(*(asyncio.to_thread(hand_in, port, message) for _ in range(5)))
        await asyncio.to_thread(hand_in, port, message, "other@example.com")
        assert len(box.mails) == 2
    async with mailbox(tmp_path) as (box, port, _client):
        await asyncio.to_thread(hand_in, port, message)
        assert len(box.mails) == 2


async def test_who_waits_for_a_mail_is_answered_when_it_is_there(tmp_path: Path) -> None:
    async with mailbox(tmp_path) as (box, port, client):
        asked = {"to": "c@example.com", "subject": "hello", "wait_seconds": 10}
        waiting = asyncio.create_task(client.get("/api/messages", params=asked))
        await eventually(lambda: bool(box._awaited))
        await asyncio.to_thread(hand_in, port, mail(Message_ID="<1@example.com>"))
        assert not waiting.done()  # That one is for somebody else.
        await asyncio.to_thread(hand_in, port, mail(Message_ID="<2@e.com>"), "c@example.com")
        (found,) = (await asyncio.wait_for(waiting, 5)).json()
        assert found["to"] == ["c@example.com"]
        assert (await client.get("/api/messages", params=asked)).json() == [found]
        assert not box._awaited


async def test_nobody_waits_for_a_mail_for_ever(tmp_path: Path) -> None:
    async with mailbox(tmp_path) as (box, _port, client):
        answer = await client.get("/api/messages", params={"to": "c@", "wait_seconds": 0.05})
        assert answer.json() == []
        assert not box._awaited
        too_long = await client.get("/api/messages", params={"wait_seconds": 11})
        assert too_long.status_code == 422


async def test_what_a_mail_contains_is_shown_but_never_run(tmp_path: Path) -> None:
    async with mailbox(tmp_path) as (box, port, client):
        subject = '<img src=x onerror="alert(1)">'
        await asyncio.to_thread(hand_in, port, mail(Subject=subject, Message_ID="<2@e.x>"))
        (mail_id,) = box.mails
        page = await client.get(f"/mail/{mail_id}")
        assert "<script>" not in page.text
        assert subject not in (await client.get("/")).text + page.text
        assert 'href="https://example.com/t/abc"' in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        html = await client.get(f"/mail/{mail_id}/html")
        assert html.headers["content-security-policy"].startswith("sandbox ")
        assert "allow-scripts" not in html.headers["content-security-policy"]
        assert '<base target="_blank">' in html.text
        file = await client.get(f"/mail/{mail_id}/files/0")
        assert file.content == b"%PDF"
        assert file.headers["content-disposition"].startswith("attachment")
        assert (await client.get(f"/mail/{mail_id}/files/9")).status_code == 404


@pytest.mark.parametrize("mail_id", ["x", "%2e%2e%2fx", "0" * 17 + "-" + "f" * 32])
async def test_only_mails_that_are_there_can_be_read(tmp_path: Path, mail_id: str) -> None:
    async with mailbox(tmp_path) as (_, _port, client):
        for path in ("", "/html", "/raw", "/files/0"):
            assert (await client.get(f"/mail/{mail_id}{path}")).status_code == 404


async def test_mail_that_no_program_should_send_is_kept_and_shown_all_the_same(
    tmp_path: Path,
) -> None:
    async with mailbox(tmp_path) as (box, port, client):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for line in (b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<b@example.com>", b"DATA"):
            writer.write(line + b"\r\n")
        writer.write(b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nope\r\n")
        writer.write(b'To: "\xff\xfe <\r\n\r\n\xff\xfe\x00 bytes\r\n.\r\nQUIT\r\n')
        await reader.read()
        writer.close()
        (mail_id,) = box.mails
        assert (await client.get("/")).status_code == 200
        assert "bytes" in (await client.get(f"/mail/{mail_id}")).text
        assert (await client.get("/health/ready")).json() == {"mails": 1}
