"""Who is signed in by a mailed code, and what they see then."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from services.portal import finding
from shared.codes import code_for
from shared.ids import uuid7
from tests.integration.portal_harness import SECRET, Databases, Desk, portal_on, token_in
from tests.unit.portal.test_pages import CLOSED, MARIA, OPENED

MAIL = "maria@example.com"


@pytest.fixture
async def desk(
    service_database: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setattr(finding, "ANSWER_SECONDS", 0.0)
    async with portal_on(service_database, tmp_path) as made:
        made.answers += [httpx.Response(204)] * 9
        yield made


async def ask(desk: Desk, email: str) -> httpx.Response:
    form = await desk.form("/find")
    return await desk.browser.post("/find", data={**form, "email": email})


async def type_in(desk: Desk, page: str, email: str, code: str) -> httpx.Response:
    sent = {"form": token_in(page), "email": email, "code": code}
    return await desk.browser.post("/find/code", data=sent)


def challenge_in(page: str) -> UUID:
    return UUID(token_in(page).partition(".")[0])


async def test_a_code_that_was_mailed_shows_all_tickets_of_its_reader(desk: Desk) -> None:
    second = uuid7()
    await desk.hears(OPENED)
    await desk.hears(
        OPENED.model_copy(update={"subject": "An old one", "number": "LD-2"}), CLOSED,
        subject=second,
    )  # fmt: skip
    assert (await desk.browser.get("/mine")).headers["location"] == "/find"
    page = (await ask(desk, " Maria@example.com ")).text
    (one,) = desk.asked
    challenge = challenge_in(page)
    assert (one.owner, one.body) == ("notify", {"challenge": str(challenge)})
    code = code_for(SECRET, MARIA.person_id, challenge)
    answer = await type_in(desk, page, "Maria@example.com", code.replace(" ", "-"))
    assert answer.headers["location"] == "/mine"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    mine = (await desk.browser.get("/mine")).text
    for words in ("Checkout is down", "An old one", "Opened with Maria@example.com"):
        assert words in mine
    assert mine.index("Checkout is down") < mine.index("An old one")
    (link, _) = re.findall(r'href="(/t/[^"]+)"', mine)
    shown = (await desk.browser.get(link)).text
    assert "is in the mails that we sent" not in shown
    left = await desk.browser.post("/mine/leave", data={"form": token_in(mine)})
    assert left.status_code == 303
    assert (await desk.browser.get("/mine")).status_code == 303


async def test_nobody_learns_whether_an_address_is_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[object] = []
    monkeypatch.setattr(finding, "leave_place", left.append)
    await desk.hears(OPENED)
    pages = set()
    for email in (MAIL, "else@example.com"):
        page = await ask(desk, email)
        pages.add(re.sub(r'value="[^"]+"|<strong>.*?</strong>', "", page.text))
    assert len(pages) == 1
    assert len(left) == 2
    assert len(desk.asked) == 1
    assert "Please give the e-mail address" in (await ask(desk, "x")).text


async def test_a_code_is_for_one_person_one_page_and_a_while(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.hears(OPENED)
    page = (await ask(desk, MAIL)).text
    right = code_for(SECRET, MARIA.person_id, challenge_in(page))
    other = await type_in(desk, page, "else@example.com", right)
    assert other.status_code == 403
    another = (await ask(desk, MAIL)).text
    wrong = await type_in(desk, another, MAIL, right)
    assert (wrong.status_code, finding.WRONG.words in wrong.text) == (422, True)
    assert "set-cookie" not in wrong.headers
    monkeypatch.setattr(finding, "CODE_LIFETIME", timedelta())
    late = await type_in(desk, page, MAIL, right)
    assert (late.status_code, "can't be used any more" in late.text.replace("&#39;", "'")) == (
        422, True,
    )  # fmt: skip


async def test_a_code_is_guessed_at_five_times_and_no_more(desk: Desk) -> None:
    await desk.hears(OPENED)
    page = (await ask(desk, MAIL)).text
    for _ in range(finding.GUESSES_MAX):
        assert finding.WRONG.words in (await type_in(desk, page, MAIL, "0")).text
    right = code_for(SECRET, MARIA.person_id, challenge_in(page))
    assert (await type_in(desk, page, MAIL, right)).status_code == 422


async def test_a_forged_session_shows_nothing(desk: Desk) -> None:
    await desk.hears(OPENED)
    for token in ("x", desk.token):
        desk.browser.cookies.set("ledgerdesk_session", token)
        assert (await desk.browser.get("/mine")).status_code == 303
