"""What a service counts and times as it happens, in a registry of its own.

Labels are names from the code (a route's template, an event's type, a follower), never what
people wrote or who they are, so that their number is bounded.
"""

from collections import Counter as Tally
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

if TYPE_CHECKING:
    from shared.log.records import Batch  # which has instruments itself

SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LATENESS_SECONDS: Final = (0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
GROUP_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The instruments of one service."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.events = Counter(
            "ledgerdesk_events_appended",
            "Events appended to this service's log, by type, and whether said or heard.",
            ["type", "origin"],
            registry=registry,
        )
        self.append_seconds = Histogram(
            "ledgerdesk_append_seconds",
            "How long a group of appends took to be committed.",
            buckets=SECONDS,
            registry=registry,
        )
        self.append_group_callers = Histogram(
            "ledgerdesk_append_group_callers",
            "Callers that shared one commit.",
            buckets=GROUP_SIZES,
            registry=registry,
        )
        self.append_refused = Counter(
            "ledgerdesk_append_refused",
            "Callers whose append was refused, by the type of the error.",
            ["reason"],
            registry=registry,
        )
        self.published = Counter(
            "ledgerdesk_relay_published", "Events published to Kafka.", registry=registry
        )
        self.inbox = Counter(
            "ledgerdesk_inbox_records",
            "Records from Kafka: ready, old, or parked as fork, gap or unreadable.",
            ["result"],
            registry=registry,
        )
        self.timer_lateness_seconds = Histogram(
            "ledgerdesk_timer_lateness_seconds",
            "How long after it was due a timer fired.",
            buckets=LATENESS_SECONDS,
            registry=registry,
        )
        self.mail_in = Counter(
            "ledgerdesk_mail_in",
            "Mails taken: as a letter, a bounce, automatic, into quarantine, or again.",
            ["result"],
            registry=registry,
        )
        self.smtp_replies = Counter(
            "ledgerdesk_smtp_replies",
            "What the SMTP server said, by its code: 4xx asks to come back, 5xx refuses.",
            ["code"],
            registry=registry,
        )
        self.smtp_connections = Gauge(
            "ledgerdesk_smtp_connections", "Connections to the SMTP server.", registry=registry
        )
        self.mail_out = Counter(
            "ledgerdesk_mail_out",
            "Tries to hand a mail to the mail server: what came of each.",
            ["result"],
            registry=registry,
        )
        self.http_requests = Counter(
            "ledgerdesk_http_requests",
            "Requests answered, by the route's template.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.http_seconds = Histogram(
            "ledgerdesk_http_request_seconds",
            "How long requests took, by the route's template.",
            ["method", "route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.loop_delay_seconds = Histogram(
            "ledgerdesk_event_loop_delay_seconds",
            "How much later than asked a task of this process was woken.",
            buckets=SECONDS,
            registry=registry,
        )

        # Looking a label's values up costs more than counting: what was found is kept.
        self._events: dict[tuple[str, bool], Counter] = {}
        self._answers: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def committed(
        self, group: "Sequence[Batch]", refused: Collection[str], duration_seconds: float
    ) -> None:
        """A group of appends was committed, without those that were refused for a reason."""
        self.append_seconds.observe(duration_seconds)
        self.append_group_callers.observe(len(group) + len(refused))
        for reason in refused:
            self.append_refused.labels(reason).inc()
        events = Tally((e.type, e.said) for batch in group for e in batch.events if e.kept)
        for (type_, said), count in events.items():
            counter = self._events.get((type_, said))
            if counter is None:
                counter = self.events.labels(type_, "said" if said else "heard")
                self._events[type_, said] = counter
            counter.inc(count)

    def received(self, **records: int) -> None:
        """Records from Kafka were looked at, so many with each result."""
        for result, count in records.items():
            if count:
                self.inbox.labels(result).inc(count)

    def answered(self, method: str, route: str, status: int, duration_seconds: float) -> None:
        """A request was answered."""
        asked = (method, route, status)
        if asked not in self._answers:
            known = method if method in METHODS else "other"
            self._answers[known, route, status] = (
                self.http_requests.labels(known, route, str(status)),
                self.http_seconds.labels(known, route),
            )
            asked = (known, route, status)
        count, seconds = self._answers[asked]
        count.inc()
        seconds.observe(duration_seconds)
