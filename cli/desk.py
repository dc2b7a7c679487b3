"""`ledgerdesk desk diff|apply|export|check|show|schema`: the desk's configuration.

Each section goes to the service that owns it, with a signed identity (issuer `cli`, role
admin), under one revision that intake gives out. Owners say only what differs.

Agents sign in with bearer tokens. They are made up when an agent is first seen, kept in
`sign-in.txt` in the data folder, readable by its owner only, and nowhere else: only their
SHA-256 is sent.
"""

import asyncio
import hashlib
import json
import os
import re
from argparse import ArgumentParser
from base64 import b32encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx
import yaml

from cli.desk_state import present
from deploy.desk_diff import differences, orphans, plain
from deploy.desk_file import DeskFile, read_desk
from deploy.desk_organisations import readable_members
from deploy.desk_reading import DeskFileWrong
from deploy.local.folder import data_folder, write_private
from deploy.local.services import SERVICES, choose_ports
from deploy.local.trouble import Trouble
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign

ACTOR: Final = "cli:desk"
TIMEOUT_SECONDS: Final = 30
TOKEN_BYTES: Final = 20
SIGN_IN: Final = "sign-in.txt"

_ROW = re.compile(r"^.*\S  +(?P<email>\S+@\S+)  +(?P<token>ld_[a-z2-7]{32})\s*$", re.MULTILINE)


COMMANDS: Final = {
    "diff": "say what a file would change, and change nothing",
    "apply": "make the desk what a file says: only what differs is said",
    "check": "only look whether a file is right",
}


def main(arguments: Sequence[str]) -> int:
    """Compare, apply, check, export or show a desk."""
    parser = ArgumentParser("ledgerdesk desk", description="The desk's configuration.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in COMMANDS.items():
        commands.add_parser(name, help=what).add_argument("file", type=Path)
    commands.add_parser("export", help="the desk as it is now, as a file")
    commands.add_parser("show", help="what the desk is now, in short")
    commands.add_parser("schema", help="the JSON Schema of a desk's file")
    asked = parser.parse_args(arguments)
    match asked.command:
        case "diff":
            return asyncio.run(_diff(asked.file))
        case "apply":
            asyncio.run(apply(asked.file))
        case "check":
            desk = _read(asked.file)
            print(f"{asked.file} is right: {_counted(desk)}")
        case "export":
            asyncio.run(_export())
        case "schema":
            print(json_schema(), end="")
        case _:
            asyncio.run(_show())
    return 0


async def apply(path: Path) -> None:
    """Make the desk what the file says, and report what changed. Twice is harmless.

    Refused is what would leave open tickets without their team, agent, topic or plan.
    """
    desk = _read(path)
    tokens = _tokens(desk)
    hashes = {agent: hashlib.sha256(token.encode()).hexdigest() for agent, token in tokens.items()}
    async with _owners() as owners:
        before, counts = await present(owners.get)
        left_behind = orphans(before, plain(desk), counts)
        if left_behind:
            raise Trouble("\n  ".join(["Tickets would be left behind:", *left_behind]))
        digest = {"digest": desk.digest(hashes)}
        revised = await owners.send("intake", "POST", "/v1/desk/revisions", digest)
        revision = revised["revision"]
        sections = (
            ("sla", desk.for_sla()),
            ("assignment", desk.for_assignment(hashes)),
            ("resolution", desk.for_resolution()),
            ("intake", desk.for_intake()),
            ("review", desk.for_review()),
            ("notify", desk.for_notify()),
        )
        changes: list[str] = []
        for owner, section in sections:
            body = {"revision": revision, **section}
            changes += _told(owner, await owners.send(owner, "PUT", "/v1/desk", body))
    if not changes:
        print(f"{desk.name} is as {path.name} says: revision {revision}, {_counted(desk)}")
        return
    print(f"{desk.name}: revision {revision}")
    for change in changes:
        print(f"  {change}")


async def _diff(path: Path) -> int:
    """Print what the file would change; 1 if it would be refused."""
    desk = _read(path)
    async with _owners() as owners:
        before, counts = await present(owners.get)
    lines = differences(_as_file(before, desk), plain(desk))
    print("\n".join(lines) if lines else f"{desk.name} is as {path.name} says")
    left_behind = orphans(before, plain(desk), counts)
    for line in left_behind:
        print(f"refused: {line}")
    return 1 if left_behind else 0


def _as_file(before: dict[str, Any], after: DeskFile) -> dict[str, Any]:
    """The desk as it is, as a file would hold it; nothing before the first one.

    Whom a plan is for by an address of their own is known by its hash alone: of those, what
    the file says is taken as it is.
    """
    if not before["topics"]:
        return {}
    made = plain(DeskFile.model_validate(before))
    for plan_id, plan in made["plans"].items():
        wanted = after.plans[plan_id].entitled if plan_id in after.plans else None
        known = {each.casefold().removeprefix("@") for each in plan.get("entitled", ())}
        if wanted is not None and known == {_domain(each) for each in wanted if _is_domain(each)}:
            plan["entitled"] = list(wanted)
    for name, told in made["organisations"].items():
        named = after.organisations[name].members if name in after.organisations else ()
        told["members"] = readable_members(told["members"], named)
    return made


def _is_domain(customer: str) -> bool:
    return "@" not in customer.removeprefix("@")


def _domain(customer: str) -> str:
    return customer.removeprefix("@").casefold()


async def _export() -> None:
    async with _owners() as owners:
        before, _ = await present(owners.get)
    if not before["topics"]:
        raise Trouble("There is no desk yet: ledgerdesk desk apply FILE")
    print(yaml.safe_dump(plain(DeskFile.model_validate(before)), allow_unicode=True,
                         sort_keys=False, width=100), end="")  # fmt: skip


def json_schema() -> str:
    """What a desk's file may hold, for editors and for people."""
    schema = DeskFile.model_json_schema(by_alias=True)
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(named, indent=1, ensure_ascii=False) + "\n"


async def _show() -> None:
    async with _owners() as owners:
        told = await owners.send("intake", "GET", "/v1/desk")
        plans = (await owners.send("sla", "GET", "/v1/desk"))["plans"]
    print(f"{told['name']}, revision {told['revision']}\n")
    for topic in told["topics"]:
        gone = "" if topic["active"] else "  (no longer offered)"
        plan = f", plan {topic['plan_id']}" if topic["plan_id"] else ""
        print(
            f"topic {topic['topic_id']}: {topic['name']}{gone}\n"
            f"  {topic['type']}, team {topic['team_id']}, tier {topic['tier']}, "
            f"impact {topic['impact']}, urgency {topic['urgency']}{plan}"
        )
    print()
    for plan in plans:
        print(f"plan {plan['plan_id']}: {plan['name']}, calendar {plan['calendar_id']}")


@dataclass(frozen=True)
class _Owners:
    """The services that own a section of the desk."""

    urls: Mapping[str, str]
    secret: str
    http: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def get(self, owner: str, path: str) -> dict[str, Any]:
        """The owner's answer to a question."""
        return await self.send(owner, "GET", path)

    async def send(
        self, owner: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The owner's answer. Raises `Trouble` that says what the owner objects to."""
        who = Identity(ACTOR, "cli", "Desk configuration", Role.ADMIN)
        headers = {HEADER: sign(self.secret, who, owner, utc_now())}
        url = self.urls[owner] + path
        try:
            answer = await self.http.request(method, url, json=body, headers=headers)
        except httpx.TransportError as error:
            where = self.urls[owner]
            raise Trouble(f"{owner} does not answer at {where}: make up first") from error
        if answer.is_error:
            raise Trouble(f"{owner} refuses the desk: {_reason(answer)}")
        told: dict[str, Any] = answer.json()
        return told


def _owners() -> _Owners:
    """Those of the desk on this machine, or wherever `<SERVICE>_URL` says."""
    folder = data_folder()
    secret = os.environ.get("LEDGERDESK_IDENTITY_SECRET")
    if secret is None:
        if not (folder.root / "secrets.json").exists():
            raise Trouble(f"There is no desk in {folder.root}: make up, or set LEDGERDESK_DATA")
        secret = folder.secrets(["identity"])["identity"]
    ports = choose_ports(folder, os.environ)
    urls = {s.name: os.environ.get(f"{s.name.upper()}_URL", ports.url(s)) for s in SERVICES}
    return _Owners(urls, secret, httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False))


def _read(path: Path) -> DeskFile:
    try:
        return read_desk(path)
    except DeskFileWrong as wrong:
        raise Trouble("\n  ".join(["The desk can't be applied:", *wrong.lines])) from None
    except OSError as error:
        raise Trouble(f"{path} can't be read: {error.strerror}") from error


def _tokens(desk: DeskFile) -> dict[str, str]:
    """Every agent's token, by agent: as kept, or made up and kept from now on."""
    path = data_folder().root / SIGN_IN
    kept = _kept(path.read_text(encoding="utf-8")) if path.exists() else {}
    tokens = {
        agent_id: kept.get(agent.email) or _new_token() for agent_id, agent in desk.agents.items()
    }
    text = _sign_in(desk, tokens)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, text)
    return tokens


