"""The hook for a virus scanner: a program of yours that reads a file and says what it thinks.

It is started for each file and gets its content on standard input. Exit code 0: clean. 1: not
to be taken, and the sender is told so. Anything else, or no answer in time: it could not tell,
and the sender is asked to come back. So do clamdscan and clamscan (`clamdscan --no-summary -`).
"""

import asyncio
import shlex
from collections.abc import Sequence

from services.intake.refusals import InfectedFile


class ScannerAway(OSError):
    """The virus scanner gave no answer."""


async def scan(command: str, contents: Sequence[bytes], seconds_max: float) -> None:
    """Raises `InfectedFile`, or `ScannerAway`, unless each content is clean. No command: clean."""
    if not command:
        return
    for content in dict.fromkeys(contents):
        match await _exit_code(shlex.split(command), content, seconds_max):
            case 0:
                continue
            case 1:
                raise InfectedFile
            case code:
                raise ScannerAway(f"the virus scanner ended with {code}")


async def _exit_code(command: Sequence[str], content: bytes, seconds_max: float) -> int | None:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(seconds_max):
            await process.communicate(content)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise ScannerAway("the virus scanner was too slow") from error
    return process.returncode
