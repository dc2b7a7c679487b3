"""The settings of assignment: `ASSIGNMENT_…` in the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What assignment needs to run, besides what every service does."""

    model_config = SettingsConfigDict(env_prefix="ASSIGNMENT_")

    port: int = Field(8083, description="Port the HTTP server listens on.")
    take_up_interval_seconds: float = Field(
        0.5, description="Longest the queue rests before somebody is looked for again."
    )
