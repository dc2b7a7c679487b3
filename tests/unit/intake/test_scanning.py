"""The hook for a virus scanner."""

import sys

import pytest

from services.intake.refusals import InfectedFile
from services.intake.scanning import ScannerAway, scan

SCANNER = (
    f"{sys.executable} -c 'import sys, time; content = sys.stdin.buffer.read(); "
    'time.sleep(60 * (content == b"slow")); '
    'sys.exit({b"bad": 1, b"broken": 2}.get(content, 0))\''
)


async def test_what_is_clean_is_taken() -> None:
    await scan(SCANNER, [b"good", b"good", b""], 30)
    await scan("", [b"bad"], 30)


async def test_what_is_infected_is_refused() -> None:
    with pytest.raises(InfectedFile):
        await scan(SCANNER, [b"good", b"bad"], 30)


@pytest.mark.parametrize(("content", "seconds"), [(b"broken", 30.0), (b"slow", 0.2)])
async def test_a_scanner_that_can_not_tell_is_an_outage(content: bytes, seconds: float) -> None:
    with pytest.raises(ScannerAway):
        await scan(SCANNER, [content], seconds)


async def test_a_scanner_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(OSError, match="nowhere"):
        await scan("/nowhere/scanner", [b"x"], 1)
