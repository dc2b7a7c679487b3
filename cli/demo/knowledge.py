"""Articles: drafted from a solved ticket, read by a colleague, published, found by customers."""

import asyncio
from typing import Final

from cli.demo.part import OUTAGE, QUESTION, Part
from cli.demo.scenarios import Touch
from cli.demo.texts import Matter

FOUND_SECONDS: Final = 60
LOOK_SECONDS: Final = 0.5


class NotFoundOnPortal(Exception):
    """An article was published, and the portal does not offer it."""


async def write_down(part: Part) -> None:
    """An article from this ticket, or a link to the one that solved it, too."""
    matter = part.scenario.matter
    if part.scenario.takes(Touch.ARTICLE):
        await _publish(part, matter)
    elif part.scenario.takes(Touch.LINKED) and matter.cause in part.stage.articles:
        part.step = "linking an article"
        await part.do(f"articles/{part.stage.articles[matter.cause]}/link")


async def _publish(part: Part, matter: Matter) -> None:
    part.step = "article"
    agents, author = part.stage.agents, part.agent
    draft = {"title": matter.subjects[0], "body": body_of(matter), "topics": [QUESTION, OUTAGE]}
    drafted = await part.do("articles", by=author, language="en", **draft)
    article = f"articles/{drafted['article_id']}"
    reader = agents.colleague_of(author, part.scenario.number)
    await part.do(f"{article}/review", by=reader, approved=True, comment="Clear and complete.")
    await part.do(f"{article}/publish", by=agents.manager)
    part.stage.articles[matter.cause] = drafted["article_id"]
    await _find(part, matter, drafted["article_id"])


async def _find(part: Part, matter: Matter, article_id: str) -> None:
    """Somebody with the same trouble types its subject, and reads what is offered."""
    customers = part.stage.customers
    try:
        async with asyncio.timeout(FOUND_SECONDS):
            while article_id not in await customers.offered(QUESTION, matter.subjects[-1]):
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise NotFoundOnPortal(f"“{matter.subjects[0]}” is not offered") from error
    if matter.solution not in await customers.read(article_id):
        raise NotFoundOnPortal(f"the page of “{matter.subjects[0]}” does not say what helps")
    part.stage.meet(part.number, Touch.ARTICLE)


def body_of(matter: Matter) -> str:
    """What an article says about a matter."""
    others = " ".join(f"“{subject}”." for subject in matter.subjects)
    return (
        f"You see this: {others}\n\nWhy it happens: {matter.cause}.\n\n"
        f"What helps: {matter.solution}"
    )
