"""The settings of notify."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What notify needs besides what every service needs."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_prefix="NOTIFY_"
    )

    port: int = Field(8087, description="Port the HTTP server listens on.")
    smtp_url: str = Field(
        "smtp://127.0.0.1:2526",
        validation_alias="LEDGERDESK_SMTP_URL",
        description="Mail server for what we send: smtp://user:password@host:port (STARTTLS when "
        "offered), smtp+starttls:// (required), or smtps:// (TLS from the first byte).",
    )
    mailbox: str = Field(
        "support", description="Local part of the address our mails come from, at the mail domain."
    )
    timezone: str = Field(
        "UTC",
        validation_alias="LEDGERDESK_TIMEZONE",
        description="IANA zone in which times are told to people, e.g. Europe/Berlin.",
    )
    senders: int = Field(8, description="Connections to the mail server, at most.")
    smtp_timeout_seconds: float = Field(
        60.0, description="Longest that the mail server may take to answer a command."
    )
    lease_seconds: float = Field(
        120.0, description="Time a sender has for one mail; then another takes over."
    )
    poll_interval_seconds: float = Field(
        0.1, description="Time between two looks for mails to send."
    )
    retry_delays_seconds: tuple[float, ...] = Field(
        (10, 60, 300, 1800, 3600, 7200, 14400, 28800, 28800, 28800),
        description="Waits (JSON list) between tries of a mail put off; after them it has failed.",
    )
    unreachable_delay_seconds_max: float = Field(
        30.0, description="Longest wait between two tries to reach the mail server."
    )
    customer_mails_per_hour_max: int = Field(
        120,
        description="Mails to one customer's address in an hour, beyond which no acknowledgment, "
        "clarification or new link goes there; what agents write always does.",
    )
    bounce_days: int = Field(
        30, description="Days for which nothing is sent to an address that took no mail."
    )

    @property
    def from_address(self) -> str:
        """The address our mails come from."""
        return f"{self.mailbox}@{self.mail_domain}"
