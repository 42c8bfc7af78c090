"""What dbt read and wrote, from the files that it leaves behind: manifest.json and run_results.json.

    task's shell command -> dbt_calls -> the project's target folder -> datasets, columns, rows, tests

Datasets have the names that OpenLineage's own dbt integration gives them. A table that the run itself made
is an output and no input; which of its columns comes from where is told by column.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import SandboxedEnvironment
from openlineage.client.facet_v2 import data_quality_assertions_dataset as quality

from fairlead_airflow.lineage import dbt_log, external
from fairlead_airflow.lineage.dbt_calls import DATA, WRITING, Call
from fairlead_airflow.lineage.parts import Lineage
from fairlead_airflow.lineage.statements import Executed, lineage_of
from fairlead_sdk.datasets import Identity
from fairlead_sdk.sql import Table, dialect_of, selected

log = logging.getLogger(__name__)

_WRITTEN = ("model", "seed", "snapshot")
_LONGEST_LOG = 10_000_000
"""Bytes of dbt's log that are read, from its end."""
_PORTS = {"postgres": 5432, "redshift": 5439, "trino": 8080, "clickhouse": 8123, "sqlserver": 1433}
_FILTERS = ("as_number", "as_native", "as_bool", "as_text")


def of_calls(calls: list[Call], since: datetime | None) -> Lineage:
    """What dbt commands of one script did. What was left behind before `since` is not theirs."""
    result = Lineage()
    by_target: dict[Path, list[Call]] = {}
    for call in calls:
        if (folder := _target(call)) is not None:
            by_target.setdefault(folder, []).append(call)
    for folder, here in by_target.items():
        with_data = [call for call in here if call.verb in DATA]
        if not with_data:
            continue
        # Each command overwrites what the one before left; the files are those of the last.
        artefacts = Artefacts(folder, with_data[-1])
        if artefacts.is_from(since):
            result.add(artefacts.lineage(*_executed(artefacts, here, since)))
    return result


def _target(call: Call) -> Path | None:
    """The folder in which dbt leaves its files."""
    if call.project is None:
        return None
    target = call.value_of("target-path")
    return call.project / (target or _project(call.project).get("target-path") or "target")


def _project(folder: Path) -> dict[str, Any]:
    return _yaml(folder / "dbt_project.yml")


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _executed(
    artefacts: Artefacts, calls: list[Call], since: datetime | None
) -> tuple[list[str], list[str]]:
    """What earlier commands of the same script ran, and what of it cannot be told.

    dbt writes down the SQL that it executes. Whether it went well, its log says; without a log, the
    script does where it goes on only after success.
    """
    writing = [call for call in calls if call.verb in WRITING]
    if since is None or not writing or (len(calls) == 1 and artefacts.have_data):
        return [], []
    found = [
        unique_id
        for unique_id, node in artefacts.nodes.items()
        if node["resource_type"] in _WRITTEN and _is_newer(artefacts.run_path(node), since)
    ]
    made = artefacts.made_by_the_last(len(calls))
    if made is not None:
        return [one for one in found if _relation_in_log(artefacts.nodes[one]) in made], []
    last = calls[-1] if artefacts.have_data else None
    if all(call.is_checked or call is last for call in writing):
        return found, []
    lost = [one for one in found if one not in artefacts.results]
    text = "a later dbt command overwrote the results of an earlier one, which may have failed"
    return [], [f"{text}; it is not known whether it wrote {', '.join(lost)}"] if lost else []


def _relation_in_log(node: Mapping[str, Any]) -> str:
    return ".".join(filter(None, (node.get("schema"), node.get("alias") or node["name"]))).lower()


