"""Settings of the sink `datahub`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from fairlead_bridge.sinks.settings import SinkSettings, Url


class DataHubSettings(SinkSettings):
    """A DataHub."""

    type: Literal["datahub"] = "datahub"
    url: Url = Field(description="of the metadata service: http://gms:8080, https://HOST/api/gms")
    token: SecretStr | None = Field(default=None, description="a personal access token")
    urn_style: Literal["plugin", "openlineage"] = Field(
        default="plugin",
        description="name things as DataHub's Airflow plugin does, or its OpenLineage endpoint",
    )
    cluster: str = Field(default="prod", description="the last part of a DAG's urn")
    platform_instance: str | None = Field(default=None, description="of this Airflow")
    env: str = Field(default="PROD", description="of datasets without a rule; PROD, DEV, ...")
    lineage: Literal["merge", "replace"] = Field(
        default="merge",
        description="add to a task's edges, or replace them by those it has now",
    )
    batch: int = Field(default=400, ge=1, le=10_000, description="entries in one go")
    schemas: bool = Field(default=False, description="send columns; a crawler does it better")
    assertions: bool = Field(
        default=True,
        description="send results of checks, and whether datasets are fresh when they should be",
    )
    owners_are: Literal["corpuser", "corpGroup"] = "corpuser"
    owner_type: str = "TECHNICAL_OWNER"
    wait: bool = Field(
        default=True, description="for DataHub to have stored it; else it answers 202 and may drop"
    )
