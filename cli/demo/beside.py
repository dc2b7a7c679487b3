"""What agents do beside the usual: drafts, prepared texts, macros, tags, mentions, time."""

from typing import Final

from cli.demo.agents import Refused
from cli.demo.part import Part
from cli.demo.scenarios import Touch
from cli.demo.texts import texts
from shared.log.vector import Vector

RESPONSE: Final = "on-it"
ASKING: Final = "ask-and-wait"
TELLING: Final = "outage-known"
"""A macro that cannot be carried out on what is resolved: its second step is progress."""

MOVED_ON: Final = "conversation_moved_on"
TAGS: Final = ("till", "webshop", "vip")
MINUTES: Final = (2, 5, 12, 25)


class NotAsPromised(Exception):
    """The desk did what it says that it does not do."""


async def reply(part: Part) -> None:
    """The first answer: typed, kept as a draft before, or prepared by the desk."""
    first = part.phrases.first_replies
    text = first[part.scenario.number % len(first)]
    if part.scenario.takes(Touch.DRAFT):
        await _reply_from_draft(part, text)
    elif part.scenario.takes(Touch.CANNED):
        path = f"/tickets/{part.ticket['id']}/prepared"
        prepared = (await part.stage.agents.get(part.agent, path))["responses"]
        text = next(each["text"] for each in prepared if each["response_id"] == RESPONSE)
        await part.do("replies", text=text)
        part.stage.meet(part.number, Touch.CANNED)
    else:
        await part.do("replies", text=text)


async def _reply_from_draft(part: Part, text: str) -> None:
    """Called away while typing; back at it, the draft is there and is sent."""
    agents, agent, kept = part.stage.agents, part.agent, f"/tickets/{part.ticket['id']}/drafts"
    await agents.say(agent, "PUT", f"{kept}/reply", {"typed": {"text": text}})
    await part.pause()
    drafts = (await agents.get(agent, kept))["drafts"]
    (typed,) = (each["typed"]["text"] for each in drafts if each["form"] == "reply")
    await part.do("replies", by=agent, text=typed)
    await agents.say(agent, "DELETE", f"{kept}/reply")
    if (await agents.get(agent, kept))["drafts"]:
        raise NotAsPromised("a draft that was sent is still there")
    part.stage.meet(part.number, Touch.DRAFT)


async def note_down(part: Part) -> None:
    """Tags, the time it took, a word to a colleague."""
    number = part.scenario.number
    if part.scenario.takes(Touch.TAGGED):
        await part.do("tags", add=[TAGS[number % len(TAGS)]])
    if part.scenario.takes(Touch.TIMED):
        await part.do("time", minutes=MINUTES[number % len(MINUTES)], note="Looked at it")
    if part.scenario.takes(Touch.MENTIONED):
        await _mention(part)


async def _mention(part: Part) -> None:
    part.step = "mention"
    colleague = part.stage.agents.colleague_of(part.agent, part.scenario.number)
    await part.do("notes", text=texts().mention, mentions=[colleague])
    await part.until("shown to who is mentioned", lambda t: colleague in t["mentioned"])
    await part.do("notes", by=colleague, text=texts().mention_answered)
    await part.until("answered by who is mentioned", lambda t: colleague not in t["mentioned"])
    part.stage.meet(part.number, Touch.MENTIONED)


async def speak_at_once(part: Part) -> None:
    """The customer writes while the agent does: what the agent did not see is told to them."""
    anyway = part.scenario.takes(Touch.ANYWAY)
    if not anyway and not part.scenario.takes(Touch.REWRITTEN):
        return
    part.step = "talking at once"
    agent, in_sight = part.agent, part.ticket["version"]
    heard = Vector.parse(in_sight)["intake"]
    await part.write(part.phrases.more[part.scenario.number % len(part.phrases.more)])
    moved = await part.until("written to", lambda t: Vector.parse(t["version"])["intake"] > heard)
    typed = part.phrases.first_replies[0]
    try:
        await part.do("replies", by=agent, text=typed, seen=in_sight)
    except Refused as refused:
        if refused.code != MOVED_ON:
            raise
    else:
        raise NotAsPromised("a reply was sent out of sight of what the customer wrote")
    if anyway:
        await part.do("replies", by=agent, text=typed, seen=in_sight, sent_anyway=True)
    else:
        text = part.phrases.more_seen
        await part.do("replies", by=agent, text=text, seen=moved["version"])
    part.stage.meet(part.number, Touch.ANYWAY if anyway else Touch.REWRITTEN)


async def try_in_vain(part: Part) -> None:
    """A macro that cannot be carried out whole is not carried out at all."""
    if not part.scenario.takes(Touch.TORN) or Touch.TORN in part.stage.met.get(part.number, ()):
        return
    part.step = "macro"
    try:
        await part.do(f"macros/{TELLING}")
    except Refused as refused:
        if refused.status != 409:
            raise
        part.stage.meet(part.number, Touch.TORN)
    else:
        raise NotAsPromised(f"the macro {TELLING} reported progress on what is resolved")
