"""The envelope on Kafka: CloudEvents 1.0, binary mode, with Ledgerdesk's own attributes.

Key: the subject's id. Headers: text. Body: the event's JSON, byte for byte as said. A
consumer looks at the headers first and decodes only what it hears.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import LedgerdeskError
from shared.log.records import NewEvent, Recorded

Headers = Sequence[tuple[str, bytes]]


class EnvelopeBroken(LedgerdeskError):
    """The record is not an event of ours: {reason}."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came from Kafka: its envelope, and its body undecoded."""

    subject: UUID
    author: str
    version: int
    id: UUID
    previous: UUID | None
    type: str
    after: str
    topic: str
    """Without the prefix, e.g. `tickets`."""
    headers: Headers
    body: bytes

    def as_new(self, *, said: bool, kept: bool) -> NewEvent:
        """The event as it is to be appended by the one who heard it."""
        text = dict(_texts(self.headers))
        causation = text.get("ld_causation")
        return NewEvent(
            subject=self.subject,
            author=self.author,
            version=self.version,
            id=self.id,
            topic=self.topic,
            type=self.type,
            after=self.after,
            correlation=UUID(text["ld_correlation"]),
            actor=text.get("ld_actor", ""),
            occurred_at=datetime.fromisoformat(text["ce_time"]),
            data=self.body.decode() if kept else "null",
            said=said,
            kept=kept,
            previous=self.previous,
            revision=int(text.get("ld_revision") or 0),
            causation=UUID(causation) if causation else None,
            traceparent=text.get("traceparent", ""),
        )


def headers_of(event: Recorded) -> list[tuple[str, bytes]]:
    """The headers under which `event` is published."""
    texts = [
        ("ce_specversion", "1.0"),
        ("ce_id", str(event.id)),
        ("ce_type", event.type),
        ("ce_source", f"/ledgerdesk/{event.author}"),
        ("ce_time", event.occurred_at.isoformat()),
        ("ce_subject", str(event.subject)),
        ("content-type", "application/json"),
        ("ld_stream", f"{event.subject}/{event.author}"),
        ("ld_version", str(event.version)),
        ("ld_previous", str(event.previous or "")),
        ("ld_after", event.after),
        ("ld_revision", str(event.revision)),
        ("ld_correlation", str(event.correlation)),
        ("ld_causation", str(event.causation or "")),
        ("ld_actor", event.actor),
        ("traceparent", event.traceparent),
    ]
    return [(name, value.encode()) for name, value in texts if value]


def heard(topic: str, headers: Headers, body: bytes | None) -> Heard:
    """The event in a record. Raises `EnvelopeBroken` for anything that is none."""
    try:
        text = dict(_texts(headers))
        subject, _, author = text["ld_stream"].partition("/")
        previous = text.get("ld_previous")
        version = int(text["ld_version"])
        if not author or version < 1 or body is None:
            raise EnvelopeBroken(reason="stream, version or body is missing")
        return Heard(
            subject=UUID(subject),
            author=author,
            version=version,
            id=UUID(text["ce_id"]),
            previous=UUID(previous) if previous else None,
            type=text["ce_type"],
            after=text.get("ld_after", ""),
            topic=topic,
            headers=headers,
            body=body,
        )
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise EnvelopeBroken(reason=f"{type(error).__name__}: {error}") from error


def _texts(headers: Headers) -> Iterable[tuple[str, str]]:
    return ((name, value.decode()) for name, value in headers)
