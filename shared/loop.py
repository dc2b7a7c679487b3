"""The event loop that processes run on: uvloop, where there is one."""

import asyncio


def make_runner() -> asyncio.Runner:
    """What runs a process's one coroutine, on the fastest loop that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
