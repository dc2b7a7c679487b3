"""Traces: what a ticket went through, across services and through Kafka, as one trace.

`traceparent` (W3C) comes in with a request, goes with every event, and is continued by
whoever does something about the event. Spans are made of requests, of commands that follow
from events or from time, of mails, and of batches; not of every function.

Without OTEL_EXPORTER_OTLP_ENDPOINT what came in is passed on and no span is made: the SDK is
not even imported. Spans carry names and ids, never what people wrote or who they are.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Self

from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from shared.settings import ServiceSettings

SERVER: Final = SpanKind.SERVER
CLIENT: Final = SpanKind.CLIENT
PRODUCER: Final = SpanKind.PRODUCER
CONSUMER: Final = SpanKind.CONSUMER
INTERNAL: Final = SpanKind.INTERNAL

LINKS_MAX: Final = 64
"""Traces that a batch is linked with; of a larger one, the first."""

STOPPING_SECONDS_MAX: Final = 3.0
"""How long the last spans may take to be delivered."""

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Facts = Mapping[str, str | int | float]
"""What is told about a span: names and ids."""

NOTHING: Final[Facts] = {}

_current: ContextVar[str] = ContextVar("traceparent", default="")


def current_traceparent() -> str:
    """What is being done now, for what is said or asked meanwhile; empty outside of traces."""
    return _current.get()


def trace_headers() -> dict[str, str]:
    """The headers of a request to another service, so that it continues the trace."""
    now = _current.get()
    return {"traceparent": now} if now else {}


def valid(traceparent: str) -> str:
    """The traceparent, or nothing if it is none."""
    return traceparent if _TRACEPARENT.fullmatch(traceparent) else ""


def trace_id_of(traceparent: str) -> str:
    """The id of the trace; empty if there is none."""
    return traceparent[3:35]


class Passing:
    """In place of a span, when none is made: what came in stays current for what is done."""

    __slots__ = ("_token", "traceparent")

    def __init__(self, traceparent: str) -> None:
        self.traceparent = traceparent
        self._token: Any = None

    def __enter__(self) -> Self:
        if self.traceparent:
            self._token = _current.set(self.traceparent)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: object, _at: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)

    def rename(self, name: str) -> None:
        """Nothing has a name."""

    def note(self, facts: Facts) -> None:
        """Nobody reads it."""

    def failed(self, why: str) -> None:
        """Nobody reads it."""


class Started(Passing):
    """A span."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        context = span.get_span_context()
        flags = f"{context.trace_flags:02x}"
        super().__init__(f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}")
        self._span = span

    def __exit__(
        self, kind: type[BaseException] | None, _error: object, _at: TracebackType | None
    ) -> None:
        super().__exit__(kind, _error, _at)
        if kind is not None:
            self.failed(kind.__name__)
        self._span.end()

    def rename(self, name: str) -> None:
        """What was done is known only now."""
        self._span.update_name(name)

    def note(self, facts: Facts) -> None:
        """Facts about it: names and ids."""
        self._span.set_attributes(facts)

    def failed(self, why: str) -> None:
        """It did not succeed; `why` is the type of an error, or a code."""
        self._span.set_status(trace.StatusCode.ERROR)
        self._span.set_attribute("error.type", why)


class Steps:
    """Spans that end together: commands that are decided one by one and appended at once."""

    def __init__(self, traces: "Traces") -> None:
        self._traces = traces
        self._spans: list[Passing] = []

    def start(self, name: str, parent: str, facts: Facts = NOTHING) -> str:
        """Begin one; its traceparent, for what follows from it."""
        if not self._traces.on:
            return parent
        span = self._traces.span(name, parent, facts=facts)
        self._spans.append(span)
        return span.traceparent

    def end(self, error: type[BaseException] | None = None) -> None:
        """End them all."""
        for span in self._spans:
            span.__exit__(error, None, None)


class Traces:
    """The spans of one service; none at all unless there is somebody to tell."""

    on = False
    """Whether spans are made."""

    def span(
        self,
        name: str,
        parent: str = "",
        *,
        kind: SpanKind = INTERNAL,
        links: Iterable[str] = (),
        facts: Facts = NOTHING,
    ) -> Passing:
        """A span, current while it is entered; a child of `parent`, else of none."""
        return Passing(parent)

    def batch(self, name: str, kind: SpanKind, traceparents: Iterable[str]) -> Passing:
        """A span of something done for several traces: linked with them, or part of the one."""
        return Passing("")

    def adopted(self, traceparent: str) -> str:
        """A stranger's traceparent, with our own choice whether the trace is recorded."""
        return traceparent

    @contextmanager
    def steps(self) -> Iterator[Steps]:
        """Spans of what is done together in the block."""
        steps = Steps(self)
        try:
            yield steps
        except BaseException as error:
            steps.end(type(error))
            raise
        steps.end()

    async def close(self) -> None:
        """Deliver what is left, within a few seconds."""


class ExportedTraces(Traces):
    """Spans that are sent to a collector, by a thread of the SDK."""

    on = True

    def __init__(self, provider: Any, share: float) -> None:
        self._provider = provider
        self._recorded_below = round(share * 2**64)
        self._tracer: trace.Tracer = provider.get_tracer("ledgerdesk")

    def span(
        self,
        name: str,
        parent: str = "",
        *,
        kind: SpanKind = INTERNAL,
        links: Iterable[str] = (),
        facts: Facts = NOTHING,
    ) -> Passing:
        context = trace.set_span_in_context(NonRecordingSpan(_context_of(parent)))
        linked = [Link(_context_of(one)) for one in links]
        return Started(
            self._tracer.start_span(name, context, kind=kind, attributes=facts, links=linked)
        )

    def batch(self, name: str, kind: SpanKind, traceparents: Iterable[str]) -> Passing:
        every = list(traceparents)
        by_trace = {trace_id_of(one): one for one in every if valid(one)}
        found = list(by_trace.values())
        facts = {"batch.size": len(every)}
        if len(found) == 1:
            return self.span(name, found[0], kind=kind, facts=facts)
        return self.span(name, kind=kind, links=found[:LINKS_MAX], facts=facts)

    def adopted(self, traceparent: str) -> str:
        # As the SDK decides about traces that begin here.
        recorded = int(traceparent[19:35], 16) < self._recorded_below
        return f"{traceparent[:-2]}{recorded:02x}"

    async def close(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPPING_SECONDS_MAX):
                await asyncio.to_thread(self._provider.shutdown)


def _context_of(traceparent: str) -> SpanContext:
    if not valid(traceparent):
        return trace.INVALID_SPAN_CONTEXT
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )


def open_traces(service: str, settings: ServiceSettings) -> Traces:
    """Traces as the settings want them."""
    if not settings.otlp_endpoint:
        return Traces()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    resource = Resource.create(
        {
            "service.name": service,
            "service.namespace": "ledgerdesk",
            "service.instance.id": settings.instance,
        }
    )
    sampler = ParentBased(TraceIdRatioBased(settings.trace_share))
    # Ours, and no global one: what libraries would tell of themselves holds addresses.
    provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return ExportedTraces(provider, settings.trace_share)
