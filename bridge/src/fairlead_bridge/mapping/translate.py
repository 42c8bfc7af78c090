"""
From an OpenLineage event to the Change it means.

Events are told apart by shape, never by schemaURL: `run` makes a RunEvent, `dataset` without
`job` a DatasetEvent, `job` alone a JobEvent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import (
    Attempt,
    Change,
    ColumnLineageFacts,
    DatasetFacts,
    EdgeFacts,
    FacetFacts,
    JobFacts,
    Note,
    RunDatasetFacts,
    RunFacts,
    SchemaFacts,
    Symlink,
    Verdict,
)
from fairlead_bridge.mapping import airflow, assets, columns, decode, redact, schema, times
from fairlead_bridge.mapping.decode import Facets, RawDataset, RawEvent, RawJob
from fairlead_bridge.mapping.identity import Normaliser

ENDS = ("COMPLETE", "ABORT", "FAIL")
_INPUT, _OUTPUT = "input", "output"

#: Facets of runs that are kept with the run; the others stay in the log, with the event.
RUN_NOTES = {
    "processing_engine",
    "tags",
    "externalQuery",
    "extractionError",
    "jobDependencies",
    "test",
    "executionParameters",
}
#: Facets of datasets that have a table of their own.
_APART = {"schema", "columnLineage"}
#: Facets of jobs that are read into other facts.
_READ_APART = {"airflow"}

_encode = msgspec.json.Encoder(order="sorted").encode


class Translator:
    """Reads events; holds what makes reading the same content twice cheap."""

    def __init__(self, normalise: Normaliser) -> None:
        self._normalise = normalise
        self._schemas = _Remembered(self._read_schema)
        self._columns = _Remembered(self._read_columns)

    def __call__(self, body: bytes) -> Change:
        """What the event says. Raises Malformed where it cannot be understood."""
        event = decode.event(body)
        if event.eventTime is None:
            raise Malformed("eventTime is missing: it must say when this happened, in ISO 8601")
        at = times.parse(event.eventTime)
        if event.run is not None:
            return self._run_event(event, at)
        if event.dataset is not None and event.job is None:
            return self._dataset_event(event.dataset, at)
        if event.job is not None:
            return self._job_event(event, at)
        raise Malformed("neither run, job nor dataset: there is nothing this event is about")

    # --- the three kinds of events ------------------------------------------------------------

    def _dataset_event(self, raw: RawDataset, at: int) -> Change:
        parts = _Parts(at)
        self._dataset(parts, raw, alias=None, written=True)
        return parts.change()

    def _job_event(self, event: RawEvent, at: int) -> Change:
        parts = _Parts(at)
        job = _job_facts(event.job, at, None, None)
        parts.jobs.append(job)
        _job_facets(parts, event.job, job.id, None)
        self._data(parts, event, job.id, run_id=None, alias=None)
        return parts.change()

    def _run_event(self, event: RawEvent, at: int) -> Change:
        run, raw_job = event.run, event.job
        if run is None or not run.runId:
            raise Malformed("run.runId is missing: without it the event belongs to no run")
        run_id = canonical_run_id(run.runId)
        alias = ids.run_id(run_id)
        parent = _parent(run.facets)
        namespace = (raw_job.namespace or "") if raw_job else ""
        place = airflow.place(namespace, run.facets, at)
        job = _job_facts(raw_job, at, place, parent)
        parts = _Parts(at)
        parts.jobs.append(job)
        parts.jobs.extend(_ancestors(parent, at))
        _job_facets(parts, raw_job, job.id, place)
        facts = _run_facts(event, run_id, alias, job, place, parent, at)
        parts.runs.append(facts)
        owner_job, owner_run = _owner_of_data(job, facts, parent)
        self._data(parts, event, owner_job, owner_run, alias)
        if place is not None:
            self._declared(parts, place, owner_job, owner_run, alias)
            _dag_graph(parts, raw_job, job, place)
            if (event.eventType or "").upper() in ENDS and place.task_id is None:
                parts.verdicts.extend(_verdicts(run.facets, namespace, place, at))
        return parts.change()

    # --- datasets -----------------------------------------------------------------------------

    def _data(
        self, parts: _Parts, event: RawEvent, job_id: int, run_id: int | None, alias: int | None
    ) -> None:
        for raw in event.inputs or ():
            dataset = self._dataset(parts, raw, alias, written=False)
            self._touch(parts, raw, raw.inputFacets, dataset, _INPUT, job_id, run_id, alias)
        for raw in event.outputs or ():
            dataset = self._dataset(parts, raw, alias, written=True)
            self._touch(parts, raw, raw.outputFacets, dataset, _OUTPUT, job_id, run_id, alias)
            self._origins(parts, raw, dataset, job_id)

    def _declared(
        self, parts: _Parts, place: airflow.Place, job_id: int, run_id: int, alias: int
    ) -> None:
        """Assets that the task declares; Airflow drops those whose scheme it does not know."""
        for role, uris in ((_INPUT, place.inlets), (_OUTPUT, place.outlets)):
            for uri in uris:
                namespace, name = assets.dataset_of(uri)
                raw = RawDataset(namespace=namespace, name=name)
                dataset = self._dataset(parts, raw, alias, written=False)
                self._touch(parts, raw, None, dataset, role, job_id, run_id, alias)

    def _touch(
        self,
        parts: _Parts,
        raw: RawDataset,
        facets: Facets | None,
        dataset: int,
        role: str,
        job_id: int,
        run_id: int | None,
        alias: int | None,
    ) -> None:
        src, dst = (dataset, job_id) if role == _INPUT else (job_id, dataset)
        parts.edges.append(EdgeFacts(src, dst, "data", parts.at, alias))
        if run_id is None:
            return
        told = _dataset_notes(facets, raw.facets, parts.at)
        rows, size, files = _statistics(told)
        parts.run_datasets.append(
            RunDatasetFacts(
                run_id=run_id,
                dataset_id=dataset,
                role=role,
                at=parts.at,
                row_count=rows,
                byte_count=size,
                file_count=files,
                schema_digest=self._schema_digest(raw.facets),
                facets=told,
            )
        )

    def _dataset(self, parts: _Parts, raw: RawDataset, alias: int | None, *, written: bool) -> int:
        """Notes what is said of the dataset itself; returns its id."""
        if not raw.name:
            raise Malformed("a dataset has no name: name is required")
        at = parts.at
        namespace, name = _clean(raw.namespace or ""), _clean(raw.name)
        identity = self._normalise(namespace, name)
        dataset = ids.dataset_id(identity.namespace, identity.key)
        original = (namespace, name)
        known = (identity.namespace, identity.name)
        facets = raw.facets or {}
        change = decode.facet(facets, "lifecycleStateChange") if facets else None
        parts.datasets.append(
            DatasetFacts(
                id=dataset,
                namespace=identity.namespace,
                name=identity.name,
                at=at,
                kind=_dataset_kind(facets),
                dropped_at=at if change and change.get("lifecycleStateChange") == "DROP" else None,
                names=() if original == known else (original,),
            )
        )
        self._links(parts, facets, change, dataset)
        for facet, body in facets.items():
            if facet not in _APART:
                parts.facet(dataset, facet, bytes(body))
        read = self._schemas(facets.get("schema"))
        if read is not None:
            parts.schemas.append(SchemaFacts(dataset, at, read[0], read[1], alias, written))
        return dataset

    def _links(
        self, parts: _Parts, facets: Facets, change: dict[str, Any] | None, dataset: int
    ) -> None:
        symlinks = decode.facet(facets, "symlinks") if "symlinks" in facets else None
        for item in _dicts(symlinks and symlinks.get("identifiers")):
            self._link(parts, dataset, item, str(item.get("type") or "TABLE").upper())
        if change and change.get("lifecycleStateChange") == "RENAME":
            for item in _dicts([change.get("previousIdentifier")]):
                self._link(parts, dataset, item, "RENAME")

    def _link(self, parts: _Parts, dataset: int, item: dict[str, Any], kind: str) -> None:
        namespace, name = item.get("namespace"), item.get("name")
        if not isinstance(namespace, str) or not isinstance(name, str) or not name:
            return
        other = self._dataset(
            parts, RawDataset(namespace=namespace, name=name), None, written=False
        )
        if other != dataset:
            parts.symlinks.append(Symlink(dataset, other, kind, parts.at))

    def _origins(self, parts: _Parts, raw: RawDataset, dataset: int, job_id: int) -> None:
        read = self._columns((raw.facets or {}).get("columnLineage"))
        if read is not None:
            parts.column_lineage.append(
                ColumnLineageFacts(dataset, job_id, parts.at, read[0], read[1])
            )

    # --- bodies that are read once ------------------------------------------------------------

    def _schema_digest(self, facets: Facets | None) -> bytes | None:
        read = self._schemas(facets.get("schema")) if facets else None
        return read[0] if read is not None else None

    @staticmethod
    def _read_schema(facet: dict[str, Any]) -> bytes | None:
        return schema.canonical(facet)

    def _read_columns(self, facet: dict[str, Any]) -> bytes | None:
        return columns.canonical(facet, self._normalise)


class _Remembered:
    """A reader of facets that reads each content once; keyed by the facet's raw bytes."""

    _LIMIT = 20_000

    def __init__(self, read: Callable[[dict[str, Any]], bytes | None]) -> None:
        self._read = read
        self._known: dict[bytes, tuple[bytes, bytes] | None] = {}

    def __call__(self, raw: msgspec.Raw | None) -> tuple[bytes, bytes] | None:
        """(digest, canonical body), or None where there is nothing to keep."""
        if raw is None:
            return None
        key = ids.digest(bytes(raw))
        if key not in self._known:
            if len(self._known) >= self._LIMIT:
                self._known.clear()
            self._known[key] = self._fresh(raw)
        return self._known[key]

    def _fresh(self, raw: msgspec.Raw) -> tuple[bytes, bytes] | None:
        facet = decode.facet({"facet": raw}, "facet")
        body = self._read(facet) if facet is not None else None
        return (ids.digest(body), body) if body is not None else None


