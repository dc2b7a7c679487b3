"""`ledgerdesk keys show|rotate`: the master keys that people's keys are wrapped with.

`rotate` puts a new one first in the file, has every service wrap its keys with it, and
takes the old ones out once nothing is wrapped with them any more. Safe to repeat.
"""

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from cli.admin import Admin, as_admin
from deploy.local.folder import data_folder, write_private
from deploy.local.trouble import Trouble
from shared.privacy.master import new_master_key, read_keys

WAIT_SECONDS_MAX: Final = 600.0
POLL_SECONDS: Final = 1.0

Json = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Show or rotate."""
    parser = ArgumentParser("ledgerdesk keys", description="The master keys of the desk.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="with which master keys each service's keys are wrapped")
    commands.add_parser("rotate", help="a new master key in the place of the old ones")
    asked = parser.parse_args(arguments)
    with as_admin() as admin:
        if asked.command == "rotate":
            _rotate(admin)
        _show(admin)
    return 0


def _show(admin: Admin) -> None:
    for name in admin.services.urls:
        told = admin.get(name, "/v1/keys")
        counted = ", ".join(f"{count} by {by}" for by, count in told["wrapped_with"].items())
        print(f"{name}: {counted or 'no keys yet'}; current is {told['current']}")


def _rotate(admin: Admin) -> None:
    file = _file()
    wanted = _put_first(file) if file else _current(admin)
    _await(admin, wanted, lambda told: told["current"] == wanted, "does not see the new key")
    for name in admin.services.urls:
        while admin.post(name, "/v1/keys/rewrap")["rewrapped"]:
            pass
    _await(admin, wanted, lambda told: set(told["wrapped_with"]) <= {wanted}, "has others left")
    if file is None:
        print(f"everything is wrapped with {wanted}: take the others out of LEDGERDESK_MASTER_KEY")
        return
    lines = file.read_text(encoding="utf-8").split()
    write_private(file, "\n".join(line for line in lines if line.startswith(f"{wanted}:")) + "\n")


def _file() -> Path | None:
    if os.environ.get("LEDGERDESK_MASTER_KEY"):
        return None
    file = data_folder().master_keys
    given = os.environ.get("LEDGERDESK_MASTER_KEY_FILE")
    if not file.exists() and given:  # the desk is not on this machine
        file = Path(given)
    if not file.exists():
        raise Trouble(f"There are no master keys in {file}: make up, or set LEDGERDESK_DATA")
    return file


def _put_first(file: Path) -> str:
    """A new key first in the file; its id is the next number."""
    text = file.read_text(encoding="utf-8")
    numbers = [int(name) for name in read_keys(text) if name.isdecimal()]
    name = str(max(numbers, default=0) + 1)
    write_private(file, f"{new_master_key(name)}\n{text}")
    return name


def _current(admin: Admin) -> str:
    currents = {admin.get(name, "/v1/keys")["current"] for name in admin.services.urls}
    if len(currents) > 1:
        raise Trouble(f"The services have different master keys first: {', '.join(currents)}")
    return str(currents.pop())


def _await(admin: Admin, wanted: str, done: Callable[[Json], bool], lacks: str) -> None:

    until = time.monotonic() + WAIT_SECONDS_MAX
    for name in admin.services.urls:
        while not done(admin.get(name, "/v1/keys")):
            if time.monotonic() > until:
                raise Trouble(f"{name} {lacks}: is {wanted} the first of its master keys?")
            time.sleep(POLL_SECONDS)
