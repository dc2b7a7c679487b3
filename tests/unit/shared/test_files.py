import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import NotFound
from shared.files import FileDamaged, FileStore


def stored_names(store: FileStore) -> list[str]:
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


async def test_what_is_stored_is_found_under_the_hash_of_its_content(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "deep" / "files")
    (file_id,) = await store.put(b"hello")
    assert file_id == hashlib.sha256(b"hello").hexdigest()
    assert await store.get(file_id) == b"hello"


async def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    first = await store.put(b"a", b"b", b"a")
    again = await store.put(b"a", b"b", b"a")
    assert first == again
    assert stored_names(store) == sorted(set(first))


async def test_nothing_to_store_touches_no_disk(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    assert await store.put() == ()
    assert not store.root.exists()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64, "a/b"])
async def test_only_what_is_stored_is_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        await FileStore(tmp_path).get(name)


async def test_a_file_cut_short_by_a_crash_is_written_again(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    (file_id,) = await store.put(b"complete")
    (tmp_path / file_id[:2] / file_id).write_bytes(b"comp")
    assert await store.put(b"complete") == (file_id,)
    assert await store.get(file_id) == b"complete"


async def test_a_damaged_file_is_never_handed_out(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    (file_id,) = await store.put(b"complete")
    (tmp_path / file_id[:2] / file_id).write_bytes(b"c0mplete")
    with pytest.raises(FileDamaged):
        await store.get(file_id)


async def test_file_and_folder_are_synced_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    (file_id,) = await FileStore(tmp_path).put(b"content")
    folder = str(tmp_path / file_id[:2])
    assert synced[0] == str(tmp_path), "the new folder is named durably"
    assert synced[1].startswith(folder + "/."), "then the draft"
    assert synced[-1] == folder, "and the name it was given, last"


async def test_a_full_disk_leaves_no_draft_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = FileStore(tmp_path)
    store.put_now([b"warm"])
    before = stored_names(store)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await store.put(b"content")
    assert stored_names(store) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_whatever_is_put_is_got_back(tmp_path: Path, contents: list[bytes]) -> None:
    store = FileStore(tmp_path)
    ids = store.put_now(contents)
    assert [store.get_now(file_id) for file_id in ids] == contents


async def test_a_removed_file_is_gone_and_one_just_stored_is_spared(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    old, new = await store.put(b"old", b"new")
    for file_id in (old, new):
        path = tmp_path / file_id[:2] / file_id
        os.utime(path, (0, 0))
    await store.put(b"new")
    assert not await store.remove([old, new, "f" * 64, "../escape"])
    with pytest.raises(NotFound):
        await store.get(old)
    assert await store.get(new) == b"new"
    os.utime(tmp_path / new[:2] / new, (0, 0))
    assert await store.remove([old, new])