class _Parts:
    """A Change while it is being put together."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.jobs: list[JobFacts] = []
        self.datasets: list[DatasetFacts] = []
        self.symlinks: list[Symlink] = []
        self.facets: list[FacetFacts] = []
        self.schemas: list[SchemaFacts] = []
        self.column_lineage: list[ColumnLineageFacts] = []
        self.edges: list[EdgeFacts] = []
        self.runs: list[RunFacts] = []
        self.run_datasets: list[RunDatasetFacts] = []
        self.verdicts: list[Verdict] = []

    def facet(self, owner: int, name: str, body: bytes) -> None:
        """Notes a facet: the newest replaces the whole; `_deleted` removes; null says nothing."""
        if body == b"null":
            return
        if b'"_deleted"' in body and _is_deleted(body):
            body = b""
        elif name in redact.SENSITIVE:
            body = redact.facet(body)
        digest = ids.digest(body) if body else b""
        self.facets.append(FacetFacts(owner, _clean(name), self.at, digest, body))

    def change(self) -> Change:
        return Change(
            at=self.at,
            jobs=tuple(self.jobs),
            datasets=tuple(self.datasets),
            symlinks=tuple(self.symlinks),
            facets=tuple(self.facets),
            schemas=tuple(self.schemas),
            column_lineage=tuple(self.column_lineage),
            edges=tuple(self.edges),
            runs=tuple(self.runs),
            run_datasets=tuple(self.run_datasets),
            verdicts=tuple(self.verdicts),
        )


class _Parent(msgspec.Struct, frozen=True):
    """Who a run runs inside, as the facet `parent` says; in any namespace."""

    namespace: str
    name: str
    run_id: str | None
    root_namespace: str | None = None
    root_name: str | None = None
    root_run_id: str | None = None


def canonical_run_id(text: str) -> str:
    """A UUID in its canonical spelling; any other text as it is."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return _clean(text)


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL in text."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _is_deleted(body: bytes) -> bool:
    facet = decode.facet({"facet": msgspec.Raw(body)}, "facet")
    return bool(facet and facet.get("_deleted") is True)


