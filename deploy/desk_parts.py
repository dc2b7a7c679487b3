"""What the parts of the desk's configuration are made of."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Minutes = Annotated[float, Field(gt=0)]
Hours = Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d ?- ?\d\d:\d\d$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320)]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Place = tuple[str | int, ...]
"""Where something stands: keys and indexes, from the whole file inwards."""


class Part(BaseModel):
    """Part of the file; what it does not know is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def intervals(days: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, str]]]:
    """Hours by day, as services take them."""
    return {day: [interval(each) for each in opened] for day, opened in days.items()}


def interval(text: str) -> dict[str, str]:
    """`08:00 - 12:00` as services take it."""
    start, _, end = text.partition("-")
    return {"start": start.strip(), "end": end.strip()}
