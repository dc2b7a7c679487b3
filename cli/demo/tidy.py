"""Before a demo: what an earlier one left would take up room, and lead its customers astray."""

import asyncio
from typing import Any, Final

from cli.demo.agents import Agents, Refused
from cli.demo.texts import ADDRESS, texts

AT_ONCE: Final = 8
PAGE: Final = 200
NOTE: Final = "Left open by an earlier demo"
WITHDRAWN: Final = "Written for an earlier demo"


async def tidy(agents: Agents) -> list[str]:
    """Close the tickets of earlier demos and withdraw their articles; what was done, in words."""
    closed, withdrawn = await _close(agents), await _withdraw(agents)
    told = (
        (closed, "tickets that an earlier demo left open were closed first"),
        (withdrawn, "articles of an earlier demo were withdrawn first"),
    )
    return [f"{count} {words}" for count, words in told if count]


async def _close(agents: Agents) -> int:
    left: dict[str, str] = {}
    for queue in ("all", "resolved"):
        async for ticket in _every(agents, queue):
            if ADDRESS.fullmatch(ticket["requester"]["email"]):
                left[ticket["id"]] = ticket["version"]
    places_left = asyncio.Semaphore(AT_ONCE)

    async def close(ticket_id: str, seen: str) -> None:
        async with places_left:
            path = f"/tickets/{ticket_id}/close"
            try:
                await agents.say(agents.manager, "POST", path, {"note": NOTE}, after=seen)
            except Refused:
                return  # Somebody, or silence, was quicker.

    await asyncio.gather(*(close(*each) for each in left.items()))
    return len(left)


async def _withdraw(agents: Agents) -> int:
    """What this demo publishes is what its customers are to find."""
    titles = {matter.subjects[0] for matter in texts().matters}
    published = await agents.listed(agents.manager, "/articles", limit=PAGE)
    found = [each for each in published if each["title"] in titles]
    for each in found:
        path = f"/tickets/{each['subject']}/articles/{each['article_id']}/withdraw"
        await agents.say(agents.manager, "POST", path, {"reason": WITHDRAWN})
    return len(found)


async def _every(agents: Agents, queue: str) -> Any:
    cursor: dict[str, str] = {}
    while True:
        page = await agents.get(agents.manager, "/tickets", queue=queue, limit=PAGE, **cursor)
        for ticket in page["tickets"]:
            yield ticket
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}
