"""A collector of traces: a real HTTP server that takes OTLP, and keeps the spans it is sent."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn import Config, Server

from deploy.local import process


@dataclass(frozen=True)
class Kept:
    """A span, as it was told."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    """Ids of the traces it is linked with."""
    facts: dict[str, str]


@dataclass
class Collector:
    port: int
    spans: list[Kept] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def of(self, trace_id: str) -> list[Kept]:
        return [span for span in self.spans if span.trace_id == trace_id]

    async def take(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        told = ExportTraceServiceRequest.FromString(body)
        for resource in told.resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [_kept(named["service.name"], span) for span in scope.spans]
        return Response()


def _kept(service: str, span: object) -> Kept:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    assert isinstance(span, Span)
    return Kept(
        service=service,
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple(link.trace_id.hex() for link in span.links),
        facts={each.key: str(each.value) for each in span.attributes},
    )


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector that listens, until the block ends."""
    import asyncio

    collector = Collector(process.free_port())
    app = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    server = Server(Config(app, port=collector.port, log_config=None))
    serving = asyncio.create_task(server.serve())
    try:
        yield collector
    finally:
        server.should_exit = True
        await serving
