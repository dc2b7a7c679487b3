"""How each part of the desk is, for people: what runs, what died, and why."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from deploy.local import deaths
from deploy.local.desk import SUPERVISOR, Desk
from deploy.local.health import health
from deploy.local.services import PROCESSES, SERVICES, ServiceProcess
from deploy.local.stack import Server


@dataclass(frozen=True)
class State:
    """How a part of the desk is; `pid` is None when it does not run, or not here."""

    part: str
    where: str
    what: str
    pid: int | None
    state: str


async def status(desk: Desk) -> list[State]:
    """Every server and process, and how it is."""
    servers = [_postgres(desk)]
    servers += [_server(desk, *each) for each in desk.stack.kafka.parts.items()]
    processes = await asyncio.gather(*(_process(desk, each) for each in PROCESSES))
    known = deaths.told(desk.folder.run)
    parts = [_with_deaths(each, known.get(each.part, {})) for each in (*servers, *processes)]
    return [*parts, _supervisor(desk)]


async def _process(desk: Desk, each: ServiceProcess) -> State:
    running = desk.pid_file(each.name).process()
    where, what = desk.ports.url(each), desk.ports.about(each)
    if running is not None:
        said = await health(desk.ports.of(each))
        return State(each.name, where, said.why or what, running.pid, said.state)
    state = "crashed" if desk.pid_file(each.name).path.exists() else "stopped"
    return State(each.name, where, what, None, state)


def _supervisor(desk: Desk) -> State:
    pid_file = desk.pid_file(SUPERVISOR)
    running = pid_file.process()
    what = "starts again what died"
    if running is not None:
        return State(SUPERVISOR, "-", what, running.pid, "ready")
    return State(SUPERVISOR, "-", what, None, "crashed" if pid_file.path.exists() else "stopped")


def _postgres(desk: Desk) -> State:
    if not desk.stack.needs_postgres(each.name for each in SERVICES):
        return State("postgres", "as given", "a real server for every service", None, "ready")
    return _server(desk, "postgres", desk.stack.postgres)


def _server(desk: Desk, name: str, server: Server) -> State:
    running = desk.pid_file(name).process()
    pid = running.pid if running is not None else None
    if server.running():
        return State(name, server.where, server.kind, pid, "ready")
    state = "crashed" if desk.pid_file(name).path.exists() else "stopped"
    return State(name, server.where, server.kind, None, state)


def _with_deaths(state: State, record: Mapping[str, object]) -> State:
    """The state with what the supervisor knows of the part."""
    if not record.get("deaths"):
        return state
    times = "once" if record["deaths"] == 1 else f"{record['deaths']} times"
    what = f"{state.what}; died {times}, last at {record['died_at']}"
    if record["looping"]:
        return replace(state, what=f"{what}: {record['why']}", state="crash loop")
    return replace(state, what=what)
