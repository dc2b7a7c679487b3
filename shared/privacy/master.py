"""The master keys: people's keys are stored and travel wrapped, encrypted under one of these.

`id:base64` of 32 random bytes, several separated by commas or line ends; the first is the
one that new keys are wrapped with, the others are there to read what was wrapped before.
"""

import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import LedgerdeskError
from shared.ids import random_bytes

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class MasterKeyWrong(LedgerdeskError):
    """The master key can't be used: {reason}."""


class MasterKeys:
    """The master keys in `text`, or in `file`, which is read again when it changes."""

    def __init__(self, text: str = "", file: Path | None = None) -> None:
        if not text and file is None:
            raise MasterKeyWrong(
                reason="set LEDGERDESK_MASTER_KEY, or LEDGERDESK_MASTER_KEY_FILE to its file"
            )
        self._text, self._file = text, file
        self._read_as_of: tuple[int, int] | None = None
        self._ciphers: Mapping[str, AESGCM] = {}
        self.refresh()

    @property
    def current(self) -> str:
        """The id of the master key that keys are wrapped with now."""
        return next(iter(self._ciphers))

    def refresh(self) -> None:
        """Read the file again if it has changed; one that is gone or wrong changes nothing
        once there was a good one."""
        if self._text:
            if not self._ciphers:
                self._ciphers = parse(self._text)
            return
        assert self._file is not None
        try:
            state = os.stat(self._file)  # noqa: PTH116 - with nanoseconds, in one call
            as_of = (state.st_mtime_ns, state.st_size)
            if as_of != self._read_as_of:
                self._ciphers = parse(self._file.read_text(encoding="utf-8"))
                self._read_as_of = as_of
        except (OSError, MasterKeyWrong) as error:
            if not self._ciphers:
                raise MasterKeyWrong(reason=f"{self._file}: {error}") from error

    def wrap(self, key_id: UUID, key: bytes) -> tuple[str, bytes]:
        """A key encrypted under the current master key: that one's id, and the bytes."""
        nonce = random_bytes(NONCE_BYTES)
        current = self.current
        return current, nonce + self._ciphers[current].encrypt(nonce, key, key_id.bytes)

    def unwrap(self, key_id: UUID, master: str, wrapped: bytes) -> bytes:
        """The key again. Raises `MasterKeyWrong` if its master key is not here."""
        if master not in self._ciphers:
            self.refresh()
        if master not in self._ciphers:
            raise MasterKeyWrong(reason=f"a key was wrapped with {master!r}, which is not here")
        nonce, text = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._ciphers[master].decrypt(nonce, text, key_id.bytes)
        except InvalidTag as error:
            raise MasterKeyWrong(reason=f"{master!r} is another key than it was") from error


def parse(text: str) -> dict[str, AESGCM]:
    """The keys in a text, in its order. Raises `MasterKeyWrong`."""
    return {name: AESGCM(key) for name, key in read_keys(text).items()}


def read_keys(text: str) -> dict[str, bytes]:
    """The bytes of the keys in a text, in its order. Raises `MasterKeyWrong`."""
    keys: dict[str, bytes] = {}
    for entry in text.replace("\n", ",").split(","):
        name, _, encoded = entry.strip().partition(":")
        if not name:
            continue
        try:
            key = b64decode(encoded, validate=True)
        except Base64Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise MasterKeyWrong(reason=f"{name!r} is not {KEY_BYTES} bytes in base64")
        keys[name] = key
    if not keys:
        raise MasterKeyWrong(reason="there is none; it is written id:base64")
    return keys


def new_master_key(name: str) -> str:
    """A new master key, as it is written in the file."""
    return f"{name}:{b64encode(random_bytes(KEY_BYTES)).decode()}"
