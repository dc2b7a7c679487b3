"""The envelope survives the way through Kafka; ids are what they claim to be."""

import pytest

from shared.envelope import EnvelopeBroken, headers_of, heard
from shared.events.resolution import NoteAdded, WorkStarted
from shared.ids import derived_id, person_id, uuid7
from shared.testing.spec import T0, recorded

CARLA = "d365d843-6335-5358-a31c-06508675fe84"


def test_an_event_is_heard_as_it_was_said() -> None:
    note = NoteAdded(noted_by="agent:änna", text="ünï \u0000 😀", noted_at=T0)
    _, event = recorded(WorkStarted(started_by="agent:änna", started_at=T0), note)
    got = heard("tickets", headers_of(event), event.data.encode()).as_new(said=False, kept=True)
    for name in ("subject", "author", "version", "id", "previous", "type", "after", "data"):
        assert getattr(got, name) == getattr(event, name)
    for name in ("correlation", "causation", "actor", "occurred_at", "revision"):
        assert getattr(got, name) == getattr(event, name)


def test_headers_are_cloudevents_in_binary_mode() -> None:
    (event,) = recorded(WorkStarted(started_by="a", started_at=T0))
    headers = dict(headers_of(event))
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"WorkStarted"
    assert headers["ce_source"] == b"/ledgerdesk/resolution"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_id", b"x"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"0001-01-01T00:00:00+05:00"),
        ("ld_stream", b"00000000-0000-0000-0000-000000000001/" + b"a" * 3000),
        ("ce_time", b"2026-03-02T09:00:00"),
        ("ld_after", b"intake"),
        ("ld_correlation", b""),
        ("ld_correlation", None),
        ("ld_version", b"99999999999"),
        ("ld_version", b"-1"),
        ("ld_revision", b"x"),
        ("ld_actor", b"\xff"),
        ("ld_actor", b"a\x00b"),
    ],
)
def test_whatever_is_wrong_in_a_header_is_found_at_once(header: str, value: bytes | None) -> None:
    (event,) = recorded(WorkStarted(started_by="a", started_at=T0))
    headers: dict[str, bytes | None] = {**dict(headers_of(event)), header: value}
    with pytest.raises(EnvelopeBroken):
        heard("tickets", list(headers.items()), event.data.encode())  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [None, b"", b"not json", b"\xff", b'{"a": "\xc3\x28"}'])
def test_a_body_that_is_not_json_is_found_at_once(body: bytes | None) -> None:
    (event,) = recorded(WorkStarted(started_by="a", started_at=T0))
    with pytest.raises(EnvelopeBroken):
        heard("tickets", headers_of(event), body)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("ld_stream", b"not-a-uuid/intake")],
        [("ld_stream", b"\xff\xfe")],
        [("ld_stream", f"{derived_id('t')}/intake".encode()), ("ld_version", b"0")],
    ],
)
def test_what_is_no_event_is_told_apart(headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(EnvelopeBroken):
        heard("tickets", headers, b"{}")


def test_new_ids_are_uuid_version_7_and_rise_with_time() -> None:
    ids = [uuid7() for _ in range(100)]
    assert {i.version for i in ids} == {7}
    assert {i.variant for i in ids} == {"specified in RFC 4122"}
    assert len(set(ids)) == 100
    milliseconds = [i.int >> 80 for i in ids]
    assert milliseconds == sorted(milliseconds)


def test_derived_ids_come_out_the_same_and_tell_their_parts_apart() -> None:
    assert derived_id("a", "b") == derived_id("a", "b")
    assert derived_id("ab", "") != derived_id("a", "b")
    assert person_id(" Carla@Example.com") == person_id("carla@example.COM")
    # As it was from the beginning: ids are for ever.
    assert str(person_id("carla@example.com")) == CARLA
    assert person_id("x@Straße.DE") == person_id("x@xn--strae-oqa.de")
    assert person_id("x@straße.de") != person_id("x@strasse.de")
    assert person_id("x@münchen.example") == person_id("X@MÜNCHEN.example")
    for odd in ("", "@", "x", "a@b@c", "x@" + "ü" * 80, "x@-ü-.", "x@ü..de", "x@ü_.de"):
        assert person_id(odd) == person_id(odd)
