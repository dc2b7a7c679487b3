"""What the docs name is there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
CODE_PATH = re.compile(r"`((?:shared|services|tests|deploy|cli|bench|docs)/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_and_path_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [page.parent / target for target in LINK.findall(text)]
    named = [REPOSITORY / path for path in CODE_PATH.findall(text)]
    assert [str(path) for path in (*linked, *named) if not path.exists()] == []
