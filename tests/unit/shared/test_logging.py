"""What is written in logs, and what never is."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from shared.logging import about, kind_of, where_of
from shared.telemetry import Passing
from shared.testing.spec import T0
from tests.unit.shared.records import recorded

SCENES = {
    "plain": "log.info('stopping', port=80)",
    "error": """
def fails():
    try:
        raise ValueError("Carla's card is 4711")
    except ValueError as error:
        raise OSError(28, "no room for carla@example.com") from error
try:
    fails()
except OSError:
    log.exception("it_failed")
""",
    "addresses": """
log.warning("mail_put_off", reason="550 <carla@example.com> is unknown; to=bob@example.org.")
logging.getLogger("mail.log").warning("%r sends to %s", ("::1", 9), "carla@example.com")
""",
    "place": "log.error('inbox_parked', where='tickets[3]@120')",
    "libraries": """
logging.getLogger("aiokafka.conn").error("Close connection")
try:
    raise ValueError("Carla writes")
except ValueError:
    logging.getLogger("asyncio").error("Task failed\\nfuture: 'Carla writes'", exc_info=True)
warnings.warn("this will be removed", DeprecationWarning, stacklevel=1)
""",
    "trace": """
from shared.telemetry import Passing
with Passing("00-" + "a" * 32 + "-" + "b" * 16 + "-01"):
    log.warning("slow")
""",
    # It ends the process, so it is the last.
    "uncaught": "raise KeyError('Carla')",
}
SERVICE = """
import json, logging, sys, warnings
import structlog
from shared.logging import configure_logging
configure_logging("intake", "info")
warnings.simplefilter("always")
log = structlog.get_logger()
for name, body in json.loads(sys.argv[1]).items():
    print(json.dumps({"scene": name}), flush=True)
    exec(compile(body, name, "exec"), globals())
"""

Written = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def written() -> Written:
    """What a process writes that goes through all scenes, each line read as JSON."""
    command = [sys.executable, "-c", SERVICE, json.dumps(SCENES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    lines: Written = {}
    for line in map(json.loads, done.stdout.splitlines()):
        if "scene" in line:
            lines[line["scene"]] = []
        else:
            lines[next(reversed(lines))].append(line)
    return lines


def test_a_line_is_one_json_object_with_a_constant_message(written: Written) -> None:
    [line] = written["plain"]
    assert line.pop("at").endswith("Z")
    assert line == {"event": "stopping", "level": "info", "service": "intake", "port": 80}


def test_an_error_is_logged_by_its_kind_and_place_and_not_by_its_text(written: Written) -> None:
    [line] = written["error"]
    assert line["exception"].startswith("OSError ENOSPC\n")
    assert "ValueError" in line["exception"]
    assert "error:6 fails" in line["exception"]
    assert "4711" not in str(line)
    assert "carla" not in str(line)


def test_what_nobody_caught_is_a_line_too(written: Written) -> None:
    [line] = written["uncaught"]
    assert (line["event"], line["level"]) == ("uncaught", "critical")
    assert "KeyError" in line["exception"]
    assert "Carla" not in str(line)


def test_an_address_is_struck_out_whoever_wrote_it(written: Written) -> None:
    [ours, theirs] = written["addresses"]
    assert ours["reason"] == "550 <<address>> is unknown; to=<address>"
    assert theirs["event"] == "('::1', 9) sends to <address>"
    assert theirs["logger"] == "mail.log"


def test_a_place_on_kafka_is_no_address(written: Written) -> None:
    [line] = written["place"]
    assert line["where"] == "tickets[3]@120"


def test_libraries_and_warnings_write_json_too_and_only_their_first_line(written: Written) -> None:
    [aiokafka, asyncio, warned] = written["libraries"]
    assert aiokafka["logger"] == "aiokafka.conn"
    assert asyncio["event"] == "Task failed"
    assert "Carla" not in str(asyncio)
    assert warned["logger"] == "py.warnings"


def test_what_is_done_in_a_trace_is_logged_with_the_trace(written: Written) -> None:
    [line] = written["trace"]
    assert line["trace_id"] == "a" * 32


def test_a_line_about_an_event_has_the_same_facts_everywhere() -> None:
    event = recorded(T0, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    assert about(event) == {
        "ticket_id": event.subject,
        "stream": f"{event.subject}/intake",
        "version": 1,
        "event_id": event.id,
        "event_type": "TicketClosed",
        "correlation_id": event.correlation,
        "trace_id": "a" * 32,
    }


def test_the_database_says_what_kind_of_error_it_was() -> None:
    class Unique(Exception):
        sqlstate = "23505"

    assert kind_of(Unique("Key (email)=(carla@example.com) exists")) == "Unique 23505"
    assert kind_of(TimeoutError()) == "TimeoutError"


def test_errors_that_cause_each_other_in_a_circle_come_to_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert where_of(first) == "ValueError\nKeyError"


@pytest.mark.parametrize("name", ["uvicorn.error", "aiokafka", "asyncpg", "opentelemetry"])
def test_no_library_has_a_handler_of_its_own(name: str) -> None:
    assert logging.getLogger(name).handlers == []
    assert logging.getLogger(name).propagate


def test_outside_of_traces_nothing_is_passed_on() -> None:
    with Passing("") as nothing:
        assert nothing.traceparent == ""
