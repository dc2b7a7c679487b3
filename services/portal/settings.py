"""The settings of the portal."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the portal needs besides what every service needs."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_prefix="PORTAL_"
    )

    fetch_wait_ms: int = Field(100, description="As for every service; it decides nothing.")
    port: int = Field(8082, description="Port the HTTP server listens on.")
    intake_url: str = Field(
        "http://127.0.0.1:8081", validation_alias="INTAKE_URL", description="Where intake is."
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
    timezone: str = Field(
        "UTC",
        validation_alias="LEDGERDESK_TIMEZONE",
        description="IANA zone, e.g. Europe/Berlin, of times told to people whose own is unknown.",
    )
    files_max: int = Field(10, description="Most files with one form.")
    file_bytes_max: int = Field(10_000_000, description="Largest file, in bytes.")
    form_bytes_max: int = Field(30_000_000, description="Largest form with its files, in bytes.")
    bytes_in_flight_max: int = Field(
        150_000_000, description="Size of all forms being taken at once, in bytes."
    )
    body_seconds_max: float = Field(60.0, description="How long a form may take to arrive.")
    owner_timeout_seconds: float = Field(
        10.0, description="Longest a command to another service may take."
    )
    forms_per_client_per_hour: int = Field(
        60,
        description="New requests and lost links from one client's address in an hour; 0 for any "
        "number. This machine itself is not counted.",
    )
    forms_per_address_per_hour: int = Field(
        60, description="The same for one mail address, whoever it belongs to."
    )
    client_header: str = Field(
        "",
        description="Header in which the proxy before the portal names the client, e.g. "
        "X-Forwarded-For: its last entry counts.",
    )
    draft_hours: float = Field(
        24.0, description="How long files of a form that was not accepted yet are kept."
    )
    drafts_bytes_max: int = Field(
        1_000_000_000,
        description="Size of the folder of such files, in bytes, beyond which none are kept.",
    )
