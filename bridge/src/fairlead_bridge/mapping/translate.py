"""
Translates an OpenLineage event into a Change.

Kinds of events are recognised by shape, never by schemaURL: `run` makes a RunEvent, `dataset` without
`job` a DatasetEvent, `job` alone a JobEvent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from fairlead_bridge import ids, masking
from fairlead_bridge.errors import Malformed, TooDeep
from fairlead_bridge.facts import (
    Change,
    ColumnLineageFacts,
    DatasetFacts,
    EdgeFacts,
    JobFacts,
    ObservationFacts,
    RunDatasetFacts,
    RunFacts,
    SchemaFacts,
    Symlink,
    is_hook_query,
)
from fairlead_bridge.mapping import (
    airflow,
    columns,
    datasets,
    decode,
    deployments,
    explicit,
    files,
    instances,
    jobs,
    parent,
    quality,
    runs,
    salvage,
    schema,
    session,
    times,
)
from fairlead_bridge.mapping.decode import Facets, RawDataset, RawEvent
from fairlead_bridge.mapping.grouping import contradictions
from fairlead_bridge.mapping.identity import Normaliser, names_a_place
from fairlead_bridge.mapping.identity.catalogs import name_in_catalog
from fairlead_bridge.mapping.parts import FacetReader, Parts
from fairlead_bridge.uris import dataset_of

_INPUT, _OUTPUT = "input", "output"
#: Facets of datasets that have a table of their own.
_APART = ("schema", "columnLineage")
#: How dbt calls the query of an ephemeral model inside of another: no dataset has such a name.
_CTE = "__dbt__cte__"
#: What happens to a dataset without data coming into it.
_NO_FLOW = ("DROP", "RENAME")


class _About(msgspec.Struct, frozen=True):
    """The job and the run that read or wrote the datasets of an event."""

    job: JobFacts
    owner: int  # the job they count for
    run: int | None = None  # the run they count for; none where they are only declared
    alias: int | None = None
    complete: bool = False  # the event says that the run succeeded
    endless: bool = False  # the run is a stream's or a service's


class Translator:
    """Reads events; holds what makes reading the same content twice cheap."""

    def __init__(self, normalise: Normaliser) -> None:
        self._normalise = normalise
        self._read_facet = FacetReader()
        self._schemas = _Remembered(
            lambda facet, namespace: _digested(schema.canonical(facet, namespace))
        )
        self._columns = _Remembered(
            lambda facet, namespace: _digested(columns.canonical(facet, self._normalise, namespace))
        )
        self._sources = _Remembered(lambda facet, _: sorted(explicit.sources_of_columns(facet)))

    def __call__(self, body: bytes) -> Change:
        """Return what the event says. Raises Malformed where it cannot be understood."""
        try:
            return self._translate(*salvage.event(body))
        except (TooDeep, RecursionError):
            return self._translate(*salvage.without_depths(body))

    def _translate(self, event: RawEvent, left_out: tuple[str, ...]) -> Change:
        if event.eventTime is None:
            raise Malformed("eventTime is missing: it must say when this happened, in ISO 8601")
        parts = Parts(times.parse(event.eventTime), self._read_facet, left_out)
        if event.run is not None:
            self._run_event(parts, event, event.run.runId, event.run.facets)
        elif event.dataset is not None and event.job is None:
            self._dataset_event(parts, event.dataset)
        elif event.job is not None:
            self._job_event(parts, event)
        else:
            raise Malformed("neither run, job nor dataset: there is nothing this event is about")
        _add_left_out(parts)
        return parts.change()

    # --- the three kinds of events ------------------------------------------------------------

    def _dataset_event(self, parts: Parts, raw: RawDataset) -> None:
        dataset = self._dataset(parts, raw, None, written=True, dataset_event=True)
        self._made_of(parts, raw, dataset)

    def _job_event(self, parts: Parts, event: RawEvent) -> None:
        job = jobs.of_event(event.job, parts.at, None, None)
        parts.jobs.append(job)
        jobs.facets(parts, event.job, job, None)
        self._data(parts, event, _About(job, job.id))

    def _run_event(
        self, parts: Parts, event: RawEvent, sent_id: str | None, facets: Facets | None
    ) -> None:
        if not sent_id:
            raise Malformed("run.runId is missing: without it the event belongs to no run")
        run_id, at = parent.canonical_run_id(sent_id), parts.at
        alias = ids.run_id(run_id)
        parts.check(facets, "run facet")
        inside = parent.read(facets)
        if inside is None and parent.is_present(facets):
            parts.left_out.append("run facet parent: it names no job")
        namespace = decode.namespace(event.job.namespace if event.job else "")
        place = airflow.place(namespace, facets, at, parts.left_out)
        place = place or instances.place(namespace, facets or {}, parts.left_out)
        job = jobs.of_event(event.job, at, place, inside.job if inside else None)
        processing = runs.processing(job, facets)
        if processing != job.processing:
            job = msgspec.structs.replace(job, processing=processing)
        parts.jobs.extend((job, *parent.ancestors(inside, at)))
        jobs.facets(parts, event.job, job, place)
        run = runs.of_event(event, run_id, job, place, inside, at)
        parts.runs.append(run)
        runs.dependencies(parts, facets, job, alias)
        deployments.add(parts, facets, job.namespace)
        owner, owner_run = _owner_of_data(job, run, inside)
        kind = runs.kind_of(event)
        endless = job.processing in runs.ENDLESS and kind not in ("FAIL", "ABORT")
        about = _About(job, owner, owner_run, alias, kind == "COMPLETE", endless)
        self._data(parts, event, about)
        self._checked(parts, facets, alias)
        if owner_run != run.id:
            _show_with(parts, run.id)
        if place is not None:
            self._declared(parts, place, about)
            if kind in runs.ENDS and place.task_id is None:
                runs.task_states(parts, facets, job, place)
            instances.add_tries(parts, facets, job, place)

    @staticmethod
    def _checked(parts: Parts, facets: Facets | None, alias: int) -> None:
        """Add the checks of data that the run made, to the dataset and to the run."""
        read = {item.dataset_id for item in parts.run_datasets if item.role == _INPUT}
        parts.assertions.extend(quality.of_run(facets, read, parts.at, alias))
        if parts.assertions:
            own = parts.runs[0]
            properties = own.properties | quality.counts(parts.assertions)
            parts.runs[0] = msgspec.structs.replace(own, properties=properties)

    # --- what is read and written -------------------------------------------------------------

    def _data(self, parts: Parts, event: RawEvent, about: _About) -> None:
        parts.scope = session.place_of(about.job.namespace, about.job.name)
        parts.folders = files.folders(
            event.inputs or (), streaming=about.job.processing == "STREAMING"
        )
        stated: dict[int, dict[str, Any] | None] = {}
        for relation in explicit.of_job(event.job.facets if event.job else None):
            with parts.leaving_out("job facet lineage"):
                target = self._relate(parts, relation, about)
                if target is not None:
                    stated[target] = relation.columns
        own: set[int] = set()
        for at, raw in enumerate(event.inputs or ()):
            if quality.is_audit(raw):
                continue
            with parts.leaving_out(f"inputs[{at}]"):
                own.add(self._input(parts, raw, about))
        for at, raw in enumerate(event.outputs or ()):
            if quality.is_audit(raw, about.job, written=True):
                continue
            with parts.leaving_out(f"outputs[{at}]"):
                own.add(self._output(parts, raw, about, stated))
        for dataset, alone in stated.items():
            self._origins(parts, None, explicit.columns(None, alone), dataset, about.owner)
        if len(parts.symlinks) > 1:
            self._separate(parts, own)

    def _input(self, parts: Parts, raw: RawDataset, about: _About) -> int:
        dataset = self._dataset(parts, raw, about.alias, written=False)
        self._add_access(parts, raw, raw.inputFacets, dataset, _INPUT, about)
        self._made_of(parts, raw, dataset)
        return dataset

    def _output(
        self,
        parts: Parts,
        raw: RawDataset,
        about: _About,
        stated: dict[int, dict[str, Any] | None],
    ) -> int:
        """`stated` are the columns that the job's facet gives, by dataset; this one's are removed."""
        dataset = self._dataset(
            parts,
            raw,
            about.alias,
            written=about.alias is None or about.complete or about.endless,
            complete=about.complete,
        )
        self._add_access(parts, raw, raw.outputFacets, dataset, _OUTPUT, about)
        relation = explicit.of_dataset(raw.facets, raw.namespace or "", raw.name or "")
        own_columns = None
        if relation is not None:
            self._relate(parts, relation, about)
            own_columns = relation.columns
        merged = explicit.columns(stated.pop(dataset, None), own_columns)
        sources = self._origins(parts, raw.facets, merged, dataset, about.owner)
        self._read_by_columns(parts, sources, dataset, about)
        return dataset

    def _read_by_columns(
        self, parts: Parts, sources: Iterable[tuple[str, str]], dataset: int, about: _About
    ) -> None:
        """What a column comes from was read, also where it is not among the inputs."""
        known = {item.dataset_id for item in parts.run_datasets if item.role == _INPUT}
        for namespace, name in sources:
            if name.startswith(_CTE) or not name.strip():
                continue
            identity = self._normalise(*self._resolved_name(parts, namespace, name))
            source = ids.dataset_id(identity.namespace, identity.key)
            if source != dataset and source not in known:
                origin = RawDataset(namespace=namespace, name=name)
                self._dataset(parts, origin, about.alias, written=False)
                self._add_access(parts, origin, None, source, _INPUT, about)

    @staticmethod
    def _separate(parts: Parts, own: set[int]) -> None:
        """Two of the event's `own` datasets that name the same other one are not merged by that."""
        links = [(link.dataset_id, link.other_id, link.kind) for link in parts.symlinks]
        parts.symlinks.extend(Symlink(*link, parts.at) for link in contradictions(links, own))

    def _declared(self, parts: Parts, place: airflow.Place, about: _About) -> None:
        """Assets that the task declares; Airflow drops those whose scheme it does not know."""
        for role, uris in ((_INPUT, place.inlets), (_OUTPUT, place.outlets)):
            for uri in uris:
                namespace, name = dataset_of(uri)
                raw = RawDataset(namespace=decode.text(namespace), name=decode.text(name))
                with parts.leaving_out(f"asset declared as {role}"):
                    dataset = self._dataset(parts, raw, about.alias, written=False)
                    self._add_access(parts, raw, None, dataset, role, about)

    def _add_access(
        self,
        parts: Parts,
        raw: RawDataset,
        facets: Facets | None,
        dataset: int,
        role: str,
        about: _About,
    ) -> None:
        src, dst = (dataset, about.owner) if role == _INPUT else (about.owner, dataset)
        if role == _INPUT or datasets.lifecycle(raw.facets or {})[0] not in _NO_FLOW:
            parts.edges.append(EdgeFacts(src, dst, "data", parts.at, about.alias))
        if about.run is None:
            return
        parts.check(facets, f"{role} facet")
        schema_facet = raw.facets.get("schema") if raw.facets else None
        read = self._schemas(schema_facet, parts.namespaces[dataset])
        parts.run_datasets.append(
            RunDatasetFacts(
                run_id=about.run,
                dataset_id=dataset,
                role=role,
                at=parts.at,
                schema_digest=read[0] if read is not None else None,
                facets=datasets.run_facets(facets, raw.facets, parts.at),
            )
        )

    # --- a dataset itself ---------------------------------------------------------------------

    def _dataset(
        self,
        parts: Parts,
        raw: RawDataset,
        alias: int | None,
        *,
        written: bool,
        dataset_event: bool = False,
        complete: bool = False,
    ) -> int:
        """
        Add what is said of the dataset itself; return its id.

        Its schema is that of a writer where it is `written`: an attempt that failed, or whose end
        is open, may have written nothing. A DROP counts in a `dataset_event`, or where
        the run that did it is `complete`.
        """
        at = parts.at
        namespace, name = self._resolved_name(parts, raw.namespace, raw.name or "")
        if raw.name is None or not (name.strip() or names_a_place(namespace)):
            raise Malformed("a dataset has no name")
        identity = self._normalise(namespace, name)
        dataset = ids.dataset_id(identity.namespace, identity.key)
        parts.namespaces[dataset] = identity.namespace
        # Which part of a dataset was meant is no name of it: there may be any number of them.
        spelled = identity.name if identity.partition else name
        original = (masking.urls(namespace), masking.urls(spelled))
        known = (identity.namespace, identity.name)
        unknown = namespace == parts.scope  # the job's alone
        facets = raw.facets or {}
        parts.check(facets, "facet")
        change, lifecycle = datasets.lifecycle(facets) if facets else (None, {})
        updated_at = datasets.updated(
            facets, raw.inputFacets, change if dataset_event else None, at
        )
        if updated_at is not None:
            parts.observations.append(ObservationFacts(dataset, "updated", updated_at))
        parts.datasets.append(
            DatasetFacts(
                id=dataset,
                namespace=identity.namespace,
                name=identity.name,
                at=at,
                kind=datasets.kind(facets) if facets else None,
                dropped_at=at if change == "DROP" and (dataset_event or complete) else None,
                updated_at=updated_at,
                names=() if original == known or unknown or not name else (original,),
            )
        )
        for also in identity.also:
            self._link(parts, dataset, *also, "HOST")
        if facets:
            self._links(parts, facets, lifecycle if change == "RENAME" else {}, name, dataset)
        for facet, body in facets.items():
            if facet not in _APART and (dataset_event or facet != "lifecycleStateChange"):
                parts.facet(dataset, facet, body)
        parts.assertions.extend(quality.of_dataset(dataset, raw, at, alias))
        read = self._schemas(facets.get("schema"), identity.namespace)
        if read is not None:
            parts.schemas.append(SchemaFacts(dataset, at, read[0], read[1], alias, written))
        return dataset

    @staticmethod
    def _resolved_name(parts: Parts, namespace: str | None, name: str) -> tuple[str, str]:
        """The namespace and name that are meant: of the folder, of what only the job knows."""
        decoded = (decode.namespace(namespace), decode.name(name))
        if (namespace or "", name) in parts.folders:
            folder = parts.folders[namespace or "", name]
            return decode.namespace(folder[0]), decode.name(folder[1])
        if parts.scope is not None and session.is_local(*decoded):
            return decode.namespace(parts.scope), decoded[1]
        return decoded

    def _links(
        self,
        parts: Parts,
        facets: Facets,
        renamed: dict[str, Any],
        name: str,
        dataset: int,
    ) -> None:
        """Other names of the same asset: symlinks, the name before a rename, a catalog's."""
        symlinks = decode.facet(facets, "symlinks") if "symlinks" in facets else None
        tables = []
        for item in decode.dicts(symlinks and symlinks.get("identifiers")):
            kind = (decode.word(item.get("type")) or "TABLE").upper()
            if session.is_local_table(str(item.get("namespace")), str(item.get("name"))):
                continue
            self._link(parts, dataset, item.get("namespace"), item.get("name"), kind)
            if kind == "TABLE":
                tables.append(str(item.get("name")))
        for item in decode.dicts([renamed.get("previousIdentifier")]):
            self._link(parts, dataset, item.get("namespace"), item.get("name"), "RENAME")
        catalog_facet = decode.facet(facets, "catalog") if "catalog" in facets else None
        if catalog_facet is not None:
            second = name_in_catalog(catalog_facet, [*tables, name], self._normalise)
            if second is not None:
                self._link(parts, dataset, *second, "CATALOG")

    def _link(self, parts: Parts, dataset: int, namespace: object, name: object, kind: str) -> None:
        with parts.leaving_out(f"{kind} as another name"):
            if not isinstance(namespace, str) or not isinstance(name, str):
                raise Malformed("it lacks a namespace or a name")
            raw = RawDataset(namespace=namespace, name=name)
            other = self._dataset(parts, raw, None, written=False)
            if other != dataset:
                parts.symlinks.append(Symlink(dataset, other, kind, parts.at))

    # --- what comes from what -----------------------------------------------------------------

    def _origins(
        self,
        parts: Parts,
        facets: Facets | None,
        stated: dict[str, Any],
        dataset: int,
        owner: int,
    ) -> Iterable[tuple[str, str]]:
        """
        What the columns come from; `stated` is what the facet `lineage` says of them.

        Returns the (namespace, name) of each dataset that they come from.
        """
        raw = facets.get("columnLineage") if facets else None
        own_names = raw is not None and (parts.folders or session.is_in(bytes(raw)))
        if own_names or any(stated.values()):
            merged = explicit.columns(decode.facet(facets, "columnLineage"), stated)
            body = columns.canonical(
                merged,
                lambda *name: self._normalise(*self._resolved_name(parts, *name)),
                parts.namespaces[dataset],
            )
            read, sources = _digested(body), sorted(explicit.sources_of_columns(merged))
        else:
            read = self._columns(raw, parts.namespaces[dataset])
            sources = self._sources(raw, "") or []
        if read is not None:
            parts.column_lineage.append(ColumnLineageFacts(dataset, owner, parts.at, *read))
        return sources

    def _made_of(self, parts: Parts, raw: RawDataset, dataset: int) -> None:
        """Add what a dataset is made of without a job, as a view is."""
        facets = raw.facets or {}
        if "columnLineage" not in facets and "lineage" not in facets:
            return
        relation = explicit.of_dataset(facets, raw.namespace or "", raw.name or "")
        stated = None
        if relation is not None:
            self._relate(parts, relation, None)
            stated = relation.columns
        column_facet = decode.facet(facets, "columnLineage")
        for namespace, name in sorted(explicit.sources_of_columns(column_facet or {})):
            source = self._dataset(
                parts, RawDataset(namespace=namespace, name=name), None, written=False
            )
            self._edge(parts, source, dataset, None)
        self._origins(parts, facets, explicit.columns(None, stated), dataset, dataset)

    def _relate(
        self, parts: Parts, relation: explicit.Relation, about: _About | None
    ) -> int | None:
        """
        The edges of one stated relation; returns its target if that is a dataset.

        Data between datasets goes through the event's job, unless the relation names the jobs.
        """
        alias = about.alias if about else None
        target = self._end(parts, relation.target, about)
        sources = [(end, self._end(parts, end, about)) for end in relation.sources]
        maker = about.owner if about and not relation.target.is_job else None
        if any(end.is_job and not end.is_own_job for end in relation.sources):
            maker = None
        if target is None:
            return None
        if maker is not None and about is not None:
            raw = RawDataset(namespace=relation.target.namespace, name=relation.target.name)
            self._add_access(parts, raw, None, target, _OUTPUT, about)
        through = maker is not None or relation.target.is_own_job
        for end, source in sources:
            if source is None or source == target:
                continue
            if not through or about is None or end.is_job:
                self._edge(parts, source, target, alias)
            else:
                raw = RawDataset(namespace=end.namespace, name=end.name)
                self._add_access(parts, raw, None, source, _INPUT, about)
        return None if relation.target.is_job else target

    def _end(self, parts: Parts, end: explicit.End, about: _About | None) -> int | None:
        """The id of a dataset or a job at one end of a relation."""
        if not end.is_job:
            raw = RawDataset(namespace=end.namespace, name=end.name)
            return self._dataset(parts, raw, None, written=False)
        if end.is_own_job:
            return about.owner if about else None
        named = parent.Named(decode.namespace(end.namespace), decode.name(end.name), None)
        parts.jobs.append(parent.mentioned(named, parts.at))
        return named.job

    @staticmethod
    def _edge(parts: Parts, src: int, dst: int, alias: int | None) -> None:
        if src != dst:
            parts.edges.append(EdgeFacts(src, dst, "data", parts.at, alias))