# --- jobs -------------------------------------------------------------------------------------


def _job_facts(
    raw: RawJob | None, at: int, place: airflow.Place | None, parent: _Parent | None
) -> JobFacts:
    if raw is None or not raw.name:
        raise Malformed("job.name is missing: a run needs the job it is a run of")
    namespace, name = _clean(raw.namespace or ""), _clean(raw.name)
    told = decode.facet(raw.facets, "jobType") if raw.facets else None
    integration, kind, processing = _job_type(told)
    if place is not None:
        kind = "task" if place.task_id is not None else "dag"
    inside = parent
    if inside is not None and (inside.namespace, inside.name) == (namespace, name):
        inside = None
    return JobFacts(
        id=ids.job_id(namespace, name),
        namespace=namespace,
        name=name,
        at=at,
        kind=kind,
        integration=integration,
        processing=processing,
        dag_id=place.dag_id if place else None,
        task_id=place.task_id if place else None,
        parent_id=ids.job_id(inside.namespace, inside.name) if inside else None,
    )


def _job_type(told: dict[str, Any] | None) -> tuple[str | None, str | None, str | None]:
    if told is None:
        return None, None, None
    integration, kind, processing = (
        told.get(name) for name in ("integration", "jobType", "processingType")
    )
    return (
        str(integration).upper() if integration else None,
        str(kind).lower() if kind else "job",
        str(processing).upper() if processing else None,
    )


