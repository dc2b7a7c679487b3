"""`ledgerdesk log|tail|lag|parked` against services that run."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from cli import audit as commands
from cli.main import main
from deploy.local.services import SERVICES
from deploy.local.trouble import Trouble
from services.audit.app import SERVICE
from services.audit.settings import Settings
from shared.events import encode
from shared.ids import uuid7
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.played import SECRET, Others, played, settings_for
from tests.unit.sla import story

pytestmark = pytest.mark.asyncio(loop_scope="module")
NUMBER = "LD-AAAAA-BBBBB-C"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: TestServers) -> AsyncIterator[tuple[Running, Others]]:
    database, topics = await servers.database("audit"), await servers.topics()
    async with (
        played(topics) as others,
        running(SERVICE, Settings(**settings_for(database, topics))) as live,
    ):
        ticket = uuid7()
        opened = story.opened().model_copy(update={"number": NUMBER})
        await others.say(ticket, opened, story.replied(5), story.resolved(9))
        await others.send(others.record(ticket, "CoffeeBrewed", '{"cups":3}', "kitchen"))
        # Somebody else's event under a version that is known: parked.
        fork = others.record(uuid7(), "TicketOpened", encode(story.opened()).decode(), "intake")
        await others.send(fork)
        others.heads.clear()
        await others.send(others.record(fork.subject, fork.type, "{}", "intake"))

        async def known() -> bool:
            pool = live.runtime.pool
            numbered = await pool.fetchval("select count(*) from numbers.tickets")
            forked = await pool.fetchval("select count(*) from ledger.parked")
            return bool(await live.runtime.log.end() >= 5 and numbered == 2 and forked)

        await eventually(known)
        yield live, others


@pytest.fixture
def call(
    desk: tuple[Running, Others], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., "asyncio.Future[int]"]:
    """Run a command as a person would, beside the service that answers it."""
    for each in SERVICES:
        monkeypatch.setenv(f"{each.name.upper()}_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AUDIT_URL", f"http://127.0.0.1:{desk[0].runtime.settings.port}")
    monkeypatch.setenv("LEDGERDESK_IDENTITY_SECRET", SECRET)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: asyncio.ensure_future(asyncio.to_thread(main, list(words)))


async def test_log_tells_a_tickets_story(call, capsys) -> None:  # type: ignore[no-untyped-def]
    assert await call("log", NUMBER) == 1  # the fork of another ticket is parked
    head, _, *lines, _, verdict = capsys.readouterr().out.splitlines()
    assert head.startswith(f"{NUMBER}  (")
    told = [line.split("  ", 1)[1].split(None, 2) for line in lines]
    assert [(author, words) for author, _, words in told] == [
        ("intake", f"opened as {NUMBER} under “General” by web: “The printer is on fire”"),
        ("resolution", "anna replied: “Hello”"),
        ("resolution", "resolved by anna with a fix; cause: Fire; “Extinguished”"),
        ("kitchen", "coffee brewed: cups 3"),
    ]
    assert verdict.startswith("4 events in 3 streams; NOT OK: 1 subjects are parked in the inbox")


async def test_log_as_json_is_an_event_a_line(call, capsys) -> None:  # type: ignore[no-untyped-def]
    assert await call("log", NUMBER, "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["type"] for event in events] == [
        "TicketOpened", "AgentReplied", "TicketResolved", "CoffeeBrewed",
    ]  # fmt: skip
    assert events[0]["data"]["subject"] == "The printer is on fire"


async def test_a_ticket_that_is_not_there_is_one_line(call, capsys) -> None:  # type: ignore[no-untyped-def]
    assert await call("log", "LD-99999-99999-9") == 1
    assert capsys.readouterr().err == "✗ audit: There is no such ticket.\n"


async def test_lag_shows_every_service_and_which_is_away(call, capsys) -> None:  # type: ignore[no-untyped-def]
    async def connected() -> list[str]:
        assert await call("lag") == 1
        lines: list[str] = capsys.readouterr().out.splitlines()
        (inbox,) = [line for line in lines if line.startswith("audit")]
        assert inbox.split()[1:] == ["inbox", "5", "1", "parked"]
        return lines

    lines = await eventually(connected)
    assert any("intake does not answer at http://127.0.0.1:9" in line for line in lines)
    (numbers,) = [line for line in lines if line.split()[:1] == ["numbers"]]
    assert numbers.split() == ["numbers", "5", "0"]


async def test_parked_is_listed_shown_and_skipped(call, capsys) -> None:  # type: ignore[no-untyped-def]
    assert await call("parked", "list") == 0
    first, count = capsys.readouterr().out.splitlines()
    assert "audit/inbox" in first
    assert "fork" in first
    assert count == "1 parked"
    parked_id = first.split()[0]
    assert await call("parked", "show", parked_id[:8]) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "fork"
    assert await call("parked", "retry", parked_id) == 1
    assert "can't be retried" in capsys.readouterr().err
    assert await call("parked", "skip", parked_id) == 0
    assert capsys.readouterr().out == "skipped\n"
    assert await call("parked", "list") == 0
    assert capsys.readouterr().out == "nothing is parked\n"
    assert await call("parked", "show", parked_id) == 1
    assert "Nothing is parked under" in capsys.readouterr().err


async def test_tail_tells_what_comes(call, desk, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    told: list[str] = []
    done = threading.Event()

    def keep(text: str, **_: object) -> None:
        told.append(text)
        if len(told) == 2:
            done.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(commands, "print", keep, raising=False)
    tailing = call("tail", "--after", str(await desk[0].runtime.log.end()))
    ticket = uuid7()
    await desk[1].say(ticket, story.opened(), story.replied(5))
    await asyncio.to_thread(done.wait, 20)
    assert await tailing == 130
    assert told[0].split("  ")[-1].startswith("opened as LD-00000-00000-0")
    assert told[1].endswith("anna replied: “Hello”")


async def test_without_a_desk_there_is_one_line(call, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("LEDGERDESK_IDENTITY_SECRET")
    monkeypatch.setenv("LEDGERDESK_DATA", str(tmp_path))
    with pytest.raises(Trouble, match="There is no desk in"):
        commands.lag([])
