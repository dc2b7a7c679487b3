"""Files in a bucket keep the promises of those in a folder."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError
from obstore.store import MemoryStore

from shared import bucket
from shared.bucket import Bucket, BucketAway, files_of
from shared.clock import utc_now
from shared.errors import NotFound
from shared.files import FileDamaged, FileStore
from shared.settings import ServiceSettings


async def test_what_is_stored_is_found_under_the_hash_of_its_content() -> None:
    store = Bucket(MemoryStore())
    ids = await store.put(b"hello", b"", b"hello")
    assert ids[0] == ids[2] == hashlib.sha256(b"hello").hexdigest()
    assert [await store.get(file_id) for file_id in ids] == [b"hello", b"", b"hello"]
    assert await store.put() == ()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 64])
async def test_only_what_is_stored_is_found(name: str) -> None:
    with pytest.raises(NotFound):
        await Bucket(MemoryStore()).get(name)


async def test_a_damaged_file_is_never_handed_out() -> None:
    memory = MemoryStore()
    store = Bucket(memory)
    (file_id,) = await store.put(b"complete")
    memory.put(f"{file_id[:2]}/{file_id}", b"c0mplete")
    with pytest.raises(FileDamaged):
        await store.get(file_id)


async def test_a_removed_file_is_gone_and_one_just_stored_is_spared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Bucket(MemoryStore())
    (file_id,) = await store.put(b"content")
    assert not await store.remove([file_id, "f" * 64, "../escape"])
    assert await store.get(file_id) == b"content"
    later = utc_now() + timedelta(minutes=2)
    monkeypatch.setattr(bucket, "utc_now", lambda: later)
    assert await store.remove([file_id])
    with pytest.raises(NotFound):
        await store.get(file_id)


async def test_a_bucket_that_is_away_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise GenericError("no route to host")

    monkeypatch.setattr(obstore, "put_async", away)
    with pytest.raises(BucketAway):
        await Bucket(MemoryStore()).put(b"content")


def test_files_are_in_the_folder_unless_a_bucket_is_named(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "database_url": "postgresql://nowhere",
        "port": 1,
        "data_dir": tmp_path,
        "identity_secret": "x" * 32,
        "link_secret": "x" * 32,
    }
    assert isinstance(files_of(ServiceSettings(**given)), FileStore)
    assert isinstance(files_of(ServiceSettings(**given, files_url="memory:///")), Bucket)
