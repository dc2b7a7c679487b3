"""The agents' API on a real database."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from services.gateway import shapes
from services.gateway.auth import by_token
from services.gateway.commands import COMMANDS
from services.gateway.http import may_send
from shared.clock import utc_now
from shared.errors import NotFound
from shared.events.assignment import Role
from shared.events.base import Priority
from shared.events.relations import TicketShared
from shared.events.resolution import ClosedHow, TicketClosed
from shared.ids import desk_id, person_id
from shared.testing.spec import T0
from tests.integration.gateway_harness import Databases, Desk, gateway_on, numbered, tickets_of
from tests.unit.gateway import story
from tests.unit.gateway.story import at


@pytest.fixture
async def desk(service_database: Databases) -> AsyncIterator[Desk]:
    async with gateway_on(service_database) as made:
        await made.open_desk()
        yield made


NUMBER = story.NUMBER
TICKET = story.ticket(1)


async def outage(desk: Desk) -> None:
    await desk.hear(
        TICKET,
        story.opened(),
        *story.triaged(),
        story.assigned(),
        *story.clocks(at(15), at(240)),
        story.note(),
        *story.acknowledged(),
    )


async def test_a_wrong_or_missing_token_is_refused(desk: Desk) -> None:
    async with desk.client() as nobody:
        assert (await nobody.get("/api/v1/me")).status_code == 401
        wrong = await nobody.get("/api/v1/me", headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 401
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_large_bodies_are_read_of_people_of_the_desk_only(desk: Desk) -> None:
    known = may_send(desk.gateway, 7)

    async def may(**headers: str) -> int:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return await known({"type": "http", "headers": raw})

    row = await by_token(desk.gateway.finders, story.TOKENS["ben"])
    _, cookie = desk.gateway.sessions.begin(row, desk.clock())
    assert await may() == 0
    assert await may(authorization="Bearer nonsense") == 0
    assert await may(cookie="ledgerdesk_agent=nonsense") == 0
    assert await may(authorization=f"Bearer {story.TOKENS['ben']}") == 7
    assert await may(cookie=f"ledgerdesk_agent={cookie}") == 7


async def test_who_has_left_is_refused(desk: Desk) -> None:
    await desk.hear(desk_id("agent", "ben"), story.defined("ben", "Ben Okoye", active=False))
    async with desk.client("ben") as ben:
        assert (await ben.get("/api/v1/me")).status_code == 401


async def test_who_i_am_never_shows_the_hash(desk: Desk) -> None:
    async with desk.client("anna") as anna:
        me = (await anna.get("/api/v1/me")).json()
    shapes.Agent.model_validate(me)
    assert me["id"] == "anna"
    assert "token_hash" not in me


async def test_a_ticket_is_shown_as_it_stood_at_any_time_before(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("anna") as anna:
        path = f"/api/v1/tickets/{TICKET}"
        parts = ("", "/conversation", "/timeline", "/clocks")
        then = [(await anna.get(path + part)).json() for part in parts]
        as_of = {"as_of": utc_now().isoformat()}
        await desk.hear(
            TICKET,
            story.note(),
            TicketClosed(how=ClosedHow.AGENT, closed_by="agent:anna", closed_at=T0),
        )
        assert (await anna.get(path)).json()["status"] == "Closed"
        back = [(await anna.get(path + part, params=as_of)).json() for part in parts]
        before = await anna.get(path, params={"as_of": "2001-01-01T00:00:00Z"})
        vague = await anna.get(path, params={"as_of": "yesterday"})
    assert back == then
    assert (before.status_code, vague.status_code) == (404, 422)


async def test_a_ticket_is_found_by_number_and_id_with_its_etag(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("anna") as anna:
        by_number = await anna.get(f"/api/v1/tickets/{NUMBER.lower()}")
        by_id = await anna.get(f"/api/v1/tickets/{TICKET}")
        again = await anna.get(
            f"/api/v1/tickets/{NUMBER}", headers={"If-None-Match": by_id.headers["ETag"]}
        )
        unknown = await anna.get("/api/v1/tickets/LD-00000-00000-0")
    assert by_number.json() == by_id.json()
    shapes.Ticket.model_validate(by_id.json())
    assert by_id.headers["ETag"] == '"assignment=1,intake=4,notify=2,resolution=1,sla=3"'
    assert again.status_code == 304
    assert unknown.status_code == 404


async def test_the_parts_of_a_ticket_have_their_documented_shapes(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("anna") as anna:
        parts = {
            name: (await anna.get(f"/api/v1/tickets/{NUMBER}/{name}")).json()
            for name in ("conversation", "timeline", "clocks")
        }
    messages = shapes.Messages.model_validate(parts["conversation"]).messages
    assert [each.kind for each in messages] == ["opened", "note"]
    assert len(shapes.Timeline.model_validate(parts["timeline"]).events) == 11
    assert {c.clock for c in shapes.Clocks.model_validate(parts["clocks"]).clocks} == {
        "first_response",
        "resolution",
    }


async def test_queues_come_by_due_time_page_by_page(desk: Desk) -> None:
    for n, (ticket, number) in enumerate(numbered(7)):
        due = at(1_000 - n)
        await desk.hear(
            ticket,
            story.opened(number),
            *story.triaged(),
            story.assigned(),
            *(story.clocks(due, at(9_999)) if n != 3 else []),
        )
    async with desk.client("anna") as anna:
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await anna.get(
                "/api/v1/tickets", params={"queue": "mine", "limit": "3", **cursor}
            )
            shapes.TicketPage.model_validate(page.json())
            seen += tickets_of(page)
            if page.json()["next"] is None:
                break
            cursor = {"cursor": page.json()["next"]}
    wanted = [number for _, number in numbered(7)]
    assert seen == [wanted[n] for n in (6, 5, 4, 2, 1, 0, 3)]


async def test_filters_narrow_and_a_foreign_cursor_is_refused(desk: Desk) -> None:
    priorities = [Priority.LOW, Priority.HIGH, Priority.HIGH]
    for (ticket, number), priority in zip(numbered(3), priorities, strict=True):
        await desk.hear(ticket, story.opened(number), *story.triaged(priority))
    await desk.hear(story.ticket(0), story.assigned())
    async with desk.client("ben") as ben:

        async def found(**params: str) -> int:
            return len(tickets_of(await ben.get("/api/v1/tickets", params=params)))

        assert await found() == 3
        assert await found(priority="high") == 2
        assert await found(queue="unassigned") == 2
        assert await found(queue="mine") == 0
        assert await found(queue="team") == 0
        assert await found(team="network") == 3
        assert await found(agent="anna") == 1
        assert await found(status="Assigned") == 1
        assert await found(status="Assigned", priority="high") == 0
        assert await found(requester="OLGA@example.com ") == 3
        page = await ben.get("/api/v1/tickets", params={"limit": "1", "queue": "all"})
        cursor = page.json()["next"]
        other = await ben.get("/api/v1/tickets", params={"q": "works", "cursor": cursor})
        broken = await ben.get("/api/v1/tickets", params={"cursor": "AAAA"})
    assert (other.status_code, broken.status_code) == (422, 422)
    assert broken.json()["errors"][0]["field"] == "cursor"


async def test_a_ticket_shared_with_a_team_is_in_its_queue_too(desk: Desk) -> None:
    for ticket, number in numbered(2):
        await desk.hear(ticket, story.opened(number), *story.triaged())
    for team in ("billing", "network"):
        shared = TicketShared(
            team_id=team, team_name=team.capitalize(), topic_id=team, shared_at=story.at(1)
        )
        await desk.hear(story.ticket(0), shared)
    async with desk.client("ben") as ben:
        page = await ben.get("/api/v1/tickets", params={"queue": "team"})
        assert tickets_of(page) == [story.number(0)]
        both = await ben.get("/api/v1/tickets", params={"team": "network"})
        assert len(tickets_of(both)) == 2
    me = await desk.gateway.finders.agent("ben")
    assert me is not None
    assert (await desk.gateway.finders.counts(me))["team"] == 1


async def test_search_finds_numbers_and_words_in_all_that_was_written(desk: Desk) -> None:
    await outage(desk)
    await desk.hear(TICKET, story.reply("Please reset the flux capacitor"))
    async with desk.client("anna") as anna:
        for q, count in {
            "capacitor flux": 1,
            NUMBER: 1,
            NUMBER.removeprefix("LD-").lower().replace("-", " "): 1,
            "unobtainium": 0,
            "olga": 1,
            "'; drop table": 0,
        }.items():
            page = await anna.get("/api/v1/tickets", params={"q": q})
            assert len(tickets_of(page)) == count, q


async def test_counts_say_what_waits_for_me(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("anna") as anna, desk.client("ben") as ben:
        mine = (await anna.get("/api/v1/queues")).json()
        bens = (await ben.get("/api/v1/queues")).json()
    shapes.QueueCounts.model_validate(mine)
    assert {q["name"]: q["count"] for q in mine["queues"]}["mine"] == 1
    assert {q["name"]: q["count"] for q in bens["queues"]}["mine"] == 0


async def test_closed_tickets_come_latest_first_and_only_when_asked_for(desk: Desk) -> None:
    for n, (ticket, number) in enumerate(numbered(3)):
        closed = TicketClosed(how=ClosedHow.AGENT, closed_by="anna", closed_at=at(n))
        desk.clock.fixed = T0 + timedelta(minutes=n)
        await desk.hear(ticket, story.opened(number), closed)
    async with desk.client("anna") as anna:
        closed_ones = tickets_of(await anna.get("/api/v1/tickets", params={"queue": "closed"}))
        assert closed_ones == [number for _, number in numbered(3)][::-1]
        assert tickets_of(await anna.get("/api/v1/tickets")) == []


async def test_every_command_reaches_its_owner_as_who_gave_it(desk: Desk) -> None:
    await outage(desk)
    headers = {"If-Match": '"intake=4"', "Idempotency-Key": "k", "Ledgerdesk-After": "intake=4"}
    for command in COMMANDS:
        path = command.name.format_map(defaultdict(lambda: "a1"))
        async with desk.client("mara") as mara:
            answer = await mara.request(
                command.method,
                f"/api/v1/tickets/{NUMBER}/{path}",
                json=command.example,
                headers=headers,
            )
        assert answer.status_code == 200, answer.text
        sent = desk.owners.sent.pop()
        assert sent.owner == command.owner
        assert (sent.method, sent.path) == (command.method, f"/v1/tickets/{TICKET}/{path}")
        assert (sent.identity.actor, sent.identity.name) == ("agent:mara", "Mara Lind")
        assert sent.body == command.example
        for name, value in headers.items():
            assert sent.headers[name] == value


async def test_a_managers_command_is_refused_to_an_agent(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("anna") as anna:
        answer = await anna.post(f"/api/v1/tickets/{NUMBER}/priority", json={"priority": "low"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"
    assert not desk.owners.sent


async def test_an_owners_answer_comes_back_as_it_is(desk: Desk) -> None:
    await outage(desk)
    headers = {"ETag": '"resolution=2"', "Ledgerdesk-After": "resolution=2", "X-Inner": "secret"}
    problem = {"type": "urn:x", "title": "t", "status": 412, "code": "stale", "detail": "d"}
    desk.owners.answers = [
        httpx.Response(200, json={"ticket_id": "x", "events": ["WorkStarted"]}, headers=headers),
        httpx.Response(412, json=problem, headers={"Content-Type": "application/problem+json"}),
    ]
    async with desk.client("anna") as anna:
        done = await anna.post(f"/api/v1/tickets/{NUMBER}/start")
        stale = await anna.post(f"/api/v1/tickets/{NUMBER}/start")
    assert done.headers["Ledgerdesk-After"] == "resolution=2"
    assert done.headers["ETag"] == '"resolution=2"'
    assert "X-Inner" not in done.headers
    assert (stale.status_code, stale.json()) == (412, problem)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectError("refused"), "service_away"),
        (httpx.ReadTimeout("slow"), "service_silent"),
    ],
)
async def test_an_owner_that_is_away_is_said_so(desk: Desk, error: Exception, code: str) -> None:
    await outage(desk)
    desk.owners.answers = [error]
    async with desk.client("anna") as anna:
        answer = await anna.post(f"/api/v1/tickets/{NUMBER}/start")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert (answer.json()["code"], answer.json()["service"]) == (code, "resolution")


async def test_a_read_waits_for_what_its_caller_has_seen(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("anna") as anna:
        known = await anna.get(f"/api/v1/tickets/{NUMBER}", params={"after": "intake=4"})
        ahead = await anna.get(
            f"/api/v1/tickets/{NUMBER}", headers={"Ledgerdesk-After": "resolution=99"}
        )
        wrong = await anna.get(f"/api/v1/tickets/{NUMBER}", params={"after": "nonsense"})
    assert known.status_code == 200
    assert (ahead.status_code, ahead.json()["code"]) == (503, "not_yet")
    assert wrong.status_code == 422


async def test_presence_and_quarantine_are_their_owners(desk: Desk) -> None:
    async with desk.client("anna") as anna:
        await anna.put("/api/v1/me/presence", json={"online": False})
        await anna.get("/api/v1/quarantine", params={"limit": "5"})
        await anna.get("/api/v1/files/abc")
        await anna.post("/api/v1/due-times", json={"plan_id": "standard"})
    assert [(s.owner, s.method, s.path) for s in desk.owners.sent] == [
        ("assignment", "PUT", "/v1/agents/anna/presence"),
        ("intake", "GET", "/v1/quarantine?limit=5"),
        ("intake", "GET", "/v1/files/abc"),
        ("sla", "POST", "/v1/calc"),
    ]


async def test_an_admin_lets_a_plan_hold_for_open_tickets_as_it_is_now(desk: Desk) -> None:
    path, why = "/api/v1/plans/gold/reapply", {"reason": "The contract has changed."}
    async with desk.client("mara") as mara:
        assert (await mara.post(path, json=why)).status_code == 403
        assert desk.owners.sent == []
        await desk.hear(desk_id("agent", "mara"), story.defined("mara", role=Role.ADMIN))
        assert (await mara.post(path, json=why)).status_code == 200
    [sent] = desk.owners.sent
    assert (sent.owner, sent.body, sent.identity.role) == ("sla", why, Role.ADMIN)


async def test_a_path_cannot_be_smuggled_to_an_owner(desk: Desk) -> None:
    await outage(desk)
    async with desk.client("mara") as mara:
        await mara.delete(f"/api/v1/tickets/{NUMBER}/participants/..%2F..%2Fx")
        await mara.get("/api/v1/files/..%2f..%2fdesk")
    for sent in desk.owners.sent:
        assert "/../" not in sent.path


async def test_looking_is_on_record_once_a_minute(desk: Desk) -> None:
    await outage(desk)
    desk.clock.fixed = T0
    async with desk.client("anna") as anna, desk.client("ben") as ben:
        for client in (anna, anna, ben):
            await client.get(f"/api/v1/tickets/{NUMBER}")
        await desk.gateway.views.flush()
        await desk.gateway.views.flush()
        desk.clock.fixed = at(1)
        await anna.get(f"/api/v1/tickets/{NUMBER}/timeline")
        await desk.gateway.views.flush()
        before = (await anna.get(f"/api/v1/tickets/{NUMBER}")).headers["ETag"]
    past = await desk.runtime.log.read(TICKET)
    views = [each for each in past.events if each.type == "TicketViewed"]
    assert [(view.actor, view.topic) for view in views] == [
        ("agent:anna", "access"),
        ("agent:ben", "access"),
        ("agent:anna", "access"),
    ]
    assert "gateway" not in before


async def test_the_description_names_every_command_with_an_example(desk: Desk) -> None:
    async with desk.client() as client:
        document = (await client.get("/api/openapi.json")).json()
        page = await client.get("/api")
    for command in COMMANDS:
        operation = document["paths"][f"/api/v1/tickets/{{ticket}}/{command.name}"]
        described = operation[command.method.lower()]
        assert described["security"] == [{"HTTPBearer": []}]
        if command.body is not None:
            media = described["requestBody"]["content"]["application/json"]
            assert set(media["example"]) <= set(media["schema"]["properties"])
    assert page.status_code == 200
    assert "http://" not in page.text


async def test_a_ticket_nobody_knows_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.gateway.finders.ticket(story.ticket(99))


async def test_an_admin_has_somebody_forgotten_but_nobody_who_works_here(desk: Desk) -> None:
    async def ask(agent: str, email: str) -> httpx.Response:
        async with desk.client(agent) as client:
            return await client.post("/api/v1/people/erasure", json={"email": email})

    assert (await ask("anna", "carla@example.org")).status_code == 403
    await desk.hear(desk_id("agent", "mara"), story.defined("mara", role=Role.ADMIN))
    works = await ask("mara", "Ben@desk.example")
    assert (works.status_code, works.json()["code"]) == (409, "agent_still_works")
    assert not desk.owners.sent
    await desk.hear(desk_id("agent", "ben"), story.defined("ben", active=False))
    done = await ask("mara", "Ben@desk.example")
    persons = [str(person_id("ben@desk.example")), str(desk_id("agent", "ben"))]
    assert (done.status_code, done.json()) == (202, {"persons": persons})
    asked = [(sent.owner, sent.path) for sent in desk.owners.sent]
    assert asked == [("intake", f"/v1/people/{person}/erasure") for person in persons]
