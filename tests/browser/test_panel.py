"""The panel in a real browser, on a real database; the owners of commands are stood for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import uvicorn
from playwright.async_api import Page, expect

from deploy.local.process import free_port
from shared.events.resolution import CannedResponse, WorkRulesDefined
from shared.ids import desk_id
from shared.testing.eventually import eventually
from tests.browser.pages import Panel, TicketPage
from tests.integration.gateway_harness import Databases, Desk, gateway_on
from tests.unit.gateway import story
from tests.unit.gateway.story import NUMBER, at

pytestmark = pytest.mark.browser

NewPage = Callable[..., Awaitable[Page]]
SECOND = story.ticket(2)


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        await made.hear(
            story.ticket(1),
            story.opened(),
            *story.triaged(),
            story.assigned(),
            *story.clocks(at(15), at(240)),
        )
        await made.hear(
            SECOND,
            story.opened(story.number(2), "The second one"),
            *story.triaged(),
            story.assigned(),
            *story.clocks(at(30), at(500)),
        )
        yield made


@pytest.fixture
async def url(desk: Desk) -> AsyncIterator[str]:
    """The panel, on a port."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(desk.app, port=port, log_config=None))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    server.force_exit = True
    await serving


async def anna_on(page: Page, url: str) -> Panel:
    panel = Panel(page, url)
    await panel.sign_in("anna@desk.example", story.TOKENS["anna"])
    return panel


async def test_the_queue_is_walked_with_the_keyboard(url: str, new_page: NewPage) -> None:
    page = await new_page()
    panel = await anna_on(page, url)
    assert await panel.subjects() == ["Nothing works", "The second one"]
    for key in ("j", "j", "j", "k", "j"):
        await page.keyboard.press(key)
    await page.keyboard.press("Enter")
    await expect(page).to_have_title(f"{story.number(2)} The second one · Ledgerdesk")
    await page.keyboard.press("q")
    await expect(page.get_by_role("heading", name="My queue")).to_be_visible()


async def test_a_reply_is_written_with_the_keyboard_alone(
    desk: Desk, url: str, new_page: NewPage
) -> None:
    page = await new_page()
    await (await anna_on(page, url)).open(NUMBER)
    await page.keyboard.press("n")
    await expect(page.locator("[data-pane=note] textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await page.keyboard.type("We are on it, r and n are only letters here.")
    await page.keyboard.press("Control+Enter")
    await TicketPage(page).shows(text="Your reply is on its way.")
    assert desk.owners.sent[-1].body["text"] == "We are on it, r and n are only letters here."


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_everything_can_be_done_with_and_without_scripts(
    desk: Desk, url: str, new_page: NewPage, scripts: bool
) -> None:
    page = await new_page(scripts=scripts)
    ticket = await (await anna_on(page, url)).open(NUMBER)
    await ticket.do("note", "Your note is there", text="Upset!", pinned=True)
    await ticket.do("resolve", "Resolved", kind="fix", cause="Fuse", note="Replaced the fuse")
    await ticket.beside("assign", "Assigned", agent_id="ben", reason="He knows")
    await ticket.press("Start work", "You work on it now")
    assert [sent.path.rsplit("/", 1)[-1] for sent in desk.owners.sent] == [
        "notes",
        "resolve",
        "assign",
        "start",
    ]


async def test_what_the_customer_writes_appears_by_itself_and_a_draft_is_left_alone(
    desk: Desk, url: str, new_page: NewPage
) -> None:
    page = await new_page()
    ticket = await (await anna_on(page, url)).open(NUMBER)
    await ticket.fill("reply", text="My long answer")
    await desk.hear(story.ticket(1), story.message("It is even worse now"))
    await ticket.shows(text="It is even worse now")
    await expect(page.locator("[data-pane=reply] textarea")).to_have_value("My long answer")

    # What was begun before the message came is not sent without a second look.
    await ticket.send("reply")
    await ticket.shows(text="Nothing was sent yet")
    await expect(page.locator("[data-pane=reply] textarea")).to_have_value("My long answer")
    assert not desk.owners.sent
    await ticket.send("reply")
    await ticket.shows(text="Your reply is on its way.")


async def test_a_refusal_keeps_what_was_typed(desk: Desk, url: str, new_page: NewPage) -> None:
    page = await new_page()
    ticket = await (await anna_on(page, url)).open(NUMBER)
    desk.owners.answers = [httpx.Response(409, json={"code": "x", "detail": "It is on hold."})]
    await ticket.fill("resolve", kind="workaround", cause="A fuse", note="Use the other till")
    await ticket.send("resolve")
    await ticket.shows(text="It is on hold.")
    await expect(page.locator("[data-pane=resolve] textarea")).to_have_value("Use the other till")
    await expect(page.locator("[data-pane=resolve] select")).to_have_value("workaround")
    await expect(page.locator("[data-pane=resolve]")).to_be_visible()


async def test_a_manager_sets_priority_and_plan(desk: Desk, url: str, new_page: NewPage) -> None:
    page = await new_page()
    panel = Panel(page, url)
    await panel.sign_in("mara@desk.example", story.TOKENS["mara"])
    await panel.go_to("My teams")
    ticket = await panel.open_from_queue("Nothing works")
    await ticket.beside("priority", "The priority is set", priority="high", reason="Not so bad")
    await ticket.beside("plan", "The plan is set", plan_id="emergency", reason="Contract")
    assert [sent.body for sent in desk.owners.sent] == [
        {"priority": "high", "reason": "Not so bad"},
        {"plan_id": "emergency", "reason": "Contract"},
    ]


async def test_tickets_are_found_by_words_and_number(url: str, new_page: NewPage) -> None:
    page = await new_page()
    panel = await anna_on(page, url)
    await panel.find("router blinks red")
    assert sorted(await panel.subjects()) == ["Nothing works", "The second one"]
    await panel.find(story.number(2))
    assert await panel.subjects() == ["The second one"]


async def test_what_is_being_typed_is_kept_and_prepared_texts_go_where_the_cursor_is(
    desk: Desk, url: str, new_page: NewPage
) -> None:
    rules = WorkRulesDefined(
        responses=(
            CannedResponse(
                response_id="hi", name="Greet", text="Hello {{ requester.first_name }}!"
            ),
        ),
        revision=1,
    )
    await desk.hear(desk_id("work-rules", "work-rules"), rules)
    page = await new_page()
    panel = await anna_on(page, url)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=status]")).to_be_visible()
    await page.keyboard.press("c")
    await page.keyboard.press("Enter")
    field = page.locator("form[data-form=reply] textarea")
    await expect(field).to_have_value("Hello Olga!")
    await page.keyboard.type(" We are on it.")
    await expect(page.get_by_text("Draft kept")).to_be_visible()
    elsewhere = await anna_on(await new_page(), url)
    ticket = await elsewhere.open(NUMBER)
    await expect(ticket.page.locator("form[data-form=reply] textarea")).to_have_value(
        "Hello Olga! We are on it."
    )
    await ticket.send("reply")
    await ticket.page.goto(f"{url}/")
    await ticket.page.keyboard.press("3")
    await expect(ticket.page.get_by_role("heading", name="Mentions of me")).to_be_visible()
    await panel.open(story.number(2))
    await panel.go_to("My queue")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=status]")).to_be_visible()
    await page.keyboard.press("[")
    await expect(page.get_by_text(NUMBER).first).to_be_visible()
