"""Mail that was forwarded: whose word counts for what it was before."""

import dkim
import pytest

from services.intake.authentic import Authenticator
from services.intake.authentic.arc import SETS_MAX, check_arc
from services.intake.mail import understand
from services.intake.placing import Envelope
from shared.events.intake import Authenticity, Verdict
from tests.unit.intake.test_authentic import (
    LETTER,
    PRIVATE,
    THEIRS,
    ZONE,
    Silence,
    Zone,
    key_record,
)

HEADERS = [b"from", b"subject"]
RECORDS = ZONE | {
    (f"key._domainkey.{name}.example", "TXT"): key_record() for name in ("forward", "list")
}
PASSED = "spf=pass smtp.mailfrom=shop.example; dmarc=pass header.from=shop.example"


def sealed(raw: bytes, domain: str, said: str = PASSED, before: str = "none") -> bytes:
    """The mail as a server hands it on, with what it found out."""
    name = f"{domain}.example"
    results = f"Authentication-Results: {name}; {said}; arc={before}\r\n".encode()
    lines = dkim.arc_sign(
        results + raw, b"key", name.encode(), PRIVATE, name.encode(), include_headers=HEADERS
    )
    assert lines, "nothing to seal"
    return b"".join(lines) + results + raw


async def found(raw: bytes, *trusted: str) -> Authenticity:
    forwarders = [f"{one}.example" for one in trusted]
    authenticator = Authenticator(Zone(RECORDS), ["127.0.0.0/8"], [], forwarders)
    envelope = Envelope("x@forward.example", ("support@desk.localhost",), peer=THEIRS, helo="f")
    result = await authenticator.of(raw, understand(raw), envelope)
    assert result is not None
    return result


async def test_a_forwarder_that_we_trust_vouches_for_what_it_saw() -> None:
    result = await found(sealed(LETTER, "forward"), "forward")
    assert (result.arc, result.forwarder) == ("pass", "forward.example")
    assert (result.spf, result.dmarc, result.verdict) == ("none", "fail", Verdict.PASSED)


async def test_one_that_nobody_trusts_vouches_for_nothing() -> None:
    result = await found(sealed(LETTER, "forward"))
    assert (result.arc, result.forwarder, result.verdict) == (
        "pass",
        "forward.example",
        Verdict.FAILED,
    )


async def test_everyone_in_the_chain_must_be_trusted() -> None:
    twice = sealed(sealed(LETTER, "list"), "forward", "dmarc=fail", "pass")
    assert (await found(twice, "forward")).verdict is Verdict.FAILED
    result = await found(twice, "forward", "list")
    assert (result.arc, result.forwarder, result.verdict) == (
        "pass",
        "forward.example",
        Verdict.PASSED,
    )


async def test_a_mail_changed_behind_the_seal_is_vouched_for_by_nobody() -> None:
    changed = sealed(LETTER, "forward").replace(b"It broke", b"Pay me")
    result = await found(changed, "forward")
    assert (result.arc, result.forwarder, result.verdict) == ("fail", "", Verdict.FAILED)


@pytest.mark.parametrize("said", ["dmarc=fail", "spf=pass", "dmarc=pass header.from=evil.example"])
async def test_what_the_forwarder_saw_must_be_that_its_author_was_proven(said: str) -> None:
    assert (await found(sealed(LETTER, "forward", said), "forward")).verdict is Verdict.FAILED


def test_a_mail_without_seals_or_with_too_many_is_not_asked_about() -> None:
    zone = Zone(RECORDS)
    assert check_arc(zone, LETTER).result == "none"
    many = b"".join(b"ARC-Seal: i=%d; a=b\r\n" % n for n in range(1, SETS_MAX + 2))
    assert check_arc(zone, many + LETTER).result == "policy"
    assert zone.asked == []
    assert check_arc(zone, b"ARC-Seal: i=1; nonsense\r\n" + LETTER).result in {"fail", "permerror"}
    assert check_arc(Silence(), sealed(LETTER, "forward")).result in {"temperror", "fail"}
