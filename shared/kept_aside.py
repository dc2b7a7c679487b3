"""What the inbox keeps aside: forks, gaps, and what it can't read or append."""

from typing import Any
from uuid import UUID

import orjson
import structlog

from shared.envelope import Heard
from shared.errors import LedgerdeskError
from shared.ids import derived_id
from shared.log.log import QUERIES, Log
from shared.logging import about

log = structlog.get_logger()

FOLLOWER = "inbox"
"""Under this name the inbox parks."""


class KeptAside:
    """Parks for the inbox of `event_log`, and says so."""

    def __init__(self, event_log: Log) -> None:
        self._log = event_log

    async def park(
        self, subject: UUID, event_id: UUID | None, reason: str, detail: str, what: Heard | None
    ) -> None:
        """Park a subject for what came of it, or for what did not."""
        facts = about(what) if what else {"subject_id": subject}
        log.error("inbox_parked", reason=reason, detail=detail, **facts)
        self._log.metrics.received(**{reason: 1})
        await self._log.pool.execute(
            QUERIES.park,
            derived_id("parked", FOLLOWER, subject, event_id or "gap"),
            FOLLOWER,
            subject,
            None,
            event_id,
            reason,
            detail,
            headers_json(what) if what else None,
            what.data.encode() if what else None,
        )

    async def park_unreadable(self, topic: str, record: Any, error: LedgerdeskError) -> None:
        """Park a record from Kafka that is no event of ours."""
        where = f"{topic}[{record.partition}]@{record.offset}"
        log.error("inbox_parked", reason="unreadable", where=where)
        self._log.metrics.received(unreadable=1)
        subject = derived_id("unreadable", where)
        headers = [(str(n), (v or b"").decode("latin-1")) for n, v in record.headers]
        await self._log.pool.execute(
            QUERIES.park, derived_id("parked", where), FOLLOWER, subject, None, None,
            "unreadable", f"{where}: {error}", _json(headers), record.value,
        )  # fmt: skip


def headers_json(one: Heard) -> str:
    """The headers as they are kept, beside the body."""
    return _json([(name, value.decode()) for name, value in one.headers])


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
