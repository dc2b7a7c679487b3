"""Files of tickets: a folder in which the name of each file is the SHA-256 of its content.

A file is stored, and synced to disk together with the folder that names it, before the
event that names it is said: whatever an event names is there. The same content is kept
once. Nothing is ever changed in place, so readers need no lock.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.clock import utc_now
from shared.errors import LedgerdeskError, NotFound
from shared.ids import uuid7

FOLDER: Final = "files"
"""The store's folder within `settings.data_dir`."""

NAMED_WITHIN_SECONDS: Final = 60.0
"""How long it takes at most until an event names what was stored."""

FILE_ID: Final = re.compile(r"[0-9a-f]{64}")


class FileDamaged(LedgerdeskError):
    """The file {file_id} is no longer what was stored: restore it from a backup."""


class FileStore:
    """The files in the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, data_dir: Path) -> "FileStore":
        """The store that all services on a data folder share."""
        return cls(data_dir / FOLDER)

    async def put(self, *contents: bytes) -> tuple[str, ...]:
        """Store and sync each content; their file ids, in order.

        Raises `OSError` when the disk is full: then nothing may be said of them.
        """
        if not contents:
            return ()
        return await asyncio.to_thread(self.put_now, contents)

    async def remove(self, file_ids: Sequence[str]) -> bool:
        """Delete files, so that they are gone; False if one was stored just now, and may be
        named by an event that is still to be said: to be asked again."""
        return await asyncio.to_thread(self.remove_now, file_ids)

    async def get(self, file_id: str) -> bytes:
        """The content of a file. Raises `NotFound`, or `FileDamaged` if the disk lies."""
        return await asyncio.to_thread(self.get_now, file_id)

    def put_now(self, contents: Sequence[bytes]) -> tuple[str, ...]:
        """As `put`, blocking."""
        ids = tuple(hashlib.sha256(content).hexdigest() for content in contents)
        for file_id, content in zip(ids, contents, strict=True):
            self._store(self._path(file_id), content)
        for folder in {self._path(file_id).parent for file_id in ids}:
            _sync_folder(folder)
        return ids

    def remove_now(self, file_ids: Sequence[str]) -> bool:
        """As `remove`, blocking."""
        paths = [self._path(file_id) for file_id in file_ids if FILE_ID.fullmatch(file_id)]
        there = [path for path in paths if path.exists()]
        fresh = {path for path in there if _age_seconds(path) < NAMED_WITHIN_SECONDS}
        for path in there:
            if path not in fresh:
                path.unlink(missing_ok=True)
        for folder in {path.parent for path in there}:
            _sync_folder(folder)
        return not fresh

    def get_now(self, file_id: str) -> bytes:
        """As `get`, blocking."""
        if not FILE_ID.fullmatch(file_id):
            raise NotFound(what="file")
        try:
            content = self._path(file_id).read_bytes()
        except FileNotFoundError:
            raise NotFound(what="file") from None
        if hashlib.sha256(content).hexdigest() != file_id:
            raise FileDamaged(file_id=file_id)
        return content

    def _path(self, file_id: str) -> Path:
        return self.root / file_id[:2] / file_id

    def _store(self, path: Path, content: bytes) -> None:
        if _is_there(path, len(content)):
            # Another process may have written, and not yet synced, it. Touched, it is spared
            # by whoever is about to remove it.
            os.utime(path)
            _sync_file(path)
            return
        _make_folder(path.parent)
        draft = path.with_name(f".{path.name[:8]}.{uuid7().hex}")
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def _is_there(path: Path, size_bytes: int) -> bool:
    """Whether the file is stored in full; one cut short is written again."""
    try:
        return path.stat().st_size == size_bytes
    except FileNotFoundError:
        return False


def _age_seconds(path: Path) -> float:
    """How long ago a file was stored last."""
    return utc_now().timestamp() - path.stat().st_mtime


def _make_folder(folder: Path) -> None:
    """Make a folder with its parents, each synced into the one above it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder, so that a renamed file is found after a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
