"""Logs: one JSON object a line. Messages are constants, facts are keys.

Never a body, an address or a secret. What an error says may be any of these (a database
quotes the value that it refuses), so errors are logged by their type and where they were
raised, and never by their text; and whatever looks like an address is struck out, whoever
wrote it there.
"""

import errno
import logging
import re
import sys
import threading
import traceback
from collections import Counter
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
import structlog

from shared.log_output import Repeated, Unfailing
from shared.telemetry import current_traceparent, trace_id_of

ROOT: Final = Path(__file__).resolve().parents[1]

LINES: Counter[str] = Counter()
"""Lines written by this process, by level."""

FOREIGN_LENGTH_MAX: Final = 300
"""Of what a library says, the first line, and no more of it than this."""

_ADDRESS: Final = re.compile(r"[^\s\"'<>@,;:()\[\]{}=]+@[^\s\"'<>@,;:()\[\]{}=]+")

Fields = MutableMapping[str, Any]


class Enveloped(Protocol):
    """An event, said or heard."""

    @property
    def subject(self) -> UUID: ...
    @property
    def topic(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def correlation(self) -> UUID: ...
    @property
    def traceparent(self) -> str: ...


def about(event: Enveloped) -> dict[str, Any]:
    """The facts of a log line about an event, under the names they have in every line."""
    return {
        "ticket_id" if event.topic == "tickets" else "subject_id": event.subject,
        "stream": f"{event.subject}/{event.author}",
        "version": event.version,
        "event_id": event.id,
        "event_type": event.type,
        "correlation_id": event.correlation,
        "trace_id": trace_id_of(event.traceparent),
    }


def kind_of(error: BaseException) -> str:
    """What kind of error it is, without what it says."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name} {errno.errorcode.get(error.errno, error.errno)}"
    state = getattr(error, "sqlstate", None)
    return f"{name} {state}" if state else name


def where_of(error: BaseException) -> str:
    """The error, what caused it, and the lines of code that they came through."""
    lines, told = [], set()
    next_: BaseException | None = error
    while next_ is not None and id(next_) not in told:
        told.add(id(next_))
        lines.append(kind_of(next_))
        frames = traceback.extract_tb(next_.__traceback__)
        lines += [f"  {_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
        next_ = next_.__cause__ or (None if next_.__suppress_context__ else next_.__context__)
    return "\n".join(lines)


def configure_logging(service: str, level: str) -> None:
    """Send structlog's and the standard library's logs to stdout as JSON."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    output: Any = Unfailing(sys.stdout)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _traced,
        _with_errors,
        _without_addresses,
        _named(service),
        _counted,
    ]
    renderer = structlog.processors.JSONRenderer(serializer=_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    foreign = [structlog.stdlib.add_logger_name, _cut, *shared]
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(output)
    handler.addFilter(Repeated())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=foreign, processors=[remove, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
    logging.captureWarnings(True)
    _log_what_nobody_caught()


def _log_what_nobody_caught() -> None:
    """Else Python would write it, with all it says, between the lines."""
    log = structlog.get_logger()

    def uncaught(
        kind: type[BaseException], error: BaseException, _at: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("uncaught", exc_info=error)

    sys.excepthook = uncaught
    threading.excepthook = lambda given: uncaught(
        given.exc_type, given.exc_value or given.exc_type(), given.exc_traceback
    )


def _traced(_logger: Any, _method: str, event: Fields) -> Fields:
    traceparent = current_traceparent()
    if traceparent:
        event.setdefault("trace_id", trace_id_of(traceparent))
    return event


def _with_errors(_logger: Any, _method: str, event: Fields) -> Fields:
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = where_of(error)
    return event


def _without_addresses(_logger: Any, _method: str, event: Fields) -> Fields:
    for key, value in event.items():
        if isinstance(value, str) and "@" in value:
            event[key] = _ADDRESS.sub("<address>", value)
    return event


def _counted(_logger: Any, _method: str, event: Fields) -> Fields:
    LINES[str(event.get("level", "info"))] += 1
    return event


def _cut(_logger: Any, _method: str, event: Fields) -> Fields:
    """What a library says may quote anything further down, e.g. the value of a task."""
    said = str(event["event"]).strip().partition("\n")[0]
    event["event"] = said[:FOREIGN_LENGTH_MAX]
    return event


def _named(service: str) -> Any:
    def add(_logger: Any, _method: str, event: Fields) -> Fields:
        event["service"] = service
        return event

    return add


def _short(path: str) -> str:
    """A file by its place in the repository, or in a package."""
    _, found, inside = path.rpartition("/site-packages/")
    return inside if found else path.removeprefix(f"{ROOT}/")


def _json(value: Any, **_options: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
