"""The settings of review: `REVIEW_…` in the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What review needs to run: no more than every service does."""

    model_config = SettingsConfigDict(env_prefix="REVIEW_")

    port: int = Field(8086, description="Port the HTTP server listens on.")