def _is_newer(path: Path, since: datetime) -> bool:
    try:
        return path.stat().st_mtime >= since.timestamp()
    except OSError:
        return False


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
    def results(self) -> dict[str, dict[str, Any]]:
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

    def _json(self, name: str) -> dict[str, Any]:
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
    def _manifest(self) -> dict[str, Any]:
        return self._json("manifest.json")

    @cached_property
    def nodes(self) -> dict[str, dict[str, Any]]:
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

    def _in_order(self, wanted: list[str], known: Mapping[str, Any]) -> Iterator[str]:
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

    def _read_by(self, unique_id: str) -> Iterator[dict[str, Any]]:
        """The tables that a node reads; what exists only within a query is seen through."""
        for parent in _parents(self.nodes[unique_id]):
            node = self.nodes.get(parent)
            if node is None:
                continue
            if node["resource_type"] == "source" or _is_stored(node):
                yield node
            elif node["resource_type"] == "model":
                yield from self._read_by(parent)

    def _made(
        self, node: dict[str, Any], outcome: Mapping[str, Any], warehouse: Warehouse
    ) -> Lineage:
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
                    known[_name(node).lower()] = columns
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
            port = {"port": _PORTS[profile["type"]]} if profile["type"] in _PORTS else {}
            return str(naming.extract_namespace({**port, **profile}))
        except (NotImplementedError, KeyError):
            host = profile.get("host") or profile.get("server")
            if not host:
                raise
            port_part = f":{profile['port']}" if profile.get("port") else ""
            return f"{profile['type']}://{host}{port_part}"

    def _profile(self, project: Path) -> dict[str, Any]:
        """The output of profiles.yml that is in force, with its variables filled in."""
        call = self._call
        arguments = self._results.get("args", {})
        fill = _filler(call.environ)
        profiles = call.value_of("profiles-dir") or arguments.get("profiles_dir") or "~/.dbt"
        folder = (call.folder or project) / Path(profiles).expanduser()
        name = call.value_of("profile") or arguments.get("profile") or _project(project)["profile"]
        profile = _yaml(folder / "profiles.yml")[fill(name)]
        target = (
            call.value_of("target") or arguments.get("target") or profile.get("target", "default")
        )
        output = profile["outputs"][fill(target)]
        return {key: fill(value) for key, value in output.items()}


def _filler(environ: Mapping[str, str]) -> Any:
    """Fills `{{ env_var('X') }}` in; what cannot be filled in stays as it is."""

    def env_var(name: str, default: str | None = None) -> str:
        if name in environ:
            return environ[name]
        if default is None:
            raise KeyError(name)
        return default

    jinja = SandboxedEnvironment(autoescape=False)
    jinja.globals["env_var"] = env_var
    jinja.filters.update({name: lambda value: value for name in _FILTERS})

    def fill(value: Any) -> Any:
        if not isinstance(value, str) or "{" not in value:
            return value
        try:
            return jinja.from_string(value).render()
        except Exception:  # noqa: BLE001 - templates are of any make, and most are not needed here
            return value

    return fill


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list((node.get("depends_on") or {}).get("nodes") or ())


def _is_stored(node: Mapping[str, Any]) -> bool:
    """Whether it is a table or view, not a part of other queries, a test, or an operation."""
    materialized = node.get("config", {}).get("materialized")
    return node["resource_type"] in _WRITTEN and materialized != "ephemeral"


def _name(node: Mapping[str, Any]) -> str:
    table = node.get("identifier") or node.get("alias") or node["name"]
    return ".".join(filter(None, (node.get("database"), node.get("schema"), table)))


def _relation(node: Mapping[str, Any]) -> str:
    """The table as SQL of its database spells it."""
    return str(node.get("relation_name") or _name(node))


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


class Warehouse:
    """The database that dbt ran on: its names are the manifest's, its columns those that are known."""

    def __init__(self, namespace: str, dialect: str, columns: dict[str, dict[str, str]]) -> None:
        self.dialect = dialect
        self.namespace = namespace
        self._columns = columns
        self._spelled: dict[str, str] = {}

    def of_node(self, node: Mapping[str, Any]) -> Identity:
        name = _name(node)
        self._spelled[name.lower()] = name
        return Identity(self.namespace, name)

    def learn(self, identity: Identity, columns: list[str]) -> None:
        """Columns of a table that was just made; the catalog, where there is one, knows their types."""
        if columns:
            self._columns.setdefault(identity.name.lower(), dict.fromkeys(columns, ""))

    def identity(self, table: Table) -> Identity:
        name = _dotted(table)
        return Identity(self.namespace, self._spelled.get(name.lower(), name))

    def describe(self, table: Table) -> Mapping[str, str] | None:
        return self._columns.get(_dotted(table).lower())

    def ask(self, tables: Sequence[Table]) -> bool:
        return False  # what dbt wrote down is all that is known


def _dotted(table: Table) -> str:
    return ".".join(filter(None, (table.catalog, table.schema, table.name)))
