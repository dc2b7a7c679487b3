"""What is nobody's fault and passes: a database, a disk or a network that is away or full."""

import errno
from typing import Final

import asyncpg

OUTAGES: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that broke while it was being given out.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    # The disk below Postgres, and sessions and locks that it gave up on.
    asyncpg.PostgresSystemError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    OSError,
    TimeoutError,
)
"""Tried again, never parked; a caller is told to come back."""

COME_BACK: Final = (*OUTAGES, asyncpg.InternalServerError)
"""What a caller is told to come back after. Postgres says "internal error" of what a crash left
behind, and of bugs of its own: a follower that tried again for ever would hide the latter."""


def disk_is_full(error: BaseException) -> bool:
    """Whether there was no room for it, here or at Postgres."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, asyncpg.DiskFullError)
