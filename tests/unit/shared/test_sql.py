"""SQL in files: names, and parts that several statements share."""

import pytest

from shared.sql import statements_in

TEXT = """-- What the file is about.

-- part: wanted
($1::text is null or status = $1)

-- part: page
and :wanted:
limit $2

-- name: open
-- What is open.
select * from tickets where active
:page:;

-- name: cast
select $1::text::xid8::xid;
"""


def test_a_part_stands_where_it_is_named_also_in_a_later_part() -> None:
    statements = statements_in(TEXT)
    assert list(statements) == ["open", "cast"]
    assert statements["open"].endswith(
        "where active\nand ($1::text is null or status = $1)\nlimit $2;"
    )


def test_a_cast_is_no_part() -> None:
    assert statements_in(TEXT)["cast"] == "select $1::text::xid8::xid;"


def test_a_part_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="nothing"):
        statements_in("-- name: broken\nselect 1 where :nothing:")
