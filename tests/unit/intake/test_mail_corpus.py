"""The scorer of real mails: what it counts, what it forgives, and our own cases."""

import json
from pathlib import Path

import pytest

from bench.corpus import main, score

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
CASES = [json.loads(line) for line in (FIXTURES / "cases.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_each_of_our_own_cases_is_understood(case: dict[str, object]) -> None:
    assert [miss for met, miss in score(case, FIXTURES) if not met] == []


def test_a_folder_that_is_not_there_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 0
    assert "nothing to score" in capsys.readouterr().out


def test_what_is_missed_is_named_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@x.example\r\nSubject: Here\r\n\r\nHello")
    case = {
        "id": "one",
        "kind": "parse",
        "input": "eml",
        "file": "a.eml",
        "expected": {"from": "a@x.example", "subject": "There", "body_contains": ["Bye"]},
        "weak_fields": ["body"],
    }
    (tmp_path / "cases.jsonl").write_text(json.dumps(case), "utf-8")
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "one" in printed
    assert "'There'" in printed
    assert "50.0 %" in printed


@pytest.mark.parametrize(
    ("field", "wanted", "met"),
    [
        ("subject", "H\ufffdre", True),
        ("subject", "Th\ufffdre", False),
        ("subject", "Here", True),
        ("from", "A@X.example", True),
        ("to", ["b@x.example"], False),
        ("attachment_count", 0, True),
        ("is_bounce", True, False),
        ("failures", [], True),
    ],
)
def test_an_expectation_is_met_or_not(
    tmp_path: Path, field: str, wanted: object, met: bool
) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@x.example\r\nSubject: Here\r\n\r\nHello")
    case = {
        "id": "x",
        "kind": "parse",
        "input": "eml",
        "file": "a.eml",
        "expected": {field: wanted},
    }
    assert all(one for one, _ in score(case, tmp_path)) is met
