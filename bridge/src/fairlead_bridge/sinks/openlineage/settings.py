"""Settings of the sink `openlineage`, and presets of common receivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from fairlead_bridge.sinks.settings import SinkSettings

PresetName = Literal[
    "url",
    "marquez",
    "atlan",
    "atlan_airflow",
    "datahub",
    "openmetadata",
    "dataplex",
    "datazone",
    "collibra",
]


@dataclass(frozen=True, slots=True)
class Preset:
    """What a receiver takes."""

    path: str = ""
    only_runs: bool = True  # no DatasetEvents and JobEvents
    types: frozenset[str] | None = None  # eventType; None: all
    both_sides: bool = False  # only events with inputs and outputs
    strict: bool = False  # the fields that the specification requires must be there
    max_bytes: int | None = None


PRESETS: dict[PresetName, Preset] = {
    "url": Preset(only_runs=False),
    "marquez": Preset("/api/v1/lineage", only_runs=False),
    "atlan": Preset("/events/openlineage/generic-openlineage/api/v1/lineage"),
    "atlan_airflow": Preset("/events/openlineage/airflow/api/v1/lineage"),
    "datahub": Preset("/openapi/openlineage/api/v1/lineage"),
    # OpenMetadata makes table-to-table edges of finished runs, and of nothing else.
    "openmetadata": Preset(
        "/api/v1/openlineage/lineage",
        types=frozenset({"COMPLETE"}),
        both_sides=True,
        strict=True,
    ),
    "dataplex": Preset(strict=True, max_bytes=5_000_000),
    "datazone": Preset(max_bytes=300_000),
    "collibra": Preset(only_runs=False),
}


class OpenLineageSettings(SinkSettings):
    """A receiver of OpenLineage events."""

    type: Literal["openlineage"] = "openlineage"
    preset: PresetName = "url"
    url: str | None = Field(
        default=None, description="http(s)://HOST[:PORT]; for `collibra` a folder"
    )
    path: str | None = Field(default=None, description="instead of the preset's own")
    token: SecretStr | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    compress: bool = Field(default=False, description="send large events with gzip")
    only_runs: bool | None = Field(default=None, description="no DatasetEvents and JobEvents")
    event_types: frozenset[str] | None = Field(default=None, description='as ["START", "COMPLETE"]')
    max_bytes: int | None = Field(
        default=None, gt=0, description="large facets are left out beyond this"
    )
    namespace: str | None = Field(
        default=None, description="put in place of jobs' namespaces; Atlan: the connection's name"
    )
    project: str | None = Field(default=None, description="Dataplex: projects/P/locations/L")
    domain: str | None = Field(default=None, description="DataZone's domain identifier")
    region: str | None = Field(default=None, description="DataZone's AWS region")
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    session_token: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "dataplex": ("project",),
            "datazone": ("domain", "region", "access_key", "secret_key"),
            "atlan": ("url", "namespace", "token"),
            "atlan_airflow": ("url", "namespace", "token"),
        }.get(self.preset, ("url",))
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"preset {self.preset} needs {', '.join(missing)}")
        scheme = urlsplit(self.url or "").scheme
        if self.preset != "collibra" and self.url is not None and scheme not in ("http", "https"):
            raise ValueError("url must begin with http:// or https://")
        return self
