"""A database for each service, with the two roles that keep its log append-only.

`<service>_owner` owns the log and runs migrations; `<service>` runs the service: it
may build new schemas (a projection's next generation) but change nothing that it does
not own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg


@dataclass(frozen=True)
class Database:
    """Where a service's database is, for its two roles."""

    service: str
    url: str
    owner_url: str

    @property
    def role(self) -> str:
        return urlsplit(self.url).username or self.service

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.removeprefix("/")


def database_of(
    service: str, admin_url: str, passwords: Mapping[str, str], name: str | None = None
) -> Database:
    """The database of a service on a server; `name` is `ledgerdesk_<service>` by default."""
    name = name or f"ledgerdesk_{service}"
    owner = f"{service}_owner"
    return Database(
        service,
        _url(admin_url, service, passwords[service], name),
        _url(admin_url, owner, passwords[owner], name),
    )


def roles_of(service: str) -> tuple[str, str]:
    return service, f"{service}_owner"


async def create_roles(
    admin: "asyncpg.Connection[asyncpg.Record]", service: str, passwords: Mapping[str, str]
) -> None:
    """Create a service's two roles, or give them these passwords again.

    The owner is a member of the other, so that a migration can make tables for it.
    """
    for role in roles_of(service):
        exists = await admin.fetchval("select 1 from pg_roles where rolname = $1", role)
        verb = "alter" if exists else "create"
        await admin.execute(f"{verb} role {_name(role)} login password {_literal(passwords[role])}")
    runs, owns = roles_of(service)
    await admin.execute(f"grant {_name(runs)} to {_name(owns)}")


async def create_database(
    admin: "asyncpg.Connection[asyncpg.Record]", database: Database, *, template: str = "template1"
) -> bool:
    """Create the database, owned by its owner role; False when it was there already."""
    name = _name(database.name)
    if await admin.fetchval("select 1 from pg_database where datname = $1", database.name):
        return False
    owner = _name(urlsplit(database.owner_url).username or "")
    role = _name(database.role)
    await admin.execute(f"create database {name} owner {owner} template {_name(template)}")
    await admin.execute(f"revoke all on database {name} from public")
    await admin.execute(f"grant connect, create, temporary on database {name} to {role}")
    return True


def _url(admin_url: str, role: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    _, _, where = parts.netloc.rpartition("@")
    netloc = f"{quote(role)}:{quote(password, safe='')}@{where}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
