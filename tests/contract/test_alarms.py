"""Alarms, the pages of the runbook and what services tell Prometheus fit one another."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from cli.main import COMMANDS
from deploy.local.services import SERVICES
from services.intake.settings import Settings as IntakeSettings
from services.notify.app import SERVICE as NOTIFY
from services.notify.settings import Settings as NotifySettings
from services.sla.app import SERVICE as SLA
from services.sla.settings import Settings as SlaSettings
from shared.metrics import Metrics
from shared.running import running
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.played import settings_for
from tests.integration.watching import TOKEN, calling

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = ROOT / "docs" / "runbook"
RULES = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"][0]["rules"]
NAMES = [rule["alert"] for rule in RULES]
BY_THE_SCRAPER = {"service", "instance", "job"}
HEADINGS = [
    "What it means for customers",
    "How to look",
    "What to do",
    "Whom to wake",
    "How to know that it is over",
]


def page(name: str) -> str:
    return (RUNBOOK / f"{name}.md").read_text(encoding="utf-8")


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """Everything that the expression reads. Raises for what Prometheus could not read."""
    found: list[promql_parser.VectorSelector] = []

    def look(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), look)
    return iter(found)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_an_alarm_says_what_it_is_how_urgent_and_where_its_page_is(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/runbook/{rule['alert']}.md"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_answers_the_five_questions_of_somebody_who_was_woken(name: str) -> None:
    text = page(name)
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert "```" in text.partition("## How to look")[2].partition("##")[0]


def test_every_page_is_of_an_alarm_and_in_the_table() -> None:
    pages = {path.stem for path in RUNBOOK.glob("*.md")} - {"README"}
    assert pages == set(NAMES)
    table = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (.+?) \|", page("README"), re.MULTILINE)
    urgency = {"page": "now", "ticket": "next working day"}
    assert table == [(r["alert"], r["alert"], urgency[r["labels"]["severity"]]) for r in RULES]


@pytest.mark.parametrize("name", [*NAMES, "README"])
def test_a_page_names_only_commands_and_settings_that_there_are(name: str) -> None:
    code = "\n".join(
        a or b for a, b in re.findall(r"```\n(.*?)```|`([^`\n]+)`", page(name), re.DOTALL)
    )
    assert set(re.findall(r"(?m)^ledgerdesk (\w+)", code)) <= COMMANDS.keys()
    named = set(re.findall(r"\b(?:INTAKE|NOTIFY|LEDGERDESK)_[A-Z_]+\b", page(name)))
    assert named <= known_settings()


@cache
def known_settings() -> set[str]:
    """The environment variables that services are configured with."""
    found = set()
    for settings in (IntakeSettings, NotifySettings):
        prefix = settings.model_config["env_prefix"]
        for field, info in settings.model_fields.items():
            found.add(str(info.validation_alias or f"{prefix}{field}".upper()))
    return found


async def test_alarms_read_metrics_and_labels_that_services_tell(servers: TestServers) -> None:
    told = await families(servers)
    for rule in RULES:
        for selector in selectors(rule["expr"]):
            if selector.name == "up":
                continue
            labels = told.get(selector.name)
            assert labels is not None, f"{rule['alert']}: there is no {selector.name}"
            asked = {matcher.name for matcher in selector.matchers.matchers}
            assert asked <= labels | BY_THE_SCRAPER, rule["alert"]


async def families(servers: TestServers) -> Mapping[str, set[str]]:
    """By the name of a sample, its labels: of two services that have all there is to tell."""
    topics = await servers.topics()
    found: dict[str, set[str]] = {}
    for service, made in ((NOTIFY, NotifySettings), (SLA, SlaSettings)):
        given = settings_for(await servers.database(service.name), topics)
        settings = made(**given, metrics_token=TOKEN)
        async with running(service, settings) as live, calling(live, "/health/ready") as client:

            async def all_told(client: Any = client) -> str:
                answer = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
                text: str = answer.text
                return text if "ledgerdesk_heard_to_seconds" in text else ""

            text = await eventually(all_told)
            for family in text_string_to_metric_families(text):
                note(found, family)
    for name, instrument in Metrics().registry._names_to_collectors.items():
        found.setdefault(name, set()).update(getattr(instrument, "_labelnames", ()))
    # A gauge that has no value yet tells no labels: nothing is parked here.
    found["ledgerdesk_parked_subjects"] |= {"follower", "reason"}
    return found


async def test_the_documentation_names_every_metric_and_no_other(servers: TestServers) -> None:
    text = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    table = text.partition("| metric")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    named = {f"ledgerdesk_{name.removesuffix('_total')}" for name in names}
    told = {
        re.sub(r"_(total|created|bucket|count|sum)$", "", name)
        for name in await families(servers)
        if name.startswith("ledgerdesk_")
    }
    assert named == told


def note(found: dict[str, set[str]], family: Metric) -> None:
    found.setdefault(family.name, set())
    for sample in family.samples:
        found.setdefault(sample.name, set()).update(sample.labels)


def test_prometheus_is_told_of_every_service() -> None:
    [job] = yaml.safe_load((ROOT / "deploy" / "prometheus.yaml").read_text())["scrape_configs"]
    told = {each["labels"]["service"]: each["targets"] for each in job["static_configs"]}
    assert told == {each.name: [f"127.0.0.1:{each.port}"] for each in SERVICES}
    assert job["job_name"] == "ledgerdesk"


def test_alarms_go_off_when_they_should_where_promtool_is_installed() -> None:
    """`apt install prometheus` brings it; without, expressions are parsed, above."""
    promtool = shutil.which("promtool")
    commands = (["check", "rules", "deploy/alerts.yaml"],
                ["test", "rules", "tests/contract/alerts.test.yaml"])  # fmt: skip
    for command in commands if promtool else ():
        done = subprocess.run(
            [str(promtool), *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
