"""Files of tickets in a bucket: S3, and whatever speaks its language.

The same promises as the folder's (`shared.files`): the name is the SHA-256 of the content, a
file is stored before the event that names it, and the service that has it keeps it durably.
`obstore` does the talking; keys and endpoint come from the usual `AWS_…` variables.

The folder is not left to `obstore`: it writes without syncing, so that after a crash an event
might name what is not there.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final, Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from shared.clock import utc_now
from shared.errors import NotFound
from shared.files import FILE_ID, NAMED_WITHIN_SECONDS, FileDamaged, FileStore
from shared.settings import ServiceSettings

RETRIES_MAX: Final = 3
SECONDS_MAX: Final = 10
"""How long the bucket is asked before whoever waits is told to come back."""

AT_ONCE_MAX: Final = 8
"""Files that one caller stores at the same time."""


class Files(Protocol):
    """A store of files, wherever it is."""

    async def put(self, *contents: bytes) -> tuple[str, ...]:
        """Store each content durably; their file ids, in order."""
        ...

    async def get(self, file_id: str) -> bytes:
        """The content of a file. Raises `NotFound`, or `FileDamaged`."""
        ...

    async def remove(self, file_ids: Sequence[str]) -> bool:
        """Delete files; False if one was stored just now: to be asked again."""
        ...


class BucketAway(OSError):
    """The bucket gave no answer, or refused us: an outage, to be tried again."""


def files_of(settings: ServiceSettings) -> Files:
    """The store that all services of a desk share."""
    if not settings.files_url:
        return FileStore.of(settings.data_dir)
    patience: Any = {"max_retries": RETRIES_MAX, "retry_timeout": timedelta(seconds=SECONDS_MAX)}
    return Bucket(from_url(settings.files_url, retry_config=patience))


class Bucket:
    """The files in a bucket, or in a part of one."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)

    async def put(self, *contents: bytes) -> tuple[str, ...]:
        ids = tuple(hashlib.sha256(content).hexdigest() for content in contents)
        # Again, if it is there: whoever is about to remove it sees that it is fresh.
        fresh = dict(zip(ids, contents, strict=True))
        await asyncio.gather(*(self._put(*each) for each in fresh.items()))
        return ids

    async def _put(self, file_id: str, content: bytes) -> None:
        async with self._slots:
            with _outages():
                await obstore.put_async(self._store, _path(file_id), content)

    async def get(self, file_id: str) -> bytes:
        if not FILE_ID.fullmatch(file_id):
            raise NotFound(what="file")
        try:
            with _outages():
                found = await obstore.get_async(self._store, _path(file_id))
                content = bytes(await found.bytes_async())
        except FileNotFoundError:
            raise NotFound(what="file") from None
        if hashlib.sha256(content).hexdigest() != file_id:
            raise FileDamaged(file_id=file_id)
        return content

    async def remove(self, file_ids: Sequence[str]) -> bool:
        gone = [await self._removed(each) for each in file_ids if FILE_ID.fullmatch(each)]
        return all(gone)

    async def _removed(self, file_id: str) -> bool:
        """Whether it is gone; one that was stored just now is spared."""
        path = _path(file_id)
        try:
            with _outages():
                found = await obstore.head_async(self._store, path)
                age = utc_now() - found["last_modified"]
                if age.total_seconds() < NAMED_WITHIN_SECONDS:
                    return False
                await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            pass
        return True


def _path(file_id: str) -> str:
    return f"{file_id[:2]}/{file_id}"


@contextmanager
def _outages() -> Iterator[None]:
    """Whatever the store says but that a file is not there."""
    try:
        yield
    except BaseError as error:
        raise BucketAway(type(error).__name__) from error
