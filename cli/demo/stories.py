"""What happened on tickets, told from their events: what the demo's tables count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cli.demo.scenarios import Scenario, Touch, Turn

LOW_RATING: Final = 2

Json = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """A ticket, with everything that happened on it."""

    ticket: Json
    events: Sequence[Json]
    scenario: Scenario
    met: frozenset[Touch] = frozenset()
    """What people met with that no event tells."""

    def all(self, type_name: str, words: str = "") -> list[Json]:
        """The events of a type, in whose words these occur."""
        return [e for e in self.events if e["type"] == type_name and words in e["words"]]

    def first(self, type_name: str, words: str = "") -> datetime | None:
        """When something first happened."""
        found = self.all(type_name, words)
        return datetime.fromisoformat(found[0]["at"]) if found else None

    def count(self, type_name: str, words: str = "") -> int:
        return len(self.all(type_name, words))


Happened = Callable[[Story], bool]

TURNED: Final[Mapping[Turn, Happened]] = {
    Turn.REOPENED: lambda story: story.ticket["reopened"] > story.count("ResolutionRejected"),
    Turn.REJECTED: lambda story: story.count("ResolutionRejected") > 0,
    Turn.BREACHED: lambda story: story.count("TargetBreached") > 0,
    Turn.DUPLICATED: lambda story: story.scenario.takes(Turn.DUPLICATED),
    Turn.BOUNCED: lambda story: story.count("BounceReceived") > 0,
    Turn.ESCALATED: lambda story: story.count("TicketEscalated") > 0,
}
"""Of each turn, what says that it was taken."""


def _carried_out(story: Story) -> bool:
    """Every step of the macro, or it does not count."""
    asked = story.count("AgentReplied", "waits for the customer")
    return bool(asked and story.count("TagsChanged", "+log-wanted") and story.count("TimeSpent"))


def _undone(story: Story) -> bool:
    """Its first step would have put a tag there."""
    return Touch.TORN in story.met and "outage" not in story.ticket["tags"]


def _left_closed(story: Story, words: str) -> bool:
    """The customer's last word came after the closing, and began nothing anew."""
    written = [_at(each) for each in story.all("CustomerMessageReceived", words)]
    begun = [_at(each) for each in story.all("TicketReopened")]
    closed = [_at(each) for each in story.all("TicketClosed")]
    if not written or not closed:
        return False
    return written[-1] > closed[0] and not any(at > written[-1] for at in begun)


def _at(event: Json) -> datetime:
    return datetime.fromisoformat(event["at"])


TOUCHED: Final[Mapping[Touch, Happened]] = {
    Touch.DRAFT: lambda story: Touch.DRAFT in story.met,
    Touch.CANNED: lambda story: Touch.CANNED in story.met,
    Touch.MACRO: _carried_out,
    Touch.TORN: _undone,
    Touch.TAGGED: lambda story: (
        story.count("TagsChanged") > story.count("TagsChanged", "+log-wanted")
    ),
    Touch.MENTIONED: lambda story: Touch.MENTIONED in story.met,
    Touch.TIMED: lambda story: story.ticket["minutes_spent"] > 0,
    Touch.ANYWAY: lambda story: Touch.ANYWAY in story.met,
    Touch.REWRITTEN: lambda story: Touch.REWRITTEN in story.met,
    Touch.AWAY: lambda story: _left_closed(story, "automatic answer"),
    Touch.THANKED: lambda story: _left_closed(story, "The customer wrote"),
    Touch.LATE: lambda story: Touch.LATE in story.met and story.ticket["status"] == "Archived",
    Touch.ARTICLE: lambda story: story.count("ArticleDrafted") > 0,
    Touch.LINKED: lambda story: story.count("ArticleLinked") > 0,
    Touch.GERMAN: lambda story: (
        story.ticket["language"] == "de" and story.ticket["organisation_id"] != ""
    ),
}
"""Of each touch, what says that it happened."""


def reviewed_by_another(story: Story) -> bool:
    """Somebody gave it a score who has done none of its work."""
    reviews = story.all("QualityReviewed")
    workers = {e["actor"] for e in story.events if e["service"] == "resolution"}
    return bool(reviews) and all(each["actor"] not in workers for each in reviews)


def read_by_another(story: Story) -> bool:
    """An article was drafted from it, and approved of by somebody else."""
    authors = {each["actor"] for each in story.all("ArticleDrafted")}
    readers = {each["actor"] for each in story.all("ArticleReviewed")}
    return bool(authors and readers) and not authors & readers


def closed_with_incident(story: Story) -> bool:
    """Part of an incident: what was said there was said here."""
    told = ("ParentLinked", "ProgressReported", "TicketResolved", "TicketClosed")
    return all(map(story.count, told))


LATER: Final[Mapping[str, Happened]] = {
    "an incident, closed with its parts": lambda story: bool(
        story.count("ChildLinked") and story.count("TicketClosed")
    ),
    "part of it: answered, solved, closed": closed_with_incident,
    "its article read by a colleague": read_by_another,
    "its article published": lambda story: story.count("ArticlePublished") > 0,
    "its article found on the portal": lambda story: Touch.ARTICLE in story.met,
    "rated low": lambda story: 0 < (story.ticket["rating"] or 0) <= LOW_RATING,
    "rated low: a manager alerted": lambda story: story.count("NotificationSent", "low rating") > 0,
    "chosen for a quality review": lambda story: story.count("QualityReviewRequested") > 0,
    "reviewed by who did not work on it": reviewed_by_another,
}
"""What becomes of tickets later, by what the desk says of them."""
