"""docs/add-an-event.md, carried out to the letter on a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.folder import data_folder

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "add-an-event.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<path>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "fixtures", "bench")

COMMAND_SECONDS_MAX = 240


@dataclass(frozen=True)
class Block:
    """Something the page tells its reader to do."""

    kind: str
    """sh: a command; diff: an edit of `path`; anything else: a new file."""
    path: str
    text: str


def blocks() -> list[Block]:
    found = BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    return [Block(each["kind"], each["path"] or "", each["text"]) for each in found]


def hunks(diff: str) -> Iterator[tuple[str, str]]:
    """What is looked for, and what is put in its place, for each part of an edit."""
    for hunk in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = [line or " " for line in hunk.splitlines()]
        assert {line[0] for line in lines} <= {" ", "+", "-"}, hunk
        before = "".join(line[1:] + "\n" for line in lines if line[0] != "+")
        after = "".join(line[1:] + "\n" for line in lines if line[0] != "-")
        yield before, after


def edit(tree: Path, block: Block) -> None:
    file = tree / block.path
    text = file.read_text(encoding="utf-8")
    for before, after in hunks(block.text):
        assert text.count(before) == 1, f"not (just) once in {block.path}:\n{before}"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def write(tree: Path, block: Block) -> None:
    file = tree / block.path
    assert not file.exists(), f"{block.path} is there already"
    file.write_text(block.text, encoding="utf-8")


def run(tree: Path, command: str) -> None:
    """Run a command as its reader would, with this run's Python and downloads."""
    environment = os.environ | {
        "LEDGERDESK_DATA": str(data_folder().root),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-5_000:]}\n{done.stderr[-2_000:]}"
    if "pytest" in command:
        assert " passed" in done.stdout
        assert " skipped" not in done.stdout


@pytest.fixture
def tree() -> Iterator[Path]:
    """A copy of the tree, with this run's virtual environment."""
    with tempfile.TemporaryDirectory(prefix="ledgerdesk-page-") as folder:
        # Postgres may run as another user, and must find its programs through here.
        Path(folder).chmod(0o711)
        copied = Path(shutil.copytree(ROOT, Path(folder) / "ledgerdesk", ignore=NOT_COPIED))
        (copied / ".venv").symlink_to(sys.prefix)
        yield copied


@pytest.mark.timeout(600)
def test_the_page_holds_what_it_promises(tree: Path) -> None:
    done = {"sh": 0, "diff": 0, "new": 0}
    for block in blocks():
        match block.kind:
            case "sh":
                run(tree, block.text)
            case "diff":
                edit(tree, block)
            case _:
                write(tree, block)
        done[block.kind if block.kind in done else "new"] += 1
    assert done == {"sh": 4, "diff": 11, "new": 4}
    changed = [block.path for block in blocks() if block.path.endswith(".py")]
    run(tree, " ".join([".venv/bin/python -m ruff check --no-cache", *changed]))
    run(tree, " ".join([".venv/bin/python -m ruff format --check --no-cache", *changed]))


def test_every_file_the_page_names_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    prose = BLOCK.sub("", text)
    named = re.findall(r"`((?:shared|services|tests|docs)/[\w./-]+)`", prose)
    assert named
    for path in named:
        assert (ROOT / path).exists(), path
