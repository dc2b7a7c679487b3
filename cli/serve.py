"""`ledgerdesk serve SERVICE`: one service, in the foreground, as every process of a desk is."""

import importlib
from collections.abc import Sequence

from deploy.local.services import PROCESSES
from deploy.local.trouble import Trouble


def main(arguments: Sequence[str]) -> int:
    """Run `main()` of the service's module until it is told to stop."""
    modules = {process.name: process.module for process in PROCESSES}
    if len(arguments) != 1 or arguments[0] not in modules:
        raise Trouble(f"Say which service: ledgerdesk serve {'|'.join(modules)}")
    importlib.import_module(modules[arguments[0]]).main()
    return 0