_T = TypeVar("_T")


class _Remembered(Generic[_T]):
    """
    A reader of facets that reads each content once; keyed by the facet's raw bytes, and by the
    dataset's namespace where something is quoted.
    """

    _LIMIT = 20_000

    def __init__(self, read: Callable[[dict[str, Any], str], _T | None]) -> None:
        self._read = read
        self._known: dict[tuple[bytes, str], _T | None] = {}

    def __call__(self, raw: msgspec.Raw | None, namespace: str) -> _T | None:
        """What was read of the facet; None where there is nothing to store."""
        if raw is None:
            return None
        body = bytes(raw)
        quoted = b"`" in body or b'\\"' in body or b'"[' in body
        key = ids.digest(body), namespace if quoted else ""
        if key not in self._known:
            if len(self._known) >= self._LIMIT:
                self._known.clear()
            self._known[key] = self._fresh(raw, namespace)
        return self._known[key]

    def _fresh(self, raw: msgspec.Raw, namespace: str) -> _T | None:
        facet = decode.facet({"facet": raw}, "facet")
        return self._read(facet, namespace) if facet is not None else None


def _digested(body: bytes | None) -> tuple[bytes, bytes] | None:
    return (ids.digest(body), body) if body is not None else None


def _add_left_out(parts: Parts) -> None:
    """Add the parts that were left out to the run, job or dataset that the event is about."""
    if not parts.left_out:
        return
    if parts.runs:
        runs.add_left_out(parts)
    else:
        about = parts.jobs[0].id if parts.jobs else parts.datasets[0].id
        parts.made_facet(about, "fairlead_left_out", {"parts": parts.left_out[:20]})


def _show_with(parts: Parts, run: int) -> None:
    """Add what the event read and wrote to the run itself too, though it counts for another."""
    parts.run_datasets.extend(
        [msgspec.structs.replace(item, run_id=run) for item in parts.run_datasets]
    )


def _owner_of_data(job: JobFacts, run: RunFacts, inside: parent.Parent | None) -> tuple[int, int]:
    """Queries that a hook reports count for the task that ran them."""
    if is_hook_query(job.kind, job.integration) and inside and inside.run is not None:
        return inside.job, inside.run
    return job.id, run.id
