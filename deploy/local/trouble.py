"""The one way in which starting or stopping the desk fails: a line that says what to do.

Trouble
├── PortInUse
├── PortsInUse
├── NotEnoughDisk
├── NoNetwork
└── DidNotStart
"""

from collections.abc import Sequence
from pathlib import Path


class Trouble(Exception):
    """Something outside the program is in the way; the message says what to do about it."""


class PortInUse(Trouble):
    """A port that a part needs is taken by another program."""

    def __init__(self, port: int, part: str, variable: str, holder: str) -> None:
        super().__init__(
            f"Port {port}, which {part} needs, is in use by {holder}: stop that, "
            f"or choose another port: {variable}=<port> make up"
        )


class PortsInUse(Trouble):
    """Several ports are taken: a line each."""

    def __init__(self, found: Sequence[PortInUse]) -> None:
        super().__init__("\n✗ ".join(map(str, found)))


class NotEnoughDisk(Trouble):
    """The disk is full, or would be."""

    def __init__(self, folder: Path, free_mb: int, needed_mb: int) -> None:
        super().__init__(
            f"Only {free_mb} MB are free where {folder} lives and {needed_mb} MB are needed: "
            "free some space, or set LEDGERDESK_DATA to a folder on a larger disk"
        )


class NoNetwork(Trouble):
    """A download did not arrive."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"Could not download {what} ({reason}): check the network, or set HTTPS_PROXY, "
            "then run this again; what has arrived is kept"
        )


class DidNotStart(Trouble):
    """A server or a service stopped, or was not ready in time."""

    def __init__(self, part: str, reason: str, log: Path) -> None:
        super().__init__(f"{part} did not start: {reason} (the whole story: {log})")
