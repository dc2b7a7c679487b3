"""Version vectors: what somebody knew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log import Vector

vectors = st.dictionaries(
    st.sampled_from(["audit", "intake", "sla", "notify"]), st.integers(0, 9)
).map(Vector)


@given(vectors)
def test_a_vector_reads_back_from_its_text_and_from_its_etag(vector: Vector) -> None:
    assert Vector.parse(str(vector)) == vector
    assert Vector.parse(f'"{vector}"') == vector


@given(vectors, vectors)
def test_merging_covers_both_and_is_the_least_that_does(a: Vector, b: Vector) -> None:
    merged = a.merged(b)
    assert merged == b.merged(a)
    assert merged.covers(a)
    assert merged.covers(b)
    assert all(merged[author] in (a[author], b[author]) for author in merged)


@given(vectors, vectors)
def test_covering_both_ways_is_being_equal(a: Vector, b: Vector) -> None:
    assert (a.covers(b) and b.covers(a)) == (a == b)


@pytest.mark.parametrize("text", ["intake", "=3", "intake=x", "intake=-1", "intake=1;sla=2"])
def test_what_is_no_vector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a version vector"):
        Vector.parse(text)
