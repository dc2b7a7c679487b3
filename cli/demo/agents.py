"""The agents of the demo: each works through the gateway's API, with a token of their own."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from cli.demo.places import Places
from deploy.local.trouble import Trouble

TRIES: Final = 8
RETRY_SECONDS: Final = 0.5
TIMEOUT_SECONDS: Final = 30

Json = dict[str, Any]


class Refused(Exception):
    """A command was refused for good."""

    def __init__(self, command: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{command}: {status} {code}: {detail}")
        self.status, self.code = status, code


@dataclass
class Agents:
    """Everybody who works at the desk, by id."""

    gateway: str
    tokens: dict[str, str] = field(default_factory=dict)
    known: dict[str, Json] = field(default_factory=dict)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=40)
        self.http = httpx.AsyncClient(
            base_url=f"{self.gateway}/api/v1",
            timeout=TIMEOUT_SECONDS,
            limits=limits,
            trust_env=False,
        )

    @classmethod
    async def of(cls, places: Places) -> "Agents":
        """Sign everybody in, and let those who take tickets go online."""
        agents = cls(places.urls["gateway"])
        for token in places.tokens.values():
            me = await agents._me(token)
            if me is not None:
                agents.tokens[me["id"]], agents.known[me["id"]] = token, me
        for agent_id, me in agents.known.items():
            if me["capacity"] and not me["online"]:
                await agents.say(agent_id, "PUT", "/me/presence", {"online": True})
        if not any(me["role"] in {"manager", "admin"} for me in agents.known.values()):
            raise Trouble("Nobody of the desk can sign in as a manager: ledgerdesk desk apply")
        return agents

    async def _me(self, token: str) -> Json | None:
        """Whose token it is; None if it is nobody's any more."""
        try:
            answer = await self.http.get("/me", headers=_bearer(token))
        except httpx.TransportError as error:
            raise Trouble(f"The gateway does not answer at {self.gateway}: make up") from error
        if answer.status_code == 401:
            return None
        answer.raise_for_status()
        me: Json = answer.json()
        return me

    @property
    def manager(self) -> str:
        """Somebody who may do more than an agent."""
        ids = [i for i, me in self.known.items() if me["role"] == "manager"]
        return next(iter(ids or [i for i, me in self.known.items() if me["role"] == "admin"]))

    @property
    def reviewers(self) -> list[str]:
        """Everybody who may judge others' work; several, as nobody judges their own."""
        return [i for i, me in self.known.items() if me["role"] in {"manager", "admin"}]

    def colleague_of(self, agent_id: str, number: int) -> str:
        """Another agent who takes tickets; with another number, somebody else."""
        others = [i for i, me in self.known.items() if me["capacity"] and i != agent_id]
        return others[number % len(others)]

    async def get(self, agent_id: str, path: str, **params: Any) -> Json:
        """What the gateway shows this agent."""
        return (await self._ask(agent_id, "GET", path, params=params)).json()  # type: ignore[no-any-return]

    async def listed(self, agent_id: str, path: str, **params: Any) -> list[Json]:
        """The same, of what is shown as a list."""
        return (await self._ask(agent_id, "GET", path, params=params)).json()  # type: ignore[no-any-return]

    async def say(
        self,
        agent_id: str,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        after: str = "",
        key: str = "",
    ) -> httpx.Response:
        """Give a command; again if the desk is busy, as the same command if it has a key."""
        headers = {}
        if after:
            headers["Ledgerdesk-After"] = after
        if key:
            headers["Idempotency-Key"] = key
        return await self._ask(agent_id, method, path, json=body, headers=headers)

    async def _ask(self, agent_id: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**more.pop("headers", {}), **_bearer(self.tokens[agent_id])}
        answer = None
        for _ in range(TRIES):
            try:
                answer = await self.http.request(method, path, headers=headers, **more)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status_code not in {429, 502, 503, 504}:
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", RETRY_SECONDS)))
        if answer is None:
            raise Trouble("The gateway does not answer: ledgerdesk status says how it is")
        if answer.is_error:
            raise _refused(f"{method} {path}", answer)
        return answer

    async def close(self) -> None:
        await self.http.aclose()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _refused(command: str, answer: httpx.Response) -> Refused:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    errors = "; ".join(f"{e['field']} {e['message']}" for e in told.get("errors", ()))
    detail = f"{told.get('detail', answer.text[:200])} {errors}".strip()
    return Refused(command, answer.status_code, str(told.get("code", "")), detail)
