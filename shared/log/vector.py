"""What somebody knew of a ticket: how far each author's stream had come.

One value, three uses: the causes an event names (`ld_after`), the ETag of a ticket, and
the consistency token of a command.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

REMEMBERED_LENGTH_MAX = 200


class Vector(Mapping[str, int]):
    """Versions by author, e.g. `{"intake": 3, "sla": 1}`; an absent author is at 0.

    Written `intake=3,sla=1`, authors in order. Immutable.
    """

    __slots__ = ("_versions",)

    def __init__(self, versions: Mapping[str, int] | None = None) -> None:
        self._versions = {a: v for a, v in (versions or {}).items() if v > 0}

    @classmethod
    def parse(cls, text: str) -> "Vector":
        """The vector in `text`; raises ValueError if it is not one."""
        return _remembered(text) if len(text) <= REMEMBERED_LENGTH_MAX else _parsed(text)

    def __getitem__(self, author: str) -> int:
        return self._versions.get(author, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def __str__(self) -> str:
        return ",".join(f"{a}={v}" for a, v in sorted(self._versions.items()))

    def __repr__(self) -> str:
        return f"Vector({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self._versions == other._versions

    def __hash__(self) -> int:
        return hash(str(self))

    def covers(self, other: Mapping[str, int]) -> bool:
        """Whether everything in `other` is known here too."""
        return all(self[author] >= version for author, version in other.items())

    def merged(self, other: Mapping[str, int]) -> "Vector":
        """What is known by either."""
        return Vector({a: max(self[a], other.get(a, 0)) for a in {*self, *other}})

    def moved(self, author: str, version: int) -> "Vector":
        """The same, with `author` at `version`."""
        return Vector({**self._versions, author: version})

    def without(self, *authors: str) -> "Vector":
        """The same, without these authors' streams."""
        return Vector({a: v for a, v in self._versions.items() if a not in authors})


def _parsed(text: str) -> Vector:
    versions = {}
    for part in filter(None, text.strip().strip('"').split(",")):
        author, _, version = part.partition("=")
        if not author or not version.isdecimal():
            raise ValueError(f"not a version vector: {text!r}")
        versions[author] = int(version)
    return Vector(versions)


_remembered = lru_cache(maxsize=1000)(_parsed)
"""Tickets live alike: a few hundred vectors are most of them."""
