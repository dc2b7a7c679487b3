"""One request to an endpoint: to an address that was looked at, following nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpcore
from httpcore import AsyncConnectionPool
from httpcore import AsyncNetworkBackend as NetworkBackend
from httpcore import AsyncNetworkStream as NetworkStream

from services.notify.webhooks.addresses import Network, NotReachable, addresses_of
from shared.clock import monotonic_seconds

ANSWER_BYTES_MAX: Final = 65_536
"""How much of an answer's body is taken in, to use the connection again; none is kept."""

TOO_LARGE: Final = "the answer was too long"


@dataclass(frozen=True)
class Said:
    """What an endpoint said, or why it said nothing."""

    status: int | None
    trouble: str = ""
    retry_after: str = ""
    duration_ms: int = 0

    @property
    def taken(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.status is not None and 200 <= self.status < 300


class _Checked(NetworkBackend):
    """Connects to addresses that were looked at, and to no others."""

    def __init__(self, exceptions: Sequence[Network]) -> None:
        self._exceptions = exceptions
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """Connect to the first of the host's addresses that answers."""
        addresses = await addresses_of(host, port, self._exceptions)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(
            addresses[-1], port, timeout, local_address, socket_options
        )

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> NetworkStream:
        """Never."""
        raise NotReachable("that is no host")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Caller:
    """Posts to endpoints."""

    def __init__(self, exceptions: Sequence[Network], timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._pool = AsyncConnectionPool(
            max_connections=32,
            max_keepalive_connections=16,
            keepalive_expiry=10.0,
            network_backend=_Checked(exceptions),
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Said:
        """POST; whatever comes of it is what was said."""
        started = monotonic_seconds()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                said = await self._post(url, headers, body)
        except TimeoutError:
            said = Said(None, "no answer in time")
        except NotReachable as error:
            said = Said(None, str(error))
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            said = Said(None, _words(error))
        spent = round((monotonic_seconds() - started) * 1000)
        return Said(said.status, said.trouble, said.retry_after, spent)

    async def close(self) -> None:
        """Hang up."""
        await self._pool.aclose()

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Said:
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with self._pool.stream("POST", url, headers=given, content=body) as response:
            read = 0
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > ANSWER_BYTES_MAX:
                    return Said(response.status, TOO_LARGE)
            after = _header(response.headers, b"retry-after")
            trouble = "" if 200 <= response.status < 300 else _refusal(response.status)
            return Said(response.status, trouble, after.decode("ascii", "replace"))


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> bytes:
    return next((value for key, value in headers if key.lower() == name), b"")


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return "it answered with a redirect, which is not followed"
    return f"it answered {status}"


def _words(error: Exception) -> str:
    """Without what the endpoint itself wrote."""
    names = {
        "ConnectError": "no connection",
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "RemoteProtocolError": "it answered with something that is not HTTP",
    }
    return names.get(type(error).__name__, f"the connection broke ({type(error).__name__})")


def wait_asked_for(retry_after: str, now: float) -> float:
    """The seconds that an endpoint asks to be left alone for; 0 when it asks for none."""
    text = retry_after.strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError):
        return 0.0
