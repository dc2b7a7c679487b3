"""What is wrong with a body is said in plain words, of every field at once."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.web import install_errors
from shared.wording import errors_in_words


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(min_length=1, max_length=5)]
    level: Literal["low", "medium", "high"]
    tier: Annotated[int, Field(ge=1, le=9)]
    online: bool
    at: AwareDatetime
    agent: UUID
    share: float
    names: Annotated[tuple[str, ...], Field(max_length=1)]
    facts: dict[str, str]


GOOD: dict[str, Any] = {
    "reason": "why",
    "level": "low",
    "tier": 2,
    "online": True,
    "at": datetime.fromisoformat("2026-03-01T14:00:00Z"),
    "agent": UUID(int=7),
    "share": 0.5,
    "names": ("a",),
    "facts": {},
}


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("reason", "", "must not be empty"),
        ("reason", 7, "must be text"),
        ("reason", "because", "must be at most 5 characters long"),
        ("level", "very", "must be one of: low, medium, high"),
        ("tier", 10, "must be at most 9"),
        ("tier", "x", "must be a whole number"),
        ("online", "maybe", "must be true or false"),
        ("at", "yesterday", "must be a time such as 2026-03-01T14:00:00Z"),
        ("at", "2026-03-01T14:00:00",
         "must be a time such as 2026-03-01T14:00:00Z, with its time zone"),
        ("agent", "anna", "must be an id such as 0198c0de-0000-7000-8000-000000000000"),
        ("share", "half", "must be a number"),
        ("names", ["a", "b"], "may hold 1; there are 2"),
        ("names", "a", "must be a list"),
        ("facts", [], "must be an object"),
        ("colour", "red", "is not a field we know"),
    ],
)  # fmt: skip
def test_a_field_is_told_in_plain_words(field: str, value: object, told: str) -> None:
    with pytest.raises(ValidationError) as error:
        Order.model_validate(GOOD | {field: value})
    assert errors_in_words(error.value.errors()) == [(field, told)]


async def test_an_answer_names_every_field_at_once_and_speaks_no_pydantic() -> None:
    app = FastAPI()
    install_errors(app)

    @app.post("/")
    async def take(order: Order, limit: Annotated[int, Query(ge=1)]) -> None:
        pass

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        empty = await client.post("/?limit=0", json={})
        broken = await client.post("/?limit=1", content=b"{", headers=JSON)
    assert (empty.status_code, empty.json()["code"]) == (422, "invalid")
    assert empty.headers["content-type"] == "application/problem+json"
    told = {each["field"]: each["message"] for each in empty.json()["errors"]}
    assert told == dict.fromkeys(GOOD, "is required") | {"limit": "must be at least 1"}
    assert broken.json()["errors"] == [{"field": "body", "message": "is not JSON"}]


JSON = {"Content-Type": "application/json"}
