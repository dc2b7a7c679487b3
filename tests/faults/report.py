"""The table at the end of a soak."""

from collections.abc import Sequence
from statistics import median

from tests.faults.checks import Findings
from tests.faults.faults import Struck
from tests.faults.journal import Journal, Outcome

FINDINGS_SHOWN = 20


def report(
    struck: Sequence[Struck], journal: Journal, findings: Findings, settled_seconds: float
) -> str:
    """Faults and recovery times, what the client knows, what was found."""
    kinds: dict[str, list[float]] = {}
    for each in struck:
        kinds.setdefault(each.name, []).append(each.recovery_seconds)
    lines = [f"{'fault':<40} {'times':>5}  ready again after s (median, longest)"]
    lines += [
        f"{name:<40} {len(took):>5}  {median(took):6.1f} {max(took):6.1f}"
        for name, took in sorted(kinds.items())
    ]
    waits = sorted(journal.seconds) or [0.0]
    again = ", ".join(
        f"{n} x {status or 'none'}" for status, n in journal.asked_again.most_common()
    )
    late = waits[int(len(waits) * 0.99)]
    known = f"median {median(waits):.2f} s, 99 % {late:.1f} s, longest {waits[-1]:.1f} s"
    lines += [
        "",
        f"faults                 {len(struck)}",
        *(f"{outcome.value:<22} {len(journal.of(outcome))}" for outcome in Outcome),
        f"of them malformed      {len(journal.malformed)}",
        f"asked again            {again or 'never'}",
        f"known after            {known}",
        f"settled after          {settled_seconds:.1f} s",
        f"lost                   {len(findings.lost)}",
        f"doubled                {len(findings.doubled)}",
        f"otherwise wrong        {len(findings.other)}",
    ]
    lines += [f"  ✗ {each}" for each in findings.all[:FINDINGS_SHOWN]]
    if len(findings.all) > FINDINGS_SHOWN:
        lines.append(f"  … and {len(findings.all) - FINDINGS_SHOWN} more")
    return "\n".join(lines)
