"""Accepting tickets over HTTP: intake, whole, beside an app that inserts one row a ticket."""

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

import orjson

from bench.http import Client
from bench.row import Row
from bench.whole.load import ticket
from deploy.local import process
from shared.clock import monotonic_seconds, utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign
from shared.postgres import open_pool
from shared.testing.infra import TestServers

CONCURRENCY: Final = 32
TICKETS: Final = 1_500
SECRET: Final = "b" * 32
START_SECONDS_MAX: Final = 60

TOPIC: Final = {
    "topic_id": "general",
    "name": "General question",
    "type": "general",
    "team_id": "support",
    "team_name": "Support",
}


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """Both as processes of their own, with as many connections to Postgres."""
    numbers = count()
    async with _intake(servers) as ours, _floor(servers) as floor:

        async def accept() -> float:
            return await _per_second(ours, numbers)

        async def insert() -> float:
            return await _per_second(floor, numbers)

        what = f"accept over HTTP, {CONCURRENCY} at once"
        yield [Row(what, "FastAPI, one INSERT a ticket", accept, insert, 0.6)]


async def _per_second(port: int, numbers: "count[int]") -> float:
    accepted = 0

    async def caller(client: Client) -> None:
        nonlocal accepted
        for _ in range(TICKETS // CONCURRENCY):
            number = next(numbers)
            key = f"Idempotency-Key: bench-{number}\r\n"
            asked = ticket(number, "general"), key
            while not await _taken(client, *asked):
                await asyncio.sleep(0.05)  # a slow machine tells to come back
            accepted += 1

    async with Client("127.0.0.1", port, CONCURRENCY) as client:
        begun = monotonic_seconds()
        await asyncio.gather(*(caller(client) for _ in range(CONCURRENCY)))
        return accepted / (monotonic_seconds() - begun)


async def _taken(client: Client, body: bytes, key: str) -> bool:
    """Whether the ticket was accepted; False if there was no place for it, or the connection
    was closed: under its key it can be sent again."""
    try:
        status, answer = await client.post("/v1/tickets", body, key)
    except (OSError, asyncio.IncompleteReadError):
        return False
    assert status in (201, 429), answer
    return status == 201


@asynccontextmanager
async def _intake(servers: TestServers) -> AsyncIterator[int]:
    database, topics = await servers.database("intake"), await servers.topics()
    port = process.free_port()
    environ = {
        "INTAKE_DATABASE_URL": database.url,
        "INTAKE_PORT": str(port),
        "INTAKE_SMTP_PORT": str(process.free_port()),
        "KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap,
        "LEDGERDESK_TOPIC_PREFIX": topics.prefix,
        "LEDGERDESK_DATA": str(servers.folder.root),
        "LEDGERDESK_IDENTITY_SECRET": SECRET,
        "LEDGERDESK_LINK_SECRET": SECRET,
        "LEDGERDESK_MASTER_KEY": f"bench:{b64encode(b'b' * 32).decode()}",
    }
    async with _running("cli.main", ["serve", "intake"], environ, port):
        await _define_topic(port)
        yield port


@asynccontextmanager
async def _floor(servers: TestServers) -> AsyncIterator[int]:
    database = await servers.database("review")
    owner = await open_pool(database.owner_url, 2, "bench")
    await owner.execute(
        "create table public.floor (id uuid primary key, data json not null);"
        "grant insert on public.floor to public; grant usage on schema public to public"
    )
    await owner.close()
    port = process.free_port()
    environ = {"FLOOR_DATABASE_URL": database.url, "FLOOR_PORT": str(port)}
    async with _running("bench.floor", [], environ, port):
        yield port


@asynccontextmanager
async def _running(
    module: str, arguments: Sequence[str], environ: Mapping[str, str], port: int
) -> AsyncIterator[None]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        env={**os.environ, **environ}, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            while not await _is_ready(port):
                assert child.returncode is None, f"{module} did not start"
                await asyncio.sleep(0.1)
        yield
    finally:
        child.terminate()
        await child.wait()


async def _is_ready(port: int) -> bool:
    try:
        async with Client("127.0.0.1", port, 1) as client:
            status, _ = await client.get("/health/ready")
            return status == 200
    except OSError:
        return False


async def _define_topic(port: int) -> None:
    identity = Identity("operator:bench", "cli", role=Role.ADMIN)
    header = f"{HEADER}: {sign(SECRET, identity, 'intake', utc_now())}\r\n"
    async with Client("127.0.0.1", port, 1) as client:
        digest = orjson.dumps({"digest": "0" * 64})
        async with asyncio.timeout(START_SECONDS_MAX):
            while (await client.post("/v1/desk/revisions", digest, header))[0] == 503:
                await asyncio.sleep(0.5)
        desk = orjson.dumps({"revision": 1, "topics": [TOPIC]})
        status, body = await client.put("/v1/desk", desk, header)
        assert status == 200, body
