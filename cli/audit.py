"""`ledgerdesk log|tail|lag|parked`: what an operator asks of the audit log and of all services.

Every call carries a signed identity of its own (issuer `cli`, role operator); the key is
LEDGERDESK_IDENTITY_SECRET, or the one of the desk on this machine.
"""

import getpass
import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from deploy.local.folder import DataFolder, data_folder
from deploy.local.services import SERVICES, ServiceProcess, choose_ports
from deploy.local.trouble import Trouble
from services.audit.words import in_words
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign

TIMEOUT_SECONDS: Final = 30
WAIT_SECONDS: Final = 15
AWAY_SECONDS: Final = 1.0
PAGE_EVENTS: Final = 500

Json = dict[str, Any]


class Away(Trouble):
    """A service does not answer."""

    def __init__(self, service: str, url: str) -> None:
        super().__init__(f"{service} does not answer at {url}: ledgerdesk status says how it is")


@dataclass(frozen=True)
class Services:
    """Every service of the desk, asked as an operator."""

    urls: Mapping[str, str]
    secret: str
    http: httpx.Client

    def get(self, service: str, path: str, **parameters: Any) -> Any:
        return self._ask("GET", service, path, parameters)

    def post(self, service: str, path: str, body: Json | None = None) -> Any:
        return self._ask("POST", service, path, {}, body)

    def delete(self, service: str, path: str) -> Any:
        return self._ask("DELETE", service, path, {})

    def _ask(
        self, method: str, service: str, path: str, parameters: Json, body: Json | None = None
    ) -> Any:
        who = Identity(f"cli:{getpass.getuser()}", "cli", "Operator", Role.OPERATOR)
        headers = {HEADER: sign(self.secret, who, service, utc_now())}
        url = self.urls[service]
        try:
            answer = self.http.request(
                method, url + path, params=parameters, headers=headers, json=body
            )
        except httpx.TransportError as error:
            raise Away(service, url) from error
        if answer.is_error:
            raise Trouble(f"{service}: {_reason(answer)}")
        return answer.json()


@contextmanager
def every_service() -> Iterator[Services]:
    """Those of the desk on this machine, or wherever `<SERVICE>_URL` says."""
    folder = data_folder()
    ports = choose_ports(folder, os.environ)

    def url(each: ServiceProcess) -> str:
        return os.environ.get(f"{each.name.upper()}_URL", ports.url(each))

    with httpx.Client(timeout=TIMEOUT_SECONDS) as http:
        yield Services({each.name: url(each) for each in SERVICES}, _secret(folder), http)


def _secret(folder: DataFolder) -> str:
    given = os.environ.get("LEDGERDESK_IDENTITY_SECRET")
    if given:
        return given
    if not (folder.root / "secrets.json").exists():
        raise Trouble(f"There is no desk in {folder.root}: make up, or set LEDGERDESK_DATA")
    return folder.secrets(["identity"])["identity"]


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError):
        return f"{answer.status_code} {answer.reason_phrase}"


def log(arguments: Sequence[str]) -> int:
    """`ledgerdesk log TICKET`: a ticket's story, a line an event."""
    parser = ArgumentParser("ledgerdesk log", description="A ticket's story from the audit log.")
    parser.add_argument("ticket", help="its number, or its id")
    parser.add_argument("--json", action="store_true", help="the events as they are, one a line")
    asked = parser.parse_args(arguments)
    with every_service() as services:
        return _log(services, asked)


def _log(services: Services, asked: Namespace) -> int:
    told = services.get("audit", f"/v1/tickets/{asked.ticket}/events")
    if asked.json:
        for event in told["events"]:
            print(as_json(event))
        return 0
    print(f"{told['number'] or 'no ticket'}  ({told['ticket_id']})\n")
    for event in told["events"]:
        print(line(event, told["names"]))
    proof = services.get("audit", "/v1/proof", ticket=told["ticket_id"])
    print(f"\n{proof['events']} events in {proof['streams']} streams; {proof['verdict']}")
    return 0 if proof["ok"] else 1


def tail(arguments: Sequence[str]) -> int:
    """`ledgerdesk tail`: every event of every service, as it comes."""
    parser = ArgumentParser("ledgerdesk tail", description="Follow all events live.")
    parser.add_argument("--json", action="store_true", help="the events as they are, one a line")
    parser.add_argument("--after", type=int, help="begin behind this position, not at the end")
    asked = parser.parse_args(arguments)
    with every_service() as services:
        for event in _follow(services, asked.after):
            place = f"{event['number'] or str(event['subject'])[:13]:<16}  {line(event)}"
            print(as_json(event) if asked.json else place, flush=True)
    return 0


