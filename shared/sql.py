"""SQL lives in files: `-- name: open_tickets` and a description, then the statement.

What several statements of a file share is written once, above them: `-- part: page`, then its
text; `:page:` in a statement, or in a later part, stands for it.
"""

import re
from pathlib import Path

_HEAD = re.compile(r"^-- (name|part): (\w+)\s*$", re.MULTILINE)
_PART = re.compile(r":(\w+):(?!:)")


class Queries:
    """The named statements of one `queries.sql`, each an attribute."""

    def __init__(self, statements: dict[str, str]) -> None:
        self._statements = statements

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"no query is named {name!r}") from None

    def names(self) -> list[str]:
        """The names of all statements."""
        return list(self._statements)

    def render(self, name: str, **identifiers: str) -> str:
        """The statement `name` with `{identifier}` placeholders replaced by quoted names."""
        quoted = {k: '"' + v.replace('"', '""') + '"' for k, v in identifiers.items()}
        return self._statements[name].format(**quoted)


def load_queries(beside: str) -> Queries:
    """The statements in `queries.sql` beside the module file `beside` (its `__file__`)."""
    text = (Path(beside).parent / "queries.sql").read_text(encoding="utf-8")
    return Queries(statements_in(text))


def statements_in(text: str) -> dict[str, str]:
    """The statements by their names. Raises KeyError for a part that is not above its use."""
    heads = _HEAD.split(text)[1:]
    found: dict[str, dict[str, str]] = {"name": {}, "part": {}}
    for kind, name, written in zip(heads[::3], heads[1::3], heads[2::3], strict=True):
        found[kind][name] = _PART.sub(lambda part: found["part"][part[1]], written.strip())
    return found["name"]
