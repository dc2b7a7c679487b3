"""Who really sent a mail: SPF, DKIM and DMARC, on a DNS of our own."""

import base64
import time
from collections.abc import Mapping
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.intake.authentic import Authenticator, Unanswered, authenticator
from services.intake.authentic.checks import SIGNATURES_MAX, check_dkim, check_spf
from services.intake.authentic.dmarc import is_aligned, organisation_of, policy_of
from services.intake.authentic.results import believed
from services.intake.mail import understand
from services.intake.placing import Envelope
from shared.events.intake import Authenticity, Verdict

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
PUBLIC = KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
LETTER = b"From: Carla <carla@shop.example>\r\nSubject: Help\r\n\r\nIt broke.\r\n"
OURS, THEIRS = "192.0.2.1", "198.51.100.9"


def text(value: str) -> list[tuple[bytes, ...]]:
    return [(value.encode(),)]


def key_record() -> list[tuple[bytes, ...]]:
    whole = b"v=DKIM1; k=rsa; p=" + base64.b64encode(PUBLIC)
    return [(whole[:200], whole[200:])]


ZONE: dict[tuple[str, str], list[Any]] = {
    ("shop.example", "TXT"): text(f"v=spf1 ip4:{OURS} mx -all"),
    ("shop.example", "MX"): [(10, "mx.shop.example")],
    ("mx.shop.example", "A"): ["192.0.2.25"],
    ("_dmarc.shop.example", "TXT"): text("v=DMARC1; p=reject; sp=none; adkim=r"),
    ("key._domainkey.shop.example", "TXT"): key_record(),
    ("key._domainkey.evil.example", "TXT"): key_record(),
    ("evil.example", "TXT"): text("v=spf1 +all"),
    ("lone.example", "TXT"): text(f"v=spf1 ip4:{OURS} -all"),
    ("soft.example", "TXT"): text(f"v=spf1 ip4:{OURS} ~all"),
}


class Zone:
    """A DNS that knows what it was told."""

    def __init__(self, records: Mapping[tuple[str, str], list[Any]]) -> None:
        self.records = records
        self.asked: list[str] = []

    def lookup(self, name: str, kind: str) -> list[Any]:
        self.asked.append(name)
        return list(self.records.get((name, kind), []))


class Silence:
    """A DNS that gives no answer."""

    def lookup(self, name: str, kind: str) -> list[Any]:
        raise Unanswered(name, kind)


def signed(raw: bytes, domain: str, **options: Any) -> bytes:
    header: bytes = dkim.sign(raw, b"key", domain.encode(), PRIVATE, **options)
    return header + raw


async def found(
    raw: bytes = LETTER, sender: str = "carla@shop.example", peer: str = THEIRS
) -> Authenticity:
    asked = Authenticator(Zone(ZONE), ["127.0.0.0/8"], [])
    envelope = Envelope(sender, ("support@desk.localhost",), peer=peer, helo="mail.example.org")
    result = await asked.of(raw, understand(raw), envelope)
    assert result is not None
    return result


@pytest.mark.parametrize("peer", [OURS, "192.0.2.25"])
async def test_a_mail_from_where_its_domain_sends_is_proven(peer: str) -> None:
    result = await found(peer=peer)
    assert (result.spf, result.dmarc, result.verdict) == ("pass", "pass", Verdict.PASSED)


async def test_a_mail_from_elsewhere_fails() -> None:
    result = await found()
    assert (result.spf, result.dkim, result.dmarc) == ("fail", "none", "fail")
    assert (result.policy, result.verdict) == ("reject", Verdict.FAILED)


async def test_a_signature_proves_a_mail_that_was_forwarded() -> None:
    result = await found(signed(LETTER, "shop.example"), sender="list@elsewhere.example")
    assert (result.dkim, result.verdict) == ("pass", Verdict.PASSED)
    changed = signed(LETTER, "shop.example").replace(b"It broke", b"Pay me")
    assert (await found(changed)).verdict is Verdict.FAILED


