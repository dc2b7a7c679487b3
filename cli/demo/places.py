"""Where the desk is, and how its agents sign in."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deploy.local.folder import data_folder
from deploy.local.services import PROCESSES, choose_ports
from deploy.local.trouble import Trouble

_ROW: Final = re.compile(r"(?P<email>\S+@\S+)\s+(?P<token>ld_\S+)")


@dataclass(frozen=True)
class Places:
    """The running desk, from outside."""

    urls: Mapping[str, str]
    """By service, and `mailbox`."""
    smtp_port: int
    mail_domain: str
    tokens: Mapping[str, str]
    """Bearer tokens by the agents' mail addresses."""


def places() -> Places:
    """The desk of this machine, or wherever `<SERVICE>_URL` says. Raises `Trouble`."""
    folder = data_folder()
    if not folder.sign_in.exists():
        raise Trouble(f"There is no desk with agents in {folder.root}: make up first")
    ports = choose_ports(folder, os.environ)
    urls = {
        each.name: os.environ.get(f"{each.name.upper()}_URL", ports.url(each)) for each in PROCESSES
    }
    signing_in = folder.sign_in.read_text(encoding="utf-8")
    return Places(
        urls=urls,
        smtp_port=ports["INTAKE_SMTP_PORT"],
        mail_domain=os.environ.get("LEDGERDESK_MAIL_DOMAIN", "desk.localhost"),
        tokens={row["email"]: row["token"] for row in _ROW.finditer(signing_in)},
    )
