"""How Kafka is reached: what every client is told."""

import ssl
from typing import Any

import pytest
from faststream.kafka.security import parse_security
from pydantic import ValidationError

from shared.kafka_access import KafkaAccess, broker_security, client_options

SASL = {"kafka_user": "sla", "kafka_password": "secret"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"security_protocol": "PLAINTEXT"}),
        ({"kafka_security_protocol": "SSL"}, {"security_protocol": "SSL"}),
        (
            {"kafka_security_protocol": "SASL_PLAINTEXT", **SASL},
            {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512"},
        ),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "PLAIN", **SASL},
            {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"},
        ),
    ],
)
def test_every_client_is_told_the_same(given: dict[str, Any], expected: dict[str, str]) -> None:
    access = KafkaAccess(**given)
    for options in (client_options(access), parse_security(broker_security(access))):
        for name, value in expected.items():
            assert options[name] == value
        encrypted = isinstance(options.get("ssl_context"), ssl.SSLContext)
        assert encrypted == expected["security_protocol"].endswith("SSL")
        if "sasl_mechanism" in expected:
            assert options["sasl_plain_username"] == "sla"
            assert options["sasl_plain_password"] == "secret"


def test_a_user_needs_a_password_and_neither_is_shown() -> None:
    with pytest.raises(ValidationError, match="KAFKA_USER"):
        KafkaAccess(kafka_security_protocol="SASL_SSL", kafka_user="sla")
    assert "secret" not in repr(KafkaAccess(kafka_security_protocol="SASL_SSL", **SASL))
