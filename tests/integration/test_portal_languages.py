"""The portal's pages in the language and the zone of whoever reads them."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from fastapi import Response

from services.portal.guard import busy_page
from services.portal.reader import COOKIE
from services.portal.sessions import COOKIE as SESSION
from services.portal.sessions import Session
from shared.clock import utc_now
from shared.events.assignment import TicketQueued
from shared.events.intake import ClarificationRequested, Question
from shared.events.participants import CopyInvited
from shared.events.resolution import AgentReplied, ProgressKind, ProgressReported
from shared.events.sla import ClockKind
from shared.ids import uuid7
from shared.links import Link, sign_link
from shared.testing.spec import T0
from tests.integration.portal_harness import (
    SECRET,
    TYPED,
    Databases,
    Desk,
    portal_on,
    refused,
    taken,
)
from tests.unit.portal.test_languages import ENGLISH_WORDS
from tests.unit.portal.test_pages import (
    ASSIGNED,
    CLOSED,
    EMIL,
    MARIA,
    OPENED,
    PRIORITISED,
    RESOLVED,
    clock,
)

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.8"}

SAID_BY_PEOPLE = (
    "Business critical outage", "Checkout is down", 'Checkout "is" down', "Nobody can pay.",
    "Which system?", "Since when?", "Since when", "Which order?", "A full disk", "Freed it", "Look",
)  # fmt: skip
"""What stays as its author wrote it: the desk's own words, and those of agents and customers."""


