"""Every template with made-up facts, so that somebody can see what it looks like."""

from datetime import UTC, datetime
from typing import Any, Final

from services.notify.rendering import TEMPLATES, Rendered, render
from services.notify.speaking import Spoken, spoken
from shared.moments import moment

_DUE: Final = Spoken(
    lambda language: moment(datetime(2026, 3, 2, 14, tzinfo=UTC), "Europe/Berlin", language)
)
_PAGE: Final = "https://help.example/t/preview"

FACTS: Final[dict[str, Any]] = {
    "desk": spoken("Example Service Desk", "Beispiel-Servicedesk"),
    "number": "LD-7KQ4M-2XR9C-5",
    "title": spoken("Checkout is down", "Die Kasse geht nicht"),
    "topic": spoken("Technical problem", "Technisches Problem"),
    "customer": "Maria Silva",
    "name": "Maria",
    "priority": "High",
    "agent_name": "Anna Berger",
    "team_name": "Support",
    "status_url": _PAGE,
    "confirm_url": f"{_PAGE}/confirm",
    "reject_url": f"{_PAGE}/reject",
    "feedback_url": f"{_PAGE}/feedback",
    "mute_url": f"{_PAGE}/notifications",
    "in_copy": False,
    "code": "7KQ4-M2XR",
    "by": "Carla Meyer",
    "ticket_url": "https://desk.example/tickets/LD-7KQ4M-2XR9C-5",
    "held": False,
    "summary": spoken("Nobody can pay since 9:00.", "Seit 9 Uhr kann niemand zahlen."),
    "questions": [spoken("Which till is it?", "Welche Kasse ist es?")],
    "until": _DUE,
    "again": False,
    "agent": "Anna",
    "team": "Support",
    "first": True,
    "expected": spoken(
        "You can expect a first answer within 2 hours of business time.",
        "Sie können eine erste Antwort innerhalb von 2 Stunden Geschäftszeit erwarten.",
    ),
    "due": _DUE,
    "takes_part": False,
    "reason": spoken("least loaded", "am wenigsten ausgelastet"),
    "body": spoken("We found a blown fuse.", "Wir haben eine kaputte Sicherung gefunden."),
    "files": ["log.txt"],
    "awaits": False,
    "what": "finding",
    "sender": "Maria Silva",
    "happened": spoken("Anna Berger wrote a note", "Anna Berger hat eine Notiz geschrieben"),
    "from_tier": 1,
    "tier": 2,
    "cause": spoken("A blown fuse", "Eine kaputte Sicherung"),
    "note": spoken("We replaced the fuse.", "Wir haben die Sicherung getauscht."),
    "closes_after": spoken("3 days", "3 Tage"),
    "how": "confirmed",
    "merged_into": "",
    "clock": spoken("first response", "erste Antwort"),
    "left": spoken("30 minutes", "30 Minuten"),
    "escalates": True,
    "since": _DUE,
    "rating": 2,
    "comment": spoken("It took too long.", "Es hat zu lange gedauert."),
    "recurred": False,
    "reopens": False,
}

_WHAT: Final = {"customer_reply": "message", "resolution": "fix"}

PREVIEWS: Final = frozenset(
    path.stem for path in TEMPLATES.glob("*.subject") if not path.name.startswith("_")
)
"""The names of the templates."""

_FOR_THE_DESK: Final = frozenset(
    {
        *("agent_assignment", "breach", "breach_warning", "customer_reply", "low_rating"),
        *("mention", "untouched", "followed"),
    }
)


def preview(name: str, language: str) -> Rendered:
    """A template, rendered in a language."""
    return render(name, made_up(name), language)


def made_up(name: str) -> dict[str, Any]:
    """What a template is given for its preview."""
    for_desk = name in _FOR_THE_DESK or name.endswith("_team")
    facts = FACTS | {"to_customer": not for_desk, "what": _WHAT.get(name, FACTS["what"])}
    if for_desk:
        facts |= {"name": "Anna", "mute_url": ""}
    elif name != "progress":
        facts |= {"mute_url": ""}
    return facts
