"""What is offered while the subject of a request is typed: articles that may help, and open
tickets of whoever is signed in, which it may be about.

Full text, by the beginnings of words, as the desk's languages are not known here: two words in
common are enough, or the only one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.portal.context import Portal
from services.portal.mine import link_to
from services.portal.sessions import Session
from services.portal.words import line

WORDS_MAX: Final = 12
"""How many words of a subject are looked for."""

WORD_LENGTH_MIN: Final = 4
ENDING_LENGTH: Final = 2
"""So much of a longer word may differ: printer, printers, printing."""

EXCERPT_LENGTH: Final = 140
OFFERS_MAX: Final = 3

SAY_NOTHING: Final = frozenset(
    (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8").split()
)
"""Words that most subjects have."""

_WORD: Final = re.compile(r"[^\W\d_]{4,}|\w*\d\w*")


@dataclass(frozen=True)
class Offer:
    """An article or a ticket that may be what the request is about."""

    title: str
    url: str
    about: str
    status: str = ""
    """Of a ticket."""


@dataclass(frozen=True)
class Similar:
    """What is offered; false if there is nothing."""

    articles: Sequence[Offer] = ()
    tickets: Sequence[Offer] = ()

    def __bool__(self) -> bool:
        return bool(self.articles or self.tickets)


def beginnings(subject: str) -> list[str]:
    """What the words of a subject begin with that say something: `Printers that jam` →
    `printe`."""
    words = [word for word in _WORD.findall(subject.casefold()) if word not in SAY_NOTHING]
    found = dict.fromkeys(_beginning(word) for word in words if len(word) >= WORD_LENGTH_MIN)
    # Of `print` and `printe`, the shorter finds all that the other finds.
    alone = [
        one for one in found if not any(one != each and one.startswith(each) for each in found)
    ]
    return alone[:WORDS_MAX]


def needed(words: Sequence[str]) -> int:
    """How many of them must be found."""
    return min(2, len(words))


async def similar_to(portal: Portal, topic_id: str, subject: str, me: Session | None) -> Similar:
    """What may be about the same."""
    words = beginnings(subject)
    if not words:
        return Similar()
    found = await portal.finders.similar_articles(words, needed(words), topic_id, OFFERS_MAX)
    articles = [
        Offer(each.title, article_url(each.article_id), line(each.body, EXCERPT_LENGTH))
        for each in found
    ]
    if me is None:
        return Similar(articles)
    mine = await portal.finders.similar_tickets(words, needed(words), me.person_id, OFFERS_MAX)
    tickets = [
        Offer(each.title, link_to(portal, me, each.subject), each.number, each.status)
        for each in mine
    ]
    return Similar(articles, tickets)


def article_url(article_id: str) -> str:
    """Where an article is read."""
    return f"/articles/{article_id}"


def _beginning(word: str) -> str:
    return word[: max(WORD_LENGTH_MIN, len(word) - ENDING_LENGTH)]
