"""What a dbt run wrote: its manifest, its results, and the datasets that they name."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality

from fairlead_airflow.lineage import dbt_log, external
from fairlead_airflow.lineage.dbt_calls import DATA, Call
from fairlead_airflow.lineage.dbt_profiles import (
    PORTS,
    Warehouse,
    filler,
    node_name,
    project_of,
    read_yaml,
)
from fairlead_airflow.lineage.parts import Lineage
from fairlead_airflow.lineage.statements import Executed, lineage_of
from fairlead_sdk.datasets import Identity
from fairlead_sdk.documents import Json
from fairlead_sdk.sql import dialect_of, selected

WRITTEN = ("model", "seed", "snapshot")
_LONGEST_LOG = 10_000_000
"""Bytes of dbt's log that are read, from its end."""


class Artefacts:
    """The files of one dbt command."""

    def __init__(self, folder: Path, call: Call) -> None:
        self._folder = folder
        self._call = call
        self._results = self._json("run_results.json")

    @property
    def have_data(self) -> bool:
        """Whether the results are those of a command that ran its models, and did not only compile them."""
        return self._results.get("args", {}).get("which", self._call.verb) in DATA

    @cached_property
    def results(self) -> dict[str, Json]:
        """What became of each node, by dbt's own id."""
        found = self._results.get("results", ()) if self.have_data else ()
        return {item["unique_id"]: item for item in found}

    def made_by_the_last(self, commands: int) -> set[str] | None:
        """The relations that dbt's log says were made; None where it does not tell."""
        path = self._call.value_of("log-path") or self._results.get("args", {}).get("log_path")
        folder = (self._call.folder or Path()) / path if path else self._project_folder / "logs"
        try:
            with (folder / "dbt.log").open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - _LONGEST_LOG))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return None
        return dbt_log.made(text, self._results["metadata"].get("invocation_id"), commands)

    @property
    def _project_folder(self) -> Path:
        return self._call.project or Path()

    def _json(self, name: str) -> Json:
        try:
            found = json.loads((self._folder / name).read_bytes())
        except FileNotFoundError:
            return {}
        return found if isinstance(found, dict) else {}

    def is_from(self, since: datetime | None) -> bool:
        """Whether there is a result, and not one of an earlier task."""
        generated = self._results.get("metadata", {}).get("generated_at")
        return bool(generated) and (since is None or datetime.fromisoformat(generated) >= since)

    @cached_property
    def _manifest(self) -> Json:
        return self._json("manifest.json")

    @cached_property
    def nodes(self) -> dict[str, Json]:
        """Models, seeds, snapshots, tests and sources by dbt's own id."""
        return {**self._manifest.get("nodes", {}), **self._manifest.get("sources", {})}

    def run_path(self, node: Mapping[str, Any]) -> Path:
        """Where dbt writes down the SQL that it executes for a model."""
        return self._folder.joinpath("run", node["package_name"], node["original_file_path"])

    def lineage(self, also: list[str], errors: list[str]) -> Lineage:
        """Of the command's own results, and of those nodes as well."""
        warehouse = Warehouse(self._warehouse(), self._dialect(), self._columns())
        result = Lineage(errors=errors)
        results = self.results
        for unique_id in [*self._in_order(also, results), *results]:
            node, outcome = self.nodes.get(unique_id), results.get(unique_id, {"status": "success"})
            if node is None or outcome["status"] == "skipped":
                continue
            for parent in self._read_by(unique_id):
                result.inputs.setdefault(warehouse.of_node(parent), {})
            if outcome["status"] == "success" and _is_stored(node):
                result.add(self._made(node, outcome, warehouse))
        for identity in result.outputs:
            result.inputs.pop(identity, None)
        self._add_tests(results, warehouse, result)
        identifier = self._results["metadata"].get("invocation_id")
        return result.add(Lineage(run_facets=external.run(identifier, "dbt")))

    def _in_order(self, wanted: list[str], known: Mapping[str, object]) -> Iterator[str]:
        """The nodes that no result tells of, each after those that it reads."""
        left = [unique_id for unique_id in wanted if unique_id not in known]
        done: set[str] = set()

        def visit(unique_id: str) -> Iterator[str]:
            if unique_id in done:
                return
            done.add(unique_id)
            for parent in _parents(self.nodes.get(unique_id, {})):
                yield from visit(parent)
            if unique_id in left:
                yield unique_id

        for unique_id in left:
            yield from visit(unique_id)

    def _read_by(self, unique_id: str) -> Iterator[dict[str, object]]:
        """The tables that a node reads; what exists only within a query is seen through."""
        for parent in _parents(self.nodes[unique_id]):
            node = self.nodes.get(parent)
            if node is None:
                continue
            if node["resource_type"] == "source" or _is_stored(node):
                yield node
            elif node["resource_type"] == "model":
                yield from self._read_by(parent)

    def _made(self, node: Json, outcome: Mapping[str, Any], warehouse: Warehouse) -> Lineage:
        identity = warehouse.of_node(node)
        query = outcome.get("compiled_code") or node.get("compiled_code")
        if node["resource_type"] == "seed":
            warehouse.learn(identity, self._header(node))
            query = None
        if query and (names := selected(query, warehouse.dialect, warehouse.describe)):
            warehouse.learn(identity, names)
        rows = outcome.get("adapter_response", {}).get("rows_affected")
        rows = rows if isinstance(rows, int) and rows >= 0 else None
        created = f"CREATE TABLE {_relation(node)} AS {query or 'SELECT 1 AS x'}"
        made = lineage_of([Executed(created, rows)], warehouse)
        return Lineage(
            outputs={identity: made.outputs.get(identity, {})},
            output_facets={identity: made.output_facets.get(identity, {})},
        )

    def _header(self, seed: Mapping[str, Any]) -> list[str]:
        """A seed's columns: the first line of its file."""
        try:
            with self._project_folder.joinpath(seed["original_file_path"]).open(
                encoding="utf-8-sig", newline=""
            ) as file:
                delimiter = seed.get("config", {}).get("delimiter") or ","
                return next(csv.reader(file, delimiter=delimiter), [])
        except (OSError, ValueError):
            return []

    def _add_tests(self, results: Mapping[str, Any], warehouse: Warehouse, result: Lineage) -> None:
        """What tests found, as assertions on the table that they test."""
        found: dict[Identity, list[Any]] = {}
        for unique_id, outcome in results.items():
            node = self.nodes.get(unique_id)
            if node is None or node["resource_type"] != "test" or outcome["status"] == "skipped":
                continue
            tested = self.nodes.get(node.get("attached_node") or "")
            for each in [tested] if tested else self._read_by(unique_id):
                if each["resource_type"] == "source" or _is_stored(each):
                    found.setdefault(warehouse.of_node(each), []).append(_assertion(node, outcome))
        for identity, assertions in found.items():
            facet = quality.DataQualityAssertionsDatasetFacet(assertions=assertions)
            if identity in result.outputs:
                result.outputs[identity]["dataQualityAssertions"] = facet
            else:
                result.inputs.setdefault(identity, {})
                result.input_facets[identity] = {"dataQualityAssertions": facet}

    def _columns(self) -> dict[str, dict[str, str]]:
        """Columns with their types, by table in lower case, where `dbt docs generate` asked for them."""
        catalog = self._json("catalog.json")
        known = {}
        for part in ("nodes", "sources"):
            for unique_id, held in catalog.get(part, {}).items():
                if (node := self.nodes.get(unique_id)) is not None:
                    columns = {name: column["type"] for name, column in held["columns"].items()}
                    known[node_name(node).lower()] = columns
        return known

    def _dialect(self) -> str:
        return dialect_of(self._manifest.get("metadata", {}).get("adapter_type") or "")

    def _warehouse(self) -> str:
        """The namespace of the tables, from the profile that dbt ran with."""
        project = self._project_folder
        profile = self._profile(project)
        if profile["type"] == "duckdb":
            path = str(profile.get("path") or ":memory:")
            is_file = ":" not in path
            return f"duckdb://{project / path if is_file else path}"
        # The names of tables on all others are OpenLineage's business.
        from openlineage.common.provider.dbt.processor import (  # type: ignore[import-untyped]
            DbtArtifactProcessor,
        )

        naming = DbtArtifactProcessor(producer="", job_namespace="")
        try:
            naming.extract_adapter_type(profile)
            port = {"port": PORTS[profile["type"]]} if profile["type"] in PORTS else {}
            return str(naming.extract_namespace({**port, **profile}))
        except (NotImplementedError, KeyError):  # dbt adapters that OpenLineage does not know
            host = profile.get("host") or profile.get("server")
            if not host:
                raise
            port_part = f":{profile['port']}" if profile.get("port") else ""
            return f"{profile['type']}://{host}{port_part}"

    def _profile(self, project: Path) -> Json:
        """The output of profiles.yml that is in force, with its variables filled in."""
        call = self._call
        arguments = self._results.get("args", {})
        fill = filler(call.environ)
        profiles = call.value_of("profiles-dir") or arguments.get("profiles_dir") or "~/.dbt"
        folder = (call.folder or project) / Path(profiles).expanduser()
        name = (
            call.value_of("profile") or arguments.get("profile") or project_of(project)["profile"]
        )
        profile = read_yaml(folder / "profiles.yml")[fill(name)]
        target = (
            call.value_of("target") or arguments.get("target") or profile.get("target", "default")
        )
        output = profile["outputs"][fill(target)]
        return {key: fill(value) for key, value in output.items()}


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list((node.get("depends_on") or {}).get("nodes") or ())


def _is_stored(node: Mapping[str, Any]) -> bool:
    """Whether it is a table or view, not a part of other queries, a test, or an operation."""
    materialized = node.get("config", {}).get("materialized")
    return node["resource_type"] in WRITTEN and materialized != "ephemeral"


def _relation(node: Mapping[str, object]) -> str:
    """The table as SQL of its database spells it."""
    return str(node.get("relation_name") or node_name(node))


def _assertion(test: Mapping[str, Any], outcome: Mapping[str, Any]) -> Any:
    kind = test.get("test_metadata") or {}
    severity = str(test.get("config", {}).get("severity") or "error").lower()
    failures = outcome.get("failures")
    return quality.Assertion(
        assertion=kind.get("name") or test["name"],
        success=outcome["status"] == "pass",
        column=test.get("column_name") or (kind.get("kwargs") or {}).get("column_name"),
        severity=severity,
        actual=None if failures is None else str(failures),
    )
