"""Every read model of every service, folded from its log anew, equals the live one row by row.

Of whatever the tests before this one have left on the desk: a day of it, in short.
"""

import importlib
from typing import Any

import httpx
import pytest

from deploy.local.services import SERVICES
from shared.service import Service
from shared.testing.eventually import eventually
from tests.system.people import SOON_SECONDS
from tests.system.world import World


def read_models() -> list[tuple[str, str]]:
    """Every projection, beside the service that it belongs to."""
    found = []
    for each in SERVICES:
        service: Service = importlib.import_module(f"services.{each.name}.app").SERVICE
        found += [(each.name, projection.name) for projection in service.projections]
    return found


@pytest.mark.parametrize(("service", "projection"), read_models())
async def test_what_is_rebuilt_equals_what_is_live(
    world: World, service: str, projection: str
) -> None:
    await eventually(world.is_settled, timeout=SOON_SECONDS)
    headers = world.operator_headers(service)
    async with httpx.AsyncClient(
        base_url=world.url(service), headers=headers, timeout=30
    ) as client:
        begun = await client.post(f"/v1/projections/{projection}/rebuild")
        assert begun.status_code == 202, begun.text
        rebuilt = begun.json()["generation"]

        async def ended() -> dict[str, Any]:
            row = (await generations(client, projection))[rebuilt]
            assert row["phase"] in {"live", "differs", "failed"}, row
            return row

        row = await eventually(ended, timeout=SOON_SECONDS)
        assert (row["phase"], row["detail"]) == ("live", "")
        for number, other in (await generations(client, projection)).items():
            if other["phase"] == "kept":
                path = f"/v1/projections/{projection}/generations/{number}"
                dropped = await client.delete(path)
                assert dropped.status_code == 200, dropped.text


async def generations(client: httpx.AsyncClient, projection: str) -> dict[int, dict[str, Any]]:
    """The generations of a projection, by their numbers."""
    rows = (await client.get("/v1/generations")).json()
    return {row["generation"]: row for row in rows if row["projection"] == projection}
