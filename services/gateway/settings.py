"""What the gateway is told when it starts."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The gateway's own settings, beside those that every service has."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", frozen=True, extra="ignore", populate_by_name=True
    )

    fetch_wait_ms: int = Field(100, description="As for every service; it decides nothing.")
    port: int = Field(8080, description="Port the agents' API and panel listen on.")
    intake_url: str = Field(
        "http://127.0.0.1:8081", validation_alias="INTAKE_URL", description="Where intake is."
    )
    assignment_url: str = Field(
        "http://127.0.0.1:8083",
        validation_alias="ASSIGNMENT_URL",
        description="Where assignment is.",
    )
    sla_url: str = Field(
        "http://127.0.0.1:8084", validation_alias="SLA_URL", description="Where the SLA service is."
    )
    resolution_url: str = Field(
        "http://127.0.0.1:8085",
        validation_alias="RESOLUTION_URL",
        description="Where resolution is.",
    )
    review_url: str = Field(
        "http://127.0.0.1:8086", validation_alias="REVIEW_URL", description="Where review is."
    )
    notify_url: str = Field(
        "http://127.0.0.1:8087", validation_alias="NOTIFY_URL", description="Where notify is."
    )
    connect_seconds_max: float = Field(
        1.0, description="Longest the gateway tries to reach the owner of a command."
    )
    answer_seconds_max: float = Field(
        10.0, description="Longest the gateway waits for an owner's answer."
    )
    batch_seconds_max: float = Field(
        120.0, description="The same, when a batch of up to a thousand tickets is opened."
    )
    owner_connections_max: int = Field(64, description="Most connections to owners at once.")
    session_hours: float = Field(12.0, description="How long a sign-in to the panel lasts.")
    refresh_seconds: int = Field(
        5, description="How often an open page of the panel looks for what is new."
    )

    def url_of(self, owner: str) -> str:
        """Where the service `owner` is."""
        url: str = getattr(self, f"{owner}_url")
        return url.rstrip("/")
