"""A log that can't be written stops nobody, and nobody floods it."""

import logging
import subprocess
import sys
from pathlib import Path

from shared.log_output import REPEATED_MAX, Repeated

FULL = """
import logging
import structlog
from shared.logging import configure_logging
configure_logging("test", "info")
structlog.get_logger().error("it_failed", port=1)
logging.getLogger("aiokafka").error("away")
import sys
sys.stderr.write("went on")
"""


def test_on_a_full_disk_whoever_logs_goes_on() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", FULL], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.stderr.decode().startswith("went on")


def line(number: int, place: int = 1) -> logging.LogRecord:
    return logging.LogRecord(
        "aiokafka", logging.ERROR, "client.py", place, "no broker %s", (number,), None
    )


def test_one_place_says_only_so_much_and_others_are_still_heard() -> None:
    repeated = Repeated()
    written = [number for number in range(1_000) if repeated.filter(line(number))]
    assert written == list(range(REPEATED_MAX))
    assert repeated.filter(line(0, place=2))
