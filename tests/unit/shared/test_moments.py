"""Moments as people of each language tell them."""

from datetime import UTC, datetime

import pytest

from shared.moments import moment, short_moment

AT = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)


def test_a_moment_is_told_in_the_zone_of_whoever_reads_it() -> None:
    assert moment(AT, "America/New_York", "en") == "Monday 2 March 2026, 08:05 (America/New York)"
    assert moment(AT, "Europe/Berlin", "de") == "Montag, 2. März 2026, 14:05 Uhr (Europe/Berlin)"


def test_a_short_moment_is_told_as_each_language_writes_it() -> None:
    assert short_moment(AT, "Europe/Berlin", "en") == "2 Mar 2026, 14:05"
    assert short_moment(AT, "Europe/Berlin", "de") == "2.3.2026, 14:05"


def test_there_is_no_moment_in_a_zone_that_is_none() -> None:
    with pytest.raises(ValueError, match="Berlin"):
        moment(AT, "Berlin", "en")
