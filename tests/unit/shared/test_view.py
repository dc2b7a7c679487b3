"""A read model's rows in memory: what was not read is not written."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from shared.events import DESK, TICKETS
from shared.followers.view import Table, View
from shared.testing.spec import TICKET


@dataclass(frozen=True)
class Row:
    subject: UUID


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
