"""`ledgerdesk`: finds the command's module, and shows trouble as one line.

A command is a module of this folder with `main(arguments) -> int | None`; only the one
that is called is imported, so that the command line starts at once.
"""

import errno
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Final

COMMANDS: Final = {
    "up": "set up and start the desk on this machine; twice is harmless",
    "down": "stop it; nothing is lost",
    "reset": "stop it and delete its data; downloads are kept",
    "status": "what runs, where, and how it is",
    "logs": "follow the logs of all processes, or of one",
    "doctor": "check everything, and say what to do",
    "desk": "apply or show the desk's configuration",
    "sla": "when something would be due, why it is due when it is; reapply a plan",
    "log": "a ticket's story from the audit log",
    "why": "why an agent has a ticket, or why it still waits",
    "case-file": "a ticket's whole story, as a page or as JSON, in one file",
    "tail": "follow all events live",
    "lag": "how far behind each follower is",
    "parked": "list, show, retry or skip what followers could not digest",
    "resume": "let a follower go on that parked too much and was stopped",
    "rebuild": "build a projection anew beside the live one, compare, swap",
    "replay": "a projection as it stood at some time, beside the live one",
    "republish": "say again what a service has said, byte for byte",
    "backup": "every service's database and the files, while the desk runs",
    "restore": "a desk from a backup",
    "mail": "hand a mail to intake, or have it explained",
    "people": "export, or forget, all that is known of somebody",
    "keys": "give the desk a new master key",
    "demo": "play realistic tickets into the running desk",
    "serve": "run one service in the foreground",
}
# Commands that share a module.
MODULES: Final = {
    "case-file": "cli.case_file",
    **dict.fromkeys(("up", "down", "reset", "status", "logs"), "cli.up"),
    **dict.fromkeys(("log", "tail", "lag", "parked"), "cli.audit"),
    **dict.fromkeys(("rebuild", "replay", "republish", "resume"), "cli.replay"),
    **dict.fromkeys(("backup", "restore"), "cli.backup"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in {"-h", "--help", "help"}:
        print(usage())
        return 0
    name, *rest = given
    if name not in COMMANDS:
        print(f"ledgerdesk: there is no command {name}\n\n{usage()}", file=sys.stderr)
        return 2
    return _run(name, rest)


def usage() -> str:
    lines = [f"  {name:<10} {what}" for name, what in COMMANDS.items() if _exists(name)]
    return "\n".join(["usage: ledgerdesk COMMAND …", "", *lines])


def _run(name: str, arguments: list[str]) -> int:
    from deploy.local.trouble import Trouble

    try:
        module = importlib.import_module(_module(name))
        command = getattr(module, name, None) if name in MODULES else module.main
        return int((command or module.main)(arguments) or 0)
    except Trouble as trouble:
        print(f"✗ {trouble}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("✗ The disk is full: free some space, then run this again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _module(name: str) -> str:
    return MODULES.get(name, f"cli.{name}")


def _exists(name: str) -> bool:
    return importlib.util.find_spec(_module(name)) is not None


if __name__ == "__main__":
    sys.exit(main())
