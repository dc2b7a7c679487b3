"""What notify tells Prometheus besides what every service does: its outbox."""

from collections.abc import Sequence

from prometheus_client.metrics_core import Metric

from services.notify.finders import QUERIES
from shared.metrics.page import Measure, gauge_of
from shared.service import Runtime


def outbox(runtime: Runtime) -> Measure:
    """How many notifications are to be sent, and for how long the first has been."""

    async def measure() -> Sequence[Metric]:
        row = (await runtime.pool.fetch(QUERIES.unsent))[0]
        return [
            gauge_of("outbox_mails", "Mails to be sent.", (), [((), row["mails"])]),
            gauge_of(
                "outbox_oldest_seconds",
                "How long ago the first of them was requested.",
                (),
                [((), row["oldest_seconds"])],
            ),
        ]

    return measure
