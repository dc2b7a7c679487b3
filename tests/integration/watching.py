"""Small services to be watched, and what their `/metrics` say."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.running import Running
from shared.testing.eventually import eventually

TOKEN = "t" * 32


@dataclass(frozen=True)
class Page:
    """What `/metrics` answered."""

    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def parse(cls, text: str) -> "Page":
        families = list(text_string_to_metric_families(text))
        return cls(
            {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in families
                for sample in family.samples
            }
        )

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.samples}

    def value(self, metric: str, /, **labels: str) -> float:
        """The one value with at least these labels."""
        wanted = set(labels.items())
        found = [v for (n, given), v in self.samples.items() if n == metric and wanted <= given]
        assert len(found) == 1, (metric, labels, found)
        return found[0]

    def total(self, metric: str, /, **labels: str) -> float:
        wanted = set(labels.items())
        return sum(v for (n, given), v in self.samples.items() if n == metric and wanted <= given)


async def scraped(live: Running, token: str = TOKEN) -> Page:
    """A scrape, as Prometheus does it."""
    async with calling(live) as client:
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        answer.raise_for_status()
        return Page.parse(answer.text)


@asynccontextmanager
async def calling(live: Running, until: str = "/health/live") -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, once it answers `until` with 200."""
    url = f"http://127.0.0.1:{live.runtime.settings.port}"
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:

        async def listens() -> bool:
            try:
                return (await client.get(until)).status_code == 200
            except httpx.ConnectError:
                return False

        await eventually(listens)
        yield client
