"""The settings of audit: `AUDIT_…` in the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What audit needs to run: what every service does."""

    model_config = SettingsConfigDict(env_prefix="AUDIT_")

    fetch_wait_ms: int = Field(
        300, description="As for every service; it decides nothing, and nobody waits for it."
    )
    port: int = Field(8088, description="Port the HTTP server listens on.")
