"""Which words of a subject are looked for, and what becomes of articles."""

from hypothesis import given
from hypothesis import strategies as st

from services.portal.projection import Pages
from services.portal.similar import WORDS_MAX, beginnings, needed
from shared.events.review import ArticlePublished, ArticleWithdrawn
from shared.testing.spec import T0, fold

PUBLISHED = ArticlePublished(
    article_id="a-1", title="Printers\njam", body="Open it.\x00", topics=("hardware",),
    language="en", published_by="anna", published_at=T0,
)  # fmt: skip


def test_words_that_say_something_are_looked_for_by_their_beginnings() -> None:
    assert beginnings("The printer does not work anymore, again!") == ["print"]
    assert beginnings("Printers, printer, PRINTER") == ["print"]
    assert beginnings("Bestellung 4711 für Tür") == ["bestellu", "4711"]
    assert beginnings("a b: !'& | <-> \\") == []
    assert (needed([]), needed(["a"]), needed(["a", "b", "c"])) == (0, 1, 2)


@given(st.text())
def test_what_is_looked_for_is_words_alone_and_few(subject: str) -> None:
    words = beginnings(subject)
    assert len(words) <= WORDS_MAX
    assert all(word.replace("_", "").isalnum() for word in words if word.strip("_"))


def test_an_article_is_kept_as_last_published_until_it_is_withdrawn() -> None:
    again = PUBLISHED.model_copy(update={"title": "Printers that jam"})
    (row,) = fold(Pages(), PUBLISHED, again)["articles"]
    assert (row.title, row.body, list(row.topics)) == (
        "Printers that jam",
        "Open it.",
        ["hardware"],
    )
    gone = ArticleWithdrawn(article_id="a-1", withdrawn_by="anna", withdrawn_at=T0)
    assert fold(Pages(), PUBLISHED, gone)["articles"] == []
    assert len(fold(Pages(), PUBLISHED, gone, again)["articles"]) == 1
