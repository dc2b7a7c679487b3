"""Play seeds from the command line: one, with its trace, or many."""
# ruff: noqa: T201 - a command line prints

import argparse
import sys
import time

from shared.testing.simulation.simulation import simulate


def main() -> int:
    """Say what came of each seed; 1 if something was broken."""
    parser = argparse.ArgumentParser(prog="python -m shared.testing.simulation")
    parser.add_argument("--seed", type=int, default=1, help="the seed, or the first of several")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--trace", action="store_true", help="show every step")
    given = parser.parse_args()
    began, failed = time.monotonic(), 0
    for seed in range(given.seed, given.seed + given.seeds):
        result = simulate(seed, trace=given.trace)
        if result.problems:
            failed += 1
            print(f"seed {seed} is broken, under {result.faults}")
            for problem in result.problems:
                print(f"  {problem}")
        elif given.seeds == 1:
            print(
                f"seed {seed} holds: {result.steps} steps, {result.events} events,"
                f" {result.seconds:.1f} s, digest {result.digest:08x}"
            )
    print(f"{given.seeds} seeds, {failed} broken, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
