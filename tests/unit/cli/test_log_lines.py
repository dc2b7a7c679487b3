"""Logs as people read them."""

import json

from cli.log_lines import readable

FAILING = {
    "event": "follower_failing",
    "level": "warning",
    "at": "2026-11-22T08:22:01.123456Z",
    "service": "sla",
    "follower": "relay",
    "error": "KafkaConnectionError",
}


def test_a_line_is_its_time_its_level_its_message_and_its_facts() -> None:
    assert readable(json.dumps(FAILING)) == (
        "08:22:01.123 warning  follower_failing  follower=relay error=KafkaConnectionError"
    )


def test_an_exception_stands_below_its_line() -> None:
    line = json.dumps(FAILING | {"exception": "KeyError\n  shared/inbox.py:7 take"})
    assert readable(line).splitlines()[1:] == ["    KeyError", "      shared/inbox.py:7 take"]


def test_what_is_no_line_of_ours_is_shown_as_it_is() -> None:
    for line in ("LOG:  database system is ready", '{"a": 1}', "[1, 2]", ""):
        assert readable(line, coloured=True) == line


def test_on_a_terminal_what_matters_has_a_colour() -> None:
    assert readable(json.dumps(FAILING), coloured=True).startswith("\033[33m08:22:01.123 warning")
    assert "\033" not in readable(json.dumps(FAILING | {"level": "info"}), coloured=True)
