"""SQL lives in files: `-- name: open_tickets` and a description, then the statement."""

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (?P<name>\w+)\s*$", re.MULTILINE)


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
    parts = _NAME.split(text)
    return Queries(dict(zip(parts[1::2], (p.strip() for p in parts[2::2]), strict=True)))
