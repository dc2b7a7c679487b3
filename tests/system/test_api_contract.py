"""The API against its own description: what no client would send, to every operation.

Schemathesis makes requests from the two OpenAPI documents, good and bad ones, and holds every
answer against them: nothing breaks, no answer is undocumented, what is not valid is refused.
Bounded by the number of requests; the seed is fixed, so that a failure is the same again.
"""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.system.world import World

SEED = "20260301"
CASES_PER_OPERATION = "6"

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,unsupported_method"
)


async def a_key(world: World, *scopes: str) -> str:
    """An API key, made by the sample desk's admin."""
    token = next(
        line.split()[-1]
        for line in (world.folder.root / "sign-in.txt").read_text(encoding="utf-8").splitlines()
        if " admin " in line
    )
    async with httpx.AsyncClient(base_url=gateway(world)) as client:
        made = await client.post(
            "/api/v1/api-keys",
            json={"name": "Schemathesis", "scopes": list(scopes)},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert made.status_code == 201, made.text
    key: str = made.json()["key"]
    return key


def gateway(world: World) -> str:
    return f"http://127.0.0.1:{world.ports['GATEWAY_PORT']}"


def intake(world: World) -> str:
    return f"http://127.0.0.1:{world.ports['INTAKE_PORT']}"


def schemathesis(folder: Path, document: str, base: str, *more: str) -> None:
    """Run it; fail with what it found."""
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run", document, "--url", base),
        *("--checks", CHECKS, "--phases", "examples,fuzzing", "--seed", SEED),
        *("--max-examples", CASES_PER_OPERATION, "--no-shrink", "--workers", "2"),
        *("--request-timeout", "10", "--output-truncate", "true", "--suppress-health-check", "all"),
        *("--warnings", "off", "--continue-on-failure", *more),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
    told = done.stdout[-12_000:] + done.stderr[-2_000:]
    assert done.returncode == 0, told
    counted = re.search(r"Selected: (\d+)/\d+\s+Tested: (\d+)", done.stdout)
    assert counted is not None, told
    assert counted[1] == counted[2], told


@pytest.mark.timeout(240)
async def test_the_agents_api_is_as_it_is_described(world: World, tmp_path: Path) -> None:
    key = await a_key(
        world, "tickets:open", "tickets:read", "tickets:work", "tickets:manage", "webhooks"
    )
    url = gateway(world)
    bearer = f"Authorization: Bearer {key}"
    schemathesis(tmp_path, f"{url}/api/openapi.json", url, "--header", bearer)


@pytest.mark.timeout(240)
async def test_the_publics_api_is_as_it_is_described(world: World, tmp_path: Path) -> None:
    url = intake(world)
    schemathesis(tmp_path, f"{url}/v1/openapi.json", url)
