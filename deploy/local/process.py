"""Processes of this desk: started detached, known by pid *and* start time, stopped gently.

A pid file names the process for certain: after a crash or a reboot another program may
have its pid, but not its start time.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from deploy.local.trouble import PortInUse, PortsInUse

START_TIME_TOLERANCE_SECONDS: Final = 2.0
STOP_TIMEOUT_SECONDS: Final = 20.0
FREE_PORTS: Final = range(10_240, 32_768)
# A longer log is set aside when its process starts again.
LOG_SIZE_MAX: Final = 50 * 2**20


@dataclass(frozen=True)
class PidFile:
    path: Path

    def write(self, pid: int) -> None:
        started = psutil.Process(pid).create_time()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"pid": pid, "started": started}))

    def process(self) -> psutil.Process | None:
        """The live process that this file names, or None: never another one."""
        try:
            named = json.loads(self.path.read_text())
            process = psutil.Process(named["pid"])
            age_difference = abs(process.create_time() - named["started"])
            if age_difference > START_TIME_TOLERANCE_SECONDS:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except (FileNotFoundError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
            return None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def start(
    command: Sequence[str],
    *,
    pid_file: PidFile,
    log: Path,
    environ: Mapping[str, str],
    folder: Path,
    user: int | None = None,
) -> psutil.Process:
    """Start a process that outlives this one, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if size(log) > LOG_SIZE_MAX:
        log.replace(log.with_suffix(".log.old"))
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            cwd=folder,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )
    pid_file.write(child.pid)
    # Nobody waits for a detached child; Popen would warn that it is still running.
    child.returncode = 0
    return psutil.Process(child.pid)


def stop(
    process: psutil.Process,
    *,
    how: signal.Signals = signal.SIGTERM,
    timeout_seconds: float = STOP_TIMEOUT_SECONDS,
) -> bool:
    """Ask a process to stop and wait until it has; True when it had to be killed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(how)
        if gone(process, timeout_seconds):
            return False
        process.kill()
        gone(process, timeout_seconds)
        return True
    return False


def gone(process: psutil.Process, timeout_seconds: float) -> bool:
    """Wait until the process has ended, whether it is a child of ours or not."""
    until = time.monotonic() + timeout_seconds
    while True:
        if not alive(process):
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.02)


def alive(process: psutil.Process) -> bool:
    """False once it has ended, with all its threads; a child of ours is reaped.

    A killed process is a zombie before its last thread has let go of its ports.
    """
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(process.pid, os.WNOHANG) == (0, 0)
    with contextlib.suppress(psutil.NoSuchProcess):
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
        return process.is_running() and not ended
    return False


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection is given meanwhile: those
    of the systems Ledgerdesk runs on are from 32768 on."""
    while True:
        port = secrets.choice(FREE_PORTS)
        with socket.socket() as candidate, contextlib.suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port


def check_port(port: int, part: str, variable: str) -> None:
    """Raise PortInUse when another program listens on the port."""
    if is_taken(port):
        raise PortInUse(port, part, variable, holder(port))


def check_ports(needed: Iterable[tuple[int, str, str]]) -> None:
    """Raise PortsInUse, naming each port that another program holds: port, part, variable."""
    found = [
        PortInUse(port, part, variable, holder(port))
        for port, part, variable in needed
        if is_taken(port)
    ]
    if found:
        raise PortsInUse(found)


def is_taken(port: int) -> bool:
    """Whether nothing else can listen on the port."""
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def holder(port: int) -> str:
    """The program that listens on a port, as far as we may know."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr:
                continue
            if connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another program"


def accepts(port: int) -> bool:
    """Whether something on this machine answers at the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int) -> bool:
    """Whether a server is behind the port: Docker's proxy accepts, and closes, without one."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as probe:
            return probe.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def last_line(log: Path) -> str:
    """The last line of a log that says something, shortened; JSON lines by their event."""
    lines = [line for line in tail(log).splitlines() if line.strip()]
    if not lines:
        return "it said nothing"
    with contextlib.suppress(ValueError):
        said = json.loads(lines[-1])
        if isinstance(said, dict):
            facts = [said.get(key) for key in ("event", "error", "exception") if said.get(key)]
            lines.append(": ".join(str(fact).strip().splitlines()[-1] for fact in facts))
    return lines[-1].strip()[:300]


def tail(log: Path, size_max: int = 16_384, since: int = 0) -> str:
    """The end of a log, of what was written after the position `since`."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, size(log) - size_max))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
