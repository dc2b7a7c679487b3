"""A mail server that fails at every point of a dialogue: what is on record, and what arrives."""

import pytest

from services.notify import sender
from shared.postgres import Pool
from shared.testing.eventually import eventually
from tests.integration.test_notify_sending import Notify, notify, server
from tests.unit.notify.examples import opened
from tests.unit.notify.mail_server import MailServer

__all__ = ["notify", "server"]

QUICK = {"smtp_timeout_seconds": 0.3}


async def unknowns(notify: Notify) -> list[bool]:
    """Of each failure on record, whether its outcome was unknown."""
    past = await notify.runtime.log.read(notify.ticket)
    return [e.event.unknown for e in past.events if e.type == "NotificationFailed"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "trouble", ["BANNER 421 not now", "EHLO 450 not now", "HANG BANNER", "HANG EHLO"]
)
async def test_a_server_that_lets_nobody_in_costs_no_try(
    notify: Notify, server: MailServer, trouble: str
) -> None:
    server.script = [trouble]
    async with notify.sending(**QUICK):
        await notify.hears(opened())
        await notify.said("Requested", "Sent")
    assert not server.script
    assert len(server.mails) == 1
    assert (await notify.rows())[0]["attempts"] == 1


@pytest.mark.parametrize(
    "trouble",
    ["HANG MAIL", "HANG RCPT", *(f"{at} 451 later" for at in ("MAIL", "RCPT", "DATA", "DOT"))],
)
async def test_what_was_surely_not_taken_is_put_off_and_sent_once(
    notify: Notify, server: MailServer, trouble: str
) -> None:
    server.script = [trouble]
    async with notify.sending(**QUICK):
        await notify.hears(opened())
        await notify.said("Requested", "Sent")
    assert not server.script
    assert len(server.mails) == 1
    assert (await notify.rows())[0]["attempts"] == 2
    assert await unknowns(notify) == []


@pytest.mark.parametrize("trouble", ["HANG DATA", "HANG DOT", "HANG", "CUT"])
async def test_what_may_have_been_taken_is_unknown_on_record_and_sent_once_more(
    notify: Notify, server: MailServer, trouble: str
) -> None:
    server.script = [trouble]
    async with notify.sending(**QUICK):
        await notify.hears(opened())
        await notify.said("Requested", "Failed", "Sent")
    assert await unknowns(notify) == [True]
    assert len(server.mails) == (2 if trouble in {"HANG", "CUT"} else 1)
    assert len(set(server.message_ids)) == 1


@pytest.mark.parametrize("trouble", ["REFUSE", "HANG BANNER", "EHLO 421 shutting down"])
async def test_mails_wait_for_a_server_that_is_away_for_long(
    notify: Notify, server: MailServer, trouble: str
) -> None:
    await server.do(trouble)
    async with notify.sending(**QUICK):
        await notify.hears(opened())
        await server.do("")
        await notify.said("Requested", "Sent")
    assert len(server.mails) == 1
    assert (await notify.rows())[0]["attempts"] == 1
    assert await unknowns(notify) == []


async def test_a_crash_after_it_was_said_leaves_nothing_to_do(
    notify: Notify, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says sent, the read model too, and the outbox was never told."""
    monkeypatch.setattr(sender, "TIDY_SECONDS", 0.0)
    async with notify.sending():
        await notify.hears(opened())
        await notify.said("Requested", "Sent")
    pool = notify.runtime.pool
    await pool.execute(
        "update outbox.attempts set state = 'sending', lease_until = now() - interval '1 second'"
    )
    async with notify.sending():
        await eventually(lambda: _all_done(pool))
    assert len(server.mails) == 1


async def _all_done(pool: Pool) -> bool:
    states = await pool.fetch("select state from outbox.attempts")
    return bool(states) and {row["state"] for row in states} == {"done"}
