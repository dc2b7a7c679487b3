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
    unproven_mails_per_hour_max: int = Field(
        5,
        description="The same for an address that nobody has shown to be theirs: of what comes "
        "of tickets that a stranger may have opened, and, counted apart, of new links.",
    )
    bounce_days: int = Field(
        30, description="Days for which nothing is sent to an address that took no mail."
    )

    webhook_timeout_seconds: float = Field(
        15.0, description="Longest that the receiver of a webhook may take to answer."
    )
    webhook_delays_seconds: tuple[float, ...] = Field(
        (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 64_800, 86_400),
        description="Waits (JSON list) between tries of a webhook's delivery, three days in all; "
        "after them it has failed, and is posted again when somebody asks.",
    )
    webhook_breaker_seconds: float = Field(
        60.0,
        description="How long a webhook that failed five times in a row is left alone; it "
        "doubles each time, up to an hour. What waits is kept.",
    )
    webhook_log_days: int = Field(
        30, description="Days for which settled deliveries of webhooks can be looked up."
    )
    webhook_networks_allowed: tuple[str, ...] = Field(
        (),
        description="Private networks (JSON list, e.g. 10.1.0.0/16) that webhooks may be posted "
        "to; by default none.",
    )
    webhook_plain_http_allowed: bool = Field(
        False, description="Whether webhooks may be posted without TLS, within one's own network."
    )

    @property
    def from_address(self) -> str:
        """The address our mails come from."""
        return f"{self.mailbox}@{self.mail_domain}"
