"""A real Chromium for the tests of this folder; each is skipped, loudly, where there is none."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

FLAGS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

NewPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest.fixture
async def new_page(browser: Browser, tmp_path: Path) -> AsyncIterator[NewPage]:
    """`await new_page()`: a tab of somebody's own, with Playwright's options for it, such as
    `locale`; nothing may go wrong on its console."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def make(*, scripts: bool = True, **options: Any) -> Page:
        wide = {"viewport": {"width": 1360, "height": 900}}
        context = await browser.new_context(java_script_enabled=scripts, **(wide | options))
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for number, context in enumerate(contexts):
        for page in context.pages:
            await page.screenshot(path=tmp_path / f"{number}.png")
        await context.close()
    expected = ("status of 4", "status of 5")
    assert not [each for each in complaints if not any(known in each for known in expected)]
