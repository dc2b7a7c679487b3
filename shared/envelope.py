"""The envelope on Kafka: CloudEvents 1.0, binary mode, with Ledgerdesk's own attributes.

Key: the subject's id. Headers: text. Body: the event's JSON, byte for byte as said. A
consumer looks at the headers first and decodes only what it hears.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import orjson

from shared.errors import LedgerdeskError
from shared.log.records import NewEvent, Recorded
from shared.log.vector import Vector
from shared.privacy.sealing import key_id_of

INT_MAX = 2**31 - 1
"""Largest number the log keeps as a version."""

AUTHOR_MAX = 200
"""Longest name of an author: it stands in keys of indexes."""

Headers = Sequence[tuple[str, bytes]]

_uuid = lru_cache(maxsize=4000)(UUID)
"""An id comes again and again: of the subject, of what it began with, of its successor's
predecessor."""

_ALWAYS = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


class EnvelopeBroken(LedgerdeskError):
    """The record is not an event of ours: {reason}."""


class Heard(NamedTuple):
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
    correlation: UUID
    causation: UUID | None
    actor: str
    occurred_at: datetime
    revision: int
    traceparent: str
    headers: Headers
    """As they came, for keeping aside what can't be taken in yet."""
    data: str
    """The body: JSON, as said."""
    keys: str = ""
    """Names of the keys that its personal texts are sealed with, comma-separated."""

    @property
    def begins(self) -> bool:
        """Whether it seems to be the first that is said of its subject."""
        return self.version == 1 and self.previous is None and not self.after

    def as_new(self, *, said: bool, kept: bool) -> NewEvent:
        """The event as it is to be appended by the one who heard it."""
        return NewEvent(
            subject=self.subject,
            author=self.author,
            version=self.version,
            id=self.id,
            topic=self.topic,
            type=self.type,
            after=self.after,
            correlation=self.correlation,
            actor=self.actor,
            occurred_at=self.occurred_at,
            data=self.data if kept else "null",
            said=said,
            kept=kept,
            previous=self.previous,
            revision=self.revision,
            causation=self.causation,
            traceparent=self.traceparent,
            keys=self.keys if kept else "",
        )


def headers_of(event: Recorded) -> list[tuple[str, bytes]]:
    """The headers under which `event` is published."""
    subject = str(event.subject)
    headers = [
        *_ALWAYS,
        ("ce_id", str(event.id).encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", f"/ledgerdesk/{event.author}".encode()),
        ("ce_time", event.occurred_at.isoformat().encode()),
        ("ce_subject", subject.encode()),
        ("ld_stream", f"{subject}/{event.author}".encode()),
        ("ld_version", b"%d" % event.version),
        ("ld_revision", b"%d" % event.revision),
        ("ld_correlation", str(event.correlation).encode()),
    ]
    if event.after:
        headers.append(("ld_after", event.after.encode()))
    if event.actor:
        headers.append(("ld_actor", event.actor.encode()))
    if event.keys:
        headers.append(("ld_keys", event.keys.encode()))
    if event.traceparent:
        headers.append(("traceparent", event.traceparent.encode()))
    if event.previous is not None:
        headers.append(("ld_previous", str(event.previous).encode()))
    if event.causation is not None:
        headers.append(("ld_causation", str(event.causation).encode()))
    return headers


def heard(topic: str, headers: Headers, body: bytes | None) -> Heard:
    """The event in a record, checked through and through, so that nothing behind this
    meets a surprise. Raises `EnvelopeBroken` for anything that is no event of ours."""
    try:
        return _heard(topic, headers, body or b"")
    except (KeyError, ValueError, AttributeError, TypeError, OverflowError) as error:
        raise EnvelopeBroken(reason=f"{type(error).__name__}: {error}") from error


def _heard(topic: str, headers: Headers, body: bytes) -> Heard:
    text = {name: value.decode() for name, value in headers}
    subject, _, author = text["ld_stream"].partition("/")
    version, revision = int(text["ld_version"]), int(text.get("ld_revision") or 0)
    occurred_at = datetime.fromisoformat(text["ce_time"])
    data = body.decode()
    orjson.loads(body)
    if not author or not 1 <= version <= INT_MAX or not 0 <= revision <= INT_MAX:
        raise ValueError("stream, version or revision is out of range")
    if occurred_at.tzinfo is None:
        raise ValueError("the time has no zone")
    occurred_at.astimezone(UTC)  # raises for what is an instant in no year that there is
    if len(author) > AUTHOR_MAX:
        raise ValueError("the author's name is too long")
    if "\0" in "".join(text.values()):
        raise ValueError("a header has a NUL")
    if text.get("ld_after"):
        Vector.parse(text["ld_after"])
    for key in filter(None, text.get("ld_keys", "").split(",")):
        key_id_of(key)
    return Heard(
        subject=_uuid(subject),
        author=author,
        version=version,
        id=_uuid(text["ce_id"]),
        previous=_uuid_or_none(text.get("ld_previous")),
        type=text["ce_type"],
        after=text.get("ld_after", ""),
        topic=topic,
        correlation=_uuid(text["ld_correlation"]),
        causation=_uuid_or_none(text.get("ld_causation")),
        actor=text.get("ld_actor", ""),
        occurred_at=occurred_at,
        revision=revision,
        traceparent=text.get("traceparent", ""),
        headers=headers,
        data=data,
        keys=text.get("ld_keys", ""),
    )


def _uuid_or_none(text: str | None) -> UUID | None:
    return _uuid(text) if text else None
