"""The API against its own description: what no client would send, to every operation.

Schemathesis makes requests from an OpenAPI document, good and bad ones, and holds every answer
against it: nothing breaks, no answer is undocumented. Intake is whole; behind the gateway, owners
are played, who take whatever they are sent. The seed is fixed.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from deploy.local import process
from services.gateway.auth import token_hash
from services.intake.app import SERVICE
from services.intake.settings import Settings
from shared.clock import utc_now
from shared.events.access import ApiKeyCreated
from shared.ids import derived_id
from shared.running import running
from shared.scopes import Scope
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers
from tests.integration.gateway_harness import Databases, gateway_on

SEED = "20260301"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,unsupported_method"


async def schemathesis(folder: Path, document: str, base: str, cases: int, *more: str) -> None:
    """Run it; fail with what it found, or if it left an operation out."""
    found = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).parent / "schemathesis"), "run", document, "--url", base),
        *("--checks", CHECKS, "--phases", "fuzzing", "--seed", SEED, "--no-shrink"),
        *("--max-examples", str(cases), "--request-timeout", "10", "--warnings", "off"),
        *("--suppress-health-check", "all", "--continue-on-failure", *more),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told = (await found.communicate())[0].decode()
    assert found.returncode == 0, told[-12_000:]
    counted = re.search(r"Selected: (\d+)/\d+\s+Tested: (\d+)", told)
    assert counted is not None, told
    assert int(counted[1]) == int(counted[2]) > 1, told


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app, listening until the block ends."""
    port = process.free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{port}"
    try:
        await answers(url)
        yield url
    finally:
        server.should_exit = True
        await task


async def answers(url: str) -> None:
    async def ready() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(url)).status_code < 500
            except httpx.TransportError:
                return False

    await eventually(ready, timeout=30)


@pytest.mark.timeout(240)
async def test_the_agents_api_is_as_it_is_described(
    service_database: Databases, tmp_path: Path
) -> None:
    async with gateway_on(service_database) as desk:
        await desk.open_desk()
        created = ApiKeyCreated(
            name="Schemathesis",
            scopes=tuple(scope.value for scope in Scope),
            key_hash=token_hash("ldk_test"),
            created_by="petra",
            created_at=utc_now(),
        )
        await desk.hear(derived_id("test key"), created)
        async with served(desk.app) as url:
            bearer = "Authorization: Bearer ldk_test"
            document = f"{url}/api/openapi.json"
            await schemathesis(tmp_path, document, url, 2, "--header", bearer)


@pytest.mark.timeout(240)
async def test_the_publics_api_is_as_it_is_described(servers: TestServers, tmp_path: Path) -> None:
    database, topics = await servers.database("intake"), await servers.topics()
    settings = Settings(
        database_url=database.url,
        port=process.free_port(),
        smtp_port=process.free_port(),
        kafka_bootstrap_servers=topics.bootstrap,
        topic_prefix=topics.prefix,
        identity_secret="identity" * 4,
        link_secret="link" * 8,
        data_dir=tmp_path,
    )
    url = f"http://127.0.0.1:{settings.port}"
    async with running(SERVICE, settings):
        await answers(f"{url}/v1/topics")
        await schemathesis(tmp_path, f"{url}/v1/openapi.json", url, 15)
    await servers.drop(database)
