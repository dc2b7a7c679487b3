"""Mail on the real parts: SMTP in, events in the log."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import aiosmtplib
import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.local import process
from services.intake.app import SERVICE
from services.intake.domain.desk import DESK_DECIDER, DefineTopic
from services.intake.settings import Settings
from services.portal.projection import Pages
from shared.clock import utc_now
from shared.events import Event, TicketType, decode
from shared.events.assignment import Role
from shared.events.desk import TopicDefined
from shared.events.intake import CustomerMessageReceived, TicketOpened, Verdict
from shared.events.participants import CopySuggested
from shared.events.submissions import BounceReceived, SubmissionQuarantined, SubmissionReleased
from shared.identity import HEADER, Identity, sign
from shared.ids import desk_id, person_id, uuid7
from shared.log import Recorded
from shared.mail_ids import make_message_id, make_reply_address
from shared.numbers import number_for
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from shared.testing.spec import fold

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "link" * 8
AS_IT_IS = policy.SMTP.clone(max_line_length=None)
"""Else Python takes long Message-IDs for words to be encoded."""

SUPPORT = "support@desk.localhost"

TICKETS_MAX = 20
PROVEN = {
    "Authentication_Results": "mx.desk.localhost; dmarc=pass (p=none) header.from=example.com"
}
FORGED = {"Authentication_Results": "mx.desk.localhost; spf=fail; dmarc=fail"}

ANNA = Identity("agent:anna", "gateway", "Anna", Role.AGENT)
MARA = Identity("agent:mara", "gateway", "Mara", Role.MANAGER)

SCANNER = "import sys; sys.exit(b'EICAR' in sys.stdin.buffer.read())"
"""A virus scanner."""


@dataclass
class Post:
    """A running intake, and how to send mail to it."""

    running: Running
    port: int
    data_dir: Path
    http_port: int = 0

    async def send(
        self, raw: bytes | EmailMessage, sender: str = "carla@example.com", to: str = SUPPORT
    ) -> Recorded:
        """Send a mail; the event it led to, which the server names."""
        content = raw if isinstance(raw, bytes) else raw.as_bytes(policy=AS_IT_IS)
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port) as client:
            _, answer = await client.sendmail(sender, [to], content)
        assert answer.startswith("2.0.0 Taken as "), answer
        found = await self.running.runtime.log.find(UUID(answer.rpartition(" ")[2]))
        assert found is not None, "250 is said after the commit"
        return found

    async def send_both(self, message: EmailMessage, *to: str) -> Recorded:
        """Send a mail to several recipients in one dialogue."""
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port) as client:
            content = message.as_bytes(policy=AS_IT_IS)
            _, answer = await client.sendmail("carla@example.com", list(to), content)
        found = await self.running.runtime.log.find(UUID(answer.rpartition(" ")[2]))
        assert found is not None
        return found

    async def known(self, query: str, *arguments: object) -> None:
        """Wait until a read model knows."""

        async def there() -> bool:
            return bool(await self.running.runtime.pool.fetchval(query, *arguments))

        await eventually(there)

    async def asks(
        self, method: str, path: str, body: object = None, who: Identity = ANNA
    ) -> httpx.Response:
        """An agent asks intake, or who else it is."""
        headers = {HEADER: sign("identity" * 4, who, "intake", utc_now())}
        url = f"http://127.0.0.1:{self.http_port}{path}"
        async with httpx.AsyncClient() as client:
            return await client.request(method, url, headers=headers, json=body)

    async def types(self, ticket_id: UUID) -> list[str]:
        return [e.type for e in (await self.running.runtime.log.read(ticket_id)).events]

    async def end(self) -> int:
        return await self.running.runtime.log.end()


def mail(
    text: str = "The printer on floor two prints empty pages.",
    subject: str = "Printer broken",
    sender: str = "Carla Meyer <carla@example.com>",
    **headers: str,
) -> EmailMessage:
    made = EmailMessage()
    made["From"] = sender
    made["To"] = SUPPORT
    made["Subject"] = subject
    made["Message-ID"] = headers.pop("message_id", f"<{uuid7().hex}@example.com>")
    made["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def post(
    servers: TestServers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Post]:
    """One intake for all tests of this module."""
    database = await servers.database("intake")
    topics = await servers.topics()
    settings = Settings(
        database_url=database.url,
        port=process.free_port(),
        smtp_port=process.free_port(),
        kafka_bootstrap_servers=topics.bootstrap,
        topic_prefix=topics.prefix,
        identity_secret="identity" * 4,
        link_secret=SECRET,
        data_dir=tmp_path_factory.mktemp("data"),
        smtp_size_bytes_max=2_000_000,
        topics_fresh_seconds=0.0,
        trusted_mail_servers=("mx.desk.localhost",),
        mail_tickets_per_sender_hour_max=TICKETS_MAX,
        scan_command=f"{sys.executable} -c {SCANNER!r}",
    )
    async with running(SERVICE, settings) as service, httpx.AsyncClient() as client:

        async def ready() -> bool:
            try:
                url = f"http://127.0.0.1:{settings.port}/health/ready"
                return (await client.get(url)).status_code == 200
            except httpx.TransportError:
                return False

        await eventually(ready)
        yield Post(service, settings.smtp_port, settings.data_dir, settings.port)
    await servers.drop(database)


async def test_a_mail_opens_a_ticket_and_its_answer_joins_it(post: Post) -> None:
    message = mail(Cc="Dora <dora@example.com>")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="shot.png")
    opened = await post.send(message)
    ticket = opened.event
    assert isinstance(ticket, TicketOpened)
    assert ticket.number == number_for(opened.subject, SECRET.encode())
    assert ticket.requester.name == "Carla Meyer"
    assert ticket.copied == ()
    assert [file.name for file in ticket.attachments] == ["shot.png"]
    stored = post.data_dir / "files" / ticket.attachments[0].file_id[:2]
    assert (stored / ticket.attachments[0].file_id).read_bytes() == b"\x89PNG"
    assert (await post.types(opened.subject))[1:4] == [
        "TicketVerified",
        "TicketCategorised",
        "TicketPrioritised",
    ]

    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    answer = await post.send(mail("It works again.", "Re: Printer broken", In_Reply_To=ours))
    assert (answer.subject, answer.type) == (opened.subject, "CustomerMessageReceived")


async def test_mail_to_the_reply_address_and_with_the_number_joins(post: Post) -> None:
    opened = await post.send(mail(subject="Router blinks"))
    assert isinstance(opened.event, TicketOpened)
    address = make_reply_address(SECRET.encode(), opened.subject, SUPPORT)
    by_address = await post.send(mail("Still.", "No reference"), to=address.upper())
    assert by_address.subject == opened.subject
    number = opened.event.number

    async def registered() -> bool:
        query = "select 1 from register.tickets where number = $1"
        return bool(await post.running.runtime.pool.fetchval(query, number))

    await eventually(registered)
    by_number = await post.send(mail("Yes, still.", f"about [{number}]"))
    assert by_number.subject == opened.subject


async def test_a_stranger_who_quotes_a_ticket_opens_one_of_their_own(post: Post) -> None:
    opened = await post.send(mail(subject="My secret contract"))
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    letter = mail("What does it say?", "Re: contract", "mallory@example.com", In_Reply_To=ours)
    strange = await post.send(letter, "mallory@example.com")
    assert strange.type == "TicketOpened"
    assert strange.subject != opened.subject
    assert "CustomerMessageReceived" not in await post.types(opened.subject)


async def test_reply_to_is_no_way_into_the_ticket_of_somebody_else(post: Post) -> None:
    opened = await post.send(mail(subject="My other secret"))
    assert isinstance(opened.event, TicketOpened)
    number = opened.event.number

    async def registered() -> bool:
        query = "select 1 from register.tickets where number = $1"
        return bool(await post.running.runtime.pool.fetchval(query, number))

    await eventually(registered)
    attacker, victim = "no-reply@evil.example", {"Reply_To": "carla@example.com"}
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    for clue in ({}, {"In_Reply_To": ours}):
        letter = mail("Close it, please.", f"Re: [{number}]", attacker, **victim, **clue)
        strange = (await post.send(letter, attacker)).event
        assert isinstance(strange, TicketOpened)
        assert strange.number != number
        assert strange.requester.email == "carla@example.com"
    away = {"Auto_Submitted": "auto-replied", "In_Reply_To": ours}
    kept = await post.send(mail("Away.", f"Re: [{number}]", attacker, **victim, **away), attacker)
    assert kept.type == "SubmissionQuarantined"
    assert "CustomerMessageReceived" not in await post.types(opened.subject)


async def test_the_same_mail_by_another_way_adds_nothing(post: Post) -> None:
    message = mail(subject="Only once")
    first = await post.send(message)
    end = await post.end()
    traced = b"Received: from elsewhere by us; Mon, 2 Mar 2026 10:00:00 +0000\r\n"
    again = await asyncio.gather(
        *(
            post.send(traced + message.as_bytes(policy=AS_IT_IS), to="sales@desk.localhost")
            for _ in range(4)
        )
    )
    assert {one.id for one in again} == {first.id}
    copies = mail(subject="All at once")
    at_once = await asyncio.gather(*(post.send(copies) for _ in range(6)))
    assert len({one.id for one in at_once}) == 1

    async def related_meanwhile() -> bool:
        said = await post.running.runtime.log.page(end, 100)
        openings = [one for one in said if one.type == "TicketOpened"]
        return len(openings) == 1

    await eventually(related_meanwhile)


async def test_automatic_mail_opens_nothing_and_is_kept_with_its_ticket(post: Post) -> None:
    opened = await post.send(mail(subject="I go on holiday"))
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    away = {"Auto_Submitted": "auto-replied"}
    kept = await post.send(mail("I am away.", "Out of office", In_Reply_To=ours, **away))
    assert isinstance(kept.event, CustomerMessageReceived)
    assert kept.event.automatic
    lost = await post.send(mail("I am away, too.", "Out of office", **away))
    assert isinstance(lost.event, SubmissionQuarantined)
    assert lost.event.reason == "automatic"


async def test_a_bounce_is_recorded_on_the_ticket_whose_mail_came_back(post: Post) -> None:
    opened = await post.send(mail(subject="Write me back"))
    notification = uuid7()
    ours = make_message_id(SECRET.encode(), opened.subject, notification, "desk.localhost")
    report = (
        "From: MAILER-DAEMON@mx.example.com\r\nTo: support@desk.localhost\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b1@mx.example.com>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.com\r\n\r\n"
        "Final-Recipient: rfc822; carla@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {ours}\r\nSubject: Re: Write me back\r\n\r\nHello\r\n--b--\r\n"
    )
    bounce = await post.send(report.encode(), sender="")
    assert isinstance(bounce.event, BounceReceived)
    assert bounce.subject == opened.subject
    assert bounce.event.notification_id == notification
    assert (bounce.event.recipient, bounce.event.status) == ("carla@example.com", "5.1.1")
    assert bounce.event.hard


async def test_what_cant_be_understood_is_quarantined_raw(post: Post) -> None:
    raw = b"\x00\x01 this is no mail \xff\r\n"
    kept = await post.send(raw)
    assert isinstance(kept.event, SubmissionQuarantined)
    content = post.data_dir / "files" / kept.event.raw_file_id[:2] / kept.event.raw_file_id
    assert content.read_bytes() == raw
    assert (await post.send(raw)).id == kept.id


async def test_an_empty_mail_is_asked_about_and_the_answer_verifies_it(post: Post) -> None:
    opened = await post.send(mail("\n", ""))
    assert (await post.types(opened.subject))[1:] == ["ClarificationRequested"]
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    await post.send(mail("My phone does not ring any more.", "Re: ", In_Reply_To=ours))
    assert (await post.types(opened.subject))[2:7] == [
        "CustomerMessageReceived",
        "ClarificationProvided",
        "TicketVerified",
        "TicketCategorised",
        "TicketPrioritised",
    ]


async def test_a_long_mail_keeps_its_end_as_a_file(post: Post) -> None:
    text = "Line after line after line.\n" * 5_000
    opened = (await post.send(mail(text, "x" * 500))).event
    assert isinstance(opened, TicketOpened)
    assert len(opened.subject) == 300
    assert [file.name for file in opened.attachments] == ["original.eml"]


async def test_a_line_that_only_looks_like_the_end_hides_no_second_mail(post: Post) -> None:
    end = await post.end()
    reader, writer = await asyncio.open_connection("127.0.0.1", post.port)
    answers = []

    async def say(line: bytes) -> None:
        writer.write(line)
        answers.append(await reader.readline())

    answers.append(await reader.readline())
    await say(b"HELO example.com\r\n")
    await say(b"MAIL FROM:<carla@example.com>\r\n")
    await say(b"RCPT TO:<support@desk.localhost>\r\n")
    await say(b"DATA\r\n")
    hidden = b"MAIL FROM:<admin@example.com>\r\nRCPT TO:<support@desk.localhost>\r\nDATA\r\n"
    letter = b"From: carla@example.com\r\nSubject: Smuggler\r\n\r\nHello"
    await say(letter + b"\n.\n" + hidden + b"From: admin@example.com\r\n\r\nGive\r\n.\r\n")
    await say(b"QUIT\r\n")
    writer.close()
    assert [answer[:3] for answer in answers] == [
        b"220",
        b"250",
        b"250",
        b"250",
        b"354",
        b"250",
        b"221",
    ]
    said = await post.running.runtime.log.page(end, 100)
    opened = [decode(one.type, one.data) for one in said if one.type == "TicketOpened"]
    assert len(opened) == 1


async def test_too_large_a_mail_is_refused_for_good(post: Post) -> None:
    with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
        await post.send(mail("x" * 70 + "\n" + ("y" * 70 + "\n") * 40_000))
    assert refused.value.code == 552


async def test_without_the_database_the_sender_is_asked_to_come_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise asyncpg.ConnectionDoesNotExistError("connection was closed")

    message = mail(subject="Try again")
    with monkeypatch.context() as patched:
        patched.setattr(post.running.runtime.log, "append", away)
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await post.send(message)
        assert refused.value.code == 451
    assert (await post.send(message)).type == "TicketOpened"


async def define(post: Post, topic_id: str) -> None:
    """A topic with a team and a mailbox of its own."""
    topic = TopicDefined(
        topic_id=topic_id,
        name=topic_id.capitalize(),
        type=TicketType.GENERAL,
        team_id=f"{topic_id}-team",
        team_name=f"{topic_id.capitalize()} team",
        mailbox=topic_id,
        revision=1,
    )
    command = DefineTopic(topic)
    await post.running.runtime.handle(
        DESK_DECIDER, desk_id("topic", topic_id), command, actor="test"
    )
    await post.known("select 1 from triage.topics where topic_id = $1", topic_id)


async def test_one_mail_to_two_mailboxes_is_one_ticket_that_both_teams_see(post: Post) -> None:
    for topic_id in ("billing", "sales"):
        await define(post, topic_id)
    message = mail(subject="The bill for the offer", sender="both@example.com")
    first = await post.send(message, to="billing@desk.localhost")
    for _ in range(2):
        again = await post.send(message, to="sales@desk.localhost")
        assert again.id == first.id
    assert (await post.types(first.subject)).count("TicketShared") == 1
    at_once = mail(subject="Another bill for the offer", sender="both@example.com")
    both = await post.send_both(at_once, "billing@desk.localhost", "sales@desk.localhost")
    past = (await post.running.runtime.log.read(both.subject)).events
    (shared,) = [one.event for one in past if one.type == "TicketShared"]
    assert shared.team_id == "sales-team"  # type: ignore[union-attr]


async def test_who_takes_no_part_opens_a_ticket_that_is_related_and_the_agent_is_told(
    post: Post,
) -> None:
    opened = await post.send(mail(subject="Lift stuck", sender="lena@example.com"))
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    letter = mail("My lift, too.", "Re: Lift", "otto@example.com", In_Reply_To=ours)
    for _ in range(2):
        strange = await post.send(letter, "otto@example.com")
    assert strange.subject != opened.subject
    past = (await post.running.runtime.log.read(strange.subject)).events
    (related,) = [one.event for one in past if one.type == "TicketsRelated"]
    assert [one.ticket_id for one in related.related] == [opened.subject]  # type: ignore[union-attr]
    told = (await post.running.runtime.log.read(opened.subject)).events
    (outsider,) = [one.event for one in told if one.type == "OutsiderWrote"]
    assert outsider.ticket_id == strange.subject  # type: ignore[union-attr]


async def test_who_was_in_copy_takes_part_once_asked_and_agreed_and_nothing_is_lost(
    post: Post,
) -> None:
    dora = person_id("dora@example.com")
    opened = (
        await post.send(mail(sender="paul@example.com", Cc="Dora <dora@example.com>"))
    ).subject
    ours = make_message_id(SECRET.encode(), opened, uuid7(), "desk.localhost")

    async def dora_writes(text: str) -> Recorded:
        return await post.send(mail(text, "Re: Lift", "dora@example.com", In_Reply_To=ours))

    async def suggestions() -> list[str]:
        past = (await post.running.runtime.log.read(opened)).events
        said = [each.event for each in past if isinstance(each.event, CopySuggested)]
        return [person.email for each in said for person in each.people]

    assert await suggestions() == ["dora@example.com"]
    path = f"/v1/tickets/{opened}/copies"
    for agrees_to in ("", f"{path}/suggested/{dora}"):
        if agrees_to:
            assert (await post.asks("POST", agrees_to)).status_code == 200
        alone = await dora_writes(f"Mine, too. {agrees_to}")
        assert isinstance(alone.event, TicketOpened)
        assert alone.subject != opened
    told = (await post.running.runtime.log.read(opened)).events
    assert [each.type for each in told].count("OutsiderWrote") == 2
    assert await suggestions() == ["dora@example.com"]
    agreed = Identity(f"customer:{dora}", "portal", "Dora")
    assert (await post.asks("POST", f"{path}/confirm", who=agreed)).status_code == 200
    joined = await dora_writes("Now I am in.")
    assert joined.subject == opened
    assert isinstance(joined.event, CustomerMessageReceived)
    assert joined.event.sender.person_id == dora


async def test_a_forged_mail_does_nothing_for_the_customer_it_names(post: Post) -> None:
    opened = await post.send(mail(subject="My account", sender="vera@example.com"))
    assert isinstance(opened.event, TicketOpened)
    await post.known("select 1 from register.tickets where subject = $1", opened.subject)
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    for headers in ({"In_Reply_To": ours}, {}):
        forged = mail("Close it.", "Re: x", "vera@example.com", **headers, **FORGED)
        kept = (await post.send(forged)).event
        assert isinstance(kept, SubmissionQuarantined)
        assert kept.reason == "sender_not_proven"
        assert kept.authenticity is not None
        assert kept.authenticity.spf == "fail"
    unknown = await post.send(mail(sender="new@example.com", **FORGED))
    assert isinstance(unknown.event, TicketOpened)
    assert unknown.event.authenticity is not None


async def test_a_copy_that_somebody_sent_first_keeps_the_mail_itself_not_out(post: Post) -> None:
    known = await post.send(mail(subject="My account", sender="zoe@example.com"))
    await post.known("select 1 from register.tickets where subject = $1", known.subject)
    letter = mail("It stands still.", "Outage", "zoe@example.com", **FORGED)
    kept = await post.send(letter)
    assert isinstance(kept.event, SubmissionQuarantined)
    assert (await post.send(letter)).id == kept.id
    letter.replace_header("Authentication-Results", PROVEN["Authentication_Results"])
    opened = await post.send(letter)
    assert isinstance(opened.event, TicketOpened)
    assert (await post.send(letter)).id == kept.id, "it has come"
    past = (await post.running.runtime.log.read(kept.subject)).events
    released = past[-1].event
    assert isinstance(released, SubmissionReleased)
    assert (released.ticket_id, released.released_by) == (opened.subject, "mail")


async def test_whom_a_form_names_is_not_proven_by_who_sent_it(post: Post) -> None:
    named = {"Reply_To": "pia@example.org", "Cc": "mallory@example.com"}
    sent = mail("VPN access", "VPN", "no-reply@example.com", **named, **PROVEN)
    opened = (await post.send(sent)).event
    assert isinstance(opened, TicketOpened)
    assert (opened.requester.email, opened.copied) == ("pia@example.org", ())
    assert opened.authenticity is not None
    assert (opened.authenticity.dmarc, opened.authenticity.verdict) == ("pass", Verdict.NONE)
    past = (await post.running.runtime.log.read((await post.send(sent)).subject)).events
    assert not [each for each in past if isinstance(each.event, CopySuggested)]


async def test_nobody_lets_himself_in_by_naming_himself_in_copy(post: Post) -> None:
    opened = await post.send(mail(subject="My salary", sender="nora@example.com"))
    ours = make_message_id(SECRET.encode(), opened.subject, uuid7(), "desk.localhost")
    for proof, added in (({}, []), (PROVEN, ["eve@example.com"])):
        copies = {"In_Reply_To": ours, "Cc": "eve@example.com", **proof}
        letter = mail("As before.", "Re: x", "nora@example.com", **copies)
        joined = (await post.send(letter)).event
        assert isinstance(joined, CustomerMessageReceived)
        assert joined.copied == ()
        past = (await post.running.runtime.log.read(opened.subject)).events
        said = [each.event for each in past if isinstance(each.event, CopySuggested)]
        assert [person.email for each in said for person in each.people] == added


async def test_more_tickets_than_a_sender_may_open_are_quarantined(post: Post) -> None:
    flood = {"sender": "flood@example.com"}
    for number in range(TICKETS_MAX):
        await post.send(mail(subject=f"Alarm {number}", **flood))
    opened = "select count(*) = $1 from register.tickets where requester_email = $2"
    await post.known(opened, TICKETS_MAX, flood["sender"])
    kept = (await post.send(mail(subject="One more alarm", **flood))).event
    assert isinstance(kept, SubmissionQuarantined)
    assert kept.reason == "too_many"


async def test_a_file_that_the_scanner_refuses_is_refused(post: Post) -> None:
    infected = mail(subject="Look at this", sender="ill@example.com")
    infected.add_attachment(b"EICAR", maintype="application", subtype="zip", filename="a.zip")
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await post.send(infected)
    assert (refused.value.code, refused.value.message[:5]) == (554, "5.7.1")


async def quarantined(post: Post, message: EmailMessage) -> str:
    """Send a mail that is quarantined; its id there."""
    kept = await post.send(message)
    assert isinstance(kept.event, SubmissionQuarantined)
    await post.known("select 1 from submissions.quarantine where subject = $1", kept.subject)
    return str(kept.subject)


async def test_an_agent_releases_a_quarantined_mail_into_a_ticket_or_as_one(post: Post) -> None:
    away = {"Auto_Submitted": "auto-replied", "sender": "robot@example.com"}
    opened = await post.send(mail(subject="Backup", sender="bert@example.com"))
    into, alone = [
        await quarantined(post, mail(f"Backup {how}.", f"Report {how}", **away))
        for how in ("failed", "done")
    ]
    explained = (await post.asks("GET", f"/v1/quarantine/{into}")).json()["explained"]
    assert ["kind", "auto reply: Auto-Submitted: auto-replied"] in explained
    body = {"into_ticket_id": str(opened.subject)}
    for _ in range(2):
        answer = await post.asks("POST", f"/v1/quarantine/{into}/release", body)
        assert (answer.status_code, answer.json()["ticket_id"]) == (200, str(opened.subject))
    assert (await post.types(opened.subject)).count("CustomerMessageReceived") == 1
    released = (await post.asks("POST", f"/v1/quarantine/{alone}/release")).json()
    assert (await post.types(UUID(released["ticket_id"])))[0] == "TicketOpened"
    listed = (await post.asks("GET", "/v1/quarantine")).json()
    assert {into, alone}.isdisjoint(one["quarantine_id"] for one in listed)
    assert (await post.asks("POST", f"/v1/quarantine/{into}/reject")).status_code == 409


async def test_a_blocked_sender_is_told_so(post: Post) -> None:
    spam = {"sender": "spam@example.com"}
    kept = await quarantined(post, mail("Buy!", "Buy", Auto_Submitted="auto-generated", **spam))
    blocked = (await post.asks("POST", f"/v1/quarantine/{kept}/block")).json()
    assert blocked["blocked"] == "spam@example.com"
    await post.known("select 1 from submissions.blocked")
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await post.send(mail("Buy now!", "Buy", **spam))
    assert refused.value.code == 550
    listed = (await post.asks("GET", "/v1/blocked-senders")).json()
    assert [one["address"] for one in listed] == ["spam@example.com"]


async def test_who_is_blocked_is_listed_with_what_was_refused_and_let_in_again(
    post: Post,
) -> None:
    path, spam = "/v1/blocked-senders", "Offers@example.com"
    person = person_id(spam)

    async def listed() -> list[tuple[str, str, int, bool]]:
        rows = (await post.asks("GET", path)).json()
        return [
            (row["address"], row["blocked_by"], row["refused"], bool(row["last_refused_at"]))
            for row in rows
            if row["person_id"] == str(person)
        ]

    async def refused() -> None:
        with pytest.raises(aiosmtplib.SMTPDataError) as told:
            await post.send(mail("Buy now!", sender="offers@example.com"))
        assert told.value.code == 550

    wrong = await post.asks("POST", path, {"address": "nobody"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "address")
    for _ in range(2):
        assert (await post.asks("POST", path, {"address": spam})).json()["person_id"] == str(person)
    assert await listed() == [(spam, "anna", 0, False)]
    for _ in range(2):
        await refused()
    assert await listed() == [(spam, "anna", 2, True)]
    assert (await post.asks("DELETE", f"{path}/{person}")).status_code == 403
    assert (await post.asks("DELETE", f"{path}/{person}", who=MARA)).status_code == 200
    assert await listed() == []
    assert isinstance((await post.send(mail(sender="offers@example.com"))).event, TicketOpened)
    await post.asks("POST", path, {"address": spam})
    await refused()
    assert await listed() == [(spam, "anna", 1, True)]


async def test_form_portal_and_mail_are_one_conversation(post: Post) -> None:
    """Opened by the portal's form, answered by mail, written on by the portal, in one thread."""
    await define(post, "shop")
    who = Identity(f"customer:{person_id('carla@example.com')}", "portal", "Carla Meyer")
    submission = {
        "topic": "shop", "channel": "web", "subject": "The shop is slow",
        "description": "Since noon.",
        "requester": {"name": "Carla Meyer", "email": "carla@example.com"},
    }  # fmt: skip
    url = f"http://127.0.0.1:{post.http_port}/v1/tickets"
    async with httpx.AsyncClient() as client:
        headers = {HEADER: sign("identity" * 4, who, "intake", utc_now())}
        opened = (await client.post(url, json=submission, headers=headers)).json()
        ticket = UUID(opened["ticket_id"])
        address = make_reply_address(SECRET.encode(), ticket, SUPPORT)
        by_mail = await post.send(mail("Now it is quick again.", "Re: the shop"), to=address)
        text = {"text": "And slow once more."}
        await client.post(f"{url}/{ticket}/messages", json=text, headers=headers)
    assert by_mail.subject == ticket
    past = (await post.running.runtime.log.read(ticket)).events
    told = fold(Pages(), *[each.event for each in past if isinstance(each.event, Event)])
    shown = sorted(told["messages"], key=lambda row: row.position)
    assert [(row.text, row.person_id) for row in shown] == [
        (text, person_id("carla@example.com"))
        for text in ("Since noon.", "Now it is quick again.", "And slow once more.")
    ]
