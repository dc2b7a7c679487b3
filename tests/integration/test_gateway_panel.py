"""The panel on a real database, as a browser without scripts sees it."""

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from services.gateway.auth import COOKIE
from services.gateway.limiting import PER_TOKEN_MAX
from shared.events.assignment import AgentUnassigned
from shared.events.resolution import ResolutionKind, TicketResolved
from shared.ids import desk_id, uuid7
from shared.testing.spec import T0
from tests.integration.gateway_harness import Databases, Desk, gateway_on
from tests.unit.gateway import story
from tests.unit.gateway.story import NUMBER, at

TICKET = story.ticket(1)
PAGE = f"/tickets/{NUMBER}"


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        await made.hear(
            TICKET,
            story.opened(),
            *story.triaged(),
            story.assigned(),
            *story.clocks(at(15), at(240)),
            story.note(),
        )
        yield made


@pytest.fixture
async def anna(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.client() as client:
        await sign_in(client, "anna")
        yield client


async def sign_in(client: httpx.AsyncClient, agent: str, **more: str) -> httpx.Response:
    form = {"email": f"{agent}@desk.example", "token": story.TOKENS[agent], **more}
    return await client.post("/sign-in", data=form)


def field(page: httpx.Response, form: str, name: str) -> str:
    """The value of a hidden field in the form of this name."""
    _, _, rest = page.text.partition(f'data-form="{form}"')
    assert rest, f"there is no form {form}"
    match = re.search(rf'name="{name}" value="([^"]*)"', rest)
    assert match, f"form {form} has no {name}"
    return unescape(match[1])


async def send(client: httpx.AsyncClient, form: str, **typed: str) -> httpx.Response:
    page = await client.get(PAGE)
    hidden = {name: field(page, form, name) for name in ("form_token", "seen", "key")}
    return await client.post(f"{PAGE}/do/{form}", data={**hidden, **typed})


async def test_nothing_is_shown_before_signing_in(desk: Desk) -> None:
    async with desk.client() as client:
        for path in ("/", PAGE, f"{PAGE}/pulse", "/quarantine", "/files/x"):
            answer = await client.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in")


async def test_signing_in_takes_e_mail_and_token_that_belong_together(desk: Desk) -> None:
    async with desk.client() as client:
        wrong = await client.post(
            "/sign-in", data={"email": "ben@desk.example", "token": story.TOKENS["anna"]}
        )
        right = await sign_in(client, "anna", next=PAGE)
    assert wrong.status_code == 401
    assert "do not belong together" in wrong.text
    assert COOKIE not in wrong.headers.get("set-cookie", "")
    assert (right.status_code, right.headers["location"]) == (303, PAGE)
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert story.TOKENS["anna"] not in cookie


@pytest.mark.parametrize(
    "next_page", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"]
)
async def test_signing_in_leads_nowhere_else(desk: Desk, next_page: str) -> None:
    async with desk.client() as client:
        answer = await sign_in(client, "anna", next=next_page)
    assert answer.headers["location"] == "/"


async def test_a_new_token_or_leaving_ends_the_session(desk: Desk, anna: httpx.AsyncClient) -> None:
    assert (await anna.get("/")).status_code == 200
    await desk.hear(desk_id("agent", "anna"), story.defined(token_hash="f" * 64))
    assert (await anna.get("/")).status_code == 303


async def test_pages_load_only_what_is_ours_and_are_kept_by_no_cache(
    anna: httpx.AsyncClient,
) -> None:
    for path in ("/", PAGE, "/sign-in"):
        page = await anna.get(path)
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
        assert "<script>" not in page.text
        assert "style=" not in page.text


async def test_the_queue_says_in_words_what_is_overdue(desk: Desk, anna: httpx.AsyncClient) -> None:
    desk.clock.fixed = at(20)
    page = await anna.get("/")
    assert "overdue by 5 min" in page.text
    assert "Emergency" in page.text
    assert "The customer is upset" in page.text


async def test_the_ticket_shows_everything_with_pinned_notes_on_top(
    anna: httpx.AsyncClient,
) -> None:
    page = (await anna.get(PAGE)).text
    for shown in ("Nothing works", "Olga Brandt", "Berlin Mitte", "Emergency", "Anna Berg"):
        assert shown in page
    assert page.index("The customer is upset") < page.index("since 8:40 nothing works")


async def test_what_customers_write_is_text_and_nothing_else(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    evil = "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 7*7 }} javascript:alert(3)"
    await desk.hear(TICKET, story.message(evil), story.note(evil))
    page = (await anna.get(PAGE)).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "{{ 7*7 }}" in page
    assert 'href="javascript' not in page


async def test_a_form_becomes_its_command_once(desk: Desk, anna: httpx.AsyncClient) -> None:
    answer = await send(anna, "reply", text="We are on it.\r\nAnna", awaits_customer="on")
    assert answer.status_code == 303
    (sent,) = desk.owners.sent
    assert (sent.owner, sent.path) == ("resolution", f"/v1/tickets/{TICKET}/replies")
    in_sight = "assignment=1,intake=4,resolution=1,sla=3"
    said = {"text": "We are on it.\nAnna", "awaits_customer": True, "seen": in_sight}
    assert sent.body == said
    assert sent.headers["ledgerdesk-after"]
    assert len(sent.headers["idempotency-key"]) == 32
    done = await anna.get(answer.headers["location"])
    assert "Your reply is on its way." in done.text


async def test_a_file_goes_with_the_reply(desk: Desk, anna: httpx.AsyncClient) -> None:
    page = await anna.get(PAGE)
    hidden = {name: field(page, "reply", name) for name in ("form_token", "seen", "key")}
    await anna.post(
        f"{PAGE}/do/reply",
        data={**hidden, "text": "See the plan"},
        files={"files": ("plan.txt", b"left, then right", "text/plain")},
    )
    (sent,) = desk.owners.sent
    assert sent.body["attachments"] == [
        {
            "name": "plan.txt",
            "content_type": "text/plain",
            "content_base64": "bGVmdCwgdGhlbiByaWdodA==",
        }
    ]


async def test_a_form_without_its_token_does_nothing_and_keeps_the_text(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    answer = await anna.post(f"{PAGE}/do/reply", data={"text": "My long answer"})
    assert answer.status_code == 403
    assert "My long answer" in answer.text
    assert not desk.owners.sent


async def test_another_sites_form_does_nothing(desk: Desk, anna: httpx.AsyncClient) -> None:
    token = field(await anna.get(PAGE), "note", "form_token")
    answer = await anna.post(
        f"{PAGE}/do/note",
        data={"text": "x", "form_token": token},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert not desk.owners.sent


async def test_an_owners_refusal_is_said_at_the_form_and_nothing_typed_is_lost(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    problem = {
        "code": "invalid",
        "detail": "Some fields are missing or malformed.",
        "errors": [{"field": "cause", "message": "is too short"}],
    }
    desk.owners.answers = [httpx.Response(422, json=problem)]
    answer = await send(anna, "resolve", kind="workaround", cause="?", note="Use the phone")
    assert answer.status_code == 422
    for kept in ("Use the phone", "is too short", "Some fields are missing"):
        assert kept in answer.text
    assert '<option value="workaround" selected>' in answer.text


async def test_a_reply_that_missed_the_customers_message_shows_it_first(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    page = await anna.get(PAGE)
    hidden = {name: field(page, "reply", name) for name in ("form_token", "seen", "key")}
    await desk.hear(TICKET, story.message("It works again, forget it"))
    answer = await anna.post(f"{PAGE}/do/reply", data={**hidden, "text": "Try turning it off"})
    assert answer.status_code == 412
    assert "The customer wrote" in answer.text
    assert "Try turning it off" in answer.text
    assert not desk.owners.sent
    again = {name: field(answer, "reply", name) for name in ("form_token", "seen", "key")}
    assert (
        await anna.post(f"{PAGE}/do/reply", data={**again, "text": "Glad to hear"})
    ).status_code == 303
    assert len(desk.owners.sent) == 1


async def test_a_delivered_mail_makes_no_draft_stale(desk: Desk, anna: httpx.AsyncClient) -> None:
    page = await anna.get(PAGE)
    hidden = {name: field(page, "reply", name) for name in ("form_token", "seen", "key")}
    await desk.hear(TICKET, *story.acknowledged())
    answer = await anna.post(f"{PAGE}/do/reply", data={**hidden, "text": "We are on it"})
    assert answer.status_code == 303


async def test_a_412_of_the_owner_keeps_the_text(desk: Desk, anna: httpx.AsyncClient) -> None:
    stale = {"code": "stale", "detail": "The ticket has moved on"}
    desk.owners.answers = [httpx.Response(412, json=stale)] * 3
    answer = await send(anna, "reply", text="Here is what to do")
    assert answer.status_code == 412
    assert "Here is what to do" in answer.text


async def test_an_owner_that_is_away_is_named_and_the_text_kept(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    desk.owners.answers = [httpx.ConnectError("refused")]
    answer = await send(anna, "note", text="Important thought")
    assert answer.status_code == 503
    assert "resolution is away" in answer.text
    assert "Important thought" in answer.text


async def test_only_a_manager_sees_priority_and_plan(desk: Desk, anna: httpx.AsyncClient) -> None:
    assert 'data-form="priority"' not in (await anna.get(PAGE)).text
    async with desk.client() as mara:
        await sign_in(mara, "mara")
        answer = await send(mara, "priority", priority="high", reason="Less bad than thought")
    assert answer.status_code == 303
    (sent,) = desk.owners.sent
    assert (sent.owner, sent.body) == (
        "intake",
        {"priority": "high", "reason": "Less bad than thought"},
    )


async def test_forms_fit_the_status(desk: Desk, anna: httpx.AsyncClient) -> None:
    await desk.hear(
        TICKET,
        TicketResolved(
            kind=ResolutionKind.FIX,
            cause="Fuse",
            note="Replaced",
            resolved_by="anna",
            resolved_at=T0,
        ),
    )
    page = (await anna.get(PAGE)).text
    assert 'data-form="verify"' in page
    assert 'data-form="resolve"' not in page
    await desk.hear(
        TICKET, AgentUnassigned(agent_id="anna", by="anna", reason="x", unassigned_at=T0)
    )
    assert 'data-form="claim"' in (await anna.get(PAGE)).text


async def test_the_pulse_is_the_tickets_vector(anna: httpx.AsyncClient) -> None:
    page = await anna.get(PAGE)
    pulse = await anna.get(f"{PAGE}/pulse")
    assert f'data-vector="{pulse.text}"' in page.text


async def test_an_unknown_ticket_is_said_in_words(anna: httpx.AsyncClient) -> None:
    page = await anna.get("/tickets/LD-00000-00000-0")
    assert page.status_code == 404
    assert "There is no such ticket" in page.text


async def test_an_address_that_leads_nowhere_is_said_in_words(anna: httpx.AsyncClient) -> None:
    page = await anna.get("/tickets/LD-1/nowhere")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    for for_programs in ("/api/v1/nowhere", f"/api/v1{PAGE}/replies", "/health/nowhere"):
        answer = await anna.get(for_programs)
        assert answer.headers["content-type"] == "application/problem+json", for_programs


async def test_the_address_of_a_form_leads_back_to_its_ticket(anna: httpx.AsyncClient) -> None:
    assert (await anna.get(f"{PAGE}/do/reply")).headers["location"] == PAGE


async def test_an_empty_field_is_asked_for_in_words(desk: Desk, anna: httpx.AsyncClient) -> None:
    errors = [{"field": "text", "message": "must not be empty"}]
    desk.owners.answers = [httpx.Response(422, json={"detail": "Invalid.", "errors": errors})]
    page = await send(anna, "reply", text="  ")
    assert page.status_code == 422
    assert "Please fill this in." in page.text


async def test_files_are_saved_and_never_shown(desk: Desk, anna: httpx.AsyncClient) -> None:
    desk.owners.answers = [httpx.Response(200, html="<script>alert(1)</script>")]
    answer = await anna.get("/files/abc", params={"name": 'x".html'})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_quarantined_mail_says_why_and_is_released(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    item, there = str(uuid7()), "/quarantine"
    kept = {
        "quarantine_id": item,
        "reason": "sender_not_proven",
        "raw_file_id": "ab",
        "size_bytes": 900,
        "settled": "",
        "authenticity": {"spf": "fail", "dkim": "none", "dmarc": "fail"},
        "explained": [["from", "Carla <carla@example.com>"], ["says", "<b>Close it.</b>"]],
    }
    desk.owners.answers = [httpx.Response(200, json=kept)]
    page = await anna.get(f"{there}/{item}")
    assert "pretends to be somebody whom we know" in page.text
    assert "DMARC fail" in page.text
    assert "&lt;b&gt;Close it.&lt;/b&gt;" in page.text
    token = re.search(r'name="form_token" value="(\w+)"', page.text)
    assert token
    desk.owners.answers = [httpx.Response(200, json={"number": NUMBER})]
    form = {"form_token": token[1], "decision": "release", "into": NUMBER}
    answer = await anna.post(f"{there}/{item}", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tickets/{NUMBER}")
    sent = desk.owners.sent[-1]
    assert (sent.owner, sent.path) == ("intake", f"/v1/quarantine/{item}/release")
    assert sent.body == {"into_ticket_id": NUMBER}


async def test_blocked_senders_are_listed_blocked_and_let_in_again(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    there, person = "/blocked-senders", str(uuid7())
    row = {
        "person_id": person,
        "address": "<b>@spam.example",
        "blocked_by": "ben",
        "blocked_at": "2026-03-02T09:00:00Z",
        "refused": 4711,
        "last_refused_at": "2026-03-03T09:00:00Z",
    }
    desk.owners.answers = [httpx.Response(200, json=[row])]
    page = await anna.get(there)
    assert "&lt;b&gt;@spam.example" in page.text
    assert "4711" in page.text
    assert "Unblock" not in page.text
    token = re.search(r'name="form_token" value="(\w+)"', page.text)
    assert token
    form = {"form_token": token[1], "address": "spam@example.com"}
    wrong = {"errors": [{"field": "address", "message": "is no mail address"}]}
    desk.owners.answers = [httpx.Response(422, json=wrong), httpx.Response(200, json=[row])]
    again = await anna.post(there, data=form)
    assert again.status_code == 422
    assert "The address is no mail address" in again.text
    desk.owners.answers = [httpx.Response(200, json={})]
    done = await anna.post(there, data=form)
    assert (done.status_code, done.headers["location"]) == (303, there)
    sent = desk.owners.sent[-1]
    assert (sent.owner, sent.method, sent.path) == ("intake", "POST", "/v1/blocked-senders")
    assert sent.body == {"address": "spam@example.com"}
    assert (await anna.post(there, data=form | {"form_token": "x"})).status_code == 403
    async with desk.client() as client:
        await sign_in(client, "mara")
        desk.owners.answers = [httpx.Response(200, json=[row])]
        page = await client.get(there)
        assert "Unblock" in page.text
        token = re.search(r'name="form_token" value="(\w+)"', page.text)
        assert token
        desk.owners.answers = [httpx.Response(200, json={})]
        form = {"form_token": token[1], "person": person}
        assert (await client.post(f"{there}/unblock", data=form)).status_code == 303
    sent = desk.owners.sent[-1]
    assert (sent.method, sent.path) == ("DELETE", f"/v1/blocked-senders/{person}")


async def test_the_promises_of_a_ticket_say_why(desk: Desk, anna: httpx.AsyncClient) -> None:
    started = {"what": "ClockStarted", "at": "2026-03-02T09:00:00Z", "reason": "<b>as asked</b>"}
    text = "Due at ten; under the plan Emergency, revision 3."
    why = {"text": text, "history": [started]}
    clock = {"clock": "next_response", "state": "running", "breaches": 2, "why": why}
    told = {"plan": {"plan_name": "Emergency", "reason": "as asked", "revision": 3,
                     "calendar_id": "always", "calendar": None}, "clocks": [clock]}  # fmt: skip
    desk.owners.answers = [httpx.Response(200, json=told)]
    page = await anna.get(f"{PAGE}/promises")
    assert page.status_code == 200, page.text
    assert "Next response: running, missed 2 times" in page.text
    assert text in page.text
    assert "&lt;b&gt;as asked&lt;/b&gt;" in page.text
    sent = desk.owners.sent[-1]
    assert (sent.owner, sent.path.rpartition("/")[2]) == ("sla", "clocks")
    desk.owners.answers = [httpx.Response(503, json={"detail": "Away for a moment."})]
    assert "Away for a moment." in (await anna.get(f"{PAGE}/promises")).text


async def test_presence_and_signing_out(desk: Desk, anna: httpx.AsyncClient) -> None:
    token = re.search(r'name="form_token" value="(\w+)"', (await anna.get("/")).text)
    assert token
    await anna.post("/presence", data={"online": "no", "form_token": token[1]})
    assert desk.owners.sent[0].body == {"online": False}
    stolen = anna.cookies[COOKIE]
    out = await anna.post("/sign-out", data={"form_token": token[1]})
    assert out.headers["location"] == "/sign-in"
    assert (await anna.get("/")).status_code == 303
    anna.cookies.set(COOKIE, stolen)
    assert (await anna.get("/")).status_code == 303
    anna.cookies.clear()
    await sign_in(anna, "anna")
    assert (await anna.get("/")).status_code == 200


async def test_too_many_wrong_tokens_are_told_to_come_back(desk: Desk) -> None:
    async with desk.client() as client:
        form = {"email": "anna@desk.example", "token": "wrong"}
        for _ in range(PER_TOKEN_MAX):
            assert (await client.post("/sign-in", data=form)).status_code == 401
        again = await client.post("/sign-in", data=form)
        api = await client.get("/api/v1/me", headers={"Authorization": "Bearer wrong"})
        assert (await sign_in(client, "anna")).status_code == 303
    for answer in (again, api):
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 60


async def test_static_files_are_kept_for_ever_under_names_of_their_content(
    anna: httpx.AsyncClient,
) -> None:
    page = (await anna.get("/")).text
    for url in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        file = await anna.get(url)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
    assert (await anna.get("/static/0/panel.css")).status_code == 404


async def test_why_somebody_has_a_ticket_is_a_page_and_a_route(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    why = {
        "ticket_id": "x",
        "told": ["anna has it: <b>least loaded</b>."],
        "agent_id": "anna",
        "reason": "least loaded",
        "how": "least_loaded",
        "weight": 1,
        "ahead": 0,
        "now": None,
        "candidates": [{"agent_id": "ben", "load": 3, "capacity": 9, "verdict": "off shift"}],
    }
    desk.owners.answers = [httpx.Response(200, json=why)]
    page = await anna.get(f"/tickets/{NUMBER}/assignment")
    assert "&lt;b&gt;least loaded&lt;/b&gt;" in page.text
    assert "3 of 9" in page.text
    assert "off shift" in page.text
    assert f'href="/tickets/{NUMBER}/assignment"' in (await anna.get(f"/tickets/{NUMBER}")).text
    async with desk.client("anna") as client:
        desk.owners.answers = [httpx.Response(200, json=why)]
        answer = await client.get(f"/api/v1/tickets/{NUMBER}/assignment")
        assert answer.json()["candidates"] == why["candidates"]
        assert desk.owners.sent[-1].path.endswith("/why")
        no = await client.post("/api/v1/agents/ben/hand-on", json={"reason": "I want them"})
        assert no.status_code == 403
        await client.post("/api/v1/agents/anna/hand-on", json={"reason": "on leave"})
        assert desk.owners.sent[-1].path == "/v1/agents/anna/hand-on"
