"""How review carries out a command, and its queries: what its routes share."""

from uuid import UUID

from fastapi.responses import JSONResponse

from services.review.domain import DECIDER, Command
from shared.asked import Asked
from shared.service import Runtime
from shared.sql import load_queries
from shared.web import etag

QUERIES = load_queries(__file__)


async def carry_out(
    runtime: Runtime, ticket_id: UUID, command: Command, asked: Asked, **told: str
) -> JSONResponse:
    """Decide it once all that the caller knows is known here, and tell what is new."""
    await runtime.wait_for(ticket_id, asked.after)
    outcome = await runtime.handle(DECIDER, ticket_id, command, **asked.context(command))
    said = [type(event).__name__ for event in outcome.events]
    content = {"ticket_id": str(ticket_id), "events": said, **told}
    return JSONResponse(content, headers=etag(outcome.vector))
