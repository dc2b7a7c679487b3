"""`ledgerdesk backup|restore FOLDER`: a whole desk, service by service, while it runs.

    FOLDER/<service>/      the tables of its database, of one instant, and a manifest
    FOLDER/files/          attachments and raw mails, copied after the databases that name them
    FOLDER/mailbox/, …     what else the desk keeps in its data folder

Not in it: Kafka, which services fill again; and secrets.json and master.keys, which belong
somewhere else: whoever has both can read what people wrote, and nobody can be forgotten.
"""

import asyncio
import os
import shutil
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncpg

from deploy.backup import Manifest, back_up, read_manifest
from deploy.backup import restore as restore_database
from deploy.local import databases
from deploy.local.desk import Desk
from deploy.local.folder import PRIVATE, data_folder
from deploy.local.process import PidFile
from deploy.local.services import SERVICES
from deploy.local.trouble import Trouble

FOLDERS: Final = tuple(name for name in PRIVATE if name != "logs")
"""Folders of the data folder that a backup holds."""

SECRETS: Final = ("secrets.json", "master.keys")
"""Files of the data folder that a backup does not hold."""


def backup(arguments: Sequence[str]) -> int:
    """`ledgerdesk backup FOLDER`: nothing has to stop for it."""
    parser = ArgumentParser("ledgerdesk backup", description=backup.__doc__)
    parser.add_argument("folder", type=Path, help="a new or empty one")
    parser.add_argument(
        "--secrets", type=Path, help="also copy secrets.json and master.keys into this other one"
    )
    asked = parser.parse_args(arguments)
    desk = Desk.open(data_folder(), os.environ)
    _be_empty(asked.folder)
    if asked.secrets is not None and asked.secrets.resolve() == asked.folder.resolve():
        raise Trouble("Keep the secrets in another folder, and elsewhere, than the backup")
    for manifest in asyncio.run(_back_up(desk, asked.folder)):
        rows = sum(table.rows for table in manifest.tables)
        print(f"  {manifest.service:<11} {rows:>9,} rows, log up to {manifest.position:,}")
    for name in FOLDERS:
        _copy(desk.folder.root / name, asked.folder / name)
    if asked.secrets is not None:
        _copy_secrets(desk.folder.root, asked.secrets)
    print(f"✓ {asked.folder}")
    if asked.secrets is None:
        print(f"  without {' and '.join(SECRETS)} of {desk.folder.root}: keep them elsewhere")
    return 0


def restore(arguments: Sequence[str]) -> int:
    """`ledgerdesk restore FOLDER`: into a desk that is down and has no databases."""
    parser = ArgumentParser("ledgerdesk restore", description=restore.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--secrets", type=Path, help="where `backup --secrets` copied them")
    parser.add_argument(
        "--kafka-lost", action="store_true", help="publish again everything that was ever said"
    )
    asked = parser.parse_args(arguments)
    folder = data_folder()
    if any(PidFile(path).process() for path in folder.run.glob("*.pid")):
        raise Trouble("The desk runs: make down first")
    for each in SERVICES:  # before anything is touched
        read_manifest(asked.folder / each.name)
    if asked.secrets is not None:
        folder.create()
        _copy_secrets(asked.secrets, folder.root)
    if not all((folder.root / name).exists() for name in SECRETS):
        raise Trouble(f"{' and '.join(SECRETS)} are not in {folder.root}: --secrets FOLDER")
    desk = Desk.open(folder, os.environ)
    for manifest in asyncio.run(_restore(desk, asked.folder, asked.kafka_lost)):
        print(
            f"  {manifest.service:<11} as of {manifest.taken_at}, log up to {manifest.position:,}"
        )
    for name in FOLDERS:
        _copy(asked.folder / name, desk.folder.root / name)
    print("✓ restored: make up. Each service then hears what it has lost from Kafka, and says")
    print("  nothing before it has heard what it said itself: ledgerdesk status tells.")
    return 0


async def _back_up(desk: Desk, folder: Path) -> list[Manifest]:
    made = []
    for each in SERVICES:
        (folder / each.name).mkdir()
        made.append(await back_up(desk.stack.database(each.name), folder / each.name))
    return made


async def _restore(desk: Desk, folder: Path, kafka_lost: bool) -> list[Manifest]:
    names = [each.name for each in SERVICES]
    ours = desk.stack.needs_postgres(names)
    if ours:
        await asyncio.to_thread(desk.stack.postgres.start, print)
    try:
        made = []
        for name in names:
            await _make_database(desk, name)
            database = desk.stack.database(name)
            made.append(await restore_database(database, folder / name, kafka_lost=kafka_lost))
        return made
    finally:
        if ours:
            await asyncio.to_thread(desk.stack.postgres.stop)


async def _make_database(desk: Desk, service: str) -> None:
    """An empty database; the one on a server that isn't ours has to be there, and be empty."""
    if service in desk.stack.given:
        return
    admin = await asyncpg.connect(desk.stack.postgres.admin_url)
    try:
        await databases.create_roles(admin, service, desk.stack.passwords)
        await databases.create_database(admin, desk.stack.database(service))
    finally:
        await admin.close()


def _be_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise Trouble(f"{folder} is not empty: a backup wants a folder of its own")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
        target.chmod(0o700)


def _copy_secrets(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in SECRETS:
        if not (source / name).exists():
            raise Trouble(f"{source / name} is not there")
        shutil.copy(source / name, target / name)
        (target / name).chmod(0o600)
