"""`ledgerdesk case-file TICKET`: a ticket's whole story in one file, for whoever is entitled."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from cli.admin import as_admin
from deploy.local.folder import write_private


def main(arguments: Sequence[str]) -> int:
    """Write the file, readable by its owner only, and say where it is."""
    parser = ArgumentParser("ledgerdesk case-file", description="A ticket's whole story.")
    parser.add_argument("ticket", help="its number or id")
    parser.add_argument("--json", action="store_true", help="for programs, instead of a page")
    parser.add_argument("-o", "--output", help="where to; by default its number; - for here")
    asked = parser.parse_args(arguments)
    kind = "json" if asked.json else "html"
    with as_admin() as admin:
        path = f"/v1/tickets/{quote(asked.ticket, safe='')}/case-file"
        told = admin.get("gateway", path, kind=kind)
    if asked.output == "-":
        sys.stdout.write(told["content"])
        return 0
    file = Path(asked.output or told["name"])
    write_private(file, told["content"])
    print(file)
    return 0
