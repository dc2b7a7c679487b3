"""The data folder: the one place where a desk on this machine keeps everything.

```
.ledgerdesk/
  cache/           jars and Java's class archive: kept by `reset`
  postgres/ kafka/ files/ mailbox/
  run/             pid files         logs/   one file a process
  secrets.json     passwords and signing keys, readable by the owner only
  master.keys      wraps the keys of people: without it nothing personal can be read
  ports.json       where this desk listens   sign-in.txt   how to sign in
```
"""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.trouble import NotEnoughDisk, Trouble

REPOSITORY: Final = Path(__file__).resolve().parents[2]
KEPT_BY_RESET: Final = "cache"
SECRET_BYTES: Final = 32
PRIVATE: Final = ("mailbox", "files", "drafts", "logs")
"""What customers wrote, and links that act for them: for nobody else on this machine."""


@dataclass(frozen=True)
class DataFolder:
    """The folder, and where downloads are kept: inside it, unless several folders share one."""

    root: Path
    shared_cache: Path | None = None

    @property
    def cache(self) -> Path:
        return self.shared_cache or self.root / KEPT_BY_RESET

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def sign_in(self) -> Path:
        return self.root / "sign-in.txt"

    def log_of(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def create(self) -> None:
        """Make the folder; others may pass through it (a server may run as another user)
        but not look into it."""
        try:
            for folder in (self.root, self.run, self.logs, self.cache):
                folder.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o711)
            for name in PRIVATE:
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
                (self.root / name).chmod(0o700)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise NotEnoughDisk(self.root, 0, 1) from error
            raise Trouble(
                f"Cannot write to {self.root} ({error.strerror}): "
                "make it writable, or set LEDGERDESK_DATA to another folder"
            ) from error

    def check_space(self, needed_mb: int) -> None:
        free_mb = shutil.disk_usage(self.root).free // 2**20
        if free_mb < needed_mb:
            raise NotEnoughDisk(self.root, free_mb, needed_mb)

    def secrets(self, names: Iterable[str]) -> Mapping[str, str]:
        """The named secrets; a missing one is made up once and kept."""
        path = self.root / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = [name for name in names if name not in known]
        if missing:
            known |= {name: secrets.token_urlsafe(SECRET_BYTES) for name in missing}
            write_private(path, json.dumps(known, indent=1))
        return known

    @property
    def master_keys(self) -> Path:
        """The file of the master keys, apart from the data: a backup of the one must not hold
        the other, or nobody could be forgotten in it."""
        return self.root / "master.keys"

    def make_master_key(self) -> None:
        """Make up the first master key, if there is none yet."""
        from shared.privacy.master import new_master_key

        if not self.master_keys.exists():
            write_private(self.master_keys, new_master_key("1") + "\n")

    def forget(self) -> None:
        """Delete everything but what was downloaded."""
        for entry in self.root.iterdir() if self.root.exists() else ():
            if entry.name == KEPT_BY_RESET:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
    draft.replace(path)


def data_folder() -> DataFolder:
    """`LEDGERDESK_DATA`, or `.ledgerdesk` in the repository."""
    chosen = os.environ.get("LEDGERDESK_DATA")
    return DataFolder(Path(chosen).resolve() if chosen else REPOSITORY / ".ledgerdesk")
