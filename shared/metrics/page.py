"""`/metrics`: for Prometheus, by a token of its own; for operators, as every inner route.

It is no separate port: intake, portal and gateway are reached from outside, and one secret is
easier kept than nine more doors are closed. Without the token in the settings nobody but an
operator is answered.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import asyncpg
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.events.assignment import Role
from shared.health import Health
from shared.log import Log
from shared.logging import LINES
from shared.metrics.facts import Facts, ParkedFor, Standing
from shared.web import caller

Measure = Callable[[], Awaitable[Sequence[Metric]]]
"""Looks up what only one service has, e.g. an outbox."""

LOOK_SECONDS_MAX: Final = 3.0
"""Longest a scrape waits for the database; then it tells what needs none."""

NO_LINES: Final = {"warning": 0, "error": 0, "critical": 0}
"""So that the first error can be seen as a step."""

AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def metrics_page(
    event_log: Log,
    token: str,
    facts: Callable[[], Awaitable[Facts]],
    health: Health,
    measures: Sequence[Measure] = (),
) -> APIRouter:
    """The route, for this service's log, followers and measures."""
    router = APIRouter(tags=["operations"])

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        _allow(request, token)
        looked_up = await _look(event_log, facts, health, measures)
        own = generate_latest(event_log.metrics.registry)
        return Response(own + looked_up, media_type=CONTENT_TYPE_LATEST)

    return router


def _allow(request: Request, token: str) -> None:
    """Raises `NotSignedIn` or `RoleNeeded` for anybody but the scraper and operators."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return
    caller(request).require(Role.OPERATOR)


async def _look(
    event_log: Log,
    facts: Callable[[], Awaitable[Facts]],
    health: Health,
    measures: Sequence[Measure],
) -> bytes:
    families = [*_pool(event_log.pool), *_of_this_process(health)]
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            families += _looked_up(await facts())
            for measure in measures:
                families += await measure()
    except AWAY:
        up = False
    else:
        up = True
    families.append(_gauge("database_up", "Whether the database answers.", up))
    registry = CollectorRegistry()
    registry.register(_Looked(families))
    return generate_latest(registry)


class _Looked(Collector):
    """What was looked up for one scrape."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        return self._families


def gauge_of(
    name: str,
    what: str,
    labels: Sequence[str],
    values: Iterable[tuple[Sequence[str], float]],
) -> Metric:
    """A gauge `ledgerdesk_<name>` with a value for each combination of labels."""
    family = GaugeMetricFamily(f"ledgerdesk_{name}", what, labels=labels)
    for given, value in values:
        family.add_metric(list(given), value)
    return family


def _gauge(name: str, what: str, value: float) -> Metric:
    return gauge_of(name, what, (), [((), value)])


def _counter(name: str, what: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"ledgerdesk_{name}", what, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _pool(pool: Any) -> list[Metric]:
    size, idle = pool.get_size(), pool.get_idle_size()
    in_use = [(("in_use",), size - idle), (("idle",), idle)]
    return [
        gauge_of("pool_connections", "Connections to the database.", ("state",), in_use),
        _gauge("pool_connections_max", "Most connections there may be.", pool.get_max_size()),
    ]


def _of_this_process(health: Health) -> list[Metric]:
    found = [
        _gauge("held", "Whether nothing may be said yet after a start.", health.log.hold.on),
        _gauge("degraded", "Parts of this service that fail while it serves.", len(health.lacks())),
        _counter("log_lines", "Log lines written, by level.", "level", {**NO_LINES, **LINES}),
    ]
    kafka = health.hearing
    if kafka is not None:
        lag = [((topic,), float(records)) for topic, records in kafka.behind.items()]
        found += [
            gauge_of("kafka_lag_records", "Records that were not yet read.", ("topic",), lag),
            _gauge("kafka_failing", "Whether Kafka can't be read.", bool(kafka.failing)),
        ]
    return found


FOLLOWER_GAUGES: Final[Sequence[tuple[str, str, Callable[[Standing], float]]]] = (
    ("lag_events", "Events a follower has not handled.", lambda f: f.lag_events),
    ("lag_seconds", "Age of the first event it has not handled.", lambda f: f.lag_seconds),
    ("leading", "Whether this process leads it.", lambda f: f.leading),
    ("led", "Whether any process leads it.", lambda f: f.led),
    ("failing", "Whether it fails in this process.", lambda f: bool(f.failing)),
)


def _looked_up(facts: Facts) -> list[Metric]:
    found = [
        _gauge("log_end_position", "Position of the newest event.", facts.log_end),
        _gauge("waiting_events", "Events heard too early, at most 10,000.", facts.waiting_events),
        _gauge("waiting_oldest_seconds", "Since when one waits.", facts.waiting_oldest_seconds),
        *_parked(facts.parked),
    ]
    for name, what, value in FOLLOWER_GAUGES:
        each = [((f.name, str(f.generation)), value(f)) for f in facts.followers]
        found.append(gauge_of(f"follower_{name}", what, ("follower", "generation"), each))
    if facts.heard_to_seconds is not None:
        what = "Age of the instant up to which all that was said is heard."
        found.append(_gauge("heard_to_seconds", what, facts.heard_to_seconds))
    if facts.timers_due_seconds is not None:
        what = "How long ago the first timer was due that has not fired."
        found.append(_gauge("timers_due_seconds", what, facts.timers_due_seconds))
    return found


def _parked(parked: Sequence[ParkedFor]) -> list[Metric]:
    labels = ("follower", "reason")
    counts = [((p.follower, p.reason), float(p.subjects)) for p in parked]
    ages = [((p.follower, p.reason), p.oldest_seconds) for p in parked]
    return [
        gauge_of("parked_subjects", "Tickets set aside for an operator.", labels, counts),
        gauge_of("parked_oldest_seconds", "Since when the first is set aside.", labels, ages),
    ]
