"""Mails in the desk's own words: checked before they are applied, and never in the way."""

import pytest

from services.notify.own_words import OwnWords, troubles
from services.notify.preview import made_up
from services.notify.rendering import render
from shared.events.notify import MailTemplate

FACTS = made_up("acknowledgment")
NUMBER = FACTS["number"]


def template(**changes: str) -> MailTemplate:
    given = {"name": "acknowledgment", "subject": "[{{ number }}] Moin", "text": "Hi {{ name }}."}
    return MailTemplate(**given | changes)


def test_subject_and_body_are_replaced_and_the_frame_stays() -> None:
    text = "Moin {{ name }},\n\nwe look at <{{ title }}>."
    made = OwnWords.of([template(text=text)]).render("acknowledgment", FACTS)
    usual = render("acknowledgment", FACTS)
    assert made.subject == f"[{NUMBER}] Moin"
    assert "Moin Maria,\n\nwe look at <Checkout is down>." in made.text
    assert "<p>Moin Maria,</p>" in made.html
    assert "&lt;Checkout is down&gt;" in made.html
    for kept in (FACTS["status_url"], FACTS["desk"], NUMBER):
        assert kept in made.text
        assert kept in made.html
    assert "Thank you for writing" in usual.text
    assert "Thank you for writing" not in made.text


def test_what_is_left_empty_stays_as_it_is() -> None:
    usual = render("acknowledgment", FACTS)
    made = OwnWords.of([template(text="")]).render("acknowledgment", FACTS)
    assert (made.text, made.html) == (usual.text, usual.html)
    made = OwnWords.of([template(subject="")]).render("acknowledgment", FACTS)
    assert made.subject == usual.subject


def test_a_language_has_words_of_its_own_before_those_for_all() -> None:
    words = OwnWords.of([template(), template(language="de", subject="[{{ number }}] Servus")])
    assert words.render("acknowledgment", FACTS, "de").subject == f"[{NUMBER}] Servus"
    assert words.render("acknowledgment", FACTS, "en").subject == f"[{NUMBER}] Moin"
    in_german = OwnWords.of([template()]).render("acknowledgment", FACTS, "de")
    assert 'lang="de"' in in_german.html
    reply = made_up("reply")
    assert words.render("reply", reply) == render("reply", reply)


def test_what_breaks_when_a_mail_is_written_is_passed_over() -> None:
    words = OwnWords.of([template(text="{{ nothing_of_the_kind }}")])
    assert words.render("acknowledgment", FACTS) == render("acknowledgment", FACTS)


def test_words_that_are_right_are_taken() -> None:
    assert list(troubles([template(), template(language="de"), template(name="reply")])) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "birthday"}, "is no mail of ours"),
        ({"language": "xx"}, "there is no language xx"),
        ({"subject": "", "text": " "}, "says nothing"),
        ({"subject": "Moin"}, "must hold {{ number }}"),
        ({"text": "{{ name"}, "text: "),
        ({"text": "{{ secret }}"}, "knows nothing of secret"),
        ({"text": "{{ reason }}"}, "knows nothing of reason"),
        ({"text": "{{ name.first }}"}, "can't be written"),
        ({"text": "{{ name.__class__.__mro__ }}"}, "can't be written"),
        ({"text": "{{ name | nosuchfilter }}"}, "text: there is no filter nosuchfilter"),
        ({"text": "{% include '/etc/passwd' %}"}, "text: include is not allowed"),
        ({"text": "{{ 'x' * 300000000 }}"}, "text: mul is not allowed"),
        ({"text": "{% for a in range(9) %}{% endfor %}"}, "text: call is not allowed"),
        ({"text": "{{ name | center(300000000) }}"}, "text: there is no filter center"),
        (
            {"text": "{% for a in files %}{% for b in files %}{% endfor %}{% endfor %}"},
            "text: a loop in a loop",
        ),
        ({"text": "x" * 20_001}, "longer than"),
    ],
)
def test_what_is_wrong_is_told_before_it_is_applied(changes: dict[str, str], told: str) -> None:
    found = list(troubles([template(**changes)]))
    assert any(told in what for _, what in found), found


def test_a_template_stands_once() -> None:
    assert list(troubles([template(), template()])) == [("acknowledgment", "is there twice")]
