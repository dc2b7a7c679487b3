"""The portal's pages on a real database; the services behind it answer as they are told."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.portal import desk_name
from services.portal.finders import Finders
from shared.clock import utc_now
from shared.events import Attachment
from shared.events.desk import DeskNamed, EntitlementDefined, FieldCondition, FormField
from shared.events.intake import ClarificationRequested, Question
from shared.events.participants import AddressConfirmed
from shared.events.relations import TicketMerged
from shared.events.resolution import AgentReplied, TicketArchived
from shared.files import FileStore
from shared.identity import HEADER, verify
from shared.ids import desk_id, person_id, uuid7
from shared.links import Link, read_link, sign_link
from shared.numbers import number_for
from shared.service import Runtime
from shared.testing.spec import T0
from tests.integration.portal_harness import (
    SECRET,
    TOPIC,
    TYPED,
    Databases,
    Desk,
    portal_on,
    refused,
    taken,
)
from tests.unit.portal.test_pages import ASSIGNED, CLOSED, MARIA, OPENED, PRIORITISED, RESOLVED


@pytest.fixture
async def desk(service_database: Databases, tmp_path: Path) -> AsyncIterator[Desk]:
    async with portal_on(service_database, tmp_path) as made:
        yield made


async def test_a_topic_is_chosen_and_its_form_filled_in(desk: Desk) -> None:
    front = await desk.browser.get("/")
    assert "Business critical outage" in front.text
    assert 'href="/new/outage"' in front.text
    page = (await desk.browser.get("/new/outage")).text
    for words in (
        "Which system?",
        '<option value="Shop">Shop</option>',
        'type="date"',
        "Emergency",
    ):
        assert words in page
    assert re.findall("<script[^>]*>", page) == re.findall(
        r'<script src="/static/[0-9a-f]{12}/portal.js" defer>', page
    )


async def test_a_form_that_is_right_becomes_a_ticket_once(desk: Desk) -> None:
    sent = TYPED | await desk.form("/new/outage")
    desk.answers += [taken(desk), taken(desk)]
    for _ in range(2):
        answer = await desk.browser.post(
            "/new/outage/send", data=sent, files={"attachments": ("", b"")}
        )
        assert answer.status_code == 303
        receipt = await desk.browser.get(answer.headers["location"])
        assert number_for(desk.ticket, SECRET.encode()) in receipt.text
    first, second = desk.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    identity = verify(SECRET, first.headers[HEADER], "intake")
    assert (identity.issuer, identity.actor) == (
        "portal",
        f"customer:{person_id('maria@example.com')}",
    )
    assert first.body == {
        "topic": "outage", "channel": "web", "attachments": [], "impact": "high",
        "plan": "emergency", "subject": 'Checkout "is" down', "description": "Nobody can pay.",
        "requester": {"name": "Maria <Silva>", "email": "maria@example.com"},
        "custom_fields": {"system": "Shop", "since": "2026-03-02"},
    }  # fmt: skip


async def test_going_back_to_a_form_and_sending_it_again_is_the_same_act(desk: Desk) -> None:
    page = await desk.browser.get("/new/outage")
    assert page.headers["cache-control"] == "private, max-age=0"
    # Sent to its own address, browsers would forget the page they are to go back to.
    assert 'action="/new/outage/send"' in page.text
    assert (await desk.browser.get("/new/outage/send")).headers["location"] == "/new/outage"
    sent = TYPED | await desk.form("/new/outage")
    reused = {"code": "idempotency_key_reused", "detail": "x"}
    desk.answers += [httpx.Response(422, json=reused), taken(desk)]
    files = {"attachments": ("screen.png", b"png", "image/png")}
    page = await desk.browser.post("/new/outage/send", data=sent, files=files)
    assert "You sent this form before" in page.text
    assert "Nobody can pay." in page.text
    kept = re.findall(r'name="kept" value="([^"]+)"', page.text)
    form = re.search(r'name="form" value="([^"]+)"', page.text)
    assert form is not None
    again = sent | {"form": form[1], "kept": kept}
    assert (await desk.browser.post("/new/outage/send", data=again)).status_code == 303
    first, second = desk.asked
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    assert second.body["attachments"] == first.body["attachments"]


async def test_a_plan_is_offered_to_whom_it_is_open(desk: Desk) -> None:
    only = EntitlementDefined(
        plan_id="emergency",
        people=(MARIA.person_id,),
        domains=("big.example",),
        revision=1,
    )
    await desk.hears(only, subject=desk_id("entitlement", "emergency"))
    sent = TYPED | await desk.form("/new/outage") | {"show_plans": "yes"}
    assert 'name="plan"' not in (await desk.browser.get("/new/outage")).text
    for email, offered in (
        ("maria@example.com", True),
        ("Anyone@BIG.example", True),
        ("else@example.com", False),
        ("", False),
    ):
        page = await desk.browser.post("/new/outage/send", data=sent | {"requester.email": email})
        assert (page.status_code, 'name="plan"' in page.text) == (200, offered), email
        assert "Nobody can pay." in page.text
        assert ("No other service plan" in page.text) == (email == "else@example.com")
    assert desk.asked == []
    await desk.hears(
        only.model_copy(update={"active": False}), subject=desk_id("entitlement", "emergency")
    )
    assert 'name="plan"' in (await desk.browser.get("/new/outage")).text


async def test_every_page_bears_the_name_of_the_desk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_name, "FRESH_SECONDS", 0.0)
    assert "– Help desk" in (await desk.browser.get("/")).text
    await desk.hears(DeskNamed(name="Hafenlicht", revision=1), subject=desk_id("desk", "desk"))
    for path in ("/", "/new/outage", "/find", f"/t/{desk.token}", "/nothing", "/t/x"):
        page = (await desk.browser.get(path)).text
        assert "Hafenlicht</a>" in page, path
        assert "Ledgerdesk" not in page, path


async def test_each_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    sent = TYPED | await desk.form("/new/outage")
    desk.answers += [
        refused(
            422, "invalid", ("requester.email", "is not a mail address"),
            ("custom_fields.since", "is required"), ("attachments.0.name", "is odd"),
        ),
        taken(desk),
    ]  # fmt: skip
    files = {"attachments": ("screen.png", b"png", "image/png")}
    page = await desk.browser.post("/new/outage/send", data=sent, files=files)
    assert page.status_code == 422
    text = unescape(page.text)
    assert "Your e-mail address is not a mail address." in text
    assert "“Since when” is required." in text
    assert "The files is odd." in text
    described = re.findall(r'aria-describedby="([^"]+)"', page.text)
    for each in " ".join(described).split():
        assert f'id="{each}"' in page.text, each
    assert 'aria-describedby="f-custom-fields-since-error" aria-invalid="true"' in page.text
    for name, value in TYPED.items():
        assert not value or value in text, name
    assert "Maria <Silva>" not in page.text
    assert '<option value="Shop" selected>' in page.text
    kept = re.findall(r'name="kept" value="([^"]+)"', page.text)
    form = re.search(r'name="form" value="([^"]+)"', page.text)
    assert form is not None
    assert form[1] == sent["form"]
    again = {**sent, "custom_fields.since": "2026-03-02", "kept": kept}
    assert (await desk.browser.post("/new/outage/send", data=again)).status_code == 303
    assert desk.asked[1].body["attachments"] == [
        {"name": "screen.png", "content_type": "image/png", "content_base64": "cG5n"}
    ]


async def test_trouble_behind_the_portal_loses_nothing_and_is_tried_again(desk: Desk) -> None:
    sent = TYPED | await desk.form("/new/outage")
    desk.answers += [httpx.Response(503), httpx.Response(429), httpx.Response(503)]
    page = await desk.browser.post("/new/outage/send", data=sent)
    assert page.status_code == 503
    assert "Nobody can pay." in page.text
    assert "send it again" in page.text
    assert len({one.headers["idempotency-key"] for one in desk.asked}) == 1


@pytest.mark.parametrize("form", ["", "x.y", "0" * 32 + "." + "0" * 32])
async def test_a_forged_form_opens_nothing_but_loses_nothing(desk: Desk, form: str) -> None:
    page = await desk.browser.post("/new/outage/send", data=TYPED | {"form": form})
    assert page.status_code == 403
    assert "Nobody can pay." in page.text
    assert desk.asked == []


async def test_a_form_of_another_site_is_turned_away(desk: Desk) -> None:
    sent = TYPED | await desk.form("/new/outage")
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (
        await desk.browser.post("/new/outage/send", data=sent, headers=headers)
    ).status_code == 403
    assert desk.asked == []


async def test_files_that_are_too_large_or_too_many_are_named(desk: Desk) -> None:
    sent = TYPED | await desk.form("/new/outage")
    big = [("attachments", ("big.bin", b"x" * 1001))]
    page = await desk.browser.post("/new/outage/send", data=sent, files=big)
    assert (page.status_code, "big.bin is too large" in page.text) == (422, True)
    many = [("attachments", (f"{n}.bin", b"x")) for n in range(3)]
    page = await desk.browser.post("/new/outage/send", data=sent, files=many)
    assert (page.status_code, "may have 2 files" in page.text) == (422, True)
    huge = [("attachments", ("big.bin", b"x" * 30_000))]
    assert (await desk.browser.post("/new/outage/send", data=sent, files=huge)).status_code == 413


async def test_the_page_of_a_ticket_shows_how_it_stands(desk: Desk) -> None:
    reply = AgentReplied(replied_by="anna", agent_name="Anna Berg", text="On <it>", replied_at=T0)
    await desk.hears(OPENED, PRIORITISED, ASSIGNED, reply)
    page = await desk.browser.get(f"/t/{desk.token}")
    for words in ("LD-7KQ4M-2XR9C-5", "Anna", "Operations", "Emergency", "In progress",
                  "On &lt;it&gt;", "Anna from Operations took it over."):  # fmt: skip
        assert words in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "Does it work for you?" not in page.text


async def test_a_link_shows_on_get_and_acts_only_on_post(desk: Desk) -> None:
    await desk.hears(OPENED, ASSIGNED, RESOLVED)
    for path in ("", "/confirm", "/reject", "/feedback", "/reopen", "/received"):
        assert (await desk.browser.get(f"/t/{desk.token}{path}")).status_code == 200
    assert desk.asked == []
    desk.answers += [taken(desk, 200)]
    sent = {"comment": "Great"} | await desk.form(f"/t/{desk.token}/confirm")
    answer = await desk.browser.post(f"/t/{desk.token}/confirm", data=sent)
    assert answer.status_code == 303
    (one,) = desk.asked
    assert (one.owner, one.path) == ("resolution", f"/v1/tickets/{desk.ticket}/confirm")
    assert one.body == {"comment": "Great"}
    assert one.headers["ledgerdesk-after"] == "assignment=1,intake=1,resolution=1"
    assert verify(SECRET, one.headers[HEADER], "resolution").actor == f"customer:{MARIA.person_id}"


async def test_after_an_act_its_page_waits_for_what_was_done(desk: Desk) -> None:
    await desk.hears(OPENED, ASSIGNED)
    page = await desk.browser.get(f"/t/{desk.token}?done=reply&after=intake=9")
    assert "will show here in a moment" in page.text
    page = await desk.browser.get(f"/t/{desk.token}?done=reply&after=intake=1")
    assert "Your message has reached us." in page.text
    assert "in a moment" not in page.text
    assert (await desk.browser.get(f"/t/{desk.token}?done=<b>&after=;;")).status_code == 200


async def test_what_the_portal_did_not_say_is_hardly_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[Any] = []

    async def wait_for(*asked: object) -> None:
        waited.append(asked[-1])

    monkeypatch.setattr(Runtime, "wait_for", wait_for)
    await desk.hears(OPENED)
    token = desk.token
    mark = desk.portal.tokens.mark(f"after {token}", "intake=9")
    for query in (
        "",
        "after=intake=9",
        f"after=intake=8&mark={mark}",
        f"after=intake=9&mark={mark}",
    ):
        assert (await desk.browser.get(f"/t/{token}?{query}")).status_code == 200
    assert waited == [0.3, 0.3, 0.3, None]


async def test_forms_together_take_no_more_than_their_budget(desk: Desk) -> None:
    await desk.hears(OPENED)
    form = await desk.form("/find")
    desk.portal.budget.bytes_max = 10
    page = await desk.browser.post("/find", data=form)
    assert (page.status_code, page.headers["retry-after"]) == (429, "1")
    assert "Too much is coming in" in page.text
    desk.portal.budget.bytes_max = 10_000
    assert (await desk.browser.post("/find", data=form)).status_code == 422
    assert desk.portal.budget.size_bytes == 0


async def test_a_form_that_does_not_arrive_in_time_is_given_up(desk: Desk) -> None:
    async def dribbling() -> AsyncIterator[bytes]:
        yield b"form="
        await asyncio.Event().wait()

    slow = desk.portal.settings.model_copy(update={"body_seconds_max": 0.01})
    object.__setattr__(desk.portal, "settings", slow)
    headers = {"content-length": "100", "content-type": "application/x-www-form-urlencoded"}
    page = await desk.browser.post("/find", content=dribbling(), headers=headers)
    assert (page.status_code, page.headers["connection"]) == (408, "close")
    assert desk.portal.budget.size_bytes == 0


async def test_a_form_without_files_may_be_small_only(desk: Desk) -> None:
    await desk.hears(OPENED)
    headers = {"content-length": "2000001", "content-type": "application/x-www-form-urlencoded"}
    wide = desk.portal.settings.model_copy(update={"form_bytes_max": 30_000_000})
    object.__setattr__(desk.portal, "settings", wide)
    for path, status in (("/find", 413), (f"/t/{desk.token}/confirm", 413)):
        page = await desk.browser.post(path, content=b"", headers=headers)
        assert page.status_code == status


async def test_a_reply_needs_words_and_carries_files(desk: Desk) -> None:
    await desk.hears(OPENED)
    action = f"/t/{desk.token}/reply"
    sent = await desk.form(f"/t/{desk.token}", action)
    page = await desk.browser.post(action, data={**sent, "text": " "})
    assert (page.status_code, "Please write something." in page.text) == (422, True)
    desk.answers += [taken(desk, 200)]
    files = {"attachments": ("a.txt", b"a", "text/plain")}
    answer = await desk.browser.post(action, data={**sent, "text": "Hello"}, files=files)
    mark = desk.portal.tokens.mark(f"after {action.split('/')[2]}", "intake=4")
    assert answer.headers["location"].endswith(f"done=reply&after=intake%3D4&mark={mark}")
    assert desk.asked[0].body["text"] == "Hello"
    assert desk.asked[0].body["attachments"][0]["name"] == "a.txt"


async def test_whoever_only_typed_an_address_reads_no_answer_even_once_it_is_confirmed(
    desk: Desk, tmp_path: Path
) -> None:
    (file_id,) = await FileStore(tmp_path / "files").put(b"secret")
    file = Attachment(file_id=file_id, name="a.txt", content_type="text/plain", size_bytes=6)
    reply = AgentReplied(
        replied_by="anna", agent_name="Anna", text="The password is tulip.", replied_at=T0,
        attachments=(file,),
    )  # fmt: skip
    await desk.hears(OPENED, ASSIGNED, reply, RESOLVED)
    opener = sign_link(SECRET, Link(desk.ticket, MARIA.person_id, opened=True), utc_now())
    for path in ("", "/confirm", "/reject", "/reopen", "/feedback"):
        page = await desk.browser.get(f"/t/{opener}{path}")
        assert OPENED.description in page.text
        assert "is in the mails that we sent" in page.text
        for secret in ("tulip", "Anna", "a.txt", RESOLVED.note):
            assert secret not in page.text
    assert (await desk.browser.get(f"/t/{opener}/files/{file_id}")).status_code == 404
    for action in ("confirm", "mine"):
        form = {"form": desk.portal.tokens.make(f"{action} {opener}")}
        assert (await desk.browser.post(f"/t/{opener}/{action}", data=form)).status_code == 403
    assert desk.asked == []
    assert "tulip" in (await desk.browser.get(f"/t/{desk.token}")).text
    confirmed = AddressConfirmed(person_id=MARIA.person_id, how="mail", confirmed_at=T0)
    await desk.hears(confirmed)
    assert "tulip" not in (await desk.browser.get(f"/t/{opener}")).text
    assert (await desk.browser.get(f"/t/{opener}/files/{file_id}")).status_code == 404


async def test_acting_through_a_mailed_link_confirms_the_address_once(desk: Desk) -> None:
    await desk.hears(OPENED)
    opener = sign_link(SECRET, Link(desk.ticket, MARIA.person_id, opened=True), utc_now())
    for token, times in ((opener, 0), (desk.token, 1)):
        desk.answers[:] = [taken(desk, 200)]
        form = await desk.form(f"/t/{token}", f"/t/{token}/reply")
        await desk.browser.post(f"/t/{token}/reply", data={**form, "text": "Hello"})
        assert len(desk.confirmed) == times
    form = await desk.form(f"/t/{token}", f"/t/{token}/mine")
    await desk.browser.post(f"/t/{token}/mine", data=form)
    assert [(one.owner, one.path) for one in desk.confirmed] == [
        ("intake", f"/v1/tickets/{desk.ticket}/address")
    ] * 2
    await desk.hears(AddressConfirmed(person_id=MARIA.person_id, how="link", confirmed_at=T0))
    assert f"/t/{desk.token}/mine" not in (await desk.browser.get(f"/t/{desk.token}")).text


FOLLOW_UP, OLD_NUMBER = uuid7(), number_for(uuid7(), SECRET.encode())


def follow_up() -> httpx.Response:
    told = {"ticket_id": str(FOLLOW_UP), "number": "x", "follow_up_of": OLD_NUMBER}
    return httpx.Response(201, json=told, headers={"Ledgerdesk-After": "intake=4"})


@pytest.mark.parametrize("opened", [False, True])
async def test_what_is_written_on_an_archived_ticket_opens_the_one_that_follows_it(
    desk: Desk, opened: bool
) -> None:
    await desk.hears(OPENED, CLOSED, TicketArchived(archived_by="timer", archived_at=T0))
    link = Link(desk.ticket, MARIA.person_id, opened=opened)
    path = f"/t/{sign_link(SECRET, link, utc_now())}"
    assert "opens a new one" in (await desk.browser.get(path)).text or opened
    form = await desk.form(path, f"{path}/reply")
    desk.answers += [follow_up()]
    sent = await desk.browser.post(f"{path}/reply", data={**form, "text": "It is back!"})
    assert desk.asked[0].path == f"/v1/tickets/{desk.ticket}/messages"
    assert desk.asked[0].body["text"] == "It is back!"
    there, _, _ = sent.headers["location"].partition("/received")
    assert read_link(SECRET, there.removeprefix("/t/")) == Link(
        FOLLOW_UP, MARIA.person_id, opened=opened
    )
    assert [one.path for one in desk.confirmed] == (
        [] if opened else [f"/v1/tickets/{FOLLOW_UP}/address"]
    )
    page = (await desk.browser.get(sent.headers["location"])).text
    assert f"{OLD_NUMBER} was closed too long ago" in page


@pytest.mark.parametrize("code", ["ticket_stays_closed", "ticket_in_archive"])
async def test_reopening_too_late_sends_the_reason_as_a_message(desk: Desk, code: str) -> None:
    await desk.hears(OPENED, CLOSED)
    form = await desk.form(f"/t/{desk.token}/reopen")
    too_late = httpx.Response(409, json={"code": code, "detail": "Too late."})
    desk.answers += [too_late, follow_up()]
    path = f"/t/{desk.token}/reopen"
    sent = await desk.browser.post(path, data={**form, "reason": "It is back!"})
    assert "/received?about=" in sent.headers["location"]
    asked, told = desk.asked
    assert (asked.owner, told.owner) == ("resolution", "intake")
    assert told.body == {"text": "It is back!", "attachments": []}


async def test_what_may_open_a_ticket_is_bounded_and_nothing_typed_is_lost(desk: Desk) -> None:
    await desk.hears(OPENED, CLOSED)
    desk.portal.limits.per_address = 1
    desk.answers += [taken(desk, 200)]
    path = f"/t/{desk.token}"
    form = await desk.form(path, f"{path}/reply")
    sent = await desk.browser.post(f"{path}/reply", data={**form, "text": "One"})
    assert sent.status_code == 303
    again = await desk.form(path, f"{path}/reply")
    refused = await desk.browser.post(f"{path}/reply", data={**again, "text": "Two"})
    assert (refused.status_code, "Two" in refused.text) == (429, True)
    assert len(desk.asked) == 1


async def test_a_form_of_another_link_or_act_does_nothing(desk: Desk) -> None:
    await desk.hears(OPENED, RESOLVED)
    form = await desk.form(f"/t/{desk.token}/reject")
    other = sign_link(SECRET, Link(desk.ticket, uuid7()), utc_now())
    for path in (f"/t/{desk.token}/confirm", f"/t/{other}/reject"):
        answer = await desk.browser.post(path, data={**form, "reason": "x"})
        assert answer.status_code == 403
    assert desk.asked == []


async def test_questions_are_answered_on_the_page(desk: Desk) -> None:
    asked = ClarificationRequested(
        questions=(Question(field="order", text="Which order?"),), requested_at=T0
    )
    await desk.hears(OPENED, asked)
    action = f"/t/{desk.token}/clarify"
    form = await desk.form(f"/t/{desk.token}", action)
    page = await desk.browser.post(action, data=form)
    assert "Please answer at least one question." in page.text
    desk.answers += [taken(desk, 200)]
    await desk.browser.post(action, data=form | {"answers.order": "4711"})
    assert desk.asked[0].body == {"answers": {"order": "4711"}, "text": "", "attachments": []}


async def test_a_closed_ticket_is_rated(desk: Desk) -> None:
    await desk.hears(OPENED, ASSIGNED, RESOLVED, CLOSED)
    path = f"/t/{desk.token}/feedback"
    page = await desk.browser.get(f"{path}?rating=4")
    assert 'value="4" checked' in page.text
    form = await desk.form(path)
    assert "Please choose a number" in (await desk.browser.post(path, data=form)).text
    desk.answers += [refused(409, "You have rated it already.")]
    sent = form | {"rating": "5", "comment": "<b>fine", "recurred": "yes"}
    page = await desk.browser.post(path, data=sent)
    assert (page.status_code, "You have rated it already." in page.text) == (409, True)
    assert "&lt;b&gt;fine" in page.text
    assert desk.asked[0].body == {"rating": 5, "comment": "<b>fine", "recurred": True}


async def test_a_customer_does_without_mails_on_progress(desk: Desk) -> None:
    await desk.hears(OPENED)
    path = f"/t/{desk.token}/notifications"
    form = await desk.form(path)
    assert "Please choose one of the two." in (await desk.browser.post(path, data=form)).text
    desk.answers += [taken(desk, 200)]
    done = await desk.browser.post(path, data=form | {"progress": "no"})
    assert done.status_code == 303
    (sent,) = desk.asked
    assert (sent.owner, sent.body) == ("notify", {"progress": False})
    assert sent.path == f"/v1/tickets/{desk.ticket}/preferences"


async def test_files_are_downloads_of_this_ticket_only(desk: Desk, tmp_path: Path) -> None:
    (file_id,) = await FileStore.of(tmp_path).put(b"<script>alert(1)</script>")
    (other,) = await FileStore.of(tmp_path).put(b"somebody else's")
    attached = Attachment(
        file_id=file_id, name="x\r\n.html", content_type="text/html", size_bytes=25
    )
    await desk.hears(OPENED.model_copy(update={"attachments": (attached,)}))
    assert f"files/{file_id}" in (await desk.browser.get(f"/t/{desk.token}")).text
    file = await desk.browser.get(f"/t/{desk.token}/files/{file_id}")
    assert file.content == b"<script>alert(1)</script>"
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''x%20.html"
    for wrong in (other, "0" * 64, "x"):
        assert (await desk.browser.get(f"/t/{desk.token}/files/{wrong}")).status_code == 404


async def test_a_merged_ticket_says_where_it_went_on_and_hands_out_no_link(desk: Desk) -> None:
    target = uuid7()
    merged = TicketMerged(into_ticket_id=target, into_number="LD-2", reason="x", merged_by="a")
    await desk.hears(OPENED, subject=target)
    await desk.hears(OPENED, merged)
    page = (await desk.browser.get(f"/t/{desk.token}")).text
    assert "<strong>LD-2</strong>" in page
    stranger = sign_link(SECRET, Link(desk.ticket, uuid7()), utc_now())
    page = (await desk.browser.get(f"/t/{stranger}")).text
    assert OPENED.description not in page


async def test_links_that_are_not_ours_show_nothing(desk: Desk) -> None:
    await desk.hears(OPENED)
    forged = sign_link("another secret of thirty-two bytes or so", Link(desk.ticket, uuid7()), T0)
    for token in ("x", forged, desk.token[:-2]):
        for path in ("", "/confirm", "/received", "/files/x"):
            page = await desk.browser.get(f"/t/{token}{path}")
            assert page.status_code == 403
            assert "This link does not work" in page.text


async def test_a_ticket_not_heard_of_yet_shows_soon(desk: Desk) -> None:
    page = await desk.browser.get(f"/t/{desk.token}")
    assert (page.status_code, page.headers["refresh"]) == (503, "2")


async def test_a_page_whose_database_is_away_says_when_to_come_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_finders: Finders) -> None:
        raise asyncpg.CannotConnectNowError("starting up")

    monkeypatch.setattr(Finders, "topics", away)
    page = await desk.browser.get("/")
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
    assert "One moment, please" in page.text


async def test_what_is_not_there_is_told_in_a_page(desk: Desk) -> None:
    for path in (
        "/nothing",
        "/new/nothing",
        f"/t/{desk.token}/dance",
        "/static/x/portal.css",
    ):
        page = await desk.browser.get(path)
        assert page.status_code == 404
        assert "There is nothing here" in page.text
    for_programs = await desk.browser.get("/v1/nothing")
    assert for_programs.headers["content-type"] == "application/json"
    front = (await desk.browser.get("/")).text
    (css,) = re.findall(r'href="(/static/[^"]+\.css)"', front)
    style = await desk.browser.get(css)
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]


async def test_what_programs_fill_in_is_not_sent_and_nothing_typed_is_lost(desk: Desk) -> None:
    await desk.hears(TOPIC, subject=desk_id("topic", "outage"))
    form = await desk.form("/new/outage")
    page = await desk.browser.post("/new/outage/send", data={**TYPED, **form, "fax_number_2": "1"})
    assert page.status_code == 422
    assert "Nobody can pay." in page.text
    assert desk.asked == []
    await desk.browser.post("/new/outage/send", data={**TYPED, **form})
    assert len(desk.asked) == 1


async def test_one_address_can_not_be_written_for_without_end(desk: Desk) -> None:
    await desk.hears(TOPIC, subject=desk_id("topic", "outage"))
    desk.portal.limits.per_address = 1
    first, second = [await desk.form("/new/outage") for _ in range(2)]
    await desk.browser.post("/new/outage/send", data={**TYPED, **first})
    page = await desk.browser.post("/new/outage/send", data={**TYPED, **second})
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 3000
    assert "Nobody can pay." in page.text
    assert len(desk.asked) == 1


async def test_a_file_field_keeps_its_file_and_tells_intake_whose_it_is(desk: Desk) -> None:
    photo = FormField(name="photo", label="A photo", kind="file", required=True)
    number = FormField(
        name="number", label="Number",
        shown_when=FieldCondition(field="system", values=("Shop",)),
    )  # fmt: skip
    topic = TOPIC.model_copy(update={"fields": (*TOPIC.fields, photo, number), "revision": 2})
    await desk.hears(topic, subject=desk_id("topic", "outage"))
    page = unescape((await desk.browser.get("/new/outage")).text)
    assert "Up to 2 files of 1 kB each." in page
    assert "Only if “Which system” is Shop." in page
    condition = '{"field": "custom_fields.system", "values": ["Shop"]}'
    assert f'data-shown-when="{condition}"' in page
    sent = TYPED | await desk.form("/new/outage")
    wrong = ("attachments.0.content_type", "is odd"), ("custom_fields.number", "is required")
    desk.answers += [refused(422, "x", *wrong), taken(desk)]
    files = {"custom_fields.photo": ("till.png", b"png", "image/png")}
    page = (await desk.browser.post("/new/outage/send", data=sent, files=files)).text
    assert "“A photo” is odd." in unescape(page)
    kept = re.findall(r'name="kept" value="([^"]+)"', page)
    again = {**sent, "kept": kept}
    assert (await desk.browser.post("/new/outage/send", data=again)).status_code == 303
    assert [one.body["attachments"][0]["field"] for one in desk.asked] == ["photo", "photo"]


async def test_a_file_that_was_asked_for_goes_with_the_answers(desk: Desk) -> None:
    photo = FormField(name="photo", label="A photo", kind="file", required=True)
    topic = TOPIC.model_copy(update={"fields": (photo,), "revision": 2})
    await desk.hears(topic, subject=desk_id("topic", "outage"))
    asked = ClarificationRequested(
        questions=(Question(field="photo", text="A photo?"),), requested_at=T0
    )
    await desk.hears(OPENED, asked)
    action = f"/t/{desk.token}/clarify"
    form = await desk.form(f"/t/{desk.token}", action)
    desk.answers += [taken(desk, 200)]
    files = {"answers.photo": ("till.png", b"png", "image/png")}
    await desk.browser.post(action, data=form, files=files)
    (file,) = desk.asked[0].body["attachments"]
    assert (file["name"], file["field"]) == ("till.png", "photo")


async def test_where_tickets_are_held_openers_see_the_same_for_people_we_know(desk: Desk) -> None:
    proving = TOPIC.model_copy(update={"prove_address": True, "revision": 2})
    await desk.hears(proving, subject=desk_id("topic", "outage"))
    pages = set()
    for subject, events in ((uuid7(), (ASSIGNED,)), (uuid7(), ())):
        held = OPENED.model_copy(update={"held": not events})
        await desk.hears(held, *events, subject=subject)
        opener = sign_link(SECRET, Link(subject, MARIA.person_id, opened=True), utc_now())
        page = (await desk.browser.get(f"/t/{opener}")).text
        pages.add(re.sub(r'value="[^"]+"', "", page.replace(opener, "")))
        mailed = sign_link(SECRET, Link(subject, MARIA.person_id), utc_now())
        shown = (await desk.browser.get(f"/t/{mailed}")).text
        assert ("We begin once you confirm" in shown) is held.held
    assert len(pages) == 1
