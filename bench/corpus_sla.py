"""Scores business-time sums that other people wrote: `python -m bench.corpus_sla FILE`
(`make corpus-sla CORPUS=FILE`).

`FILE` holds one case a line: {id, timezone, business_hours, holidays, holiday_hours?, op,
start, minutes | seconds | end, expected, disputed?}. A case is disputed where its own source
does not count real elapsed time; what is answered there is shown beside what it expects.
"""

import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.business_time.hours import calendar

Case = dict[str, Any]


def answer(case: Case) -> datetime | float:
    """What sla answers."""
    hours, holidays = case["business_hours"], case["holidays"]
    made = calendar(case["timezone"], hours, holidays, case.get("holiday_hours"))
    start = datetime.fromisoformat(case["start"])
    if case["op"] == "between":
        return made.between(start, datetime.fromisoformat(case["end"]))
    return made.add(start, case["seconds"] if "seconds" in case else case["minutes"] * 60)


def is_right(case: Case) -> bool:
    """Whether the answer is what the case expects."""
    expected = case["expected"]
    return answer(case) == (
        datetime.fromisoformat(expected) if isinstance(expected, str) else expected
    )


def main(arguments: Sequence[str]) -> int:
    """Print the score; 1 if an undisputed case is wrong."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("corpus_sla: skipped, as there is no file of cases (give its path)")
        return 0
    lines = Path(arguments[0]).read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines if line.strip()]
    begun = time.perf_counter()
    wrong = [case for case in cases if not is_right(case)]
    took_ms = (time.perf_counter() - begun) * 1000
    for case in wrong:
        dispute = f" (disputed: {case['disputed']})" if "disputed" in case else ""
        print(f"{case['id']}: {answer(case)}, expected {case['expected']}{dispute}")
    undisputed = [case for case in cases if "disputed" not in case]
    bad = [case for case in wrong if "disputed" not in case]
    right = len(cases) - len(wrong)
    print(f"{right} of {len(cases)} as expected; of the {len(undisputed)} that are not disputed "
          f"{len(undisputed) - len(bad)} right; {took_ms:.0f} ms")  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
