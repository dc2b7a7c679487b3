"""In which language somebody reads, and what they speak."""

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from services.portal.reader import COOKIE, chosen_in, read_by, reader, reader_of, wanted
from services.portal.zones import is_zone, zone_of_reader


def request(accepts: str = "", cookie: str = "", query: str = "", method: str = "GET") -> Request:
    headers = [(b"accept-language", accepts.encode("latin-1")), (b"cookie", cookie.encode())]
    return Request({
        "type": "http", "method": method, "path": "/", "headers": headers,
        "query_string": query.encode(),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("accepts", "cookie", "query", "reads", "speaks"),
    [
        ("", "", "", "en", ""),
        ("de-AT,de;q=0.9,en;q=0.8", "", "", "de", "de-AT"),
        ("en;q=0.5, de;q=0.8", "", "", "de", "de"),
        ("fr, de;q=0.8", "", "", "de", "de"),
        ("fr-CH, it;q=0.8", "", "", "en", "fr-CH"),
        ("de", f"{COOKIE}=en", "", "en", "en"),
        ("de", f"{COOKIE}=xx", "", "de", "de"),
        ("en", f"{COOKIE}=en", "language=de", "de", "de"),
        ("en", "", "language=%3Cb%3E", "en", "en"),
    ],
)
def test_a_page_is_in_the_language_that_was_chosen_or_else_is_asked_for(
    accepts: str, cookie: str, query: str, reads: str, speaks: str
) -> None:
    somebody = reader_of(request(accepts, cookie, query))
    assert (somebody.language, somebody.speaks) == (reads, speaks)


def test_what_was_typed_is_not_lost_by_choosing_a_language() -> None:
    sent = request(query="language=de", method="POST")
    assert (chosen_in(sent), reader_of(sent).can_switch) == ("", False)
    assert reader_of(request()).can_switch


def test_nobody_else_reads_what_is_rendered_for_somebody() -> None:
    with read_by(reader_of(request("de"))):
        assert reader().language == "de"
    assert reader().language == "en"


def test_what_a_browser_asks_for_is_taken_the_best_first() -> None:
    assert wanted("en;q=0.2, de;q=0.9, fr") == ["fr", "de", "en"]
    assert wanted("de;q=0, *, <b>, en;q=x, x-y;q=1") == []


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_whatever_a_browser_asks_for_there_is_a_page(accepts: str) -> None:
    assert reader_of(request(accepts)).language in ("en", "de")


def test_times_are_told_where_the_customer_is_if_that_is_known() -> None:
    assert zone_of_reader("Europe/Vienna", "UTC") == "Europe/Vienna"
    for unknown in ("", "Europe", "Etc/Unknown", "../etc/passwd", "Europe/Berlin/x"):
        assert not is_zone(unknown)
        assert zone_of_reader(unknown, "UTC") == "UTC"
