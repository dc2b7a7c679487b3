"""Webhooks: what one is, how its messages are signed, and where nothing is posted."""

import asyncio
import base64
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.notify.settings import Settings
from services.notify.webhooks import signing
from services.notify.webhooks.addresses import (
    NotReachable,
    addresses_of,
    allowed,
    networks,
    trouble_with_url,
)
from services.notify.webhooks.calling import wait_asked_for
from services.notify.webhooks.domain import (
    TYPES,
    WEBHOOKS_DECIDER,
    ChangeWebhook,
    CreateWebhook,
    RemoveWebhook,
    RotateSecret,
    UnknownEventType,
)
from shared.errors import NotFound
from shared.events.notify import (
    WebhookChanged,
    WebhookCreated,
    WebhookRemoved,
    WebhookSecretRotated,
)
from shared.testing.spec import T0, given

HOOK = UUID(int=7)
URL = "https://hooks.example.com/desk"
CREATE = CreateWebhook(URL, ("TicketOpened", "TicketClosed"), "", "petra", T0)
CREATED = WebhookCreated(
    url=URL, types=("TicketClosed", "TicketOpened"), created_by="petra", created_at=T0
)
REMOVED = WebhookRemoved(removed_by="petra", removed_at=T0)
CHANGE = ChangeWebhook(None, None, None, None, "petra", T0)


def test_a_webhook_is_made_for_public_events() -> None:
    given(WEBHOOKS_DECIDER).when(CREATE).then(CREATED)
    unknown = replace(CREATE, types=("NoteAdded", "TicketOpened"))
    rejection = given(WEBHOOKS_DECIDER).when(unknown).rejected(UnknownEventType)
    assert rejection.facts == {"types": "NoteAdded"}
    assert "NoteAdded" not in TYPES


def test_what_is_not_named_stays_as_it_is() -> None:
    paused = WebhookChanged(
        url=URL,
        types=CREATED.types,
        active=False,
        changed_by="petra",
        changed_at=T0,
    )
    given(WEBHOOKS_DECIDER, CREATED).when(replace(CHANGE, active=False)).then(paused)
    given(WEBHOOKS_DECIDER, CREATED).when(replace(CHANGE, active=True)).nothing()


def test_each_new_secret_has_the_next_number() -> None:
    second = WebhookSecretRotated(generation=2, rotated_by="petra", rotated_at=T0)
    third = WebhookSecretRotated(generation=3, rotated_by="petra", rotated_at=T0)
    rotate = RotateSecret("petra", T0)
    given(WEBHOOKS_DECIDER, CREATED).when(rotate).then(second)
    given(WEBHOOKS_DECIDER, CREATED, second).when(rotate).then(third)


def test_a_removed_webhook_is_gone() -> None:
    given(WEBHOOKS_DECIDER, CREATED).when(RemoveWebhook("petra", T0)).then(REMOVED)
    given(WEBHOOKS_DECIDER, CREATED, REMOVED).when(RemoveWebhook("petra", T0)).nothing()
    given(WEBHOOKS_DECIDER, CREATED, REMOVED).when(CHANGE).rejected(NotFound)
    given(WEBHOOKS_DECIDER, CREATED, REMOVED).when(CREATE).nothing()


def test_messages_are_signed_as_standard_webhooks_has_it() -> None:
    # The example that Standard Webhooks' own libraries are tested with.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'
    made = signing.headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_new_secret_and_the_one_before_both_sign_for_a_day() -> None:
    assert signing.generations(1, None, T0) == [1]
    assert signing.generations(3, T0, T0 + timedelta(hours=23)) == [3, 2]
    assert signing.generations(3, T0, T0 + timedelta(hours=25)) == [3]
    secrets = {signing.secret_of("desk", HOOK, number) for number in (1, 2)}
    assert len(secrets) == 2
    assert all(len(base64.b64decode(each.removeprefix("whsec_"))) == 32 for each in secrets)


PRIVATE = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1"),
    *("192.168.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1"),
]


@pytest.mark.parametrize("text", PRIVATE)
def test_nothing_is_posted_to_a_private_address(text: str) -> None:
    assert not allowed(ip_address(text))


def _forms(inner: int) -> list[IPv6Address]:
    """The IPv6 addresses that stand for an IPv4 one."""
    teredo = 0x20010000 << 96 | (inner ^ 0xFFFFFFFF)
    return [
        IPv6Address(0xFFFF << 32 | inner),
        IPv6Address(0x2002 << 112 | inner << 80),
        IPv6Address(0x64FF9B << 96 | inner),
        IPv6Address(0x64FF9B0001 << 80 | inner),
        IPv6Address(teredo),
        IPv6Address(inner),
    ]


@for_all(st.sampled_from([t for t in PRIVATE if ":" not in t]), st.integers(0, 5))
def test_nor_to_one_that_is_written_as_another(text: str, form: int) -> None:
    assert not allowed(_forms(int(IPv4Address(text)))[form])


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:4700::1111"])
def test_to_the_rest_of_the_world_it_is(text: str) -> None:
    assert allowed(ip_address(text))


def test_a_private_network_can_be_allowed_and_no_other_is() -> None:
    exceptions = networks(["10.1.0.0/16"])
    assert allowed(ip_address("10.1.2.3"), exceptions)
    assert allowed(ip_address("::ffff:10.1.2.3"), exceptions)
    assert not allowed(ip_address("10.2.2.3"), exceptions)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https:///nowhere",
        "https://name:secret@hooks.example.com/",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com:99999/",
        "ftp://hooks.example.com/",
        "https://hooks.example.com/\nHost: other",
        "not at all",
    ],
)
def test_a_bad_address_is_refused_at_once(url: str) -> None:
    assert trouble_with_url(url, (), plain_allowed=False) is not None


def test_a_good_one_is_not() -> None:
    assert trouble_with_url(URL + "?tenant=7", (), plain_allowed=False) is None


async def test_a_name_with_one_private_address_among_others_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(*_: object, **__: object) -> list[object]:
        found = ("93.184.216.34", "10.0.0.1")
        return [(socket.AF_INET, 0, 0, "", (each, 443)) for each in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)
    with pytest.raises(NotReachable):
        await addresses_of("hooks.example.com", 443, ())


def test_tries_are_spread_over_three_days() -> None:
    delays = Settings.model_fields["webhook_delays_seconds"].default
    assert list(delays) == sorted(delays)
    assert timedelta(days=3) <= timedelta(seconds=sum(delays)) < timedelta(days=3, hours=12)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", 0), ("17", 17), ("Thu, 01 Jan 1970 00:01:40 GMT", 40), ("soon", 0), ("-5", 0)],
)
def test_an_endpoint_may_ask_to_be_left_alone(said: str, seconds: float) -> None:
    assert wait_asked_for(said, now=60.0) == seconds
