"""What is offered while a subject is typed, with and without a script."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import Response

from services.portal.sessions import COOKIE, Session
from shared.clock import utc_now
from shared.events.review import ArticleWithdrawn
from shared.ids import uuid7
from shared.testing.spec import T0
from tests.integration.portal_harness import TYPED, Databases, Desk, portal_on, taken, token_in
from tests.unit.portal.test_pages import CLOSED, OPENED
from tests.unit.portal.test_similar import PUBLISHED

ARTICLE = PUBLISHED.model_copy(
    update={"title": "When the checkout <is> down", "body": "Restart the checkout.\n\nThen wait."}
)


@pytest.fixture
async def desk(service_database: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    async with portal_on(service_database, tmp_path) as made:
        yield made


def sign_in(desk: Desk, email: str) -> None:
    given = Response()
    desk.portal.sessions.begin(given, Session(email), utc_now())
    token = given.headers["set-cookie"].partition("=")[2].partition(";")[0]
    desk.browser.cookies.set(COOKIE, token)


async def offered(desk: Desk, subject: str) -> str:
    return (await desk.browser.post("/new/outage/similar", data={"subject": subject})).text


async def test_articles_are_offered_by_the_words_they_have_in_common(desk: Desk) -> None:
    await desk.hears(ARTICLE)
    found = await offered(desk, "Our checkouts were down after a restarting")
    assert "When the checkout &lt;is&gt; down" in found
    assert 'href="/articles/a-1"' in found
    for nothing in ("Invoice is wrong", "", "checkout of a book", "' & | :* \\ ("):
        assert "<li>" not in await offered(desk, nothing), nothing
    page = (await desk.browser.get("/articles/a-1")).text
    assert "<p>Restart the checkout.</p><p>Then wait.</p>" in page
    await desk.hears(ArticleWithdrawn(article_id="a-1", withdrawn_by="anna", withdrawn_at=T0))
    assert "<li>" not in await offered(desk, "Checkout down, restart")
    assert (await desk.browser.get("/articles/a-1")).status_code == 404


async def test_own_open_tickets_are_offered_to_whoever_is_signed_in(desk: Desk) -> None:
    await desk.hears(OPENED.model_copy(update={"subject": "Checkout of the shop is down"}))
    closed = OPENED.model_copy(update={"subject": "Checkout was down", "number": "LD-2"})
    await desk.hears(closed, CLOSED, subject=uuid7())
    assert "<li>" not in await offered(desk, "Checkout of our shop")
    sign_in(desk, "else@example.com")
    assert "<li>" not in await offered(desk, "Checkout of our shop")
    sign_in(desk, "maria@example.com")
    found = await offered(desk, "Checkout of our shop")
    assert found.count("<li>") == 1
    assert "Checkout of the shop is down" in found
    (link,) = re.findall(r'href="(/t/[^"]+)"', found)
    assert "is in the mails that we sent" not in (await desk.browser.get(link)).text


async def test_without_a_script_it_is_offered_once_before_the_form_is_sent(desk: Desk) -> None:
    await desk.hears(ARTICLE)
    sent = TYPED | await desk.form("/new/outage") | {"subject": "Checkout is down, restart?"}
    files = {"attachments": ("screen.png", b"png", "image/png")}
    page = (await desk.browser.post("/new/outage/send", data=sent, files=files)).text
    assert "Before you send this" in page
    assert "Nobody can pay." in page
    assert desk.asked == []
    assert token_in(page) == sent["form"]
    kept = re.findall(r'name="kept" value="([^"]+)"', page)
    desk.answers += [taken(desk)]
    assert 'name="offered" value="yes"' in page
    again = {**sent, "kept": kept, "offered": "yes"}
    assert (await desk.browser.post("/new/outage/send", data=again)).status_code == 303
    assert desk.asked[0].body["attachments"][0]["name"] == "screen.png"


async def test_whoever_is_signed_in_opens_a_ticket_with_an_address_that_is_theirs(
    desk: Desk,
) -> None:
    sign_in(desk, "maria@example.com")
    assert 'value="maria@example.com"' in (await desk.browser.get("/new/outage")).text
    for email, confirmed in (("else@example.com", 0), ("maria@example.com", 1)):
        sent = TYPED | await desk.form("/new/outage") | {"requester.email": email}
        desk.answers += [taken(desk)]
        await desk.browser.post("/new/outage/send", data=sent)
        assert len(desk.confirmed) == confirmed
