"""The desk as it is, against a file: what would change, and what may not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.desk import _as_file, json_schema
from cli.desk_state import present
from deploy.desk_diff import differences, orphans, plain
from deploy.desk_file import DeskFile, read_desk
from deploy.desk_organisations import member_id, untrue_organisations
from deploy.desk_reading import DeskFileWrong
from shared.events.resolution import WorkRulesDefined

SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "desk.yaml"


def sample(**changes: Any) -> DeskFile:
    raw = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    return DeskFile.model_validate(raw | changes)


class Owners:
    """What the services would answer, once this desk is applied."""

    def __init__(self, desk: DeskFile, **open_tickets: dict[str, int]) -> None:
        self._desk = desk
        self._open = open_tickets

    async def get(self, owner: str, _path: str) -> dict[str, Any]:
        counted = self._open.get
        match owner:
            case "intake":
                part = self._desk.for_intake()
                entitled = {e["plan_id"]: e["customers"] for e in part["entitlements"]}
                domains = {p: [c for c in given if "@" not in c] for p, given in entitled.items()}
                topics = [{**each, "active": True, "revision": 1} for each in part["topics"]]
                kept = {"name": part["name"], "rules": part["rules"], "topics": topics}
                organisations = [
                    {**each, "people": [member_id(one) for one in each["members"]]}
                    for each in part["organisations"]
                ]
                return {
                    **kept,
                    "organisations": organisations,
                    "entitled_domains": domains,
                    "open_tickets": counted("topics", {}),
                }
            case "assignment":
                hashes = dict.fromkeys(self._desk.agents, "hash")
                part = self._desk.for_assignment(hashes)
                agents = [{**each, "active": True} for each in part["agents"]]
                return {
                    "teams": part["teams"],
                    "agents": agents,
                    "routing": part["routing"],
                    "open_tickets_of_teams": counted("teams", {}),
                    "open_tickets_of_agents": counted("agents", {}),
                }
            case "review":
                return self._desk.for_review()
            case "notify":
                return self._desk.for_notify()
            case "resolution":
                rules = WorkRulesDefined(revision=1, **self._desk.for_resolution())
                return rules.model_dump(mode="json")
            case _:
                part = self._desk.for_sla()
                return {
                    "calendars": part["calendars"],
                    "definitions": part["plans"],
                    "open_tickets": counted("plans", {}),
                }


async def compared(before: DeskFile, after: DeskFile) -> list[str]:
    now, _ = await present(Owners(before).get)
    return differences(_as_file(now, after), plain(after))


async def test_an_applied_desk_is_as_its_file_says_and_comes_out_as_it_went_in() -> None:
    desk = sample()
    assert await compared(desk, desk) == []
    now, _ = await present(Owners(desk).get)
    again = DeskFile.model_validate(now)
    assert again.rules == desk.rules
    assert again.topics == desk.topics
    assert again.agents == desk.agents
    assert again.teams == desk.teams
    assert again.routing == desk.routing
    assert again.work == desk.work


async def test_what_would_change_is_told_by_its_place() -> None:
    raw = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    raw["quality"]["sample_share"] = 0.5
    raw["notifications"]["kinds"]["breach"]["urgent"] = False
    raw["topics"]["hardware"]["urgency"] = "low"
    raw["teams"]["night"] = {"name": "Night shift"}
    del raw["agents"]["david"]
    raw["rules"] = dict(reversed(raw["rules"].items()))
    raw["routing"]["rules"]["large-sums"]["owner"] = "jonas"
    told = await compared(sample(), DeskFile.model_validate(raw))
    assert told == [
        "+ team night",
        "- agent david",
        "~ topic hardware: urgency: high → low",
        "~ rules: their order is now legal, many-files, payments",
        "~ routing: rules.large-sums.owner: katja → jonas",
        "~ quality: sample_share: 0.1 → 0.5",
        "~ notifications: kinds.breach.urgent: True → False",
    ]


async def test_members_of_organisations_are_known_by_hash_and_compared_all_the_same() -> None:
    raw = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    raw["organisations"]["blumen-rosa"]["members"] = ["ROSA@blumen-rosa.example", "tim@a.example"]
    told = await compared(DeskFile.model_validate(raw), sample())
    [line] = told
    assert line.startswith("~ organisation blumen-rosa: members: ['rosa@blumen-rosa.example', '")
    now, _ = await present(Owners(sample()).get)
    exported = DeskFile.model_validate(now)
    parts = (exported.organisations, exported.teams, exported.plans)
    assert list(untrue_organisations(*parts, exported.teams)) == []
    assert await compared(exported, sample()) == []


async def test_everything_is_new_to_an_empty_desk() -> None:
    after = sample()
    nothing = {"name": "", "topics": {}}
    told = differences(_as_file(nothing, after), plain(after))
    assert "+ topic outage" in told
    assert not any(line.startswith("-") for line in told)


@pytest.mark.parametrize(
    ("section", "name", "count", "told"),
    [
        ("teams", "billing", 3, "team billing still has 3 tickets"),
        ("agents", "jonas", 1, "agent jonas still has 1 ticket:"),
        ("topics", "billing", 2, "topic billing still has 2 tickets"),
        ("plans", "premium", 5, "plan premium still has 5 tickets"),
    ],
)
async def test_what_tickets_need_is_not_taken_away(
    section: str, name: str, count: int, told: str
) -> None:
    before, counts = await present(Owners(sample(), **{section: {name: count}}).get)
    after = plain(sample())
    assert orphans(before, after, counts) == []
    del after[section][name]
    refused = orphans(before, after, counts)
    assert [line for line in refused if line.startswith(told)] == refused
    assert len(refused) == 1
    assert orphans(before, after, {}) == []


async def test_the_last_agent_of_a_team_with_tickets_is_not_taken_away() -> None:
    before, _ = await present(Owners(sample()).get)
    after = plain(sample())
    for agent in after["agents"].values():
        agent["teams"] = [team for team in agent["teams"] if team != "billing"]
    [refused] = orphans(before, after, {"teams": {"billing": 2}})
    assert refused == "team billing still has 2 tickets, and nobody would be left to take them"
    assert orphans(before, after, {"teams": {"support": 2}}) == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"when": [{"field": "subject"}], "set": {"tags": ["x"]}}, "takes exactly one of"),
        (
            {"when": [{"field": "subject", "is": ["x"], "given": True}], "set": {"tags": ["x"]}},
            "takes exactly one of",
        ),
        ({"when": [{"field": "mood", "is": ["x"]}], "set": {"tags": ["x"]}}, "mood is no field"),
        (
            {"when": [{"field": "fields.mood", "is": ["x"]}], "set": {"tags": ["x"]}},
            "fields.mood is no field",
        ),
        ({"when": [{"field": "topic", "is": ["nope"]}], "set": {"tags": ["x"]}}, "no topic nope"),
        ({"when": [{"field": "text", "contains": ["x"]}], "set": {"team": "nope"}}, "no team nope"),
        ({"when": [{"field": "text", "contains": ["x"]}], "set": {}}, "sets nothing"),
    ],
)
def test_a_rule_that_can_not_be_is_refused_with_its_line(
    tmp_path: Path, rule: dict[str, Any], told: str
) -> None:
    raw = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    raw["rules"] = {"bad": rule}
    path = tmp_path / "desk.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DeskFileWrong) as wrong:
        read_desk(path)
    assert told in str(wrong.value)
    assert "rules.bad" in str(wrong.value)


def test_the_published_schema_is_that_of_the_file() -> None:
    published = SAMPLE.parent / "desk.schema.json"
    advice = "ledgerdesk desk schema > deploy/desk.schema.json"
    assert published.read_text(encoding="utf-8") == json_schema(), advice


@pytest.mark.parametrize(
    ("work", "place", "told"),
    [
        ({"closing": {"calendar": "nope"}}, "work.closing.calendar", "no calendar nope"),
        ({"responses": {"x": {"name": "x", "text": "{{ open('/x') }}"}}}, "x.text", "call"),
        ({"responses": {"x": {"name": "x", "text": "{{ secret.key }}"}}}, "x.text", "secret.key"),
        (
            {"responses": {"x": {"name": "x", "text": "{% for a in b %}{% endfor %}"}}},
            "x.text",
            "for is not allowed",
        ),
        ({"macros": {"x": {"name": "x", "steps": [{"do": "reply"}]}}}, "steps.0", "needs text"),
        (
            {"macros": {"x": {"name": "x", "steps": [{"do": "start", "text": "x"}]}}},
            "steps.0",
            "takes no text",
        ),
        ({"macros": {"x": {"name": "x", "steps": []}}}, "work.macros.x.steps", "at least 1"),
        (
            {"macros": {"x": {"name": "x", "topics": ["nope"], "steps": [{"do": "start"}]}}},
            "work.macros.x",
            "no topic nope",
        ),
    ],
)
def test_what_agents_can_not_work_with_is_refused_with_its_line(
    tmp_path: Path, work: dict[str, Any], place: str, told: str
) -> None:
    raw = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    raw["work"] = work
    path = tmp_path / "desk.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DeskFileWrong) as wrong:
        read_desk(path)
    assert told in str(wrong.value)
    assert place in str(wrong.value)