def _ancestors(parent: _Parent | None, at: int) -> Iterator[JobFacts]:
    """The parent and the root exist, in their own namespaces; nothing else is known of them."""
    if parent is None:
        return
    root = None
    if parent.root_namespace is not None and parent.root_name:
        root = ids.job_id(parent.root_namespace, parent.root_name)
        yield JobFacts(root, parent.root_namespace, parent.root_name, at)
    own = ids.job_id(parent.namespace, parent.name)
    if own != root:
        yield JobFacts(own, parent.namespace, parent.name, at)


def _parent(facets: Facets | None) -> _Parent | None:
    facet = decode.facet(facets, "parent") or decode.facet(facets, "parentRun")
    if facet is None:
        return None
    job, run = facet.get("job"), facet.get("run")
    if not isinstance(job, dict) or not isinstance(job.get("name"), str) or not job["name"]:
        return None
    root = facet.get("root")
    root_job = root.get("job") if isinstance(root, dict) else None
    return _Parent(
        namespace=_clean(str(job.get("namespace") or "")),
        name=_clean(job["name"]),
        run_id=_run_id_in(run),
        root_namespace=_text(root_job, "namespace"),
        root_name=_text(root_job, "name"),
        root_run_id=_run_id_in(root.get("run")) if isinstance(root, dict) else None,
    )


