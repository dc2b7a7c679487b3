"""The settings of resolution: `RESOLUTION_…` in the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What resolution needs to run, besides what every service does."""

    model_config = SettingsConfigDict(env_prefix="RESOLUTION_")

    port: int = Field(8085, description="Port the HTTP server listens on.")
    attachment_bytes_max: int = Field(
        10_000_000, description="Largest file that a reply may carry, in bytes."
    )
