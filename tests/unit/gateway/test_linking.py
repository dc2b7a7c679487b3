"""Text from anybody in the panel: escaped, linked, and quick whatever it is."""

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from services.gateway.panel.linking import linked


def test_an_address_becomes_a_link_without_the_full_stop_behind_it() -> None:
    text = linked("See https://shop.example/a?b=1&c=2.")
    assert 'href="https://shop.example/a?b=1&amp;c=2"' in text
    assert text.endswith("</a>.")


def test_markup_and_other_schemes_stay_text() -> None:
    assert "<script" not in linked("<script>alert(1)</script> javascript:alert(1)")
    assert "<a" not in linked("javascript:alert(1)")


@given(st.text(alphabet="htps:/.)(<>\"'& a", max_size=200))
def test_what_is_read_is_what_was_written(text: str) -> None:
    assert Markup(linked(text)).striptags() == Markup.escape(text).striptags()


def test_a_hundred_thousand_brackets_are_no_trouble() -> None:
    hostile = ")" * 99_998 + "a)"
    assert linked(hostile) == hostile
    assert linked("https://" + ")" * 99_990).startswith("https://")