@pytest.fixture
async def desk(service_database: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    async with portal_on(service_database, tmp_path) as made:
        made.browser.headers.update(GERMAN)
        yield made


def words_of(page: httpx.Response) -> str:
    """All that people read of a page, or hear of it."""
    assert page.headers["content-language"] == "de"
    assert '<html lang="de">' in page.text
    labels = re.findall(r'(?:aria-label|data-too-\w+)="([^"]*)"', page.text)
    text = unescape(re.sub(r"<[^>]*>", " ", page.text) + " ".join(labels))
    for theirs in SAID_BY_PEOPLE:
        text = text.replace(theirs, "")
    return text


def left_in_english(page: httpx.Response) -> list[str]:
    return re.findall(ENGLISH_WORDS, words_of(page))


async def test_pages_that_open_a_ticket_are_in_german(desk: Desk) -> None:
    assert "Wie können wir helfen?" in words_of(await desk.browser.get("/"))
    for path in ("/", "/new/outage", "/find", "/nothing", "/t/x"):
        assert left_in_english(await desk.browser.get(path)) == [], path
    sent = TYPED | await desk.form("/new/outage")
    desk.answers += [
        refused(422, "Some fields are missing or malformed: `errors` names each.",
                ("requester.email", "is not a mail address: it has no @-sign"),
                ("custom_fields.since", "is required"), ("strange", "is odd")),
        taken(desk),
    ]  # fmt: skip
    page = await desk.browser.post("/new/outage/send", data=sent)
    assert left_in_english(page) == []
    words = words_of(page)
    assert "Ihre E-Mail-Adresse: das ist keine E-Mail-Adresse." in words
    assert "„“: bitte ausfüllen." in words
    assert "strange: so können wir das nicht annehmen." in words
    answer = await desk.browser.post("/new/outage/send", data=sent)
    assert left_in_english(await desk.browser.get(answer.headers["location"])) == []


async def test_a_tickets_page_is_in_german_all_its_life(desk: Desk) -> None:
    opener = sign_link(SECRET, Link(desk.ticket, MARIA.person_id, opened=True), utc_now())
    assert left_in_english(await desk.browser.get(f"/t/{desk.token}")) == []
    asked = ClarificationRequested(
        questions=(Question(field="order", text="Which order?"),), requested_at=T0
    )
    life = (
        (OPENED, PRIORITISED, asked),
        (TicketQueued(team_id="ops", team_name="Technik", reason="x", queued_at=T0),
         clock(ClockKind.FIRST_RESPONSE, 60), ASSIGNED.model_copy(update={"team_name": "Technik"}),
         CopyInvited(person=EMIL, invited_at=T0)),
        (AgentReplied(replied_by="anna", agent_name="Anna", text="Look", replied_at=T0),
         ProgressReported(kind=ProgressKind.FINDING, text="Look", reported_by="anna",
                          agent_name="Anna", reported_at=T0)),
        (RESOLVED,),
        (CLOSED,),
    )  # fmt: skip
    for events in life:
        await desk.hears(*events)
        for token in (desk.token, opener):
            page = await desk.browser.get(f"/t/{token}")
            assert left_in_english(page) == [], words_of(page)
        for action in ("confirm", "reject", "reopen", "feedback", "notifications"):
            page = await desk.browser.get(f"/t/{desk.token}/{action}")
            assert left_in_english(page) == [], (action, words_of(page))
    words = words_of(await desk.browser.get(f"/t/{desk.token}"))
    for told in ("Geschlossen", "Anna von Technik hat es übernommen.", "Es ist ein Notfall.",
                 "Was wir gefunden haben", "Die Ursache", "Emil wurde gefragt"):  # fmt: skip
        assert told in words, told


async def test_what_went_wrong_on_a_tickets_page_is_told_in_german(desk: Desk) -> None:
    await desk.hears(OPENED)
    action = f"/t/{desk.token}/reply"
    form = await desk.form(f"/t/{desk.token}", action)
    page = await desk.browser.post(action, data={**form, "text": ""})
    assert "Bitte schreiben Sie etwas." in words_of(page)
    desk.answers += [refused(409, "This ticket is archived: open a new one.")]
    page = await desk.browser.post(action, data={**form, "text": "Hallo"})
    assert "Dieses Ticket ist archiviert" in words_of(page)
    large = {"attachments": ("a.bin", b"x" * 1001)}
    page = await desk.browser.post(action, data={**form, "text": "Hallo"}, files=large)
    assert "a.bin ist zu groß" in words_of(page)
    assert left_in_english(page) == []
    page = await desk.browser.post(action, data={"form": "x"})
    assert (page.status_code, left_in_english(page)) == (403, [])
    stranger = sign_link(SECRET, Link(desk.ticket, EMIL.person_id, opened=True), utc_now())
    page = await desk.browser.post(f"/t/{stranger}/confirm", data={"form": "x"})
    assert "Mit diesem hier geht das nicht." in words_of(page)


async def test_a_chosen_language_is_remembered_and_outweighs_the_browsers(desk: Desk) -> None:
    front = await desk.browser.get("/")
    assert '<a href="?language=en" lang="en" hreflang="en"' in front.text
    assert "set-cookie" not in front.headers
    chosen = await desk.browser.get("/?language=en")
    assert "How can we help?" in chosen.text
    assert desk.browser.cookies[COOKIE] == "en"
    for flag in ("HttpOnly", "SameSite=lax", "Max-Age=31536000"):
        assert flag in chosen.headers["set-cookie"]
    assert "How can we help?" in (await desk.browser.get("/")).text
    assert "Subject" in (await desk.browser.get("/new/outage")).text
    strange = await desk.browser.get("/?language=%22%3E")
    assert ("set-cookie" in strange.headers, "How can we help?" in strange.text) == (False, True)
    page = await desk.browser.post("/find?language=de", data={"form": "x"})
    assert ("set-cookie" in page.headers, "language=de" in page.text) == (False, False)


async def test_intake_is_told_what_the_customer_speaks_and_where_they_are(desk: Desk) -> None:
    sent = TYPED | await desk.form("/new/outage")
    for zone, cookie in (("Europe/Vienna", ""), ("Etc/Unknown", "en"), ("", "en")):
        if cookie:
            desk.browser.cookies.set(COOKIE, cookie)
        desk.answers += [taken(desk)]
        await desk.browser.post("/new/outage/send", data=sent | {"timezone": zone})
    told = [(one.body.get("language"), one.body.get("timezone")) for one in desk.asked]
    assert told == [("de-AT", "Europe/Vienna"), ("en", None), ("en", None)]


async def test_times_are_told_in_the_zone_of_the_requester(desk: Desk) -> None:
    there = OPENED.model_copy(update={"timezone": "Asia/Tokyo"})
    await desk.hears(there, clock(ClockKind.FIRST_RESPONSE, 60))
    words = words_of(await desk.browser.get(f"/t/{desk.token}"))
    assert "Montag, 2. März 2026, 18:00 Uhr (Asia/Tokyo)" in words
    signed_in = Response()
    desk.portal.sessions.begin(signed_in, Session(MARIA.email), utc_now())
    cookie = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
    desk.browser.cookies.set(SESSION, cookie)
    await desk.hears(OPENED.model_copy(update={"number": "LD-2"}), subject=uuid7())
    page = await desk.browser.get("/mine")
    assert left_in_english(page) == []
    assert "LD-7KQ4M-2XR9C-5, geöffnet 2.3.2026, 18:00" in words_of(page)
    assert "LD-2, geöffnet 2.3.2026, 09:00" in words_of(page)


async def test_whoever_finds_no_place_is_told_so_in_their_language(desk: Desk) -> None:
    transport = httpx.ASGITransport(app=busy_page(desk.portal.desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as browser:
        page = await browser.get("/", headers=GERMAN)
        assert (page.status_code, page.headers["retry-after"]) == (429, "1")
        assert left_in_english(page) == []
        assert "One moment" in (await browser.get("/")).text
