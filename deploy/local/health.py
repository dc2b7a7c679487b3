"""How a process of the desk is, as it says itself."""

import asyncio
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """What `GET /health/ready` of a process says: ready, degraded, not ready; and why."""

    state: str
    why: str = ""

    @property
    def serves(self) -> bool:
        """Whether callers are welcome, even if something behind it fails."""
        return self.state != "not ready"


async def health(port: int) -> Said:
    """What the process at the port says; one that says nothing is not ready."""
    try:
        async with asyncio.timeout(2):
            status, body = await _get(port, "/health/ready")
    except (OSError, TimeoutError, ValueError) as error:
        return Said("not ready", f"no answer ({type(error).__name__})")
    try:
        told = json.loads(body)
        why = "; ".join(told.get("reasons", ()))
    except (ValueError, AttributeError):
        why = f"it answers {status}"
    if status != 200:
        return Said("not ready", why or f"it answers {status}")
    return Said("degraded" if why else "ready", why)


async def _get(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        # HTTP/1.0, so that the answer comes in one piece and ends with the connection.
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head[9:12]), body
    finally:
        writer.close()
