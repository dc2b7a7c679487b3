"""Every template renders in text and HTML, whatever people wrote."""

import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from time import process_time
from typing import Any, ClassVar

import pytest

from services.notify.compose import Composer
from services.notify.domain import Draft
from services.notify.letters import Occasion, address_letter, letters_for, link_letter
from services.notify.preferences import Wish
from services.notify.rendering import TEMPLATES, paragraphs, quoted
from services.notify.rules import Rules
from services.notify.story import story_of
from services.notify.words import (
    LOOKED_AT_LENGTH_MAX,
    clean,
    duration,
    excerpt,
    first_name,
    line,
    shortened,
    without_links,
)
from shared.clock import utc_now
from shared.events import Event, Person
from shared.events.assignment import ParticipantAdded
from shared.events.intake import Authenticity, ClarificationProvided, Verdict
from shared.events.notify import NotificationKind
from shared.events.participants import AddressConfirmed, AddressProofReminded, ConfirmedHow
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    ProgressKind,
    ProgressReported,
    ResolutionKind,
)
from shared.ids import person_id
from shared.links import read_link
from shared.mail_ids import read_message_id, read_reply_token
from shared.testing.spec import T0, TICKET, recorded
from tests.unit.notify.examples import (
    CUSTOMER,
    NUMBER,
    assigned,
    categorised,
    clock,
    closed,
    opened,
    prioritised,
    resolved,
    told_events,
)
from tests.unit.notify.test_letters import DIRECTORY

COMPOSER = Composer(
    from_address="support@desk.example",
    mail_domain="desk.example",
    portal_url="https://help.example",
    gateway_url="https://desk.example",
    link_secret="a secret of at least thirty-two bytes",
)

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}{% raw %}\r\nBcc: evil@x.y"
    "\x00\x07\x1b[2J\u202e\u2028 \U0001f525 \u00e9\u4e2d " + "w" * 5000
)


def drafts(*past: Event, now: datetime = T0) -> list[Draft]:
    """What is sent because of the last event."""
    log = recorded(*past)
    story = story_of(TICKET, log)
    about = Occasion(past[-1], story, DIRECTORY, "UTC")
    letters = Rules.of(None).applied(letters_for(about), about)
    return [COMPOSER.draft(letter, story, log[-1].id, now, "Hafenlicht") for letter in letters]


def every_event(text: str) -> list[Any]:
    return [
        *told_events(text),
        ParticipantAdded(agent_id="ben", agent_name=text, by="anna", added_at=T0),
        ClarificationProvided(answers={text: text}, text=text, provided_at=T0),
        AgentReplied(replied_by="a", agent_name="", text=text, awaits_customer=True, replied_at=T0),
        *(
            ProgressReported(kind=kind, text=text, reported_by="a", reported_at=T0)
            for kind in ProgressKind
        ),
        resolved(ResolutionKind.WORKAROUND, text),
        *(closed(how, text) for how in ClosedHow),
    ]


BEFORE = (opened(), categorised(), prioritised(), clock(), assigned("ben", "Ben Ode"))


class Strict(HTMLParser):
    """Collects the tags and fails on what never belongs in a mail of ours."""

    ALLOWED: ClassVar[set[str]] = {
        "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td",
        "h1", "p", "a", "strong", "br", "ol", "ul", "li",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.ALLOWED, tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "href":
                self.links.append(value or "")


def test_a_mail_on_a_ticket_that_a_stranger_may_have_opened_is_marked() -> None:
    passed, failed = (Authenticity(verdict=each) for each in (Verdict.PASSED, Verdict.FAILED))
    confirmed = AddressConfirmed(
        person_id=person_id(CUSTOMER), how=ConfirmedHow.MAIL, confirmed_at=T0
    )
    reply = AgentReplied(replied_by="a", text="x", replied_at=T0)
    for past, unproven in (
        ((opened(),), True),
        ((opened(authenticity=failed),), True),
        ((opened(authenticity=passed),), False),
        ((opened(), confirmed), False),
    ):
        assert [draft.unproven for draft in drafts(*past, reply)] == [unproven]
    desk_only = [draft.unproven for draft in drafts(*BEFORE) if not draft.to_customer]
    assert desk_only == [False]


@pytest.mark.parametrize("event", every_event(HOSTILE), ids=lambda e: type(e).__name__)
def test_hostile_words_stay_words(event: Event) -> None:
    name = HOSTILE.encode("utf-8", "replace").decode()[:200]
    person = Person(person_id=person_id(CUSTOMER), name=name, email=CUSTOMER)
    hostile = opened(requester=person, subject=HOSTILE, topic_name=HOSTILE, description=HOSTILE)
    past = (event,) if type(event).__name__ == "TicketOpened" else (hostile, *BEFORE[1:], event)
    made = drafts(*past)
    assert made
    for draft in made:
        parser = Strict()
        parser.feed(draft.html)
        for link in parser.links:
            assert link.startswith(("https://help.example/t/", "https://desk.example/tickets/"))
        assert "\n" not in draft.subject
        assert len(draft.subject) <= 180
        for part in (draft.subject, draft.text, draft.html, draft.recipient_name):
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u2028]", part)
            part.encode()
        assert "49" not in draft.subject


