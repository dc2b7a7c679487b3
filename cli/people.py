"""`ledgerdesk people export|erase EMAIL`: all that is known of somebody, shown or forgotten.

An erasure is asked of intake, and carried out by every service in its own time; this waits
until all have done it, and then does what only whoever runs the servers may: what is left
in the files of Postgres, and the mails in the local mailbox. Safe to repeat, at any time.
"""

import asyncio
import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from cli.admin import Admin, as_admin
from deploy.local.desk import Desk
from deploy.local.folder import data_folder
from deploy.local.purging import purge_servers
from deploy.local.services import MAILBOX, choose_ports
from deploy.local.trouble import Trouble
from shared.clock import utc_now

WAIT_SECONDS_MAX: Final = 900.0
POLL_SECONDS: Final = 1.0

Json = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Export or erase."""
    parser = ArgumentParser("ledgerdesk people", description="All that is known of somebody.")
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="every event and file about them, as JSON")
    erase = commands.add_parser("erase", help="forget it, for good")
    erase.add_argument("--yes", action="store_true", help="don't ask")
    for command in (export, erase):
        command.add_argument("email", help="their mail address")
    asked = parser.parse_args(arguments)
    with as_admin() as admin:
        return _export(admin, asked) if asked.command == "export" else _erase(admin, asked)


@dataclass
class About:
    """What is known of somebody."""

    persons: list[str]
    events: list[Json] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, admin: Admin, persons: list[str]) -> "About":
        about, after = cls(persons), 0
        while True:
            page = admin.get("audit", "/v1/people/events", person=persons, after=after)
            about.events += page["events"]
            about.tickets += page["tickets"]
            about.files += page["files"]
            about.mails += page["mails"]
            if page["next"] is None:
                return about
            after = page["next"]


def _export(admin: Admin, asked: Namespace) -> int:
    persons = admin.get("audit", "/v1/people", email=asked.email)["persons"]
    for person in persons:
        admin.post("intake", f"/v1/people/{person}/exports")
    about = About.read(admin, persons)
    told = {
        "email": asked.email,
        "exported_at": utc_now().isoformat(),
        "persons": persons,
        "tickets": about.tickets,
        "files": about.files,
        "events": about.events,
    }
    print(json.dumps(told, indent=1, ensure_ascii=False))
    return 0


def _erase(admin: Admin, asked: Namespace) -> int:
    known = admin.get("audit", "/v1/people", email=asked.email)
    if known["active_agents"]:
        raise Trouble(
            f"{', '.join(known['active_agents'])} still works here under {asked.email}: take them "
            "out of the desk's configuration first (ledgerdesk desk apply)"
        )
    about = About.read(admin, known["persons"])
    own = ", ".join(about.tickets) or "none"
    print(f"{asked.email}: {len(about.events)} events name them, with {len(about.files)} files;")
    print(f"their own tickets: {own}.")
    print("What they wrote, and what was written to them, can be read by nobody then, for good;")
    print("that it happened, when, and who did it, stays on record.")
    if not asked.yes and not _agreed():
        print("nothing was done")
        return 1
    began = time.monotonic()
    wanted = {p: admin.post("intake", f"/v1/people/{p}/erasure")["version"] for p in about.persons}
    _await_dropped(admin, wanted)
    _await_purged(admin, about.persons)
    mails = _forget_mails(about.mails)
    print(f"the local mailbox: {mails} mails deleted" if mails is not None else "no local mailbox")
    for line in asyncio.run(purge_servers(Desk.open(data_folder(), dict(os.environ)))):
        print(line)
    print(f"forgotten, in {time.monotonic() - began:.0f} s")
    return 0


def _agreed() -> bool:
    print('This can\'t be undone. Write "forget" to go on: ', end="", flush=True)
    return sys.stdin.readline().strip() == "forget"


def _await_dropped(admin: Admin, wanted: Mapping[str, int]) -> None:
    """Wait until every service has heard of the erasure, and dropped its own keys."""

    def late(state: Json) -> bool:
        return any(state["handled"].get(person, 0) < version for person, version in wanted.items())

    _await(admin, list(wanted), late, "dropped its keys")


def _await_purged(admin: Admin, persons: list[str]) -> None:
    """Wait until every service knows nothing any more that these keys were for."""
    dropped = {
        key["key_id"]
        for name in admin.services.urls
        for key in admin.get(name, "/v1/people/keys", person=persons)["keys"]
        if key["author"] == name and key["forgotten_at"]
    }

    def late(state: Json) -> bool:
        return any(key["key_id"] in dropped and not key["purged_at"] for key in state["keys"])

    _await(admin, persons, late, "forgot everything")


def _await(admin: Admin, persons: list[str], late: Callable[[Json], bool], did: str) -> None:
    waiting, until = list(admin.services.urls), time.monotonic() + WAIT_SECONDS_MAX
    while True:
        for name in list(waiting):
            if not late(admin.get(name, "/v1/people/keys", person=persons)):
                print(f"{name} {did}", flush=True)
                waiting.remove(name)
        if not waiting:
            return
        if time.monotonic() > until:
            raise Trouble(f"{', '.join(waiting)} took too long: ledgerdesk lag says how they are")
        time.sleep(POLL_SECONDS)


def _forget_mails(message_ids: Sequence[str]) -> int | None:
    """Delete the mails that were sent because of them from the local mailbox, if there is one."""
    url = choose_ports(data_folder(), os.environ).url(MAILBOX)
    try:
        answer = httpx.post(f"{url}/api/forget", json=list(message_ids), timeout=30)
    except httpx.TransportError:
        return None
    return int(answer.json()["mails"])
