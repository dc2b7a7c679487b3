"""The settings every service has; each service adds its own. Read once, in `app.py`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kafka_access import KafkaAccess


class ServiceSettings(KafkaAccess):
    """What a service needs to run.

    A subclass names its prefix, e.g. `env_prefix="INTAKE_"`, so that `database_url` is
    read from `INTAKE_DATABASE_URL` and `port` from `INTAKE_PORT`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    database_url: str = Field(description="Postgres URL of the service's own database and role.")
    host: str = Field("127.0.0.1", description="Address the HTTP server listens on.")
    port: int = Field(description="Port the HTTP server listens on.")
    instance: str = Field(
        "0", description="Name of this replica: its static membership in the consumer group."
    )
    pool_size_max: int = Field(8, description="Most connections to Postgres.")
    requests_in_flight_max: int = Field(
        128,
        description="Most requests answered at once; whoever comes then is told 429.",
    )
    slow_answer_seconds: float = Field(
        1.0,
        description="Where the public may send: answers slower than this let in fewer at once.",
    )
    wait_seconds_max: float = Field(
        3.0, description="Longest a read waits until this service has heard what the caller saw."
    )
    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092",
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="Kafka brokers, host:port, comma-separated.",
    )
    fetch_wait_ms: int = Field(
        50,
        description="Time in which records from Kafka gather to a worthwhile batch, milliseconds.",
    )
    topic_prefix: str = Field(
        "ledgerdesk",
        validation_alias="LEDGERDESK_TOPIC_PREFIX",
        description="What the names of the Kafka topics begin with.",
    )
    data_dir: Path = Field(
        Path(".ledgerdesk"),
        validation_alias="LEDGERDESK_DATA",
        description="Folder for files: attachments, raw mails, the local mailbox.",
    )
    files_url: str = Field(
        "",
        validation_alias="LEDGERDESK_FILES_URL",
        description="Bucket for attachments and raw mails, s3://bucket/prefix, with its keys in "
        "AWS_…; none keeps them in the data folder.",
    )
    identity_secret: str = Field(
        min_length=32,
        validation_alias="LEDGERDESK_IDENTITY_SECRET",
        description="Key with which gateway and portal sign who is calling.",
    )
    link_secret: str = Field(
        min_length=32,
        validation_alias="LEDGERDESK_LINK_SECRET",
        description="Key of magic links, reply addresses, Message-IDs and ticket numbers.",
    )
    master_key: str = Field(
        "",
        validation_alias="LEDGERDESK_MASTER_KEY",
        description="Master keys that people's keys are wrapped with, id:base64, separated by "
        "commas; the first is the current one.",
    )
    master_key_file: Path | None = Field(
        None,
        validation_alias="LEDGERDESK_MASTER_KEY_FILE",
        description="File with the master keys, where LEDGERDESK_MASTER_KEY is not set.",
    )
    portal_url: str = Field(
        "http://127.0.0.1:8082",
        validation_alias="LEDGERDESK_PORTAL_URL",
        description="Where customers reach the portal; links in mails begin with it.",
    )
    gateway_url: str = Field(
        "http://127.0.0.1:8080",
        validation_alias="LEDGERDESK_GATEWAY_URL",
        description="Where agents reach the gateway; links to agents begin with it.",
    )
    mail_domain: str = Field(
        "desk.localhost",
        validation_alias="LEDGERDESK_MAIL_DOMAIN",
        description="Domain of our mail addresses and Message-IDs.",
    )
    log_level: str = Field(
        "info", validation_alias="LEDGERDESK_LOG_LEVEL", description="debug, info, warning, error."
    )
    metrics_token: str = Field(
        "",
        validation_alias="LEDGERDESK_METRICS_TOKEN",
        description="Bearer token with which Prometheus may read /metrics; without one, "
        "only operators may.",
    )
    otlp_endpoint: str = Field(
        "",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Collector that traces are sent to (OTLP over HTTP); none makes none.",
    )
    trace_share: float = Field(
        1.0,
        validation_alias="LEDGERDESK_TRACE_SHARE",
        ge=0.0,
        le=1.0,
        description="Share of the traces beginning here that are recorded, from 0 to 1.",
    )

    @property
    def brokers(self) -> list[str]:
        """The Kafka brokers, host:port each; not every client takes them apart by itself."""
        return [each.strip() for each in self.kafka_bootstrap_servers.split(",") if each.strip()]
