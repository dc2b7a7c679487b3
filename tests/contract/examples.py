"""An example of every event type, the same each time; `python -m tests.contract.examples`
writes the golden files that are missing.

A golden file is for ever: `TicketOpened.1.json` is the first shape of `TicketOpened` that
was published. A changed shape gets the next number, never a new text under an old one.
"""

from pathlib import Path

import orjson

from shared.events import Event, all_event_types, encode
from shared.testing.examples import example

__all__ = ["GOLDEN", "example", "golden_files", "pretty"]

GOLDEN = Path(__file__).parent / "golden"


def golden_files(cls: type[Event]) -> list[Path]:
    """The golden files of a type, the oldest shape first."""
    return sorted(GOLDEN.glob(f"{cls.__name__}.*.json"), key=lambda p: int(p.stem.split(".")[-1]))


def pretty(event: Event) -> bytes:
    """The event's JSON, indented for people."""
    return orjson.dumps(orjson.loads(encode(event)), option=orjson.OPT_INDENT_2) + b"\n"


def main() -> None:
    """Write a golden file for every type or shape that has none yet."""
    for cls in all_event_types():
        files = golden_files(cls)
        text = pretty(example(cls))
        if not files or files[-1].read_bytes() != text:
            (GOLDEN / f"{cls.__name__}.{len(files) + 1}.json").write_bytes(text)


if __name__ == "__main__":
    main()
