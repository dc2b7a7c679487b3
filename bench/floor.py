"""The least that can be done about a ticket: an app that checks it and inserts one row."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

from shared.ids import uuid7
from shared.postgres import open_pool

POOL_SIZE = 8


class Requester(BaseModel):
    """Who writes."""

    name: str
    email: str


class Ticket(BaseModel):
    """What they write."""

    topic: str
    requester: Requester
    subject: str
    description: str


@asynccontextmanager
async def _with_pool(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await open_pool(os.environ["FLOOR_DATABASE_URL"], POOL_SIZE, "floor")
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=_with_pool)


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    """It answers."""
    return {"status": "ready"}


@app.post("/v1/tickets", status_code=201)
async def take(ticket: Ticket, request: Request) -> dict[str, str]:
    """One row."""
    ticket_id = uuid7()
    pool: asyncpg.Pool[asyncpg.Record] = request.app.state.pool
    await pool.execute("insert into floor values ($1, $2)", ticket_id, ticket.model_dump_json())
    return {"ticket_id": str(ticket_id)}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["FLOOR_PORT"]), log_level="warning", access_log=False)
