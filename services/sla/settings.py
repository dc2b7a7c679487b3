"""The settings of sla: `SLA_…` in the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What sla needs to run: what every service does."""

    model_config = SettingsConfigDict(env_prefix="SLA_")

    port: int = Field(8084, description="Port the HTTP server listens on.")
