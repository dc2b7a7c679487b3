"""What is wrong with what somebody sent, in words for people who never heard of Pydantic."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

NAME_LENGTH_SHOWN: Final = 100
PLACES: Final = frozenset({"body", "query", "header", "path", "cookie"})
"""Where a web framework says that a field was, in front of its name."""

_MOMENT: Final = "must be a time such as 2026-03-01T14:00:00Z"
_TRUTH: Final = "must be true or false"
_NUMBER: Final = "must be a number"
_WHOLE: Final = "must be a whole number"
_OBJECT: Final = "must be an object"
_LIST: Final = "must be a list"
_ID: Final = "must be an id such as 0198c0de-0000-7000-8000-000000000000"

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a field we know",
    "json_invalid": "is not JSON",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "is too large",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": f"{_MOMENT}, with its time zone",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "string_pattern_mismatch": "is not written as it has to be",
}

_WITH_FACTS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "enum": lambda c: _one_of(c["expected"]),
    "literal_error": lambda c: _one_of(c["expected"]),
    "too_long": lambda c: f"may hold {c['max_length']}; there are {c['actual_length']}",
    "too_short": lambda c: f"must hold {c['min_length']}; there are {c['actual_length']}",
    "string_too_short": lambda c: (
        "must not be empty"
        if c["min_length"] == 1
        else f"must be at least {c['min_length']:,} characters long"
    ),
    "string_too_long": lambda c: f"must be at most {c['max_length']:,} characters long",
    "greater_than": lambda c: f"must be more than {c['gt']:g}",
    "greater_than_equal": lambda c: f"must be at least {c['ge']:g}",
    "less_than": lambda c: f"must be less than {c['lt']:g}",
    "less_than_equal": lambda c: f"must be at most {c['le']:g}",
}


def place_of(location: Sequence[int | str]) -> str:
    """The name of a field: `requester.email`; `body` when it is all of it."""
    parts = location[1:] if location and location[0] in PLACES else location
    named = ".".join(str(part)[:NAME_LENGTH_SHOWN] or "(no name)" for part in parts)
    return named or "body"


def in_plain_words(error: ErrorDetails) -> str:
    """What is wrong with a field, to stand after its name."""
    kind, facts = error["type"], error.get("ctx", {})
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in _WITH_FACTS:
        return _WITH_FACTS[kind](facts)
    said = error["msg"].removeprefix("Value error, ")
    return said.replace("Input should be", "must be") if said.startswith("Input") else said


def errors_in_words(errors: Iterable[ErrorDetails]) -> list[tuple[str, str]]:
    """Every field that is wrong, and what is; text that is no JSON has no fields yet."""
    return [
        ("body" if error["type"] == "json_invalid" else place_of(error["loc"]),
         in_plain_words(error))
        for error in errors
    ]  # fmt: skip


def _one_of(expected: str) -> str:
    return f"must be one of: {expected.replace(chr(39), '').replace(' or ', ', ')}"
