"""How keys travel: on the compacted topic `keys`, wrapped, under the key's own id.

An erased key is a record without key material, not a tombstone: whoever reads the topic
later knows that it is gone, and does not wait for it.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.errors import LedgerdeskError


class KeyRecordBroken(LedgerdeskError):
    """The record is not a key of ours: {reason}."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as its author has published it."""

    key_id: UUID
    person: UUID
    author: str
    wrapped: bytes | None
    """None once it is erased."""
    master: str
    change: int
    """Counted by the author; the newest is believed."""
    created_at: datetime
    erased_at: datetime | None

    @property
    def rank(self) -> tuple[bool, int]:
        """The higher one is believed; an erased one for good."""
        return self.erased_at is not None, self.change


def value_of(row: Mapping[str, Any]) -> bytes:
    """The body under which a row of `ledger.keys` is published."""
    wrapped = row["wrapped"]
    return orjson.dumps(
        {
            "key_id": str(row["key_id"]),
            "person": str(row["person"]),
            "author": row["author"],
            "wrapped": None if wrapped is None else b64encode(wrapped).decode(),
            "master": row["master"],
            "change": row["change"],
            "created_at": row["created_at"],
            "erased_at": row["erased_at"],
        }
    )


def key_record(value: bytes | None) -> KeyRecord:
    """The key in a record's body. Raises `KeyRecordBroken` for anything else."""
    try:
        body = orjson.loads(value or b"")
        wrapped, erased_at = body["wrapped"], body["erased_at"]
        record = KeyRecord(
            key_id=UUID(body["key_id"]),
            person=UUID(body["person"]),
            author=str(body["author"]),
            wrapped=None if wrapped is None else b64decode(wrapped, validate=True),
            master=str(body["master"]),
            change=int(body["change"]),
            created_at=datetime.fromisoformat(body["created_at"]),
            erased_at=None if erased_at is None else datetime.fromisoformat(erased_at),
        )
        if (record.wrapped is None) != (record.erased_at is not None):
            raise ValueError("a key is either there or erased")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyRecordBroken(reason=f"{type(error).__name__}: {error}") from error
    return record


def newest(records: Iterable[KeyRecord]) -> list[KeyRecord]:
    """One record a key: the one to be believed."""
    best: dict[UUID, KeyRecord] = {}
    for record in records:
        known = best.get(record.key_id)
        if known is None or record.rank > known.rank:
            best[record.key_id] = record
    return list(best.values())


def columns(records: Sequence[KeyRecord]) -> list[list[Any]]:
    """The arguments of the query `hear_keys`."""
    return [
        [r.key_id for r in records],
        [r.person for r in records],
        [r.author for r in records],
        [r.wrapped for r in records],
        [r.master for r in records],
        [r.change for r in records],
        [r.created_at for r in records],
        [r.erased_at for r in records],
    ]
