"""How Kafka is reached by whoever does: encrypted or not, and as whom.

Whoever may write to the topics can say anything in the name of any service: so on a real
broker each has a user of its own, with rights to what it needs.
"""

import ssl
from pathlib import Path
from typing import Any, Literal

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaAccess(BaseSettings):
    """What a client needs to be let in."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        validation_alias="KAFKA_SECURITY_PROTOCOL",
        description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL: whether connections to Kafka "
        "are encrypted, and whether it asks who is there.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512",
        validation_alias="KAFKA_SASL_MECHANISM",
        description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512: how the password is shown.",
    )
    kafka_user: str = Field(
        "", validation_alias="KAFKA_USER", description="User at Kafka, where it asks for one."
    )
    kafka_password: SecretStr = Field(
        SecretStr(""), validation_alias="KAFKA_PASSWORD", description="The user's password."
    )
    kafka_ca_file: Path | None = Field(
        None,
        validation_alias="KAFKA_CA_FILE",
        description="Certificates (PEM) that Kafka's is checked with; the system's, if none.",
    )

    @property
    def asks_who(self) -> bool:
        """Whether Kafka asks for user and password."""
        return self.kafka_security_protocol.startswith("SASL_")

    @property
    def is_encrypted(self) -> bool:
        """Whether connections are."""
        return self.kafka_security_protocol.endswith("SSL")

    @model_validator(mode="after")
    def _is_complete(self) -> "KafkaAccess":
        if self.asks_who and not (self.kafka_user and self.kafka_password.get_secret_value()):
            raise ValueError("KAFKA_USER and KAFKA_PASSWORD are needed with this protocol")
        return self


def client_options(access: KafkaAccess) -> dict[str, Any]:
    """The options of aiokafka's producers, consumers and admin clients."""
    options: dict[str, Any] = {"security_protocol": access.kafka_security_protocol}
    if access.is_encrypted:
        options["ssl_context"] = _tls(access)
    if access.asks_who:
        options |= {
            "sasl_mechanism": access.kafka_sasl_mechanism,
            "sasl_plain_username": access.kafka_user,
            "sasl_plain_password": access.kafka_password.get_secret_value(),
        }
    return options


def broker_security(access: KafkaAccess) -> BaseSecurity:
    """The same for FastStream."""
    tls = _tls(access) if access.is_encrypted else None
    if not access.asks_who:
        return BaseSecurity(ssl_context=tls, use_ssl=access.is_encrypted)
    by_mechanism = {
        "PLAIN": SASLPlaintext,
        "SCRAM-SHA-256": SASLScram256,
        "SCRAM-SHA-512": SASLScram512,
    }
    return by_mechanism[access.kafka_sasl_mechanism](
        access.kafka_user,
        access.kafka_password.get_secret_value(),
        ssl_context=tls,
        use_ssl=access.is_encrypted,
    )


def _tls(access: KafkaAccess) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=access.kafka_ca_file)
