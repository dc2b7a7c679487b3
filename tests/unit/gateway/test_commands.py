"""The table of commands is held against the services that own them."""

import importlib
import re
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest
from fastapi import FastAPI

from services.gateway.commands import BY_NAME, COMMANDS, Command
from services.gateway.panel.forms import FORMS
from shared.service import Runtime, Service

SECRET = "a secret that is long enough for these tests"


@cache
def described(owner: str) -> dict[str, Any]:
    """The OpenAPI document of a service, without starting it."""
    app: ModuleType = importlib.import_module(f"services.{owner}.app")
    settings: ModuleType = importlib.import_module(f"services.{owner}.settings")
    given = {
        "database_url": "postgresql://nowhere",
        "identity_secret": SECRET,
        "link_secret": SECRET,
        "port": 1,
    }
    kinds = [
        kind
        for name, kind in vars(settings).items()
        if name.endswith("Settings") and name != "ServiceSettings" and isinstance(kind, type)
    ]
    service: Service = app.SERVICE
    runtime = Runtime(service, kinds[-1](**given), MagicMock(), MagicMock())
    api = FastAPI()
    for router in service.routers(runtime):
        api.include_router(router)
    return api.openapi()


def operation_of(command: Command) -> dict[str, Any]:
    """What the owner says of the command; placeholders may have any name."""
    wanted = re.sub(r"{\w+}", "{}", command.path)
    for path, methods in described(command.owner)["paths"].items():
        parts = "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
        if parts == wanted and command.method.lower() in methods:
            found: dict[str, Any] = methods[command.method.lower()]
            return found
    raise AssertionError(f"{command.owner} has no {command.method} {command.path}")


def schema_of(command: Command) -> dict[str, Any] | None:
    body = operation_of(command).get("requestBody")
    if body is None:
        return None
    schema: dict[str, Any] = body["content"]["application/json"]["schema"]
    schema = schema.get("anyOf", [schema])[0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return dict(described(command.owner)["components"]["schemas"][name])
    return schema


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_owner_takes_what_the_gateway_describes(command: Command) -> None:
    theirs = schema_of(command)
    if command.body is None:
        assert theirs is None or not theirs.get("required")
        return
    ours = command.body.model_json_schema()
    assert theirs is not None
    assert set(ours["properties"]) <= set(theirs["properties"])
    assert set(theirs.get("required", ())) <= set(ours.get("required", ()))


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_a_form_gives_only_fields_that_its_command_has(form: Any) -> None:
    typed = dict.fromkeys(
        ("text", "reason", "kind", "cause", "note", "method", "result", "comment", "agent_id",
         "team_id", "tier", "impact", "urgency", "priority", "plan_id", "topic_id", "type",
         "into_ticket_id", "title", "body"),
        "x",
    )  # fmt: skip
    body = form.body(typed)
    known = set() if form.command.body is None else set(form.command.body.model_fields)
    assert set(body) <= known


def test_no_command_has_two_entries() -> None:
    assert len(BY_NAME) == len(COMMANDS)
