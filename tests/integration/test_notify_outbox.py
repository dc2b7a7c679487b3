"""The sender's outbox does not grow for ever."""

import pytest

from services.notify import sender
from shared.testing.eventually import eventually
from tests.integration.test_notify_sending import Notify, notify, server

__all__ = ["notify", "server"]

SETTLED = """
with settled as (
    insert into deliveries.notifications
        (id, subject, kind, recipient, to_customer, title, stage, attempts, reason, hard,
         requested_at, settled_at)
    select gen_random_uuid(), gen_random_uuid(), 'closure', 'a@example.com', true, '', 'sent', 1,
        '', false, now() - make_interval(days => $2), now() - make_interval(days => $2)
    from generate_series(1, $1)
    returning id, subject
)
insert into outbox.attempts
    (id, subject, state, holder, instance, lease_until, attempts, unknowns, next_at)
select id, subject, 'done', gen_random_uuid(), '0', now(), 1, 0, now() from settled
"""


async def test_what_was_settled_long_ago_is_forgotten_all_of_it_and_regularly(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sender, "FORGET_SECONDS", 0.1)
    pool = notify.runtime.pool

    async def only_the_latest() -> None:
        assert await pool.fetchval("select count(*) from outbox.attempts") == 3

    await pool.execute(SETTLED, 3, 29)
    await pool.execute(SETTLED, 2_100, 31)
    async with notify.sending():
        await eventually(only_the_latest)
        await pool.execute(SETTLED, 5, 31)
        await eventually(only_the_latest)
