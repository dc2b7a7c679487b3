"""A read model's rows in memory: what was not read is not written."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from shared.events import DESK, TICKETS
from shared.followers.view import Table, View
from shared.testing.spec import TICKET


@dataclass(frozen=True)
class Row:
    subject: UUID


@dataclass(frozen=True)
class Counted:
    subject: UUID
    count: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Slotted:
    subject: UUID
    count: int = 0
    name: str = ""


OF_TICKETS: Table[Row] = Table("tickets", Row, topic=TICKETS)
OF_ALL: Table[Row] = Table("all", Row)


def test_an_event_changes_no_table_that_was_not_read_for_its_topic() -> None:
    view = View(TICKET, frozenset({DESK}))
    view.put(OF_ALL, Row(TICKET))
    with pytest.raises(ValueError, match="tickets"):
        view.put(OF_TICKETS, Row(TICKET))
    with pytest.raises(ValueError, match="tickets"):
        view.delete(OF_TICKETS)


def test_a_table_is_changed_by_events_of_its_topic() -> None:
    for topics in (frozenset({TICKETS}), frozenset({DESK, TICKETS}), frozenset[str]()):
        view = View(TICKET, topics)
        view.put(OF_TICKETS, Row(TICKET))
        assert view.written(OF_TICKETS) == [Row(TICKET)]


@pytest.mark.parametrize("row", [Counted, Slotted])
def test_a_changed_row_is_a_new_one_and_the_same_again_changes_nothing(
    row: type[Counted] | type[Slotted],
) -> None:
    table: Table[Any] = Table("counted", row)
    view, first = View(TICKET), row(TICKET, 1, "a")
    view.load(table, [first])
    view.change(table, count=1)
    assert view.written(table) == []
    assert view.change(table, count=2) == row(TICKET, 2, "a")
    assert (view.written(table), first) == ([row(TICKET, 2, "a")], row(TICKET, 1, "a"))


@pytest.mark.parametrize("row", [Counted, Slotted])
def test_only_fields_that_a_row_has_can_be_changed(row: type[Counted] | type[Slotted]) -> None:
    table: Table[Any] = Table("counted", row)
    view = View(TICKET)
    view.load(table, [row(TICKET)])
    with pytest.raises((AttributeError, TypeError)):
        view.change(table, size=1)
