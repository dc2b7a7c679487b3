"""Where log lines go: a log that can't be written stops nobody, and nobody floods it."""

import logging
from contextlib import suppress
from typing import Final, TextIO

from shared.clock import monotonic_seconds

REPEATED_MAX: Final = 20
"""Lines of one library's one place within `REPEATED_SECONDS`."""

REPEATED_SECONDS: Final = 60.0


class Unfailing:
    """A stream whose writes may be lost, on a full disk or a closed pipe, but never raise."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):  # ValueError: it was closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered, or lose it."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class Repeated(logging.Filter):
    """Lets each place of a library say only so much a minute: what is away is said by
    its client a hundred times a second. The next minute's first line tells how many were
    left out."""

    def __init__(self) -> None:
        super().__init__()
        self._since = monotonic_seconds()
        self._counts: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is to be written."""
        now = monotonic_seconds()
        if now - self._since > REPEATED_SECONDS:
            left_out = sum(max(count - REPEATED_MAX, 0) for count in self._counts.values())
            self._since, self._counts = now, {}
            if left_out:
                record.msg = f"{record.getMessage()} (and {left_out} lines left out)"
                record.args = ()
        place = record.pathname, record.lineno
        self._counts[place] = self._counts.get(place, 0) + 1
        return self._counts[place] <= REPEATED_MAX