async def test_somebody_elses_spf_and_signature_prove_nothing() -> None:
    result = await found(signed(LETTER, "evil.example"), sender="x@evil.example")
    assert (result.spf, result.dkim) == ("pass", "pass")
    assert (result.dmarc, result.verdict) == ("fail", Verdict.FAILED)


async def test_what_is_added_behind_a_signatures_length_is_signed_by_nobody() -> None:
    longer = signed(LETTER, "shop.example", length=True) + b"Pay me instead.\r\n"
    result = await found(longer)
    assert (result.dkim, result.verdict) == ("policy", Verdict.FAILED)


async def test_two_authors_are_no_author() -> None:
    two = b"From: mallory@evil.example\r\n" + LETTER
    result = await found(two, sender="x@evil.example")
    assert result.verdict is Verdict.FAILED


async def test_without_a_policy_spf_alone_may_refuse() -> None:
    for domain, verdict in (
        ("lone", Verdict.FAILED),
        ("soft", Verdict.NONE),
        ("new", Verdict.NONE),
    ):
        raw = LETTER.replace(b"shop.example", f"{domain}.example".encode())
        assert (await found(raw, f"carla@{domain}.example")).verdict is verdict


async def test_a_dns_that_does_not_answer_proves_and_refuses_nothing() -> None:
    asked = Authenticator(Silence(), [], [])
    envelope = Envelope("carla@shop.example", (), peer=THEIRS)
    result = await asked.of(LETTER, understand(LETTER), envelope)
    assert result is not None
    assert (result.dmarc, result.verdict) == ("temperror", Verdict.NONE)


async def test_of_mail_through_a_server_of_ours_its_word_counts() -> None:
    asked = Authenticator(Silence(), ["10.0.0.0/8"], ["MX.desk.localhost"])
    forged = b"Authentication-Results: mx.evil.example; dmarc=pass\r\n" + LETTER
    ours = (
        b"Authentication-Results: mx.desk.localhost; spf=pass; dmarc=fail (p=reject)\r\n" + forged
    )
    for peer in ("10.1.2.3", ""):
        envelope = Envelope("carla@shop.example", (), peer=peer)
        assert await asked.of(forged, understand(forged), envelope) is None
        result = await asked.of(ours, understand(ours), envelope)
        assert result is not None
        assert (result.verdict, result.checked_by) == (Verdict.FAILED, "mx.desk.localhost")


async def test_other_peoples_slow_name_servers_take_no_time_from_the_authors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(authenticator, "CHECK_SECONDS_MAX", -1.0)
    forged = await found(signed(LETTER, "evil.example"), sender="x@evil.example")
    assert (forged.spf, forged.dkim) == ("temperror", "temperror")
    assert (forged.policy, forged.dmarc, forged.verdict) == ("reject", "fail", Verdict.FAILED)
    own = await found(sender="carla@shop.example", peer=OURS)
    assert (own.dmarc, own.verdict) == ("temperror", Verdict.NONE)


async def test_the_authors_signature_is_looked_at_whatever_stands_above_it() -> None:
    raw = signed(LETTER, "shop.example")
    for _ in range(SIGNATURES_MAX):
        raw = signed(raw, "evil.example")
    assert (await found(raw, sender="x@evil.example")).verdict is Verdict.PASSED


