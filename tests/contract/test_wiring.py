"""The tables that people read are equal to what is wired."""

import importlib
import re
from pathlib import Path

import pytest

from deploy.local.services import SERVICES
from shared.events import all_event_types
from shared.service import Service

ROOT = Path(__file__).resolve().parents[2]
NAMES = [process.name for process in SERVICES]
ALL = {"intake", "assignment", "sla", "resolution", "review", "notify", "gateway", "operations"}
SAYING = ALL - {"gateway", "operations"}


def service(name: str) -> Service:
    made = importlib.import_module(f"services.{name}.app").SERVICE
    assert isinstance(made, Service)
    return made


def readme_table() -> dict[str, tuple[str, str]]:
    """By service: what the README says it hears, and what it says."""
    rows = {}
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("| ").split("|")]
        if cells[0] in NAMES and len(cells) >= 4:
            rows[cells[0]] = (cells[-2], cells[-1])
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_says_what_each_service_hears(name: str) -> None:
    heard = {cls.author for cls in service(name).hears} - {name}
    said, _ = readme_table()[name]
    match said:
        case "all":
            assert heard >= SAYING - {name}
        case "public events":
            assert service(name).hears == {cls for cls in all_event_types() if cls.public}
        case _:
            assert heard == set(re.split(r",\s*", said))


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_says_what_each_service_says(name: str) -> None:
    _, said = readme_table()[name]
    named = set(re.findall(r"[A-Z][A-Za-z]+", said))
    assert named == {cls.__name__ for cls in service(name).says}


def test_every_event_type_is_said_by_its_one_author() -> None:
    said = {cls: name for name in NAMES for cls in service(name).says}
    for cls in all_event_types():
        if cls.author != "operations":
            assert said.get(cls) == cls.author, cls.__name__
    assert sum(len(service(name).says) for name in NAMES) == len(said)


@pytest.mark.parametrize("name", NAMES)
def test_a_projection_is_kept_by_one_service_and_folds_only_what_is_in_its_log(name: str) -> None:
    made = service(name)
    for projection in made.projections:
        assert projection.hears <= made.hears | made.says, projection.name
    for table in (table for projection in made.projections for table in projection.tables):
        assert "subject" in table.row.__dataclass_fields__, table.name


def test_no_two_services_keep_a_projection_of_the_same_name() -> None:
    names = [projection.name for name in NAMES for projection in service(name).projections]
    assert len(names) == len(set(names))
