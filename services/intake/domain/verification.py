"""Is a ticket accurate and complete? If not, what is the customer asked?"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from services.intake.domain.ticket import Facts
from shared.events.desk import FormField, TopicDefined
from shared.events.intake import Question
from shared.form_fields import FILE, asked, in_words

LETTERS_MIN: Final = 2
"""A text with fewer letters and digits says nothing that could be worked on."""

ROUNDS_MAX: Final = 2
"""A customer is asked this often; then the ticket goes on with what there is."""

FIELD_LENGTH_MAX: Final = 2_000
"""Most characters in a field of a form."""

_NUMBER = re.compile(r"[+-]?\d{1,30}(?:[.,]\d{1,30})?")


def questions_about(facts: Facts, topic: TopicDefined) -> tuple[Question, ...]:
    """What has to be asked before the ticket can be worked on; empty if it is complete."""
    questions = []
    if says_nothing(facts.subject + facts.description) and not facts.attached:
        what = "What happened, and what did you expect?"
        questions.append(Question(field="description", text=what))
    required = asked(topic.fields, facts.custom_fields)
    for field in topic.fields:
        value = facts.custom_fields.get(field.name, "")
        if field.name not in required or (field.kind == FILE and facts.attached):
            # A mail's files are in no field: any of them may be the one.
            continue
        trouble = trouble_with(field, value, required=required[field.name])
        if trouble is not None:
            questions.append(Question(field=field.name, text=_question(field, value, trouble)))
    return tuple(questions)


def checks_passed(topic: TopicDefined, open_questions: tuple[Question, ...]) -> tuple[str, ...]:
    """What was checked, for the record; what stayed open is named."""
    checks = ["sender can be answered", "there is something to work on"]
    if topic.fields:
        checks.append(f"fields of {topic.name}")
    if open_questions:
        labels = {field.name: field.label for field in topic.fields}
        left = ", ".join(labels.get(each.field, each.field) for each in open_questions)
        checks.append(f"accepted without: {left}")
    return tuple(checks)


def says_nothing(text: str) -> bool:
    """Whether there are no words in it at all: dots, signs, pictures only."""
    return sum(map(str.isalnum, text)) < LETTERS_MIN


def troubles_in(topic: TopicDefined, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the values of a topic's fields, by their names."""
    required = asked(topic.fields, values)
    labels = {field.name: field.label for field in topic.fields}
    found = {}
    for field in topic.fields:
        value = values.get(field.name, "")
        if field.name in required:
            trouble = trouble_with(field, value, required=required[field.name])
        elif value and field.shown_when is not None:
            trouble = f"is asked for only when {in_words(field.shown_when, labels)}"
        else:
            trouble = None
        if trouble is not None:
            found[field.name] = trouble
    return found


def trouble_with(field: FormField, value: str, *, required: bool) -> str | None:
    """What is wrong with the value of a topic's field; None if nothing is."""
    if not value:
        return "is required" if required else None
    if field.kind == FILE:
        return None
    if len(value) > FIELD_LENGTH_MAX:
        return f"must be at most {FIELD_LENGTH_MAX:,} characters long; it has {len(value):,}"
    match field.kind:
        case "choice" if value not in field.choices:
            return f"must be one of: {', '.join(field.choices)}"
        case "number" if not _NUMBER.fullmatch(value):
            return "must be a number"
        case "date" if not _is_date(value):
            return "must be a date such as 2026-03-31"
        case _:
            return None


def answers_in(text: str, questions: tuple[Question, ...]) -> dict[str, str]:
    """The answers in a free text: all of it to the only question, else line by line.

    With several questions, lines such as `Order number: 4711` answer the field of that
    name, and the text as a whole is what happened.
    """
    if not text:
        return {}
    if len(questions) == 1:
        return {questions[0].field: text}
    answers = {}
    said = _labelled(text)
    for question in questions:
        if question.field == "description":
            answers["description"] = text
        elif (value := said.get(_plain(question.field))) is not None:
            answers[question.field] = value
    return answers


def _labelled(text: str) -> Mapping[str, str]:
    parts = (line.partition(":") for line in text.splitlines())
    return {_plain(label): value.strip() for label, colon, value in parts if colon and value}


def _plain(label: str) -> str:
    return re.sub(r"[\s_-]+", " ", label).strip().casefold()


def _question(field: FormField, value: str, trouble: str) -> str:
    if not value:
        choices = f" ({', '.join(field.choices)})" if field.choices else ""
        return f"{field.label}{choices}?"
    return f"{field.label}: {value[:100]!r} {trouble}."


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
