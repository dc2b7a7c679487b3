"""The settings of intake: `INTAKE_…` in the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What intake needs to run, besides what every service does."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_")

    port: int = Field(8081, description="Port the HTTP server listens on.")
    requests_in_flight_max: int = Field(
        64, description="Requests answered at once over HTTP; whoever comes then is told 429."
    )
    bytes_in_flight_max: int = Field(
        300_000_000, description="Size of all submissions being taken at once, in bytes."
    )
    body_seconds_max: float = Field(
        30.0, description="How long the body of a submission may take to arrive over HTTP."
    )
    topics_fresh_seconds: float = Field(
        1.0, description="How long the topics of the desk are remembered between two looks."
    )
    smtp_host: str = Field("127.0.0.1", description="Address the SMTP server listens on.")
    smtp_port: int = Field(2525, description="Port the SMTP server listens on.")
    smtp_domains: tuple[str, ...] = Field(
        (), description="Domains that mail is taken for, as a JSON list; empty takes any."
    )
    smtp_connections_max: int = Field(
        100, description="Connections to the SMTP server at once; more are told to come back."
    )
    smtp_connections_per_peer_max: int = Field(
        20,
        description="Connections to the SMTP server at once from one address (IPv6: one /64); "
        "raise it where all mail comes through one relay that opens more.",
    )
    smtp_connection_seconds_max: float = Field(
        600.0, description="How long a connection to the SMTP server may last, busy or not."
    )
    smtp_mails_in_flight_max: int = Field(
        16, description="Mails being taken at once; more are told to come back."
    )
    smtp_size_bytes_max: int = Field(30_000_000, description="Largest mail taken, in bytes.")
    smtp_bytes_in_flight_max: int = Field(
        200_000_000,
        description="Size of all mails being read and taken at once, in bytes; while it is "
        "reached, senders are told to come back.",
    )
    smtp_idle_seconds_max: float = Field(
        120.0, description="How long a connection may be silent before it is closed."
    )
    smtp_tls_certificate: Path | None = Field(
        None, description="Certificate chain (PEM) for STARTTLS; none offers no encryption."
    )
    trusted_networks: tuple[str, ...] = Field(
        (
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ),
        description="Networks (JSON list) of our own mail servers and proxies: SPF, DKIM and "
        "DMARC are not asked of what comes from there.",
    )
    trusted_mail_servers: tuple[str, ...] = Field(
        (),
        description="Names (JSON list) of our own mail servers as they stand in the "
        "Authentication-Results that are believed.",
    )
    trusted_forwarders: tuple[str, ...] = Field(
        (),
        description="Domains (JSON list) of servers that forward mail to us: what they saw of its "
        "author before is believed, if their ARC seals hold and all who sealed are listed.",
    )
    smtp_tls_key: Path | None = Field(None, description="Private key (PEM) of the certificate.")
    mail_tickets_per_sender_hour_max: int = Field(
        500,
        description="Tickets that one sender opens by mail in an hour. No person writes more: "
        "what is beyond is a robot's, and quarantined.",
    )
    scan_command: str = Field(
        "",
        description="Program that each file is given to on standard input before it is taken: "
        "exit code 0 is clean, 1 refused, anything else to be tried again; none scans nothing.",
    )
    scan_seconds_max: float = Field(30.0, description="How long the scanner may take for a file.")
    imap_mailboxes: tuple[SecretStr, ...] = Field(
        (),
        description="Mailboxes to poll, as a JSON list of "
        "imaps://user:password@host/INBOX?address=support@example.com (or imap+starttls://).",
    )
    imap_poll_seconds: float = Field(30.0, description="Time between two looks into a mailbox.")
