"""Reads datasets of events: names, symlinks, schema and facets, and the accesses of runs to them."""

from __future__ import annotations

import msgspec

from fairlead_bridge import ids, masking
from fairlead_bridge.documents import Json
from fairlead_bridge.errors import Malformed
from fairlead_bridge.facts import (
    DatasetFacts,
    EdgeFacts,
    JobFacts,
    ObservationFacts,
    RunDatasetFacts,
    SchemaFacts,
    Symlink,
)
from fairlead_bridge.mapping import (
    datasets,
    decode,
    partition,
    quality,
    schema,
    session,
)
from fairlead_bridge.mapping.contents import Remembered, digested
from fairlead_bridge.mapping.decode import Facets, RawDataset
from fairlead_bridge.mapping.identity import Identity, Normaliser, names_a_place
from fairlead_bridge.mapping.identity.catalogs import name_in_catalog
from fairlead_bridge.mapping.parts import Parts

INPUT, OUTPUT = "input", "output"
#: Facets of datasets that have a table of their own.
_APART = ("schema", "columnLineage")
#: What happens to a dataset without data coming into it.
_NO_FLOW = ("DROP", "RENAME")


class About(msgspec.Struct, frozen=True):
    """The job and the run that read or wrote the datasets of an event."""

    job: JobFacts
    owner: int  # the job they count for
    run: int | None = None  # the run they count for; none where they are only declared
    alias: int | None = None
    complete: bool = False  # the event says that the run succeeded
    endless: bool = False  # the run is a stream's or a service's
    partition_at: int | None = None  # that the run is for, where its orchestrator says so


class DatasetReader:
    """Adds datasets to `Parts`; remembers the schemas that it has read."""

    def __init__(self, normalise: Normaliser) -> None:
        self.normalise = normalise
        self._schemas = Remembered(
            lambda facet, namespace: digested(schema.canonical(facet, namespace))
        )

    def named(self, parts: Parts, namespace: str, name: str) -> Identity:
        """Return the identity of the dataset that an event means by this name."""
        return self.normalise(*self._resolved_name(parts, namespace, name))

    def read(
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
        Add what is said of the dataset itself; return its id. Raises Malformed without a name.

        Its schema is that of a writer where it is `written`: an attempt that failed, or whose end
        is open, may have written nothing. A DROP counts in a `dataset_event`, or where
        the run that did it is `complete`.
        """
        namespace, name = self._resolved_name(parts, raw.namespace, raw.name or "")
        if raw.name is None or not (name.strip() or names_a_place(namespace)):
            raise Malformed("a dataset has no name")
        identity = self.normalise(namespace, name)
        dataset = ids.dataset_id(identity.namespace, identity.key)
        parts.namespaces[dataset] = identity.namespace
        facets = raw.facets or {}
        parts.check(facets, "facet")
        change, lifecycle = datasets.lifecycle(facets) if facets else (None, {})
        updated_at = datasets.updated(
            facets, raw.inputFacets, change if dataset_event else None, parts.at
        )
        if updated_at is not None:
            parts.observations.append(ObservationFacts(dataset, "updated", updated_at))
        parts.datasets.append(
            DatasetFacts(
                id=dataset,
                namespace=identity.namespace,
                name=identity.name,
                at=parts.at,
                kind=datasets.kind(facets) if facets else None,
                dropped_at=parts.at if change == "DROP" and (dataset_event or complete) else None,
                updated_at=updated_at,
                names=_other_names(parts, identity, namespace, name),
            )
        )
        for also in identity.also:
            self._link(parts, dataset, *also, "HOST")
        if facets:
            self._links(parts, facets, lifecycle if change == "RENAME" else {}, name, dataset)
        _add_facets(parts, dataset, facets, with_lifecycle=dataset_event)
        parts.assertions.extend(quality.of_dataset(dataset, raw, parts.at, alias))
        read = self._schemas(facets.get("schema"), identity.namespace)
        if read is not None:
            parts.schemas.append(SchemaFacts(dataset, parts.at, *read, alias, written))
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
        renamed: Json,
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
            second = name_in_catalog(catalog_facet, [*tables, name], self.normalise)
            if second is not None:
                self._link(parts, dataset, *second, "CATALOG")

    def _link(self, parts: Parts, dataset: int, namespace: object, name: object, kind: str) -> None:
        with parts.leaving_out(f"{kind} as another name"):
            if not isinstance(namespace, str) or not isinstance(name, str):
                raise Malformed("it lacks a namespace or a name")
            raw = RawDataset(namespace=namespace, name=name)
            other = self.read(parts, raw, None, written=False)
            if other != dataset:
                parts.symlinks.append(Symlink(dataset, other, kind, parts.at))

    def add_access(
        self,
        parts: Parts,
        raw: RawDataset,
        facets: Facets | None,
        dataset: int,
        role: str,
        about: About,
    ) -> None:
        src, dst = (dataset, about.owner) if role == INPUT else (about.owner, dataset)
        if role == INPUT or datasets.lifecycle(raw.facets or {})[0] not in _NO_FLOW:
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
                partition_at=self._partition(parts, raw, about) if role == OUTPUT else None,
            )
        )

    def _partition(self, parts: Parts, raw: RawDataset, about: About) -> int | None:
        """When the partition begins that was written: what is said of the dataset comes first."""
        pairs = self.named(parts, raw.namespace or "", raw.name or "").partition
        own = partition.newest((partition.of_pairs(pairs), partition.of_facets(raw.outputFacets)))
        return own if own is not None else about.partition_at


def _other_names(
    parts: Parts, identity: Identity, namespace: str, name: str
) -> tuple[tuple[str, str], ...]:
    """The name as the event spells it, where that is another one than the asset's."""
    # Which part of a dataset was meant is no name of it: there may be any number of them.
    spelled = identity.name if identity.partition else name
    original = (masking.urls(namespace), masking.urls(spelled))
    is_jobs_alone = namespace == parts.scope
    if original == (identity.namespace, identity.name) or is_jobs_alone or not name:
        return ()
    return (original,)


def _add_facets(parts: Parts, dataset: int, facets: Facets, *, with_lifecycle: bool) -> None:
    for name, body in facets.items():
        if name not in _APART and (with_lifecycle or name != "lifecycleStateChange"):
            parts.facet(dataset, name, body)
