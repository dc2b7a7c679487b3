"""What customers do once a ticket is closed: thanks, out of office, the rating."""

from cli.demo.part import Part
from cli.demo.scenarios import Touch
from shared.log.vector import Vector


async def write_again(part: Part) -> None:
    """Thanks, or a word of their mail program: neither begins the work anew."""
    phrases, number = part.phrases, part.scenario.number
    if part.scenario.takes(Touch.THANKED):
        await _written(part, phrases.gratitude[number % len(phrases.gratitude)], automatic=False)
    if part.scenario.takes(Touch.AWAY):
        await _written(part, phrases.away, automatic=True)


async def _written(part: Part, text: str, *, automatic: bool) -> None:
    part.step = "writing once closed"
    before = Vector.parse(part.ticket["version"])["intake"]
    await part.answer_mail(text, automatic=automatic)
    await part.until("written to", lambda t: Vector.parse(t["version"])["intake"] > before)


async def rate(part: Part) -> None:
    """Once they are asked, most do."""
    await part.until("followed up", lambda t: t["followed_up_at"] is not None)
    rating = part.scenario.rating
    if rating is None:
        return
    praise = part.phrases.praise[part.scenario.number % len(part.phrases.praise)]
    comment = praise if rating > 3 else ""
    if await part.act("feedback", rating=str(rating), comment=comment):
        await part.until("rated", lambda t: t["rating"] == rating)
