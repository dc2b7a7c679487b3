"""`ledgerdesk up`, `down`, `reset`, `status`, `logs`: the desk on this machine."""

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from cli.log_lines import readable
from deploy.local.desk import Desk
from deploy.local.folder import REPOSITORY, data_folder
from deploy.local.services import PROCESSES
from deploy.local.status import State
from deploy.local.status import status as states_of
from deploy.local.trouble import Trouble

SAMPLE_DESK: Final = REPOSITORY / "deploy" / "desk.yaml"
ENVIRONMENT: Final = """\
environment:
  LEDGERDESK_DATA            the data folder, instead of .ledgerdesk in the repository
  LEDGERDESK_PORT_OFFSET     added to every port, for a second desk on this machine
  <SERVICE>_PORT, INTAKE_SMTP_PORT, MAILBOX_PORT, MAILBOX_SMTP_PORT, LEDGERDESK_POSTGRES_PORT,
  LEDGERDESK_KAFKA_PORT, LEDGERDESK_KAFKA_CONTROLLER_PORT,
  LEDGERDESK_KAFKA_<n>_PORT, LEDGERDESK_KAFKA_<n>_CONTROLLER_PORT (n: 2, 3)      one port
  LEDGERDESK_DESK            the desk to begin with, instead of deploy/desk.yaml
  LEDGERDESK_STACK           embedded, or containers (by Docker)
  LEDGERDESK_BROKERS         1 or 3 embedded Kafka brokers; as at first, unless said
  LEDGERDESK_POSTGRES_IMAGE, LEDGERDESK_KAFKA_IMAGE            other images than the usual ones
  KAFKA_BOOTSTRAP_SERVERS    a real Kafka instead
  <SERVICE>_DATABASE_URL     a real database for a service instead
  <SERVICE>_DATABASE_OWNER_URL      and its owner's, for migrations
  LEDGERDESK_SMTP_URL        a real mail server instead of the local mailbox
  LEDGERDESK_PORTAL_URL, LEDGERDESK_GATEWAY_URL                as others reach them
  LEDGERDESK_METRICS_TOKEN   what Prometheus may read /metrics with, instead of one made up
  OTEL_EXPORTER_OTLP_ENDPOINT, LEDGERDESK_TRACE_SHARE          where traces go, and what share
  LEDGERDESK_TOPIC_PREFIX    what the names of topics begin with
"""
LOG_POLL_SECONDS: Final = 0.3
LOG_LINES_SHOWN: Final = 10


class Progress:
    """Says what happens, and when; on a terminal each line overwrites the last."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._last = ""

    def __call__(self, line: str) -> None:
        if line != self._last:
            elapsed = time.monotonic() - self._started
            print(f"{elapsed:6.1f} s  {line}", flush=True)
            self._last = line


def up(arguments: Sequence[str]) -> int:
    """Set up and start everything, and say where it is."""
    _parse("up", arguments)
    return asyncio.run(_up())


def down(arguments: Sequence[str]) -> int:
    """Stop everything; nothing is lost."""
    _parse("down", arguments)
    asyncio.run(_open().down(Progress()))
    return 0


def reset(arguments: Sequence[str]) -> int:
    """Stop everything and delete the data; downloads are kept."""
    _parse("reset", arguments)
    asyncio.run(_open().reset(Progress()))
    return 0


def status(arguments: Sequence[str]) -> int:
    """What runs, where, and how it is; exit code 1 unless all is ready."""
    _parse("status", arguments)
    states = asyncio.run(states_of(_open()))
    print(table(states))
    return 0 if all(each.state == "ready" for each in states) else 1


def logs(arguments: Sequence[str]) -> int:
    """Follow the logs of all processes, or of one."""
    parser = argparse.ArgumentParser(prog="ledgerdesk logs")
    parser.add_argument("part", nargs="?", default="", help="a service, kafka or postgres")
    parser.add_argument("--once", action="store_true", help="show the end, and do not follow")
    parser.add_argument("--json", action="store_true", help="show lines as they are written")
    asked = parser.parse_args(arguments)
    part = asked.part
    paths = sorted(data_folder().logs.glob(f"{part or '*'}.log"))
    if not paths:
        raise Trouble(f"There is no log of {part or 'anything'} yet: make up first")
    shown = str if asked.json else partial(readable, coloured=sys.stdout.isatty())
    return _follow(paths, shown, once=asked.once)


def table(states: Sequence[State]) -> str:
    """One line a part."""
    header = ("part", "where", "process", "state", "")
    rows = [header] + [
        (each.part, each.where, str(each.pid or "-"), each.state, each.what) for each in states
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


async def _up() -> int:
    # What aiokafka would log about a broker that is away is said in a line of our own.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    desk = _open()
    say = Progress()
    await desk.up(say)
    if await _apply_sample_desk(desk, say):
        await desk.await_ready(lambda _: None)
    print(f"\n{table(await states_of(desk))}\n")
    if desk.folder.sign_in.exists():
        print(desk.folder.sign_in.read_text().rstrip())
    return 0


async def _apply_sample_desk(desk: Desk, say: Progress) -> bool:
    """Apply the sample desk when it is new, or was edited since this last did so; whether it was.

    Another desk that somebody has applied in the meantime stays.
    """
    sample = Path(os.environ.get("LEDGERDESK_DESK", SAMPLE_DESK))
    applied = desk.folder.root / "desk.applied"
    try:
        content = sample.read_text()  # noqa: ASYNC240 - nothing else runs here meanwhile
    except OSError as error:
        raise Trouble(
            f"The desk in {sample} can't be read ({error.strerror}): look at LEDGERDESK_DESK"
        ) from error
    if applied.exists() and applied.read_text() == content:
        return False
    from cli.desk import apply

    for each in PROCESSES:
        os.environ |= desk.environment_of(each)
    say("applying the sample desk")
    await apply(sample)
    applied.write_text(content)
    return True


def _open() -> Desk:
    return Desk.open(data_folder(), dict(os.environ))


def _parse(command: str, arguments: Sequence[str]) -> None:
    argparse.ArgumentParser(
        prog=f"ledgerdesk {command}",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)


def _follow(paths: Sequence[Path], shown: Callable[[str], str], *, once: bool) -> int:
    width = max(len(path.stem) for path in paths)
    positions = {path: _near_end(path) for path in paths}
    while True:
        for path in paths:
            with path.open("rb") as file:
                file.seek(positions[path])
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    positions[path] += len(line)
                    for text in shown(line.decode(errors="replace").rstrip()).splitlines():
                        print(f"{path.stem:<{width}}  {text}", flush=True)
        if once:
            return 0
        time.sleep(LOG_POLL_SECONDS)


def _near_end(path: Path) -> int:
    """Where the last few lines begin."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8_192))
        end = file.read()
    return size - sum(len(line) for line in end.splitlines(keepends=True)[-LOG_LINES_SHOWN:])
