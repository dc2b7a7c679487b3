"""The HTTP of a service: its routes, what every request passes, and the server."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from shared.admission import Admission, Limit
from shared.body_limit import BodyLimit
from shared.doors import Entrance
from shared.health import Health, health_routes
from shared.hearing import Hearing
from shared.leaving import Leaving
from shared.metrics.facts import gather
from shared.metrics.page import metrics_page
from shared.operations import operations
from shared.service import Runtime, Service
from shared.settings import ServiceSettings
from shared.watched import Watched
from shared.web import install_errors


def server_of(settings: ServiceSettings, entrance: ASGIApp) -> "_Server":
    return _Server(
        uvicorn.Config(
            entrance,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are `_run`'s."""
        yield


def limit_of(service: Service, runtime: Runtime) -> Limit:
    settings = runtime.settings
    slow = settings.slow_answer_seconds if service.measured_paths else None
    return Limit(settings.requests_in_flight_max, slow)


def entrance_of(service: Service, runtime: Runtime, app: FastAPI, limit: Limit) -> ASGIApp:
    """Where requests come in: doors have what all have in common, in the same order."""

    def around(door: ASGIApp) -> ASGIApp:
        placed = Admission(
            door,
            limit=limit,
            measured_paths=service.measured_paths,
            busy=lambda: service.busy(runtime),
        )
        return Watched(Leaving(placed), event_log=runtime.log)

    return Entrance(app, runtime.doors, around)


def app_of(
    service: Service, runtime: Runtime, hearing: Hearing | None, health: Health, limit: Limit
) -> FastAPI:
    app = FastAPI(
        title=f"Ledgerdesk {service.name}",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # It would tell a collector whole paths, and some of them are links that act.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.identity_secret = runtime.settings.identity_secret
    app.state.service_name = service.name
    install_errors(app)
    app.add_middleware(
        BodyLimit,
        secret=runtime.settings.identity_secret,
        audience=service.name,
        stranger_bytes_max=service.stranger_bytes_max,
        known_bytes_max=service.known_bytes_max(runtime) if service.known_bytes_max else None,
        unlimited_paths=service.unlimited_paths,
    )
    app.add_middleware(
        Admission,
        limit=limit,
        measured_paths=service.measured_paths,
        busy=lambda: service.busy(runtime),
    )
    app.add_middleware(Leaving)
    app.add_middleware(Watched, event_log=runtime.log)
    for router in service.routers(runtime):
        app.include_router(router)
    app.include_router(health_routes(health))
    app.include_router(_metrics(service, runtime, hearing, health))
    app.include_router(
        operations(
            service.name, runtime.log, runtime.followers, hearing, runtime.clock, runtime.inbox
        )
    )
    return app


def _metrics(
    service: Service, runtime: Runtime, hearing: Hearing | None, health: Health
) -> APIRouter:
    return metrics_page(
        runtime.log,
        runtime.settings.metrics_token,
        lambda: gather(runtime.log, runtime.followers, hearing, runtime.clock),
        health,
        service.measures(runtime),
    )
