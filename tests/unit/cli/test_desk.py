import json
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cli import desk as cli_desk
from deploy.desk_file import read_desk
from deploy.desk_reading import DeskFileWrong
from deploy.local.trouble import Trouble
from services.assignment.desk_api import DeskPart
from services.intake.bodies import SectionDefinition
from services.intake.domain.triage import MATRIX
from services.notify.speaking import ENGLISH, LANGUAGES
from services.sla.bodies import DeskBody
from shared.events import Priority
from shared.events.assignment import Role
from shared.events.resolution import WorkRulesDefined
from shared.identity import HEADER, verify

SAMPLE = Path(__file__).parents[3] / "deploy" / "desk.yaml"
SECRET = "secret" * 8
NOBODY = (
    "nobody in team technical is of tier 4 or higher with hardware: its tickets would wait for ever"
)


def sample() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(SAMPLE.read_text())
    return found


def wrong(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> list[str]:
    raw = sample()
    change(raw)
    path = tmp_path / "desk.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    with pytest.raises(DeskFileWrong) as error:
        read_desk(path)
    return [line.partition(", line ")[2].partition(": ")[2] for line in error.value.lines]


def test_the_sample_desk_is_what_each_owner_takes() -> None:
    desk = read_desk(SAMPLE)
    hashes = dict.fromkeys(desk.agents, "0" * 64)
    topics = SectionDefinition.model_validate({"revision": 1, **desk.for_intake()}).topics
    DeskPart.model_validate({"revision": 1, **desk.for_assignment(hashes)})
    DeskBody.model_validate({"revision": 1, **desk.for_sla()})
    assert {topic.topic_id for topic in topics} == set(desk.topics)


def test_the_sample_desk_has_the_path_that_must_always_work() -> None:
    desk = read_desk(SAMPLE)
    outage = next(t for t in desk.topics.values() if t.name == "Business critical outage")
    assert MATRIX[outage.impact][outage.urgency] is Priority.CRITICAL
    assert outage.tier == 3
    assert desk.plans[outage.plan or ""].name == "Emergency SLA"
    assert not any(field.required for field in outage.fields)
    roles = [agent.role for agent in desk.agents.values()]
    assert all(roles.count(role) == 1 for role in (Role.MANAGER, Role.OPERATOR, Role.ADMIN))


def test_what_is_wrong_about_routing_is_told_with_its_place(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        rules = raw["routing"]["rules"]
        rules["linde"]["when"]["organisations"] = ["linde"]
        rules["large-sums"]["owner"] = "nobody"
        raw["routing"]["untouched_calendar"] = "moonlight"
        rules["broken-tills"] |= {"team": "billing"}
        rules["far"] = {"when": {"topics": ["moon"]}, "team": "moon"}
        raw["agents"]["ben"]["shifts"] = {"someday": ["08:00-16:00"]}

    assert wrong(tmp_path, change) == [
        "agents.ben.shifts: someday is none of mon, tue, wed, thu, fri, sat, sun",
        "routing.untouched_calendar: there is no calendar moonlight",
        "routing.rules.broken-tills: nobody in team billing could take such a ticket",
        "routing.rules.linde.when: there is no organisation linde",
        "routing.rules.large-sums.owner: there is no agent nobody",
        "routing.rules.far.when: there is no topic moon",
        "routing.rules.far.team: there is no team moon",
    ]


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("timezone", "Europe/Atlantis", "is no time zone that anybody knows"),
        ("leave", ["2026-08-14..2026-08-03"], "ends before it begins"),
        ("leave", ["2026-02-30"], "day is out of range for month"),
    ],
)
def test_hours_that_nobody_can_work_are_refused(
    tmp_path: Path, field: str, value: object, what: str
) -> None:
    (line,) = wrong(tmp_path, lambda raw: raw["agents"]["ben"].update({field: value}))
    assert what in line


def test_the_shortened_clocks_are_named() -> None:
    desk = read_desk(SAMPLE)
    for topic in desk.topics.values():
        short = topic.close_after_minutes < 60
        assert short == topic.name.startswith("Demo") == (topic.plan == "demo")


def test_mails_in_our_own_words_are_so_in_every_language() -> None:
    own = read_desk(SAMPLE).notifications.templates
    for name in (key for key in own if "." not in key):
        for language in set(LANGUAGES) - {ENGLISH}:
            assert f"{name}.{language}" in own


