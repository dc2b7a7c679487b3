"""A second address of whoever is signed in: asked for there, shown by a link to the new one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import Response

from services.portal.own_addresses import THE_SAME, WRONG
from services.portal.sessions import COOKIE, Session
from shared.address_links import LIFETIME, AddressLink, seal_address_link
from shared.clock import utc_now
from shared.ids import person_id
from tests.integration.portal_harness import SECRET, Databases, Desk, portal_on
from tests.unit.portal.test_pages import MARIA, OPENED

PATH = "/mine/addresses"
WORK, HOME = "maria@example.com", "maria@home.example"


@pytest.fixture
async def desk(service_database: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    async with portal_on(service_database, tmp_path) as made:
        await made.hears(OPENED)
        yield made


def sign_in(desk: Desk) -> None:
    answer = Response()
    desk.portal.sessions.begin(answer, Session(WORK), utc_now())
    token = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    desk.browser.cookies.set(COOKIE, token)


async def ask(desk: Desk, email: str) -> httpx.Response:
    form = await desk.form(PATH)
    return await desk.browser.post(PATH, data={**form, "email": email})


def link(desk: Desk, ago: timedelta = timedelta()) -> str:
    about = AddressLink(desk.ticket, WORK, HOME)
    return f"{PATH}/{seal_address_link(SECRET, about, utc_now() - ago)}"


async def test_whoever_is_signed_in_has_a_link_mailed_to_another_address(desk: Desk) -> None:
    assert (await desk.browser.get(PATH)).headers["location"] == "/find"
    assert (await desk.browser.post(PATH, data={"email": HOME})).headers["location"] == "/find"
    sign_in(desk)
    assert PATH in (await desk.browser.get("/mine")).text
    for typed, why in (("x", WRONG), ("a b@home.example", WRONG), (WORK.upper(), THE_SAME)):
        answer = await ask(desk, typed)
        assert (answer.status_code, why.words in answer.text) == (422, True)
    assert desk.asked == []
    desk.answers.append(httpx.Response(204))
    assert HOME in (await ask(desk, HOME)).text
    (one,) = desk.asked
    assert (one.owner, one.path) == ("notify", f"/v1/tickets/{desk.ticket}/address-link")
    assert one.body == {"address": HOME}


async def test_the_link_shows_both_and_acts_when_it_is_said_so(desk: Desk) -> None:
    page = (await desk.browser.get(link(desk))).text
    assert WORK in page
    assert HOME in page
    assert desk.asked == [], "a mail scanner that opens it links nobody"
    there = link(desk)
    form = await desk.form(there)
    assert (await desk.browser.post(there, data={"form": "x"})).status_code == 403
    desk.answers += [
        httpx.Response(409, json={"detail": "Nobody has more than 20 addresses."}),
        httpx.Response(200, json={"events": ["AddressLinked", "AddressLinked"]}),
    ]
    again = await desk.browser.post(there, data=form)
    assert (again.status_code, "Nobody has more than 20" in again.text) == (422, True)
    done = await desk.browser.post(there, data=form)
    assert (done.status_code, "belong together" in done.text) == (200, True)
    one = desk.asked[-1]
    assert (one.owner, one.path) == ("intake", f"/v1/tickets/{desk.ticket}/addresses/own")
    assert one.body == {"address": HOME, "requester": str(MARIA.person_id)}
    assert MARIA.person_id == person_id(WORK)


async def test_a_link_stands_for_a_day_and_a_ticket_s_own_is_none(desk: Desk) -> None:
    for there in (link(desk, LIFETIME), f"{PATH}/{desk.token}", f"{PATH}/x"):
        assert (await desk.browser.get(there)).status_code == 403
        assert (await desk.browser.post(there, data={"form": "x"})).status_code == 403
    assert desk.asked == []
