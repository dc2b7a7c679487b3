"""What the proof says of sequences that are whole, and of those that are not."""

from uuid import UUID

from services.audit.projection import NumberRow, Numbers
from services.audit.proof import broken, lost, out_of_order, summary
from shared.events.intake import Channel, TicketOpened
from shared.ids import person_id
from shared.testing.spec import T0, TICKET, fold

STREAM = {"subject": TICKET, "author": "sla"}
COUNTS = [
    {
        "author": "intake", "events": 4, "subjects": 2, "first_position": 1,
        "last_position": 9, "last_recorded_at": T0,
    },
    {
        "author": "sla", "events": 3, "subjects": 1, "first_position": 4,
        "last_position": 8, "last_recorded_at": T0,
    },
]  # fmt: skip
QUIET = {"waiting": 0, "waiting_since": None, "parked": 0}


def test_a_whole_sequence_is_ok() -> None:
    answer = summary(COUNTS, [], QUIET, T0)
    assert (answer["ok"], answer["verdict"]) == (True, "OK: no gap")
    assert (answer["events"], answer["streams"], answer["last_position"]) == (7, 3, 9)
    assert answer["by_author"] == {"intake": 4, "sla": 3}


def test_an_empty_sequence_is_ok() -> None:
    assert summary([], [], QUIET, T0)["ok"]


def test_the_first_gap_is_named() -> None:
    answer = summary(COUNTS, ["this", "that"], QUIET, T0)
    assert (answer["ok"], answer["verdict"]) == (False, "NOT OK: this")


def test_missing_versions_are_named() -> None:
    row = {**STREAM, "version": 5, "before_version": 2, "previous": None, "before_id": None}
    assert broken(row) == f"{TICKET}/sla: versions 3 to 4 are missing"
    first = {**row, "before_version": None}
    assert broken(first) == f"{TICKET}/sla: versions 1 to 4 are missing"


def test_a_wrong_predecessor_is_named() -> None:
    one, other = UUID(int=1), UUID(int=2)
    row = {**STREAM, "version": 2, "before_version": 1, "previous": one, "before_id": other}
    assert broken(row) == f"{TICKET}/sla: version 2 follows {one}, but {other} is there"


def test_a_lost_end_is_named() -> None:
    row = {**STREAM, "version": 7, "events": 6}
    assert lost(row) == f"{TICKET}/sla: version 7 was heard of, but 6 events are there"


def test_an_event_before_its_cause_is_named() -> None:
    row = {**STREAM, "version": 1, "cause_author": "intake", "cause_version": 4}
    assert out_of_order(row) == (
        f"{TICKET}/sla: version 1 stands before intake version 4, which its author had seen"
    )


def test_a_number_leads_to_its_ticket() -> None:
    email = "carla@example.org"
    opened = TicketOpened(
        number="LD-1",
        channel=Channel.WEB,
        topic_id="general",
        topic_name="General",
        requester={"person_id": person_id(email), "email": email},  # type: ignore[arg-type]
        subject="Help",
        description="Help",
        opened_at=T0,
    )
    assert fold(Numbers(), opened)["tickets"] == [NumberRow(TICKET, "LD-1", T0)]
