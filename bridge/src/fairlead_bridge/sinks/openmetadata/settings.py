"""Settings of the sink `openmetadata`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from fairlead_bridge.sinks.settings import SinkSettings, Url


class OpenMetadataSettings(SinkSettings):
    """An OpenMetadata."""

    type: Literal["openmetadata"] = "openmetadata"
    url: Url = Field(description="http://HOST:8585, with or without /api")
    token: SecretStr | None = Field(default=None, description="a bot's JWT")
    service: str = Field(default="airflow", description="the pipeline service; made if not there")
    airflow_url: str | None = Field(default=None, description="shown as the service's address")
    create_tables: bool = Field(
        default=False, description="make tables that were not ingested; a crawler does it better"
    )
    checks: bool = Field(
        default=True, description="deliver checks and freshness as test cases with results"
    )
