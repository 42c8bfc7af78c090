"""The catalog in words: names for ids, ISO 8601 for times, nothing that is empty."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from fairlead_bridge import facts
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading

_WIDTH = 120
_ORIGIN = ("_producer", "_schemaURL")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Notes of runs that hold times, and those that other words of the run say already.
_TIMES, _STATED = ("nominal", "data_interval"), ("error", "queued_at", "jobDependencies")

Words = dict[str, Any]


def words(db: sa.Engine) -> Words:
    """Everything the catalog holds, each list and mapping in an order of its own content."""
    with reading(db) as tx:
        tables = {
            table.name: [dict(row) for row in tx.execute(sa.select(table)).mappings()]
            for table in t.metadata.sorted_tables
        }
    return _Catalog(tables).words()


def render(words: Any, indent: str = "") -> str:
    """JSON, with what fits on a line on one line."""
    short = json.dumps(words, ensure_ascii=False)
    if not isinstance(words, dict | list) or not words or len(short) + len(indent) <= _WIDTH:
        return short
    inner = indent + " "
    if isinstance(words, list):
        return "[\n" + ",\n".join(inner + render(item, inner) for item in words) + f"\n{indent}]"
    lines = (
        f"{inner}{json.dumps(key, ensure_ascii=False)}: {render(value, inner)}"
        for key, value in words.items()
    )
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def time(at: int | None) -> str | None:
    """ISO 8601 without the fraction where it is zero."""
    if at is None:
        return None
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


class _Catalog:
    def __init__(self, tables: dict[str, list[Words]]) -> None:
        self._tables = tables
        self._bodies = {row["digest"]: row["body"] for row in tables["content"]}
        assets = {row["id"]: row["asset_id"] for row in tables["dataset"]}
        self._names = {
            row["id"]: f"{row['namespace']} | {row['name']}"
            for row in (*tables["job"], *tables["dataset"])
        }
        self._shown = {id: self._names[assets.get(id, id)] for id in self._names}
        self._runs = {row["id"]: self._run_name(row) for row in tables["run"]}
        self._aliases = {row["alias"]: self._runs[row["id"]] for row in tables["run_alias"]}
        self._facets: dict[int, Words] = defaultdict(dict)
        for row in tables["facet"]:
            if row["digest"] and row["name"] != "jobType":  # the job's own words say it
                self._facets[row["owner_id"]][row["name"]] = self._body(row["digest"])

    def words(self) -> Words:
        return {
            "jobs": self._jobs(),
            "runs": self._all_runs(),
            "datasets": self._datasets(),
            "edges": self._edges(),
            "columns": self._columns(),
        }

    # --- jobs and runs ------------------------------------------------------------------------

    def _jobs(self) -> Words:
        return {
            self._names[row["id"]]: _stated(
                kind=row["kind"],
                integration=row["integration"],
                processing=row["processing"],
                inside=self._names.get(row["parent_id"]),
                facets=self._facets.get(row["id"]),
            )
            for row in sorted(self._tables["job"], key=lambda row: self._names[row["id"]])
        }

    def _run_name(self, row: Words) -> str:
        name = self._names[row["job_id"]].partition(" | ")[2]
        if row["dag_run_id"] is None:
            return f"{name} ({row['run_id'][-2:]})"
        mapped = row["map_index"] is not None and row["map_index"] >= 0
        index = f"[{row['map_index']}]" if mapped else ""
        attempt = f" try {row['try_number']}" if row["task_id"] is not None else ""
        return f"{name}{index} in {row['dag_run_id']}{attempt}"

    def _all_runs(self) -> Words:
        data: dict[tuple[int, str], list[Words]] = defaultdict(list)
        for row in self._tables["run_dataset"]:
            data[row["run_id"], row["role"]].append(row)
        return {
            self._runs[row["id"]]: _stated(
                kind=row["kind"],
                state=row["state"],
                inside=self._runs.get(row["parent_id"]),
                root=self._aliases.get(row["root_id"]),
                queued=time(row["queued_at"]),
                started=time(row["started_at"]),
                ended=time(row["ended_at"]),
                seconds=row["duration"],
                nominal=[time(row["nominal_start_at"]), time(row["nominal_end_at"])],
                error=row["error"],
                notes=_notes(row),
                reads=self._touched(data[row["id"], "input"]),
                writes=self._touched(data[row["id"], "output"]),
            )
            for row in sorted(
                self._tables["run"], key=lambda row: (row["at"], self._runs[row["id"]])
            )
        }

    def _touched(self, rows: list[Words]) -> Words:
        return {
            self._names[row["dataset_id"]]: _stated(
                written=time(row["written_at"]),
                rows=row["row_count"],
                bytes=row["byte_count"],
                files=row["file_count"],
                facets=_last_words(row["facets"]),
            )
            for row in sorted(rows, key=lambda row: self._names[row["dataset_id"]])
        }

    # --- datasets -----------------------------------------------------------------------------

    def _datasets(self) -> Words:
        reported = defaultdict(list)
        for row in self._tables["dataset_name"]:
            reported[row["dataset_id"]].append(f"{row['namespace']} | {row['name']}")
        versions = defaultdict(list)
        for row in sorted(
            self._tables["schema_version"], key=lambda row: (row["first_at"], row["digest"])
        ):
            versions[row["dataset_id"]].append(self._schema(row))
        return {
            self._names[row["id"]]: _stated(
                kind=row["kind"],
                is_now=self._shown[row["id"]] if row["asset_id"] != row["id"] else None,
                also_called=sorted(reported[row["id"]]),
                fresh=time(row["written_at"]),
                by=self._runs.get(row["written_by"]),
                dropped=time(row["dropped_at"]) if _is_dropped(row) else None,
                schemas=versions[row["id"]],
                facets=self._facets.get(row["id"]),
            )
            for row in sorted(self._tables["dataset"], key=lambda row: self._names[row["id"]])
        }

    def _schema(self, row: Words) -> Words:
        return _stated(
            since=time(row["first_at"]),
            by=self._aliases.get(row["first_run"]),
            only_read=not row["written"],
            columns=_column_list(msgspec.json.decode(self._bodies[row["digest"]])),
        )

    # --- what comes from what -----------------------------------------------------------------

    def _edges(self) -> Words:
        found = {}
        for row in self._tables["edge"]:
            arrow = "->" if row["kind"] == "data" else "=>"
            shown = f"{self._names[row['src']]}  {arrow}  {self._names[row['dst']]}"
            found[shown] = self._aliases.get(row["last_run"], "declared")
        return dict(sorted(found.items()))

    def _columns(self) -> Words:
        found: Words = {}
        for row in self._tables["column_lineage"]:
            name = self._names[row["dataset_id"]]
            if row["job_id"] != row["dataset_id"]:
                name = f"{name}, by {self._names[row['job_id']]}"
            body = self._body(row["digest"]) if row["digest"] else {}
            columns = {
                column: [_origin(item) for item in entry["inputFields"]]
                for column, entry in body.get("fields", {}).items()
            }
            rows = [_origin(item) for item in body.get("dataset", [])]
            found[name] = columns | ({"*": rows} if rows else {})
        return dict(sorted(found.items()))

    def _body(self, digest: bytes) -> Words:
        body = msgspec.json.decode(self._bodies[digest])
        return {key: value for key, value in body.items() if key not in _ORIGIN and value}


def _stated(**words: Any) -> Words:
    return {
        key: value for key, value in words.items() if value not in (None, [], {}, [None] * 2, False)
    }


def _notes(row: Words) -> Words:
    notes = {name: note.value for name, note in facts.decode(row["facts"]).properties.items()}
    return {
        name: [time(at) for at in value] if name in _TIMES else value
        for name, value in sorted(notes.items())
        if name not in _STATED and not (name == "nominal" and row["nominal_start_at"])
    }


def _last_words(facets: bytes) -> Words:
    notes = msgspec.json.decode(facets, type=dict[str, facts.LatestValue])
    return {name: note.value for name, note in sorted(notes.items()) if name != "schema"}


def _is_dropped(row: Words) -> bool:
    return row["dropped_at"] is not None and row["dropped_at"] >= (row["written_at"] or 0)


def _column_list(columns: list[Words], inside: str = "") -> list[str]:
    found = []
    for column in columns:
        name = f"{inside}{column['name']}"
        about = f"  -- {column['description']}" if column.get("description") else ""
        found.append(f"{name} {column.get('type')}{about}")
        found += _column_list(column.get("fields") or [], f"{name}.")
    return found


def _origin(item: Words) -> str:
    hows = [
        " ".join(
            filter(None, (each["type"], each["subtype"], "masked" if each["masking"] else None))
        )
        for each in item.get("transformations") or ()
    ]
    how = f" ({', '.join(hows)})" if hows else ""
    return f"{item['namespace']} | {item['name']} . {item['field']}{how}"
