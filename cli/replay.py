"""`ledgerdesk rebuild|replay|republish|resume`: what an operator has a service do with its past."""

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.audit import Services, every_service
from deploy.local.desk import Desk
from deploy.local.folder import data_folder
from deploy.local.services import SERVICES
from deploy.local.trouble import Trouble

POLL_SECONDS: Final = 0.3

ENDED: Final = frozenset({"live", "differs", "ready", "failed"})
"""Phases in which nobody works on a generation any more."""

Json = dict[str, Any]


def rebuild(arguments: Sequence[str]) -> int:
    """`ledgerdesk rebuild SERVICE PROJECTION`: exit code 1 when nothing was swapped."""
    parser = _parser("rebuild", "Build a projection anew beside the live one, compare, swap.")
    parser.add_argument("--accept", action="store_true", help="swap even if rows differ")
    parser.add_argument(
        "--drop-old", action="store_true", help="drop the generations that earlier swaps have left"
    )
    asked = parser.parse_args(arguments)
    with every_service() as services:
        if asked.drop_old:
            return _drop(services, asked, {"kept", "differs", "failed"})
        body = {"accept": asked.accept}
        began = services.post(asked.service, _path(asked, "rebuild"), body)
        ended = _watch(services, asked, began["generation"])
    return _rebuilt(asked, ended)


def replay(arguments: Sequence[str]) -> int:
    """`ledgerdesk replay SERVICE PROJECTION --until TIME`, and `--drop`."""
    parser = _parser("replay", "A projection as it stood at some time, beside the live one.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--until", type=_moment, help="e.g. 2026-03-01T14:00 (UTC) or …+01:00")
    what.add_argument("--drop", action="store_true", help="drop what replays have left")
    asked = parser.parse_args(arguments)
    with every_service() as services:
        if asked.drop:
            return _drop(services, asked, {"ready", "failed"}, kind="replay")
        body = {"until": asked.until.isoformat()}
        began = services.post(asked.service, _path(asked, "replay"), body)
        ended = _watch(services, asked, began["generation"])
    if ended["phase"] == "failed":
        raise Trouble(f"The replay failed: {ended['detail']}")
    print(f"{asked.projection} as of {asked.until.isoformat()}, position {ended['position']}:")
    print(f"  schema  {ended['schema']}" + (f"  ({ended['detail']})" if ended["detail"] else ""))
    print(f"  psql    '{_url(asked.service, ended['schema'])}'")
    print(f"  drop    ledgerdesk replay {asked.service} {asked.projection} --drop")
    return 0


def republish(arguments: Sequence[str]) -> int:
    """`ledgerdesk republish SERVICE STREAM | --since TIME | --all`."""
    parser = ArgumentParser("ledgerdesk republish", description=republish.__doc__)
    parser.add_argument("service", choices=[each.name for each in SERVICES])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("stream", nargs="?", help="the id of a ticket, or of another subject")
    what.add_argument("--since", type=_moment, help="everything that was said since then")
    what.add_argument("--all", action="store_true", help="everything that was ever said")
    asked = parser.parse_args(arguments)
    body: Json = {"all": True} if asked.all else {"since": asked.since and asked.since.isoformat()}
    if asked.stream:
        body = {"subject": asked.stream}
    with every_service() as services:
        told = services.post(asked.service, "/v1/republish", body)
    print(f"{asked.service} says {told['events']} events again; who has them drops them.")
    return 0


def resume(arguments: Sequence[str]) -> int:
    """`ledgerdesk resume SERVICE FOLLOWER`: let it go on."""
    parser = ArgumentParser("ledgerdesk resume", description=resume.__doc__)
    parser.add_argument("service", choices=[each.name for each in SERVICES])
    parser.add_argument("follower", help="as `ledgerdesk lag` names it")
    asked = parser.parse_args(arguments)
    with every_service() as services:
        services.post(asked.service, f"/v1/followers/{quote(asked.follower)}/resume")
    print(f"{asked.follower} of {asked.service} goes on.")
    return 0


def _parser(name: str, description: str) -> ArgumentParser:
    parser = ArgumentParser(f"ledgerdesk {name}", description=description)
    parser.add_argument("service", choices=[each.name for each in SERVICES])
    parser.add_argument("projection", help="its name, which is its schema's")
    return parser


def _path(asked: Namespace, what: str) -> str:
    return f"/v1/projections/{asked.projection}/{what}"


def _moment(text: str) -> datetime:
    """A time; one without a zone is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _watch(services: Services, asked: Namespace, generation: int) -> Json:
    """Show how far it is, until it has ended; its row then."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, TimeElapsedColumn()) as progress:
        bar = progress.add_task("reading", total=1, told="")
        while True:
            row = _row(services, asked, generation)
            progress.update(
                bar,
                description=row["phase"],
                completed=row["events"],
                total=max(row["events_expected"], 1),
                told=f"{row['events']:,} of {row['events_expected']:,} events",
            )
            if row["phase"] in ENDED:
                return row
            time.sleep(POLL_SECONDS)


def _row(services: Services, asked: Namespace, generation: int) -> Json:
    for row in _rows(services, asked):
        if row["generation"] == generation:
            return row
    raise Trouble("The service has forgotten it: it was given up for another attempt")


def _rows(services: Services, asked: Namespace) -> list[Json]:
    told: list[Json] = services.get(asked.service, "/v1/generations")
    return [row for row in told if row["projection"] == asked.projection]


def _rebuilt(asked: Namespace, ended: Json) -> int:
    compared = f"{ended['rows_compared']:,} rows compared"
    match ended["phase"]:
        case "live":
            different = f", differing and accepted: {ended['detail']}" if ended["detail"] else ""
            print(
                f"✓ generation {ended['generation']} is live ({compared}{different or ', equal'})"
            )
            print(
                f"  the old one: ledgerdesk rebuild {asked.service} {asked.projection} --drop-old"
            )
            return 0
        case "differs":
            print(f"✗ not swapped: {ended['detail']} ({compared})")
            print(f"  look: psql '{_url(asked.service, ended['schema'])}'; then --accept")
        case _:
            print(f"✗ failed, nothing was changed: {ended['detail']}")
    return 1


def _drop(services: Services, asked: Namespace, phases: set[str], kind: str = "rebuild") -> int:
    dropped = 0
    for row in _rows(services, asked):
        if row["kind"] == kind and row["phase"] in phases:
            services.delete(asked.service, _path(asked, f"generations/{row['generation']}"))
            print(f"dropped {row['schema']}")
            dropped += 1
    if not dropped:
        print("there was nothing to drop")
    return 0


def _url(service: str, schema: str) -> str:
    """For psql: the service's database, looking only at `schema`, and only looking."""
    url = os.environ.get(f"{service.upper()}_DATABASE_URL")
    if url is None:
        url = Desk.open(data_folder(), os.environ).stack.database(service).url
    options = quote(f"-csearch_path={schema} -cdefault_transaction_read_only=on")
    return f"{url}{'&' if '?' in url else '?'}options={options}"