def _kept(text: str) -> dict[str, str]:
    """The tokens of a sign-in file, by mail address."""
    return {row["email"]: row["token"] for row in _ROW.finditer(text)}


def _sign_in(desk: DeskFile, tokens: Mapping[str, str]) -> str:
    """The sign-in file: a table for people, which is read back the next time."""
    header = ("name", "role", "e-mail", "token")
    rows = [header] + [
        (agent.name, agent.role.value, agent.email, tokens[agent_id])
        for agent_id, agent in desk.agents.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    title = f"{desk.name}: who signs in at the agents' desk, with which token"
    return "\n".join([title, "", *lines, ""])


def _new_token() -> str:
    """160 random bits, easy to copy."""
    return "ld_" + b32encode(os.urandom(TOKEN_BYTES)).decode("ascii").lower()


def _told(owner: str, answer: Mapping[str, Any]) -> list[str]:
    """What an owner says has changed: by name, or how many events of each type."""
    if "changed" in answer:
        return [f"{owner}: {what}" for what in answer["changed"]]
    counts = Counter(answer.get("events", ()))
    return [f"{owner}: {count} x {name}" for name, count in sorted(counts.items())]


def _counted(desk: DeskFile) -> str:
    parts = ("topics", "teams", "agents", "plans", "calendars")
    return ", ".join(f"{len(getattr(desk, part))} {part}" for part in parts)


def _reason(answer: httpx.Response) -> str:
    """What is wrong, in one line, with the fields that are named."""
    try:
        told = answer.json()
        named = [f"{error['field']} {error['message']}" for error in told.get("errors", ())]
        return "; ".join(named) or str(told["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"