def test_what_is_wrong_is_told_all_at_once_with_its_place(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["topics"]["outage"]["team"] = "plattform"
        raw["topics"]["technical"]["plan"] = "gold"
        raw["topics"]["billing"]["mailbox"] = "support"
        raw["topics"]["hardware"]["tier"] = 4
        raw["agents"]["ben"]["email"] = "Anna@hafenlicht.example"
        raw["agents"]["ben"]["teams"] = ["nowhere"]
        raw["plans"]["standard"]["calendar"] = "lunar"
        raw["plans"]["demo"]["default_for"] = ["low"]

    assert wrong(tmp_path, change) == [
        "plans.standard.calendar: there is no calendar lunar",
        "plans: 2 plans are the default for low; it takes one",
        "agents.ben.email: is the address of anna already",
        "agents.ben.teams: there is no team nowhere",
        "topics.outage.team: there is no team plattform",
        "topics.technical: there is no plan gold",
        f"topics.hardware: {NOBODY}",
        "topics.general.mailbox: is the mailbox of billing already",
    ]


def test_fields_that_are_missing_or_unknown_are_told(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        del raw["topics"]["outage"]["name"]
        raw["topics"]["outage"]["colour"] = "red"
        raw["topics"]["billing"]["urgency"] = "very"

    assert wrong(tmp_path, change) == [
        "topics.outage.name: is required",
        "topics.outage.colour: is not known here",
        "topics.billing.urgency: input should be 'low', 'medium' or 'high'",
    ]


def test_rules_of_notifications_that_make_no_sense_are_told(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["notifications"] = {
            "quiet": {"start": "20:00", "end": "soon", "timezone": "Europe/Berlin"},
            "kinds": {"reply": {"to": ["managers"]}, "acknowledgment": {"to": []}},
        }

    what = "soon is no time like 20:00, or no IANA zone"
    assert wrong(tmp_path, change) == [
        "notifications.kinds.reply: reply is written for customers only",
        "notifications.kinds.acknowledgment: acknowledgment must be mailed to the customer",
        f"notifications.quiet: The quiet hours can't be kept: {what}.",
    ]


def test_what_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text("name: One\nname: Two\ntopics: {}\n")
    with pytest.raises(DeskFileWrong) as error:
        read_desk(path)
    assert f"{path}, line 1: name: stands here twice" in error.value.lines


def test_what_is_no_yaml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text("topics: [")
    with pytest.raises(DeskFileWrong, match=r"desk\.yaml: while parsing"):
        read_desk(path)


NOTHING_YET: dict[str, dict[str, Any]] = {
    "intake": {
        "name": "",
        "topics": [],
        "rules": [],
        "entitled_domains": {},
        "organisations": [],
        "open_tickets": {},
    },
    "assignment": {
        "teams": [],
        "agents": [],
        "routing": None,
        "open_tickets_of_teams": {},
        "open_tickets_of_agents": {},
    },
    "sla": {"calendars": [], "definitions": [], "open_tickets": {}},
    "review": {"quality": {}},
    "notify": {"rules": [], "quiet": None},
    "resolution": WorkRulesDefined(revision=0).model_dump(mode="json"),
}


class Owners:
    """Stands for the services: keeps what it is told, says what differs."""

    def __init__(self) -> None:
        self.sections: dict[str, dict[str, Any]] = {}
        self.digests: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        port = request.url.port
        owners = {8081: "intake", 8083: "assignment", 8084: "sla", 8085: "resolution"}
        owner = {**owners, 8086: "review", 8087: "notify"}[port or 0]
        identity = verify(SECRET, request.headers[HEADER], owner)
        assert (identity.actor, identity.role) == ("cli:desk", Role.ADMIN)
        if request.method == "GET":
            return httpx.Response(200, json=NOTHING_YET[owner])
        body = json.loads(request.content)
        if request.url.path == "/v1/desk/revisions":
            new = body["digest"] not in self.digests[-1:]
            self.digests += [body["digest"]] if new else []
            return httpx.Response(200, json={"revision": len(self.digests), "new": new})
        revision = body.pop("revision")
        assert revision == len(self.digests)
        same = self.sections.get(owner) == body
        self.sections[owner] = body
        events = [] if same else ["SomethingDefined"]
        return httpx.Response(200, json={"revision": revision, "events": events})


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Owners:
    made = Owners()
    client = httpx.AsyncClient

    def with_transport(**options: Any) -> httpx.AsyncClient:
        return client(transport=httpx.MockTransport(made.answer), **options)

    monkeypatch.setattr(cli_desk.httpx, "AsyncClient", with_transport)
    monkeypatch.setenv("LEDGERDESK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LEDGERDESK_IDENTITY_SECRET", SECRET)
    for name in ("INTAKE", "ASSIGNMENT", "SLA", "RESOLUTION", "REVIEW", "NOTIFY"):
        monkeypatch.delenv(f"{name}_URL", raising=False)
        monkeypatch.delenv(f"{name}_PORT", raising=False)
    (tmp_path / "data").mkdir()
    return made


async def test_applying_twice_changes_nothing_and_only_hashes_leave(
    owners: Owners, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await cli_desk.apply(SAMPLE)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Hafenlicht Service Desk: revision 1",
        "  sla: 1 x SomethingDefined",
        "  assignment: 1 x SomethingDefined",
        "  resolution: 1 x SomethingDefined",
        "  intake: 1 x SomethingDefined",
        "  review: 1 x SomethingDefined",
        "  notify: 1 x SomethingDefined",
    ]
    sign_in = tmp_path / "data" / "sign-in.txt"
    assert stat.S_IMODE(sign_in.stat().st_mode) == 0o600
    table = sign_in.read_text()
    anna = next(line.split() for line in table.splitlines() if line.startswith("Anna Berger"))
    assert anna[2:4] == ["agent", "anna@hafenlicht.example"]
    sent = owners.sections["assignment"]["agents"][0]
    assert sent["token_hash"] == sha256(anna[4].encode()).hexdigest()
    assert "ld_" not in json.dumps(owners.sections)

    await cli_desk.apply(SAMPLE)
    assert capsys.readouterr().out.startswith(
        "Hafenlicht Service Desk is as desk.yaml says: revision 1, 8 topics"
    )
    assert sign_in.read_text() == table


async def test_a_new_agent_gets_a_token_and_the_others_keep_theirs(
    owners: Owners, tmp_path: Path
) -> None:
    await cli_desk.apply(SAMPLE)
    sign_in = tmp_path / "data" / "sign-in.txt"
    before = cli_desk._kept(sign_in.read_text())
    raw = sample()
    raw["agents"]["nils"] = {"name": "Nils", "email": "nils@hafenlicht.example"}
    raw["agents"]["anna"]["name"] = "Anna Maria von und zu Berger-Hohenstein"
    path = tmp_path / "desk.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True))
    await cli_desk.apply(path)
    after = cli_desk._kept(sign_in.read_text())
    assert after == before | {"nils@hafenlicht.example": after["nils@hafenlicht.example"]}
    assert len(owners.digests) == 2


async def test_an_owner_that_is_away_or_refuses_is_trouble(
    owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        errors = [{"field": "topics.0.tier", "message": "must be at most 9"}]
        return httpx.Response(422, json={"detail": "no", "errors": errors})

    monkeypatch.setattr(owners, "answer", refuse)
    with pytest.raises(Trouble, match=r"intake refuses the desk: topics\.0\.tier must be at most"):
        await cli_desk.apply(SAMPLE)

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    monkeypatch.setattr(owners, "answer", away)
    with pytest.raises(Trouble, match=r"intake does not answer at .*: make up first"):
        await cli_desk.apply(SAMPLE)


def test_check_says_that_the_file_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_desk.main(["check", str(SAMPLE)]) == 0
    told = capsys.readouterr().out
    assert "is right: 8 topics, 4 teams, 14 agents, 4 plans, 2 calendars" in told
    with pytest.raises(Trouble, match="can't be read"):
        cli_desk.main(["check", "/nowhere/desk.yaml"])


def test_what_is_wrong_with_an_organisation_is_told_with_its_place(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["teams"]["empty"] = {"name": "Nobody"}
        raw["routing"]["rules"] = {}
        raw["organisations"] = {
            "nobody": {"name": "Nobody"},
            "one": {"name": "One", "domains": ["a.example"], "team": "empty", "plan": "gold"},
            "two": {"name": "Two", "domains": ["A.example"], "timezone": "Europe/Nowhere"},
        }

    assert wrong(tmp_path, change) == [
        "organisations.nobody: has neither domains nor members: nobody would belong to it",
        "organisations.one.team: nobody in team empty takes tickets",
        "organisations.one.plan: there is no plan gold",
        "organisations.two.timezone: there is no time zone Europe/Nowhere",
        "organisations.two.domains.0: A.example belongs to one already",
    ]
