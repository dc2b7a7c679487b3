"""The one table of the desk's processes, and of the ports that everything listens on."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deploy.local.databases import Database
from deploy.local.folder import DataFolder, write_private
from deploy.local.process import check_port
from deploy.local.trouble import Trouble


@dataclass(frozen=True)
class ServiceProcess:
    """A process of the desk: `ledgerdesk serve NAME` calls `main()` of its module."""

    name: str
    port: int
    module: str
    what: str
    has_database: bool = True
    smtp: str | None = None
    """The variable of the port on which it takes mail, if it does."""

    @property
    def port_variable(self) -> str:
        return f"{self.name.upper()}_PORT"

    @property
    def port_variables(self) -> tuple[str, ...]:
        return (self.port_variable, *((self.smtp,) if self.smtp else ()))


def _service(name: str, port: int, what: str, smtp: str | None = None) -> ServiceProcess:
    return ServiceProcess(name, port, f"services.{name}.app", what, smtp=smtp)


SERVICES: Final = (
    _service("intake", 8081, "takes tickets by HTTP and SMTP", smtp="INTAKE_SMTP_PORT"),
    _service("assignment", 8083, "routes them to agents"),
    _service("sla", 8084, "keeps the clocks"),
    _service("resolution", 8085, "works on them until closed"),
    _service("review", 8086, "follows up"),
    _service("notify", 8087, "tells people"),
    _service("audit", 8088, "keeps every event"),
    _service("gateway", 8080, "the agents' desk"),
    _service("portal", 8082, "the customers' pages"),
)
MAILBOX: Final = ServiceProcess(
    "mailbox",
    8090,
    "deploy.local.mailbox",
    "keeps the desk's mail",
    has_database=False,
    smtp="MAILBOX_SMTP_PORT",
)
PROCESSES: Final = (*SERVICES, MAILBOX)

PORT_MAX: Final = 65_535

SERVER_PORTS: Final = {
    "LEDGERDESK_POSTGRES_PORT": 15432,
    "LEDGERDESK_KAFKA_PORT": 19092,
    "LEDGERDESK_KAFKA_CONTROLLER_PORT": 19093,
    "LEDGERDESK_KAFKA_2_PORT": 19094,
    "LEDGERDESK_KAFKA_2_CONTROLLER_PORT": 19095,
    "LEDGERDESK_KAFKA_3_PORT": 19096,
    "LEDGERDESK_KAFKA_3_CONTROLLER_PORT": 19097,
    "INTAKE_SMTP_PORT": 2525,
    "MAILBOX_SMTP_PORT": 2526,
}


@dataclass(frozen=True)
class Ports:
    """Every port by the name of its environment variable."""

    numbers: Mapping[str, int]

    def __getitem__(self, variable: str) -> int:
        return self.numbers[variable]

    def of(self, process: ServiceProcess) -> int:
        return self.numbers[process.port_variable]

    def url(self, process: ServiceProcess) -> str:
        return f"http://127.0.0.1:{self.of(process)}"

    def about(self, process: ServiceProcess) -> str:
        """What a process does, and on which port it takes mail."""
        return f"{process.what}, port {self[process.smtp]}" if process.smtp else process.what

    def check(self, process: ServiceProcess) -> None:
        """Raise PortInUse when another program listens where this one would."""
        for variable in process.port_variables:
            check_port(self[variable], process.name, variable)

    def record(self, folder: DataFolder) -> None:
        write_private(folder.root / "ports.json", json.dumps(dict(self.numbers), indent=1))


def recorded_ports(folder: DataFolder) -> Ports | None:
    path = folder.root / "ports.json"
    return Ports(json.loads(path.read_text())) if path.exists() else None


def choose_ports(folder: DataFolder, environ: Mapping[str, str]) -> Ports:
    """From the environment, else as last time, else the usual ones.

    `LEDGERDESK_PORT_OFFSET` moves all the usual ones, for a second desk on one machine.
    """
    offset = _number(environ, "LEDGERDESK_PORT_OFFSET", 0)
    usual = SERVER_PORTS | {each.port_variable: each.port for each in PROCESSES}
    moved = {variable: port + offset for variable, port in usual.items()}
    last = recorded_ports(folder)
    if last is not None and not offset:
        moved |= last.numbers
    numbers = {variable: _number(environ, variable, port) for variable, port in moved.items()}
    for variable, port in numbers.items():
        if not 0 < port <= PORT_MAX:
            raise Trouble(f"{variable} would be {port}, and a port is 1 to {PORT_MAX}: change it")
    return Ports(numbers)


def _number(environ: Mapping[str, str], variable: str, otherwise: int) -> int:
    given = environ.get(variable) or str(otherwise)
    try:
        return int(given)
    except ValueError:
        raise Trouble(f"{variable} is {given}, which is no number: change it") from None


def environment(
    process: ServiceProcess,
    *,
    folder: DataFolder,
    ports: Ports,
    bootstrap: str,
    database: Database | None,
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """What a process is told: its own database and no other's, and where everyone is."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_DATABASE_URL", "_DATABASE_OWNER_URL"))
    }
    told = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "LEDGERDESK_DATA": str(folder.root),
        "LEDGERDESK_IDENTITY_SECRET": secrets["identity"],
        "LEDGERDESK_LINK_SECRET": secrets["link"],
        "LEDGERDESK_MASTER_KEY_FILE": str(folder.master_keys),
        "INTAKE_SMTP_PORT": str(ports["INTAKE_SMTP_PORT"]),
        "MAILBOX_SMTP_PORT": str(ports["MAILBOX_SMTP_PORT"]),
        "PYTHONUNBUFFERED": "1",
    }
    told |= {each.port_variable: str(ports.of(each)) for each in PROCESSES}
    told |= {f"{each.name.upper()}_URL": ports.url(each) for each in PROCESSES}
    if database is not None:
        told[f"{process.name.upper()}_DATABASE_URL"] = database.url
    # What a person may have set for a desk that others reach, too.
    usual = {
        "LEDGERDESK_METRICS_TOKEN": secrets["metrics"],
        "LEDGERDESK_SMTP_URL": f"smtp://127.0.0.1:{ports['MAILBOX_SMTP_PORT']}",
        "LEDGERDESK_PORTAL_URL": ports.url(_named("portal")),
        "LEDGERDESK_GATEWAY_URL": ports.url(_named("gateway")),
    }
    return usual | inherited | told


def command(process: ServiceProcess) -> list[str]:
    return [sys.executable, "-m", "cli.main", "serve", process.name]


def _named(name: str) -> ServiceProcess:
    return next(each for each in PROCESSES if each.name == name)
