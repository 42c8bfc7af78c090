"""Settings of the sink `atlan`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from fairlead_bridge.sinks.settings import SinkSettings, Url


class AtlanSettings(SinkSettings):
    """An Atlan tenant."""

    type: Literal["atlan"] = "atlan"
    url: Url = Field(description="https://TENANT.atlan.com")
    token: SecretStr = Field(description="an API token that may edit the connection's assets")
    connection: str = Field(
        description="qualified name of this Airflow's connection: default/airflow/1763600000"
    )
    family: Literal["airflow", "flow"] = Field(
        default="airflow",
        description="AirflowDag and AirflowTask, or FlowControlOperation as generic OpenLineage",
    )
    entities: int = Field(default=100, ge=1, le=10_000, description="in one request, at most")
    #: Two requests that make the same DAG at once may make two of it; and the limit is the rate.
    concurrency: int = Field(default=1, ge=1, le=1, description="requests at once")
    rate: float | None = Field(default=8.0, gt=0, description="requests a second, at most")
    agent: str = Field(default="fairlead", description="x-atlan-agent-id; rate limits are its own")

    announcements: bool = Field(
        default=True, description="announce on assets that they are late, failed or at risk"
    )
    custom_metadata: str = Field(
        default="Fairlead",
        description="name of the set of custom metadata that shows how assets stand; empty: none",
    )

    @field_validator("connection")
    @classmethod
    def _is_connection(cls, connection: str) -> str:
        if len(connection.split("/")) != 3:
            raise ValueError("is a qualified name as default/airflow/1763600000")
        return connection
