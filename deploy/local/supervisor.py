"""The supervisor of a desk on this machine: starts again whatever has died, and says so.

`up` starts it once everything is ready, and `down` stops it first. What dies at once again
is tried with growing delay, and named as a crash loop in one line. It starts what is gone
and nothing else: a process that hangs is left alone. In production all of this is the work
of Kubernetes or systemd.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Final

from deploy.local.deaths import DELAY_SECONDS_MAX, Record, keep
from deploy.local.desk import Desk
from deploy.local.folder import data_folder
from deploy.local.parts import Part
from deploy.local.trouble import Trouble
from shared.clock import utc_now

LOOK_SECONDS: Final = 0.25


@dataclass
class Supervisor:
    """Looks at every part, again and again."""

    parts: tuple[Part, ...]
    say: Callable[[str], None]
    alone: Callable[[], contextlib.AbstractContextManager[bool]]
    """Whether nobody else starts or stops parts of this desk meanwhile."""
    keep: Callable[[Mapping[str, Record]], None]
    records: dict[str, Record] = field(default_factory=dict)
    _ran: set[str] = field(default_factory=set)

    def look(self, now_seconds: float) -> None:
        """Start again what has died and is due."""
        with self.alone() as ours:
            # Else `up` or `down` is at work: what is gone may be meant to be gone.
            if ours:
                for part in self.parts:
                    self._look_at(part, now_seconds)

    def _look_at(self, part: Part, now_seconds: float) -> None:
        record = self.records.setdefault(part.name, Record())
        if part.running():
            self._ran.add(part.name)
            if record.steady(now_seconds):
                self._told(f"{part.name} runs steadily again")
            return
        was_looping = record.looping
        if part.name in self._ran:
            self._ran.discard(part.name)
            record.died(now_seconds, utc_now().isoformat(timespec="seconds"), part.last_words())
            self._told(f"{part.name} died: {record.why}")
        if record.due(now_seconds):
            self._start(part, record, now_seconds)
        if record.looping and not was_looping:
            self._told(
                f"CRASH LOOP: {part.name} died {record.in_a_row} times in a row: {record.why} "
                f"(tried again every {DELAY_SECONDS_MAX:g} s at the latest; look at {part.log})"
            )

    def _start(self, part: Part, record: Record, now_seconds: float) -> None:
        try:
            part.launch()
        except (Trouble, OSError) as trouble:
            record.refused(now_seconds, str(trouble))
            self._told(f"{part.name} could not be started: {trouble}")
            return
        record.started(now_seconds)
        self._ran.add(part.name)
        self._told(f"{part.name} was started again")

    def _told(self, line: str) -> None:
        self.say(line)
        self.keep(self.records)


def main() -> None:
    """Supervise the desk of the environment until told to stop."""
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)
    desk = Desk.open(data_folder(), dict(os.environ))
    supervisor = Supervisor(desk.parts(), _say, desk.mending, partial(keep, desk.folder.run))
    supervisor.keep({})
    _say(f"supervising {len(supervisor.parts)} parts")
    while not stop.wait(LOOK_SECONDS):
        _reap()
        try:
            supervisor.look(time.monotonic())
        except OSError as error:
            _say(f"could not look: {error}")
    _say("stopping")


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # a full disk must not end it
        print(f"{utc_now().isoformat(timespec='milliseconds')} {line}", flush=True)


def _reap() -> None:
    """Let the children that ended be gone: nobody else waits for them."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


if __name__ == "__main__":
    main()
