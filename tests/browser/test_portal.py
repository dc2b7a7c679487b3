"""The portal's forms in a real browser: what a script adds, and what works without."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Page, expect

from deploy.local.process import free_port
from shared.events.intake import FieldCondition, FormField
from shared.ids import desk_id
from shared.testing.eventually import eventually
from tests.integration.portal_harness import TOPIC, Databases, Desk, portal_on, refused, taken
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
    server = uvicorn.Server(uvicorn.Config(desk.app, port=port, log_config=None))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    server.force_exit = True
    await serving


async def test_a_form_with_a_script_asks_only_what_it_has_to(
    desk: Desk, url: str, new_page: NewPage, tmp_path: Path
) -> None:
    page = await new_page()
    await page.goto(f"{url}/new/outage")
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
    assert await page.evaluate(UNNAMED) == []
    desk.answers += [refused(422, "x", ("description", "is required")), taken(desk)]
    await page.get_by_label("Subject").press("Enter")
    await expect(page.locator(".problems")).to_be_focused()
    assert await page.evaluate(DANGLING) == []
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What happened?")).to_be_focused()
    await page.keyboard.type("Nobody can pay.")
    await page.get_by_role("button", name="Send request").click()
    await page.wait_for_url("**/received")
    assert [one.body["custom_fields"] for one in desk.asked] == [{"system": "Mail"}] * 2


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