@pytest.mark.parametrize("event", every_event("Plain words"), ids=lambda e: type(e).__name__)
def test_every_mail_names_the_ticket_and_has_text_and_html(event: Event) -> None:
    past = (event,) if type(event).__name__ == "TicketOpened" else (*BEFORE, event)
    for draft in drafts(*past):
        assert draft.subject.startswith(f"[{NUMBER}] ")
        assert NUMBER in draft.text
        assert NUMBER in draft.html
        assert "Hello" in draft.text
        assert not re.search(r"\n\n\n|[{}%]{2}", draft.text)
        assert "None" not in draft.text + draft.html


def test_every_template_is_used_and_complete() -> None:
    names = {p.stem for p in Path(TEMPLATES).glob("*.*") if not p.name.startswith("_")}
    for name in names:
        for kind in ("txt", "html", "subject"):
            assert (TEMPLATES / f"{name}.{kind}").exists(), f"{name}.{kind}"
    kinds = {kind.value for kind in NotificationKind}
    beside = {"mention", "closure_reminder", "proof_reminder", "address_link"}
    assert {name.removesuffix("_team") for name in names} == kinds | beside


def test_the_links_of_a_resolution_are_the_customers_own() -> None:
    (draft,) = drafts(*BEFORE, resolved(), now=utc_now())
    links = re.findall(r"https://help\.example/t/([\w.-]+)/(\w+)", draft.text)
    assert [action for _, action in links] == ["confirm", "reject"]
    link = read_link(COMPOSER.link_secret, links[0][0])
    assert (link.ticket_id, link.person_id) == (TICKET, person_id(CUSTOMER))


def test_what_goes_to_agents_carries_no_magic_link() -> None:
    for event in every_event("words"):
        past = (event,) if type(event).__name__ == "TicketOpened" else (*BEFORE, event)
        for draft in drafts(*past):
            if not draft.to_customer:
                assert "help.example" not in draft.text + draft.html
                assert draft.reply_to == ""


def test_a_new_link_is_the_requesters_own() -> None:
    story = story_of(TICKET, recorded(opened()))
    draft = COMPOSER.draft(link_letter(story), story, TICKET, utc_now(), "Hafenlicht")
    (token,) = re.findall(r"https://help\.example/t/([\w.-]+)", draft.text)
    assert read_link(COMPOSER.link_secret, token).person_id == person_id(CUSTOMER)
    assert draft.recipient == CUSTOMER


def test_who_is_to_confirm_a_ticket_is_told_until_when_and_nothing_that_was_typed() -> None:
    held = opened(held=True, subject="Cheap pills", description="Buy at evil.example")
    end = T0.replace(day=9)
    reminded = AddressProofReminded(reminder=1, ends_at=end, reminded_at=T0)
    (draft,) = drafts(held, reminded)
    assert (draft.kind, draft.unproven) == (NotificationKind.CLARIFICATION, True)
    assert "evil" not in draft.text + draft.html
    for words in (draft.text, draft.html):
        assert "waits until you confirm it" in words
        assert "9 March 2026" in " ".join(words.split())
        assert len(re.findall(r"https://help\.example/t/([\w.-]+)", words)) == 1
    (draft,) = drafts(held, reminded.model_copy(update={"ends_at": None}))
    assert "we decide" not in draft.text + draft.html


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_mail_to_another_address_tells_nothing_of_the_ticket(language: str) -> None:
    past = (opened(subject="My salary", description="It is secret.", language=language),)
    story = story_of(TICKET, recorded(*past))
    url = "https://help.example/mine/addresses/x"
    letter = address_letter(story, "maria@home.example", url)
    wish = Wish(language)
    draft = COMPOSER.draft(letter, story, TICKET, T0, "Hafenlicht", wish)
    assert draft.recipient == "maria@home.example"
    told = draft.subject + draft.text + draft.html
    assert "salary" not in told
    assert "secret" not in told
    assert "/t/" not in told
    for words in (draft.text, draft.html):
        assert url in words
        assert CUSTOMER in words


def test_a_code_that_was_asked_for_stands_in_the_mail() -> None:
    story = story_of(TICKET, recorded(opened()))
    letter = link_letter(story, "1234 5678")
    draft = COMPOSER.draft(letter, story, TICKET, utc_now(), "Hafenlicht")
    assert "1234 5678" in draft.text
    assert "1234 5678" in draft.html
    assert "Your code" in draft.subject


def test_a_mail_is_the_same_however_often_it_is_composed() -> None:
    assert drafts(*BEFORE, resolved()) == drafts(*BEFORE, resolved())


