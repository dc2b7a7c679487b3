"""The path that must always work, once in a real browser: customer and agents at their pages."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from playwright.async_api import Page

from tests.browser.pages import Panel, Portal
from tests.system.people import Agent, Customer
from tests.system.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NewPage = Callable[..., Awaitable[Page]]


async def panel_of(world: World, agent_id: str, page: Page) -> Panel:
    """The panel, with this agent signed in."""
    panel = Panel(page, world.url("gateway"))
    await panel.sign_in(world.desk_file["agents"][agent_id]["email"], world.token(agent_id))
    return panel


async def test_the_business_critical_outage_in_a_browser(world: World, new_page: NewPage) -> None:
    customer = Customer(world, "Olga Brandt", "olga.brandt@shop.example")
    subject = f"Nothing can be sold, {uuid4().hex[:6]}"
    portal = Portal(await new_page(), world.url("portal"))
    number = await portal.open_ticket(
        "Business critical outage",
        name=customer.name,
        email=customer.email,
        subject=subject,
        description="All tills and the web shop show an error since nine o'clock. Please hurry!",
    )

    # Answers are shown through the link in a mail only: anybody may have typed that address.
    await portal.sees("in the mails that we sent")
    portal.ticket_url = await customer.link_about(number)

    # An Emergency, under its plan, with a top-tier technician; a manager looks, too.
    manager_id = world.everyone("manager")[0]
    manager = Agent(world, manager_id)
    ticket = await manager.sees(number, status="Assigned", priority_label="Emergency", tier=3)
    desk = await panel_of(world, manager_id, await new_page())
    await desk.find(number)
    assert await desk.subjects() == [subject]

    # The agent finds it in their queue, works on it, and keeps the customer informed.
    panel = await panel_of(world, ticket["agent"]["id"], await new_page())
    page = await panel.open_from_queue(subject)
    await page.shows(status="Assigned", text="Please hurry!")
    await page.press("Start work", "You work on it now")
    await page.shows(status="In progress")
    await page.do("note", "Your note is there", text="The customer is upset: call", pinned=True)
    await page.do("progress", "The customer is told", kind="finding", text="A disk is full.")
    await page.do("reply", "on its way", text="Which error do you see now?", awaits_customer=True)
    await page.shows(status="Waiting for customer")
    await portal.sees("Which error do you see now?")
    await portal.write("It says: no space left.")
    await page.shows(status="In progress", text="It says: no space left.")

    # A solution that the customer rejects, and one that holds.
    await page.do("resolve", "Resolved", kind="workaround", cause="Disk full", note="Logs deleted.")
    await portal.sees("Logs deleted.")
    await portal.act("reject", reason="It is full again.")
    await page.shows(status="In progress", text="It is full again.")
    await page.do("resolve", "Resolved", kind="fix", cause="No rotation", note="Logs rotate now.")
    await page.do(
        "verify", "on record", method="Filled the disk", result="It rotated", passed="yes"
    )
    await portal.sees("Logs rotate now.")
    await portal.act("confirm")
    await page.shows(status="Closed")

    # Followed up, and rated.
    await customer.mail_about("Is everything still running?")
    await portal.act("feedback", rating="5", comment="Thank you!")
    await page.shows(text="rated 5 of 5")
    told = " ".join(await page.happenings())
    assert "The customer gave 5 of 5" in told
    await page.page.goto(f"{world.url('gateway')}/tickets/{number}?events=all")
    told = " ".join(await page.happenings())
    for words in ("Opened by web", "began to work", "rejected", "Closed (confirmed)"):
        assert words in told


async def test_a_manager_changes_priority_and_plan_in_a_browser(
    world: World, new_page: NewPage
) -> None:
    customer = Customer(world, "Piet de Vries", "piet@shop.example")
    portal = Portal(await new_page(), world.url("portal"))
    number = await portal.open_ticket(
        "Technical problem",
        name=customer.name,
        email=customer.email,
        subject="The till is slow",
        description="Every receipt takes a minute since this morning.",
    )
    assert await portal.go_back_and_send() == number
    manager_id = world.everyone("manager")[0]
    await Agent(world, manager_id).sees(number, priority_label="Medium")
    panel = await panel_of(world, manager_id, await new_page())
    page = await panel.open(number)
    await page.beside("priority", "priority is set", priority="high", reason="Holiday business")
    await page.shows(text="Holiday business")
    await page.beside("plan", "The plan is set", plan_id="premium", reason="Their contract")
    await page.shows(plan="Premium")
