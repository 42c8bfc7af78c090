"""
Translates an OpenLineage event into a Change.

Kinds of events are recognised by shape, never by schemaURL: `run` makes a RunEvent, `dataset` without
`job` a DatasetEvent, `job` alone a JobEvent.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.errors import Malformed, TooDeep
from fairlead_bridge.facts import (
    DECLARATION,
    DECLARED,
    Change,
    JobFacts,
    RunFacts,
    Symlink,
    is_hook_query,
)
from fairlead_bridge.mapping import (
    airflow,
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
    session,
    times,
)
from fairlead_bridge.mapping.dataset_reader import INPUT, OUTPUT, About, DatasetReader
from fairlead_bridge.mapping.decode import Facets, RawDataset, RawEvent
from fairlead_bridge.mapping.grouping import contradictions
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.lineage_reader import LineageReader
from fairlead_bridge.mapping.parts import FacetReader, Parts
from fairlead_bridge.uris import dataset_of

#: How dbt calls the query of an ephemeral model inside of another: no dataset has such a name.
_CTE = "__dbt__cte__"


class Translator:
    """Reads events; holds what makes reading the same content twice cheap."""

    def __init__(self, normalise: Normaliser) -> None:
        self._read_facet = FacetReader()
        self._datasets = DatasetReader(normalise)
        self._lineage = LineageReader(self._datasets)

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
        dataset = self._datasets.read(parts, raw, None, written=True, dataset_event=True)
        self._lineage.made_of(parts, raw, dataset)
        _mark_declared(parts, raw.facets)

    def _job_event(self, parts: Parts, event: RawEvent) -> None:
        job = jobs.of_event(event.job, parts.at, None, None)
        parts.jobs.append(job)
        jobs.facets(parts, event.job, job, None)
        self._data(parts, event, About(job, job.id))
        _mark_declared(parts, event.job.facets if event.job else None)

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
        part = place.partition_at if place else None
        about = About(job, owner, owner_run, alias, kind == "COMPLETE", endless, part)
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
        read = {item.dataset_id for item in parts.run_datasets if item.role == INPUT}
        parts.assertions.extend(quality.of_run(facets, read, parts.at, alias))
        if parts.assertions:
            own = parts.runs[0]
            properties = own.properties | quality.check_counts(parts.assertions)
            parts.runs[0] = msgspec.structs.replace(own, properties=properties)

    # --- what is read and written -------------------------------------------------------------

    def _data(self, parts: Parts, event: RawEvent, about: About) -> None:
        parts.scope = session.place_of(about.job.namespace, about.job.name)
        parts.folders = files.folders(
            event.inputs or (), streaming=about.job.processing == "STREAMING"
        )
        stated: dict[int, dict[str, object] | None] = {}
        for relation in explicit.of_job(event.job.facets if event.job else None):
            with parts.leaving_out("job facet lineage"):
                target = self._lineage.relate(parts, relation, about)
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
            self._lineage.origins(parts, None, explicit.columns(None, alone), dataset, about.owner)
        if len(parts.symlinks) > 1:
            self._separate(parts, own)

    def _input(self, parts: Parts, raw: RawDataset, about: About) -> int:
        dataset = self._datasets.read(parts, raw, about.alias, written=False)
        self._datasets.add_access(parts, raw, raw.inputFacets, dataset, INPUT, about)
        self._lineage.made_of(parts, raw, dataset)
        return dataset

    def _output(
        self,
        parts: Parts,
        raw: RawDataset,
        about: About,
        stated: dict[int, dict[str, object] | None],
    ) -> int:
        """`stated` are the columns that the job's facet gives, by dataset; this one's are removed."""
        dataset = self._datasets.read(
            parts,
            raw,
            about.alias,
            written=about.alias is None or about.complete or about.endless,
            complete=about.complete,
        )
        self._datasets.add_access(parts, raw, raw.outputFacets, dataset, OUTPUT, about)
        relation = explicit.of_dataset(raw.facets, raw.namespace or "", raw.name or "")
        own_columns = None
        if relation is not None:
            self._lineage.relate(parts, relation, about)
            own_columns = relation.columns
        merged = explicit.columns(stated.pop(dataset, None), own_columns)
        sources = self._lineage.origins(parts, raw.facets, merged, dataset, about.owner)
        self._read_by_columns(parts, sources, dataset, about)
        return dataset

    def _read_by_columns(
        self, parts: Parts, sources: Iterable[tuple[str, str]], dataset: int, about: About
    ) -> None:
        """What a column comes from was read, also where it is not among the inputs."""
        known = {item.dataset_id for item in parts.run_datasets if item.role == INPUT}
        for namespace, name in sources:
            if name.startswith(_CTE) or not name.strip():
                continue
            identity = self._datasets.named(parts, namespace, name)
            source = ids.dataset_id(identity.namespace, identity.key)
            if source != dataset and source not in known:
                origin = RawDataset(namespace=namespace, name=name)
                self._datasets.read(parts, origin, about.alias, written=False)
                self._datasets.add_access(parts, origin, None, source, INPUT, about)

    @staticmethod
    def _separate(parts: Parts, own: set[int]) -> None:
        """Two of the event's `own` datasets that name the same other one are not merged by that."""
        links = [(link.dataset_id, link.other_id, link.kind) for link in parts.symlinks]
        parts.symlinks.extend(Symlink(*link, parts.at) for link in contradictions(links, own))

    def _declared(self, parts: Parts, place: airflow.Place, about: About) -> None:
        """Assets that the task declares; Airflow drops those whose scheme it does not know."""
        for role, uris in ((INPUT, place.inlets), (OUTPUT, place.outlets)):
            for uri in uris:
                namespace, name = dataset_of(uri)
                raw = RawDataset(namespace=decode.text(namespace), name=decode.text(name))
                with parts.leaving_out(f"asset declared as {role}"):
                    dataset = self._datasets.read(parts, raw, about.alias, written=False)
                    self._datasets.add_access(parts, raw, None, dataset, role, about)


def _add_left_out(parts: Parts) -> None:
    """Add the parts that were left out to the run, job or dataset that the event is about."""
    if not parts.left_out:
        return
    if parts.runs:
        runs.add_left_out(parts)
    else:
        about = parts.jobs[0].id if parts.jobs else parts.datasets[0].id
        parts.made_facet(about, "fairlead_left_out", {"parts": parts.left_out[:20]})


def _mark_declared(parts: Parts, facets: Facets | None) -> None:
    """The edges of an event that says it is a declaration hold until the next one."""
    if facets and DECLARATION in facets:
        parts.edges = [
            msgspec.structs.replace(edge, kind=DECLARED) if edge.kind == "data" else edge
            for edge in parts.edges
        ]


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
