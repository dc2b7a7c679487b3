"""The demo's articles: found by whoever has the same trouble, in whichever words."""

import re

import pytest

from cli.demo.knowledge import body_of
from cli.demo.texts import Matter, texts
from services.portal.similar import beginnings, needed


@pytest.mark.parametrize("matter", texts().matters, ids=lambda matter: matter.cause)
def test_an_article_is_offered_for_every_subject_that_it_is_about(matter: Matter) -> None:
    words = re.findall(r"\w+", f"{matter.subjects[0]} {body_of(matter)}".casefold())
    for subject in matter.subjects:
        typed = beginnings(subject)
        found = [each for each in typed if any(word.startswith(each) for word in words)]
        assert len(found) >= max(1, needed(typed)), subject


def test_an_article_says_what_helps() -> None:
    matter = texts().matters[0]
    assert matter.cause in body_of(matter)
    assert matter.solution in body_of(matter)
