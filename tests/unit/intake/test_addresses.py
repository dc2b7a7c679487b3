from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.addresses import normalised

PIECES = st.text(st.sampled_from("aZ09._+-@x"), max_size=12)


def by_the_library(address: str) -> str | None:
    try:
        checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return checked.normalized


def ours(address: str) -> str | None:
    try:
        return normalised(address)
    except EmailNotValidError:
        return None


@given(PIECES, PIECES, st.sampled_from([".com", ".invalid", ".example", ".local", "", ".c0", "."]))
@example("a", "x" * 64, ".com")
@example("a" * 65, "x", ".com")
@example("a", "xn--a", ".com")
@example("a", "ab--c", ".com")
@example("a", "x.invalid", "")
@example("a", "-x", ".com")
@example("a", ".".join(["x" * 60] * 4), ".com")
def test_an_address_is_what_the_library_makes_of_it(local: str, domain: str, end: str) -> None:
    address = f"{local}@{domain}{end}"
    assert ours(address) == by_the_library(address)