def test_message_ids_and_reply_addresses_are_signed() -> None:
    (draft,) = drafts(*BEFORE, resolved())
    secret = COMPOSER.link_secret.encode()
    assert read_message_id(secret, draft.message_id) == (TICKET, draft.notification_id)
    token = draft.reply_to.partition("+")[2].partition("@")[0]
    assert read_reply_token(secret, token) == TICKET


def test_a_mails_conversation_begins_with_the_customers_mail_else_with_the_acknowledgment() -> None:
    (acknowledgment,) = drafts(opened())
    (later,) = drafts(opened(), resolved())
    assert acknowledgment.references == ()
    assert later.references == (acknowledgment.message_id,)
    (by_mail,) = drafts(opened(message_id="abc@x.example"))
    assert by_mail.in_reply_to == "<abc@x.example>"


@pytest.mark.parametrize(
    "hostile", ["<a b@c>", "<a@b>\r\nBcc: x@y", "", "<" + "a" * 500 + ">", "é"]
)
def test_a_message_id_that_could_break_a_header_is_not_quoted(hostile: str) -> None:
    (draft,) = drafts(opened(message_id=hostile))
    assert draft.references == ()


def test_an_acknowledgment_carries_no_address_to_go_to() -> None:
    spam = "Buy at https://evil.example/x?y now, or www.evil.example, or evil.example/path"
    (draft,) = drafts(opened(description=spam))
    assert "evil.example" not in draft.text + draft.html
    assert excerpt("see a.b/c and https://x.y") == "see [link] and [link]"
    for plain in ("version 1.2 of file.txt. OK", "e.g. report.PDF: i.e. 3.14, and so on... yes"):
        assert without_links(plain) == excerpt(plain) == plain
    assert without_links("log.txt/evil, a.txt:evil.example") == "[link] [link]"


@pytest.mark.parametrize(
    "link",
    ["evil.example", "evil.example?x=1", "EVIL.example:80", "evil\u3002example", "https://evil/",
     "evil.xn--p1ai", "buy.at.evil.example", "ftp://evil.example/x", "1.2.3.4/evil"],
)  # fmt: skip
def test_nothing_that_was_typed_makes_a_link_before_an_agent_has_written(link: str) -> None:
    person = Person(person_id=person_id(CUSTOMER), name=f"{link} Silva", email=CUSTOMER)
    spam = opened(subject=f"Win: {link} now", description=f"Win: {link}", requester=person)
    rest = (spam, categorised(), prioritised())
    clarification = told_events("Which order?")[1]
    early = [*drafts(spam), *drafts(*rest, clarification), *drafts(*rest, assigned())]
    told = [draft for draft in early if draft.to_customer]
    assert [draft.kind.value for draft in told] == ["acknowledgment", "clarification", "assignment"]
    for draft in told:
        words = draft.subject + draft.text + draft.html + draft.recipient_name
        assert not re.search("evil", words, re.IGNORECASE)
        assert "Win: [link]" in draft.html
        assert "Hello," in draft.text
    assert f"Win: {link} now" in drafts(*rest, assigned())[0].text


def test_a_title_stays_as_it_was_typed_once_an_agent_has_written() -> None:
    (draft,) = drafts(opened(subject="shop.example is down"), assigned(), resolved())
    assert "shop.example is down" in draft.subject


def test_an_acknowledgment_that_is_withheld_says_so_in_its_draft() -> None:
    assert [d.withheld for d in drafts(opened(auto_response_allowed=False))] == [
        "auto_response_declined"
    ]


@pytest.mark.parametrize("part", ["a", "a.", "a-", "a-a.", "aa.1.", "a-" * 31 + "."])
def test_a_hostile_text_is_looked_at_no_further_than_its_beginning(part: str) -> None:
    hostile = part * (100_000 // len(part))
    assert excerpt(hostile) == excerpt(hostile[:LOOKED_AT_LENGTH_MAX])
    started = process_time()
    excerpt(hostile)
    assert process_time() - started < 0.5


def test_words_for_people() -> None:
    assert [duration(m) for m in (0.2, 1, 45, 60, 90, 240, 200)] == [
        "1 minute", "1 minute", "45 minutes", "1 hour", "90 minutes", "4 hours", "4 hours",
    ]  # fmt: skip
    assert [first_name(n) for n in ("Maria Silva", "Silva, Maria", "", "a@b.c", " Bo ")] == [
        "Maria", "Maria", "", "", "Bo",
    ]  # fmt: skip
    assert shortened("one two three", 9) == "one two…"
    assert line("a\r\n\u202eb\tc") == "a b c"
    assert clean("a\r\nb\x00c\td") == "a\nbc\td"
    assert quoted("a\nb") == "> a\n> b"
    assert paragraphs("<b>\nx\n\ny") == "<p>&lt;b&gt;<br>\nx</p>\n<p>y</p>\n"