def of_shop(said: str, author: bytes = b"carla@shop.example") -> Authenticity:
    """What a server of ours says of a mail, believed."""
    head = f"Authentication-Results: mx.a; {said}\r\n".encode()
    rest = b"\r\nSender: carla@shop.example\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n"
    result = believed(understand(head + b"From: " + author + rest), ["mx.a"])
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("dmarc=pass (p=reject) header.from=shop.example", Verdict.PASSED),
        ("spf=fail; DMARC = pass  header.from=Shop.Example", Verdict.PASSED),
        ("dmarc=fail (p=reject) header.from=shop.example", Verdict.FAILED),
        ("spf=none (dmarc=pass header.from=shop.example)", Verdict.NONE),
        ("spf=none (a (dmarc=pass) dmarc=pass header.from=shop.example)", Verdict.NONE),
        ("spf=pass smtp.mailfrom=dmarc=pass@evil.example; dmarc=fail", Verdict.FAILED),
        (
            'spf=pass smtp.mailfrom="a; dmarc=pass header.from=shop.example"; dmarc=fail',
            Verdict.FAILED,
        ),
        ('spf=pass smtp.mailfrom="a\\"; dmarc=pass header.from=shop.example', Verdict.NONE),
        ("dmarc=pass header.from=evil.example", Verdict.NONE),
        ("dmarc=pass", Verdict.NONE),
    ],
)
def test_a_servers_word_counts_for_the_author_it_names_and_where_it_stands(
    said: str, verdict: Verdict
) -> None:
    assert of_shop(said).verdict is verdict


@pytest.mark.parametrize("author", [b"undisclosed:;", b"a" * 65 + b"@evil.example"])
def test_a_domain_that_was_proven_proves_no_sender_that_stands_in_for_the_author(
    author: bytes,
) -> None:
    assert of_shop("dmarc=pass header.from=evil.example", author).verdict is Verdict.NONE


@pytest.mark.parametrize("name", [b"", b"Carla "])
def test_an_address_in_quotes_is_of_the_domain_behind_them(name: bytes) -> None:
    quoted = b'"carla@shop.example"@evil.example'
    mail = understand(b"From: " + (name + b"<" + quoted + b">" if name else quoted) + b"\r\n\r\nHi")
    assert mail.from_address == quoted.decode()


def test_two_authors_are_nobodys_word() -> None:
    two = b"carla@shop.example, mal@evil.example"
    assert of_shop("dmarc=pass header.from=shop.example", two).verdict is Verdict.FAILED


def test_a_policy_is_the_domains_own_or_that_of_its_organisation() -> None:
    zone = Zone(ZONE)
    for name, policy in (("shop.example", "reject"), ("news.shop.example", "none")):
        known = policy_of(zone, name)
        assert known is not None
        assert known.policy == policy
    assert policy_of(zone, "new.example") is None
    twice = Zone({("_dmarc.a.example", "TXT"): [(b"v=DMARC1; p=none",), (b"v=DMARC1; p=reject",)]})
    assert policy_of(twice, "a.example") is None


def test_organisations_end_at_public_suffixes() -> None:
    assert organisation_of("a.b.shop.co.uk") == "shop.co.uk"
    assert is_aligned("news.shop.co.uk", "mail.shop.co.uk", strict=False)
    assert not is_aligned("news.shop.co.uk", "mail.shop.co.uk", strict=True)
    assert not is_aligned("shop.co.uk", "evil.co.uk", strict=False)


@pytest.mark.parametrize(
    "body", [b" " * 200_000, b"\r\n" * 200_000, b" \r\n" * 100_000], ids=["spaces", "lines", "both"]
)
def test_no_hostile_mail_takes_long(body: bytes) -> None:
    signature = signed(LETTER, "shop.example", canonicalize=(b"relaxed", b"relaxed"))
    hostile = signature + body
    began = time.process_time()
    check_dkim(Zone(ZONE), hostile, bool)
    folded = b"X: y\r\n" + b" z\r\n" * 100_000 + signature
    assert check_dkim(Zone(ZONE), folded, bool) == []
    assert time.process_time() - began < 5


def test_a_hostile_spf_record_ends() -> None:
    zone = Zone({("a.example", "TXT"): text("v=spf1 include:a.example include:a.example -all")})
    assert check_spf(zone, THEIRS, "x@a.example", "a") == "permerror"
    assert len(zone.asked) < 30
