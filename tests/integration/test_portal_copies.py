"""Somebody in copy: asked by the requester, let in once they agree, out again."""

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from shared.clock import utc_now
from shared.events.resolution import AgentReplied
from shared.links import Link, sign_link
from shared.testing.spec import T0
from tests.integration.portal_harness import SECRET, Databases, Desk, portal_on, refused, taken
from tests.unit.portal.test_pages import AGREED, ASSIGNED, EMIL, INVITED, LEFT, OPENED, RESOLVED

REPLY = AgentReplied(replied_by="anna", agent_name="Anna", text="The code is tulip.", replied_at=T0)


@pytest.fixture
async def desk(service_database: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    async with portal_on(service_database, tmp_path) as made:
        await made.hears(OPENED, ASSIGNED, REPLY, INVITED)
        yield made


async def test_the_requester_asks_somebody_and_nothing_typed_is_lost(desk: Desk) -> None:
    page = f"/t/{desk.token}"
    shown = (await desk.browser.get(page)).text
    assert "Emil" in shown
    assert "has not agreed yet" in shown
    form = await desk.form(page, f"{page}/copy")
    empty = await desk.browser.post(f"{page}/copy", data=form | {"copy.email": "dora"})
    assert "Please give their name." in empty.text
    assert 'value="dora"' in empty.text
    desk.answers += [refused(422, "x", ("email", "is not a mail address")), taken(desk, 200)]
    typed = form | {"copy.name": "Dora", "copy.email": "dora@x"}
    wrong = unescape((await desk.browser.post(f"{page}/copy", data=typed)).text)
    assert "Their e-mail address is not a mail address." in wrong
    assert (await desk.browser.post(f"{page}/copy", data=typed)).status_code == 303
    last = desk.asked[-1]
    assert (last.path, last.body) == (
        f"/v1/tickets/{desk.ticket}/copies", {"name": "Dora", "email": "dora@x"},
    )  # fmt: skip


async def test_somebody_in_copy_reads_once_they_agree_and_until_it_ends(desk: Desk) -> None:
    page = "/t/" + sign_link(SECRET, Link(desk.ticket, EMIL.person_id), utc_now())
    asked = (await desk.browser.get(page)).text
    assert "wants you to be in copy" in asked
    assert "tulip" not in asked
    reply = desk.portal.tokens.make(f"reply {page[3:]}")
    sent = await desk.browser.post(f"{page}/reply", data={"form": reply, "text": "Hello"})
    assert sent.status_code == 403
    desk.answers += [taken(desk, 200)] * 2
    joined = await desk.browser.post(f"{page}/join", data=await desk.form(page))
    assert joined.status_code == 303
    assert desk.asked[-1].path == f"/v1/tickets/{desk.ticket}/copies/confirm"

    await desk.hears(AGREED, RESOLVED)
    shown = (await desk.browser.get(page)).text
    assert "tulip" in shown
    assert "Does it work for you?" not in shown
    assert "Add somebody" not in shown
    for action in ("confirm", "copy", "feedback"):
        token = desk.portal.tokens.make(f"{action} {page[3:]}")
        answer = await desk.browser.post(f"{page}/{action}", data={"form": token, "rating": "1"})
        assert answer.status_code == 403
    sent = await desk.browser.post(f"{page}/reply", data={"form": reply, "text": "Hello"})
    assert sent.status_code == 303
    assert desk.confirmed == []

    await desk.hears(LEFT)
    assert (await desk.browser.get(page)).status_code == 403