def _follow(services: Services, after: int | None) -> Iterator[Json]:
    if after is None:
        after = services.get("audit", "/v1/events", limit=1)["end"]
    while True:
        try:
            page = services.get(
                "audit", "/v1/events", after=after, limit=PAGE_EVENTS, wait_seconds=WAIT_SECONDS
            )
        except Away as away:
            print(f"✗ {away}; trying again", file=sys.stderr, flush=True)
            time.sleep(AWAY_SECONDS)
        else:
            yield from page["events"]
            after = page["next"]


def line(event: Json, names: Mapping[str, str] = {}) -> str:
    """An event on one line: local time, author, actor, what happened; people by their names."""
    when = datetime.fromisoformat(event["occurred_at"]).astimezone()
    kind, _, rest = event["actor"].partition(":")
    actor = names.get(rest) or (rest if kind in {"agent", "cli"} else kind)
    told = in_words(event["type"], json.loads(event["data"]), names=names)
    return f"{when:%Y-%m-%d %H:%M:%S}  {event['author']:<10}  {actor:<16.16}  {told}"


def as_json(event: Json) -> str:
    """An event on one line, with its data as JSON."""
    return json.dumps({**event, "data": json.loads(event["data"])}, ensure_ascii=False)


def lag(arguments: Sequence[str]) -> int:
    """`ledgerdesk lag`: where each follower of each service stands."""
    parser = ArgumentParser("ledgerdesk lag", description="How far behind each follower is.")
    parser.parse_args(arguments)
    table = Table("service", "follower", box=None, header_style="bold", pad_edge=False)
    for name in ("position", "lag", "waiting", "parked"):
        table.add_column(name, justify="right")
    table.add_column("", overflow="fold")
    with every_service() as services:
        rows = [row for name in services.urls for row in _rows_of(services, name)]
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    return 1 if any(row[-1] for row in rows) else 0


def _rows_of(services: Services, name: str) -> Sequence[tuple[str, ...]]:
    try:
        return list(follower_rows(services.get(name, "/v1/followers")))
    except Trouble as trouble:
        return [(name, "", "", "", "", "", str(trouble))]


def follower_rows(overview: Json) -> Iterator[tuple[str, ...]]:
    """A service's rows of the table: its inbox, then its followers; the last says what is wrong."""
    inbox, end = overview["inbox"], str(overview["log_end"])
    behind = "" if inbox["caught_up"] else "behind Kafka"
    yield (
        overview["service"],
        "inbox",
        end,
        "",
        str(inbox["waiting"] or ""),
        str(inbox["parked"] or ""),
        inbox["failing"] or behind or ("parked" if inbox["parked"] else ""),
    )
    for each in overview["followers"]:
        wrong = each["failing"] or ("parked" if each["parked"] else "")
        yield (
            "",
            each["name"],
            str(each["position"]),
            str(each["lag"]),
            "",
            str(each["parked"] or ""),
            wrong,
        )


def parked(arguments: Sequence[str]) -> int:
    """`ledgerdesk parked list|show|retry|skip`: what followers could not handle."""
    parser = ArgumentParser(
        "ledgerdesk parked", description="What followers could not handle, until you decide."
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="everything that is parked, of all services")
    for name, what in (
        ("show", "all that is known of it"),
        ("retry", "handle it again"),
        ("skip", "pass over the event that could not be handled, for good and on record"),
    ):
        actions.add_parser(name, help=what).add_argument("id", help="as in the list, or its start")
    asked = parser.parse_args(arguments)
    with every_service() as services:
        return _parked(services, asked)


def _parked(services: Services, asked: Namespace) -> int:
    found = [
        {"service": name, **row}
        for name in services.urls
        for row in _parked_of(services, name)
        if asked.action == "list" or str(row["id"]).startswith(asked.id)
    ]
    if asked.action == "list":
        for row in found:
            print(f"{row['id']}  {row['service']}/{row['follower']}  {row['subject']}  "
                  f"{row['reason']}: {row['detail']}")  # fmt: skip
        print(f"{len(found)} parked" if found else "nothing is parked")
        return 0
    if len(found) != 1:
        what = "Nothing is parked under" if not found else "More than one is parked under"
        raise Trouble(f"{what} {asked.id}: ledgerdesk parked list shows what is")
    (row,) = found
    path = f"/v1/parked/{row['id']}"
    if asked.action == "show":
        shown = {**row, **services.get(row["service"], path)}
        print(json.dumps(shown, indent=1, ensure_ascii=False))
    else:
        print(services.post(row["service"], f"{path}/{asked.action}")["status"])
    return 0


def _parked_of(services: Services, name: str) -> list[Json]:
    try:
        rows: list[Json] = services.get(name, "/v1/parked")
    except Away as away:
        print(f"✗ {away}", file=sys.stderr)
        return []
    return rows
