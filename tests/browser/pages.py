"""The panel and the portal as somebody with a browser uses them: page objects."""

import re
from dataclasses import dataclass, field

from playwright.async_api import Page, expect

SOON_MS = 30_000


@dataclass
class Panel:
    """The agents' panel in one tab."""

    page: Page
    url: str

    async def sign_in(self, email: str, token: str) -> None:
        await self.page.goto(f"{self.url}/sign-in")
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.get_by_label("Token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_role("heading", name="My queue")).to_be_visible()

    async def open(self, number: str) -> "TicketPage":
        await self.page.goto(f"{self.url}/tickets/{number}")
        await expect(self.page.locator("[data-test=status]")).to_be_visible()
        return TicketPage(self.page)

    async def open_from_queue(self, subject: str) -> "TicketPage":
        await self.page.get_by_role("link", name=subject).click()
        return TicketPage(self.page)

    async def go_to(self, queue: str) -> None:
        await self.page.get_by_label("Queues").get_by_role("link", name=queue).click()
        await expect(self.page.get_by_role("heading", name=queue)).to_be_visible()

    async def find(self, words: str) -> None:
        await self.page.get_by_role("search").get_by_role("searchbox").fill(words)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("heading", name=f"Found: {words}")).to_be_visible()

    async def subjects(self) -> list[str]:
        """The subjects of the tickets on the page, in order."""
        return await self.page.locator("td.what a").all_inner_texts()


@dataclass
class TicketPage:
    """A ticket in the panel."""

    page: Page

    async def shows(
        self, *, status: str = "", text: str = "", agent: str = "", plan: str = ""
    ) -> None:
        """Wait, as an open page refreshes itself, until it shows what is expected."""
        if status:
            await expect(self.page.locator("[data-test=status]")).to_have_text(
                status, timeout=SOON_MS
            )
        if text:
            await expect(self.page.get_by_text(text).first).to_be_visible(timeout=SOON_MS)
        if agent:
            await expect(self.page.locator("[data-test=agent]")).to_contain_text(
                agent, timeout=SOON_MS
            )

        if plan:
            promises = self.page.locator("#clocks")
            await expect(promises).to_contain_text(plan, timeout=SOON_MS)

    async def fill(self, tab: str, **fields: str | bool) -> None:
        """Open a tab of what can be done, and fill in its form."""
        await self.page.locator(f"label[for=tab-{tab}]").click()
        form = self.page.locator(f"form[data-form={tab}]")
        for name, value in fields.items():
            control = form.locator(f"[name={name}]")
            if isinstance(value, bool):
                await control.set_checked(value)
            elif await control.evaluate("e => e.tagName") == "SELECT":
                await control.select_option(value)
            else:
                await control.fill(value)

    async def send(self, tab: str) -> None:
        await self.page.locator(f"form[data-form={tab}] > button").click()

    async def do(self, tab: str, done: str, **fields: str | bool) -> None:
        """Fill in a form, send it, and see what the page says of it."""
        await self.fill(tab, **fields)
        await self.send(tab)
        await expect(self.page.get_by_role("status")).to_contain_text(done)

    async def press(self, button: str, done: str) -> None:
        """A button that needs no words, such as Claim or Start work."""
        await self.page.get_by_role("button", name=button, exact=True).click()
        await expect(self.page.get_by_role("status")).to_contain_text(done)

    async def beside(self, name: str, done: str, **fields: str) -> None:
        """A form that is folded beside the conversation, such as priority or plan."""
        fold = self.page.locator(f"[data-fold={name}]")
        if await fold.get_attribute("open") is None:
            await fold.locator("summary").click()
        for field_name, value in fields.items():
            control = fold.locator(f"[name={field_name}]")
            if await control.evaluate("e => e.tagName") == "SELECT":
                await control.select_option(value)
            else:
                await control.fill(value)
        await fold.locator("button").click()
        await expect(self.page.get_by_role("status")).to_contain_text(done)

    async def happenings(self) -> list[str]:
        """The timeline in words, the latest first."""
        return await self.page.locator("#timeline li").all_inner_texts()


@dataclass
class Portal:
    """The customers' pages in one tab."""

    page: Page
    url: str
    ticket_url: str = field(default="")

    async def open_ticket(
        self, topic: str, *, name: str, email: str, subject: str, description: str
    ) -> str:
        """Fill in the form of a topic; the number that the customer is told."""
        await self.page.goto(self.url)
        await self.page.get_by_role("link", name=topic).click()
        for field_name, value in {
            "requester.name": name,
            "requester.email": email,
            "subject": subject,
            "description": description,
        }.items():
            await self.page.locator(f"[name='{field_name}']").fill(value)
        return await self._send_form()

    async def go_back_and_send(self) -> str:
        """Go back from the receipt, and send what stands in the form; the number told then."""
        await self.page.go_back()
        await self.page.wait_for_url("**/new/**")
        return await self._send_form()

    async def _send_form(self) -> str:
        await self.page.locator("form[method=post] button[type=submit]").last.click()
        await self.page.wait_for_url("**/received")
        number = re.search(r"LD-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]", await self.page.content())
        assert number, await self.page.inner_text("body")
        self.ticket_url = self.page.url.removesuffix("/received")
        return number[0]

    async def look(self) -> None:
        """The ticket's status page."""
        await self.page.goto(self.ticket_url)

    async def sees(self, text: str) -> None:
        """Reload until the page shows it, as customers do."""
        for _ in range(SOON_MS // 1_000):
            await self.look()
            if text in await self.page.inner_text("body"):
                return
            await self.page.wait_for_timeout(1_000)
        raise AssertionError(f"{text!r} is not on the page:\n{await self.page.inner_text('body')}")

    async def write(self, text: str) -> None:
        await self.look()
        form = self.page.locator("form[action$='/reply']")
        await form.locator("textarea").fill(text)
        await form.locator("button[type=submit]").click()
        await self.page.wait_for_url("**done=reply**")

    async def act(self, action: str, **fields: str) -> None:
        """Confirm, reject, reopen or rate, on the page that mails link to."""
        await self.page.goto(f"{self.ticket_url}/{action}")
        form = self.page.locator(f"form[action$='/{action}']")
        for name, value in fields.items():
            control = form.locator(f"[name={name}]")
            if await control.first.get_attribute("type") == "radio":
                await form.locator(f"[name={name}][value='{value}']").check(force=True)
            else:
                await control.fill(value)
        await form.locator("button[type=submit]").click()
        await self.page.wait_for_url(f"**done={action}**")
