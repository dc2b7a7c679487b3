"""`ledgerdesk sla calc` on a desk's file: no desk has to run."""

from pathlib import Path

import pytest

from cli.sla import main
from deploy.local.trouble import Trouble

SAMPLE = str(Path(__file__).resolve().parents[3] / "deploy" / "desk.yaml")


def test_a_due_time_is_told_from_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    main(["calc", "standard", "high", "2026-12-23T14:30+01:00", "--file", SAMPLE])
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "Standard SLA, high, from 2026-12-23T14:30:00+01:00"
    # Half an hour is left of the short day; then holidays, and the weekend.
    assert told[1].split("  ")[1:3] == ["first response", "due 2026-12-28 08:30:00 UTC"]


def test_every_promise_is_told_with_its_steps(capsys: pytest.CaptureFixture[str]) -> None:
    main(["calc", "emergency", "critical", "2026-12-24T23:00+01:00", "--file", SAMPLE])
    told = capsys.readouterr().out
    assert "next response   due" in told
    assert "progress        due 2026-12-24 23:00:00 UTC" in told
    assert "50% at 2026-12-24 22:07:30 UTC, 200% at 2026-12-24 22:30:00 UTC" in told


def test_a_plan_is_reapplied_for_a_reason() -> None:
    with pytest.raises(Trouble, match="--reason is empty"):
        main(["reapply", "gold", "--reason", " "])


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["standard", "high", "tomorrow"], "is not an instant"),
        (["standard", "high", "2026-12-23T14:30"], "says no offset"),
        (["gold", "high", "2026-12-23T14:30+01:00"], "There is no plan gold"),
    ],
)
def test_what_can_not_be_told_says_why(arguments: list[str], trouble: str) -> None:
    with pytest.raises(Trouble, match=trouble):
        main(["calc", *arguments, "--file", SAMPLE])
