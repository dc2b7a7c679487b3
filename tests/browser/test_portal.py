"""The portal in a real browser: what a script adds, what works without, and how a ticket goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Page, expect

from deploy.local.process import free_port
from shared.events.assignment import TicketQueued
from shared.events.desk import FieldCondition, FormField
from shared.events.resolution import AgentReplied
from shared.events.review import FeedbackReceived
from shared.events.sla import ClockKind
from shared.ids import desk_id
from shared.testing.eventually import eventually
from shared.testing.spec import T0
from tests.integration.portal_harness import TOPIC, Databases, Desk, portal_on, refused, taken
from tests.unit.portal.test_pages import (
    ASSIGNED,
    CLOSED,
    OPENED,
    PRIORITISED,
    REJECTED,
    REOPENED,
    RESOLVED,
    clock,
)
from tests.unit.portal.test_similar import PUBLISHED

pytestmark = pytest.mark.browser

NewPage = Callable[..., Awaitable[Page]]

FIELDS = (
    FormField(name="system", label="Which system?", kind="choice", choices=("Shop", "Mail")),
    FormField(
        name="number", label="Number", shown_when=FieldCondition(field="system", values=("Shop",))
    ),
    FormField(
        name="photo", label="A photo", kind="file", required_when=FieldCondition(field="number")
    ),
)

REPLIED = AgentReplied(
    replied_by="anna", agent_name="Anna Berg", text="Which error do you see?",
    awaits_customer=True, replied_at=T0,
)  # fmt: skip
QUEUED = TicketQueued(team_id="ops", team_name="Operations", reason="x", queued_at=T0)
BEGUN = (OPENED, PRIORITISED, QUEUED, clock(ClockKind.RESOLUTION, 240), ASSIGNED, REPLIED)

UNNAMED = """() => [...document.querySelectorAll('main :is(input, select, textarea, button)')]
    .filter(each => each.type !== 'hidden' && !each.closest('[aria-hidden], [hidden]')
        && !each.labels?.length && !each.textContent.trim())
    .map(each => each.outerHTML)"""
"""Controls that a screen reader has no name for."""

DANGLING = """() => [...document.querySelectorAll('[aria-describedby], [aria-labelledby]')]
    .flatMap(each => [each.getAttribute('aria-describedby'), each.getAttribute('aria-labelledby')])
    .filter(Boolean).flatMap(ids => ids.split(' '))
    .filter(id => !document.getElementById(id))"""
"""What is said to describe or name something, and isn't there."""

TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
async def desk(service_database: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    async with portal_on(service_database, tmp_path) as made:
        topic = TOPIC.model_copy(update={"fields": FIELDS, "revision": 2})
        await made.hears(topic, subject=desk_id("topic", "outage"))
        await made.hears(PUBLISHED.model_copy(update={"title": "When the checkout is down"}))
        yield made


@pytest.fixture
async def url(desk: Desk) -> AsyncIterator[str]:
    """The portal, on a port."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(desk.app, port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    server.force_exit = True
    await serving


async def is_sound(page: Page) -> None:
    """Everything has a name, and nothing stands beyond the page's edge."""
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(DANGLING) == []
    assert not await page.evaluate(TOO_WIDE)


async def test_a_form_with_a_script_asks_only_what_it_has_to(
    desk: Desk, url: str, new_page: NewPage, tmp_path: Path
) -> None:
    page = await new_page(locale="en-GB", timezone_id="Europe/London")
    await page.goto(url)
    await page.get_by_role("link", name="Business critical outage").click()
    number = page.get_by_label("Number")
    await expect(number).to_be_hidden()
    await page.get_by_label("Which system?").select_option("Shop")
    await number.fill("4711")
    photo = page.get_by_label("A photo")
    await expect(photo).to_have_attribute("aria-required", "true")
    (tmp_path / "large.png").write_bytes(b"x" * 1001)
    await photo.set_input_files(tmp_path / "large.png")
    await expect(page.get_by_role("alert")).to_have_text("Too large to be sent: large.png.")
    await photo.set_input_files([])
    await page.get_by_label("Which system?").select_option("Mail")
    await expect(number).to_be_hidden()
    assert await photo.get_attribute("aria-required") is None

    await page.get_by_label("Subject").fill("The checkout is down")
    await expect(page.get_by_role("link", name="When the checkout is down")).to_be_visible()
    await is_sound(page)
    desk.answers += [refused(422, "x", ("description", "is required")), taken(desk)]
    await page.get_by_label("Subject").press("Enter")
    await expect(page.locator(".problems")).to_be_focused()
    await is_sound(page)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What happened?")).to_be_focused()
    await page.keyboard.type("Nobody can pay.")
    await page.get_by_role("button", name="Send request").click()
    await page.wait_for_url("**/received")
    told = [(one.body["custom_fields"], one.body["timezone"]) for one in desk.asked]
    assert told == [({"system": "Mail"}, "Europe/London")] * 2


async def test_a_form_without_a_script_offers_and_loses_nothing(
    desk: Desk, url: str, new_page: NewPage, tmp_path: Path
) -> None:
    page = await new_page(scripts=False)
    await page.goto(f"{url}/new/outage")
    await expect(page.get_by_text("Only if “Which system” is Shop.")).to_be_visible()
    await page.get_by_label("Subject").fill("The checkout is down")
    await page.get_by_label("What happened?").fill("Nobody can pay.")
    (tmp_path / "till.png").write_bytes(b"png")
    await page.get_by_label("A photo").set_input_files(tmp_path / "till.png")
    await page.get_by_role("button", name="Send request").click()
    await expect(page.get_by_role("heading", name="Before you send this")).to_be_visible()
    await expect(page.get_by_label("What happened?")).to_have_value("Nobody can pay.")
    await expect(page.get_by_label("till.png")).to_be_checked()
    assert desk.asked == []
    desk.answers += [taken(desk)]
    await page.get_by_role("button", name="Send request").click()
    await page.wait_for_url("**/received")
    assert desk.asked[0].body["attachments"][0]["field"] == "photo"
    assert "timezone" not in desk.asked[0].body


async def test_a_ticket_is_answered_rejected_confirmed_and_rated(
    desk: Desk, url: str, new_page: NewPage
) -> None:
    await desk.hears(*BEGUN)
    page = await new_page()
    await page.goto(f"{url}/t/{desk.token}")
    await expect(page.get_by_role("heading", name="Checkout is down")).to_be_visible()
    await expect(page.get_by_text("We need your answer before we can go on.")).to_be_visible()
    await is_sound(page)
    await page.get_by_role("button", name="Send message").click()
    await page.get_by_role("link", name="Please write something.").click()
    await expect(page.get_by_label("Your message")).to_be_focused()
    await page.keyboard.type("It says: no space left.")
    desk.answers += [taken(desk, 200)]
    await page.get_by_role("button", name="Send message").click()
    await expect(page.get_by_role("status")).to_contain_text("Your message has reached us.")

    await desk.hears(RESOLVED)
    await page.goto(f"{url}/t/{desk.token}")
    await expect(page.locator(".solution")).to_contain_text("Freed it")
    await page.get_by_role("link", name="No, not yet").click()
    desk.answers += [taken(desk, 200)]
    await page.get_by_label("What does not work?").fill("It is full again.")
    await page.get_by_role("button", name="It does not work").click()
    await expect(page.get_by_role("status")).to_contain_text("We are on it again.")

    await desk.hears(REJECTED, REOPENED, RESOLVED)
    await page.goto(f"{url}/t/{desk.token}/confirm")
    await is_sound(page)
    desk.answers += [taken(desk, 200)]
    await page.get_by_label("Anything you want to tell us?").fill("It runs.")
    await page.get_by_role("button", name="Yes, it works").click()
    await expect(page.get_by_role("status")).to_contain_text("telling us that it works")

    await desk.hears(CLOSED)
    await page.goto(f"{url}/t/{desk.token}")
    await page.get_by_role("link", name="Rate us").click()
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.get_by_role("alert")).to_contain_text("Please choose a number from 1 to 5.")
    await is_sound(page)
    await page.get_by_label("5 very good").check(force=True)
    desk.answers += [taken(desk, 200)]
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.get_by_role("status")).to_contain_text("Thank you for your feedback.")
    await desk.hears(FeedbackReceived(rating=5, given_by="customer", given_at=T0))
    await page.goto(f"{url}/t/{desk.token}")
    await expect(page.get_by_text("You rated us 5 of 5. Thank you.")).to_be_visible()
    assert [(one.path.rpartition("/")[2], one.body) for one in desk.asked] == [
        ("messages", {"text": "It says: no space left.", "attachments": []}),
        ("reject", {"reason": "It is full again."}),
        ("confirm", {"comment": "It runs."}),
        ("feedback", {"rating": 5, "comment": "", "recurred": False}),
    ]


async def test_a_customer_who_reads_german_is_served_in_german(
    desk: Desk, url: str, new_page: NewPage
) -> None:
    phone = {"width": 390, "height": 844}
    page = await new_page(locale="de-AT", timezone_id="Europe/Vienna", viewport=phone)
    await page.goto(url)
    await expect(page.get_by_role("heading", name="Wie können wir helfen?")).to_be_visible()
    await is_sound(page)
    await page.get_by_role("link", name="Business critical outage").click()
    await page.get_by_label("Betreff").fill("The checkout is down")
    await expect(page.get_by_role("heading", name="Das könnte helfen")).to_be_visible()
    await page.get_by_label("Was ist passiert?").fill("Niemand kann zahlen.")
    await page.get_by_label("Ihr Name").fill("Maria")
    desk.answers += [refused(422, "x", ("requester.email", "is required")), taken(desk)]
    await page.get_by_role("button", name="Anfrage senden").click()
    await page.get_by_role("link", name="Ihre E-Mail-Adresse: bitte ausfüllen.").click()
    await is_sound(page)
    await page.keyboard.type("maria@example.com")
    await page.get_by_role("button", name="Anfrage senden").click()
    await expect(page.get_by_text("Ihre Ticketnummer ist")).to_be_visible()
    told = desk.asked[-1].body
    assert (told["language"], told["timezone"]) == ("de-AT", "Europe/Vienna")

    await desk.hears(OPENED.model_copy(update={"timezone": told["timezone"]}), *BEGUN[1:])
    await page.goto(f"{url}/t/{desk.token}")
    await expect(page.get_by_text("Wir brauchen Ihre Antwort")).to_be_visible()
    await expect(page.get_by_text("10:00 Uhr (Europe/Vienna)")).to_be_visible()
    await is_sound(page)
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_text("We need your answer before we can go on.")).to_be_visible()
    await page.goto(url)
    await expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
