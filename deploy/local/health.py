"""Whether a process of the desk is ready, as it says itself."""

import asyncio
import contextlib
import json


async def not_ready(port: int) -> str:
    """What `GET /health/ready` of the process at the port complains of; empty when ready."""
    try:
        async with asyncio.timeout(2):
            status, body = await _get(port, "/health/ready")
    except (OSError, TimeoutError, ValueError) as error:
        return f"no answer ({type(error).__name__})"
    if status == 200:
        return ""
    with contextlib.suppress(ValueError, KeyError):
        return "; ".join(json.loads(body)["reasons"])
    return f"it answers {status}"


async def _get(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        # HTTP/1.0, so that the answer comes in one piece and ends with the connection.
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head[9:12]), body
    finally:
        writer.close()