def _text(value: object, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return _clean(found) if isinstance(found, str) else None


def _run_id_in(run: object) -> str | None:
    found = _text(run, "runId")
    return canonical_run_id(found) if found else None


def _job_facets(
    parts: _Parts, raw: RawJob | None, job_id: int, place: airflow.Place | None
) -> None:
    for name, body in ((raw.facets if raw else None) or {}).items():
        if name not in _READ_APART:
            parts.facet(job_id, name, bytes(body))
    if place is None:
        return
    if place.dag is not None:
        parts.facet(job_id, "fairlead_dag", _encode(place.dag))
    if place.task is not None:
        parts.facet(job_id, "fairlead_task", _encode(place.task))


def _dag_graph(parts: _Parts, raw: RawJob | None, dag: JobFacts, place: airflow.Place) -> None:
    """The tasks of a DAG and what follows what, from the facet of its START event."""
    facet = (
        decode.facet(raw.facets, "airflow") if raw is not None and place.task_id is None else None
    )
    tasks = facet.get("tasks") if facet else None
    if not isinstance(tasks, dict):
        return
    graph: dict[str, Any] = {}
    for task_id, told in tasks.items():
        if not isinstance(told, dict):
            continue
        following = sorted(map(str, airflow.as_list(told.get("downstream_task_ids"))))
        graph[task_id] = {
            "operator": told.get("operator"),
            "downstream": following,
            "group": told.get("task_group"),
            "label": told.get("ui_label"),
            "emits": told.get("emits_ol_events"),
        }
        name = f"{place.dag_id}.{task_id}"
        own = ids.job_id(dag.namespace, name)
        parts.jobs.append(
            JobFacts(
                id=own,
                namespace=dag.namespace,
                name=name,
                at=parts.at,
                kind="task",
                integration=dag.integration,
                processing=dag.processing,
                dag_id=place.dag_id,
                task_id=task_id,
                parent_id=dag.id,
            )
        )
        for after in following:
            target = ids.job_id(dag.namespace, f"{place.dag_id}.{after}")
            parts.edges.append(EdgeFacts(own, target, "control", parts.at, None))
    groups = facet.get("taskGroups") if facet else None
    body = {"tasks": graph, "groups": _groups(groups)}
    parts.facet(dag.id, "fairlead_tasks", _encode(body))


def _groups(told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        return {}
    return {
        name: {"label": group.get("ui_label"), "parent": group.get("parent_group")}
        for name, group in told.items()
        if isinstance(group, dict)
    }


# --- runs -------------------------------------------------------------------------------------


def _run_facts(
    event: RawEvent,
    run_id: str,
    alias: int,
    job: JobFacts,
    place: airflow.Place | None,
    parent: _Parent | None,
    at: int,
) -> RunFacts:
    facets = event.run.facets if event.run else None
    attempt = _attempt(event, place, parent, job, at)
    inside = ids.run_id(parent.run_id) if parent and parent.run_id else None
    root = ids.run_id(parent.root_run_id) if parent and parent.root_run_id else None
    if place is None:
        return RunFacts(
            id=alias,
            job_id=job.id,
            kind=job.kind,
            parent_id=None if inside == alias else inside,
            root_id=root,
            attempts={run_id: attempt},
            notes=_notes(facets, {}, job, at),
        )
    return RunFacts(
        id=place.id,
        job_id=job.id,
        kind=job.kind,
        dag_id=place.dag_id,
        dag_run_id=place.dag_run_id,
        task_id=place.task_id,
        map_index=place.map_index,
        try_number=place.try_number,
        dag_run=place.dag_run,
        instance=place.instance,
        parent_id=place.dag_run if place.task_id is not None else inside,
        root_id=root,
        attempts={run_id: attempt},
        notes=_notes(facets, place.notes, job, at),
    )


def _attempt(
    event: RawEvent,
    place: airflow.Place | None,
    parent: _Parent | None,
    job: JobFacts,
    at: int,
) -> Attempt:
    kind = (event.eventType or "OTHER").upper()
    marked = kind in ENDS and place is None and _marked(event, parent, job)
    end = kind if kind in ENDS and not marked else None
    return Attempt(
        generation=place.generation if place else 0,
        first_at=at,
        last_at=at,
        start_at=at if kind == "START" else None,
        running_at=at if kind == "RUNNING" else None,
        end_at=at if end else None,
        end=end,
        mark_at=at if marked else None,
        mark=kind if marked else None,
        truth=place.truth if place else None,
        dag_start_at=place.dag_start_at if place else None,
        dag_end_at=place.dag_end_at if place else None,
        duration=place.duration if place and end else None,
    )


def _marked(event: RawEvent, parent: _Parent | None, job: JobFacts) -> bool:
    """Airflow's API server tells of a task that somebody marked without the task's own facets."""
    engine = decode.facet(event.run.facets if event.run else None, "processing_engine")
    by_airflow = bool(engine and str(engine.get("name", "")).lower() == "airflow")
    return by_airflow and parent is not None and job.kind in ("task", None)


def _notes(facets: Facets | None, more: dict[str, Any], job: JobFacts, at: int) -> dict[str, Note]:
    notes = {name: Note(at, value) for name, value in more.items()}
    if job.processing is not None and job.processing != "BATCH":
        notes["processing"] = Note(at, job.processing)
    for name in facets or {}:
        if name in RUN_NOTES:
            body = decode.facet(facets, name)
            if body is not None:
                notes[name] = Note(at, _without_origin(body))
    error = decode.facet(facets, "errorMessage")
    if error is not None:
        notes["error"] = Note(at, _error(error))
    nominal = decode.facet(facets, "nominalTime")
    if nominal is not None:
        notes["nominal"] = Note(
            at, [_time(nominal, "nominalStartTime"), _time(nominal, "nominalEndTime")]
        )
    return notes


def _without_origin(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("_producer", "_schemaURL")}


def _error(facet: dict[str, Any]) -> dict[str, str | None]:
    return {
        "message": _text(facet, "message") or "",
        "language": _text(facet, "programmingLanguage"),
        "stack_trace": _text(facet, "stackTrace"),
    }


def _time(facet: dict[str, Any], key: str) -> int | None:
    value = facet.get(key)
    try:
        return times.parse(value) if value else None
    except Malformed:
        return None


def _owner_of_data(job: JobFacts, run: RunFacts, parent: _Parent | None) -> tuple[int, int]:
    """Queries that a hook reports count for the task that ran them."""
    if job.kind == "query" and job.integration == "AIRFLOW" and parent and parent.run_id:
        return ids.job_id(parent.namespace, parent.name), ids.run_id(parent.run_id)
    return job.id, run.id


def _verdicts(
    facets: Facets | None, namespace: str, place: airflow.Place, at: int
) -> Iterable[Verdict]:
    for task_id, (state, duration) in airflow.closing(facets).items():
        job_id = ids.job_id(namespace, f"{place.dag_id}.{task_id}")
        yield Verdict(place.dag_run, task_id, job_id, at, state.lower(), duration)


# --- what a run did to a dataset ----------------------------------------------------------------


def _dataset_kind(facets: Facets) -> str | None:
    told = decode.facet(facets, "datasetType") if "datasetType" in facets else None
    kind = told.get("datasetType") if told else None
    return str(kind).upper() if kind else None


def _dataset_notes(own: Facets | None, of_dataset: Facets | None, at: int) -> dict[str, Note]:
    """Input and output facets; quality facets are also seen among the dataset's own."""
    notes: dict[str, Note] = {}
    for facets, wanted in ((of_dataset, _QUALITY), (own, None)):
        for name in facets or {}:
            if wanted is None or name in wanted:
                body = decode.facet(facets, name)
                if body is not None:
                    notes[_clean(name)] = Note(at, _without_origin(body))
    return notes


_QUALITY = {"dataQualityMetrics", "dataQualityAssertions"}


def _statistics(notes: dict[str, Note]) -> tuple[int | None, int | None, int | None]:
    for name in ("outputStatistics", "inputStatistics", "dataQualityMetrics"):
        note = notes.get(name)
        if note is not None:
            told = note.value
            return (
                _count(told.get("rowCount")),
                _count(told.get("size", told.get("bytes"))),
                _count(told.get("fileCount")),
            )
    return None, None, None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if -(2**63) <= value < 2**63 else None
