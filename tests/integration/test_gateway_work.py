"""An agent at work: drafts, what is prepared, tags, pins, followers, incidents, case files."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway.drafts import forget_drafts
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.events.resolution import (
    CannedResponse,
    ChildLinked,
    Macro,
    MacroStep,
    NoteAdded,
    NoteUnpinned,
    ParentLinked,
    TagsChanged,
    TicketFollowed,
    TimeSpent,
    WorkRulesDefined,
)
from shared.identity import HEADER, Identity, sign
from shared.ids import desk_id
from shared.privacy.eraser import Forgotten
from shared.testing.spec import T0
from tests.integration.gateway_harness import SECRET, Databases, Desk, gateway_on, tickets_of
from tests.integration.test_gateway_panel import PAGE, TICKET, field, send, sign_in
from tests.unit.gateway import story
from tests.unit.gateway.story import NUMBER

OTHER, OTHER_NUMBER = story.ticket(2), story.number(2)
RULES = WorkRulesDefined(
    responses=(
        CannedResponse(response_id="hi", name="Greet", text="Hello {{ requester.first_name }}!"),
        CannedResponse(response_id="bill", name="Invoice", text="…", topics=("billing",)),
    ),
    macros=(Macro(macro_id="wait", name="Ask and wait", steps=(MacroStep(do="start"),)),),
    revision=1,
)


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        await made.hear(desk_id("work-rules", "work-rules"), RULES)
        await made.hear(TICKET, story.opened(), *story.triaged(), story.assigned(), story.note())
        await made.hear(OTHER, story.opened(number=OTHER_NUMBER), *story.triaged())
        yield made


@pytest.fixture
async def anna(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.client("anna") as client:
        await sign_in(client, "anna")
        yield client


async def test_what_was_typed_survives_until_it_is_sent_or_thrown_away(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    token = field(await anna.get(PAGE), "reply", "form_token")
    typed = {"form_token": token, "text": "Half a thought", "awaits_customer": "on"}
    kept = await anna.post(f"{PAGE}/draft/reply", data=typed)
    assert kept.status_code == 204
    assert (await anna.post(f"{PAGE}/draft/reply", data={"text": "x"})).status_code == 403
    page = (await anna.get(PAGE)).text
    assert "Half a thought" in page
    assert "Your draft, kept" in page
    assert "your draft" in (await anna.get("/")).text
    async with desk.client() as ben:
        await sign_in(ben, "ben")
        assert "Half a thought" not in (await ben.get(PAGE)).text
    api = f"/api/v1/tickets/{NUMBER}/drafts"
    assert (await anna.get(api)).json()["drafts"][0]["typed"] == {
        "text": "Half a thought",
        "awaits_customer": "on",
    }
    assert (await send(anna, "reply", text="A whole one")).status_code == 303
    assert (await anna.get(api)).json() == {"drafts": []}
    await anna.put(f"{api}/note", json={"typed": {"text": "For later"}})
    assert (await anna.delete(f"{api}/note")).json() == {"kept": False}
    assert (await anna.get(api)).json() == {"drafts": []}


async def test_a_refused_reply_is_kept_and_forgotten_with_its_person(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    moved = {"code": "conversation_moved_on", "detail": "Something was said since you looked."}
    desk.owners.answers = [httpx.Response(409, json=moved)]
    refused = await send(anna, "reply", text="Try turning it off")
    assert "Something was said since you looked." in refused.text
    assert "Try turning it off" in (await anna.get(PAGE)).text
    await forget_drafts(desk.runtime)(Forgotten(persons=[], subjects=[TICKET]))
    assert "Try turning it off" not in (await anna.get(PAGE)).text


async def test_what_the_desk_has_prepared_is_offered_where_it_fits(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    told = (await anna.get(f"/api/v1/tickets/{NUMBER}/prepared")).json()
    assert told["responses"] == [{"response_id": "hi", "name": "Greet", "text": "Hello Olga!"}]
    assert 'data-insert="Hello Olga!"' in (await anna.get(PAGE)).text
    assert (await send(anna, "macro", macro_id="wait")).status_code == 303
    sent = desk.owners.sent[-1]
    assert sent.path == f"/v1/tickets/{TICKET}/macros/wait"
    assert sent.body == {"seen": "assignment=1,intake=4,resolution=1"}


async def test_pins_stand_on_every_ticket_of_the_requester_until_unpinned(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    there = f"/tickets/{OTHER_NUMBER}"
    assert "The customer is upset" in (await anna.get(there)).text
    [note] = (await anna.get(f"/api/v1/tickets/{NUMBER}")).json()["pinned_notes"]
    assert (await send(anna, "unpin", note_id=note["id"])).status_code == 303
    assert desk.owners.sent[-1].path == f"/v1/tickets/{TICKET}/pins/{note['id']}"
    await desk.hear(TICKET, NoteUnpinned(note_id=note["id"], unpinned_by="anna", unpinned_at=T0))
    assert "The customer is upset" not in (await anna.get(there)).text


async def test_tags_followers_and_mentions_have_queues_of_their_own(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    def tags(**changed: tuple[str, ...]) -> TagsChanged:
        return TagsChanged(changed_by="anna", changed_at=T0, **changed)

    asked = NoteAdded(noted_by="ben", text="@anna look", mentions=("anna",), noted_at=T0)
    followed = TicketFollowed(agent_id="anna", followed_by="anna", followed_at=T0)
    await desk.hear(OTHER, tags(added=("vip", "shop")), tags(removed=("shop",)), followed, asked)
    await desk.hear(OTHER, TimeSpent(minutes=5, spent_by="ben", spent_at=T0))
    for query in ("queue=following", "queue=mentioned", "q=tag:vip"):
        page = await anna.get(f"/api/v1/tickets?{query}")
        assert tickets_of(page) == [OTHER_NUMBER], query
    assert tickets_of(await anna.get("/api/v1/tickets?q=tag:shop")) == []
    row = (await anna.get(f"/api/v1/tickets/{OTHER_NUMBER}")).json()
    assert (row["tags"], row["minutes_spent"]) == (["vip"], 5)
    await desk.hear(OTHER, story.reply())
    assert tickets_of(await anna.get("/api/v1/tickets?queue=mentioned")) == []
    await send(anna, "note", text="@ben: olga@anna.example wrote, @nobody-else")
    assert desk.owners.sent[-1].body["mentions"] == ["ben", "nobody-else"]
    await send(anna, "tags", tags="VIP -printer")
    assert desk.owners.sent[-1].body == {"add": ["vip"], "remove": ["printer"]}


async def test_an_incident_and_its_children_show_each_other(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    about = {"linked_by": "anna", "linked_at": T0}
    await desk.hear(TICKET, ChildLinked(child_ticket_id=OTHER, child_number=OTHER_NUMBER, **about))
    await desk.hear(OTHER, ParentLinked(parent_ticket_id=TICKET, parent_number=NUMBER, **about))
    assert "incident of 1" in (await anna.get(PAGE)).text
    assert (
        f'Part of the incident <a href="/tickets/{NUMBER}"'
        in (await anna.get(f"/tickets/{OTHER_NUMBER}")).text
    )


async def test_the_case_file_tells_the_whole_story_to_whoever_is_entitled(
    desk: Desk, anna: httpx.AsyncClient
) -> None:
    evil = "<script>alert(1)</script>"
    await desk.hear(TICKET, story.message(evil), story.reply())
    told = (await anna.get(f"/api/v1/tickets/{NUMBER}/case-file")).json()
    assert [one["type"] for one in told["events"]][:2] == ["TicketOpened", "TicketVerified"]
    assert len(told["events"]) == 8
    assert told["events"][0]["said"]["number"] == NUMBER
    assert told["conversation"][-1]["text"] == "We are on it."
    page = await anna.get(f"/tickets/{NUMBER}/case-file?format=html")
    assert page.headers["content-disposition"] == f'attachment; filename="{NUMBER}.html"'
    assert "&lt;script&gt;alert(1)" in page.text
    assert evil not in page.text
    for shown in ("We are on it.", "The customer is upset", "TicketPrioritised", "Anna Berg"):
        assert shown in page.text
    async with desk.client() as stranger:
        assert (await stranger.get(f"/api/v1/tickets/{NUMBER}/case-file")).status_code == 401


async def test_whoever_runs_the_desk_takes_a_case_file_which_is_on_record(desk: Desk) -> None:
    for role, status in ((Role.MANAGER, 403), (Role.ADMIN, 200)):
        who = Identity("cli:root", "cli", "Admin", role)
        async with desk.client() as client:
            answer = await client.get(
                f"/v1/tickets/{NUMBER}/case-file?kind=html",
                headers={HEADER: sign(SECRET, who, "gateway", utc_now())},
            )
        assert answer.status_code == status, answer.text
    assert answer.json()["name"] == f"{NUMBER}.html"
    assert "Nothing works" in answer.json()["content"]
    await desk.gateway.views.flush()
    viewed = (await desk.runtime.log.read(TICKET)).events[-1]
    assert (viewed.type, viewed.actor) == ("TicketViewed", "cli:root")
