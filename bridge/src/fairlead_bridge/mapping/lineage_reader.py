"""Reads what datasets and columns come from: column lineage, stated relations, definitions of views."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead_bridge.documents import Json
from fairlead_bridge.facts import (
    ColumnLineageFacts,
    EdgeFacts,
)
from fairlead_bridge.mapping import (
    columns,
    decode,
    explicit,
    parent,
    session,
)
from fairlead_bridge.mapping.contents import Remembered, digested
from fairlead_bridge.mapping.dataset_reader import INPUT, OUTPUT, About, DatasetReader
from fairlead_bridge.mapping.decode import Facets, RawDataset
from fairlead_bridge.mapping.parts import Parts


class LineageReader:
    """Adds column lineage and stated relations to `Parts`; remembers what it has read."""

    def __init__(self, datasets: DatasetReader) -> None:
        self._datasets = datasets
        self._columns = Remembered(
            lambda facet, namespace: digested(
                columns.canonical(facet, datasets.normalise, namespace)
            )
        )
        self._sources = Remembered(lambda facet, _: sorted(explicit.sources_of_columns(facet)))

    def origins(
        self,
        parts: Parts,
        facets: Facets | None,
        stated: Json,
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
                lambda *name: self._datasets.named(parts, *name),
                parts.namespaces[dataset],
            )
            read, sources = digested(body), sorted(explicit.sources_of_columns(merged))
        else:
            read = self._columns(raw, parts.namespaces[dataset])
            sources = self._sources(raw, "") or []
        if read is not None:
            parts.column_lineage.append(ColumnLineageFacts(dataset, owner, parts.at, *read))
        return sources

    def made_of(self, parts: Parts, raw: RawDataset, dataset: int) -> None:
        """Add what a dataset is made of without a job, as a view is."""
        facets = raw.facets or {}
        if "columnLineage" not in facets and "lineage" not in facets:
            return
        relation = explicit.of_dataset(facets, raw.namespace or "", raw.name or "")
        stated = None
        if relation is not None:
            self.relate(parts, relation, None)
            stated = relation.columns
        column_facet = decode.facet(facets, "columnLineage")
        for namespace, name in sorted(explicit.sources_of_columns(column_facet or {})):
            source = self._datasets.read(
                parts, RawDataset(namespace=namespace, name=name), None, written=False
            )
            self._edge(parts, source, dataset, None)
        self.origins(parts, facets, explicit.columns(None, stated), dataset, dataset)

    def relate(self, parts: Parts, relation: explicit.Relation, about: About | None) -> int | None:
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
            self._datasets.add_access(parts, raw, None, target, OUTPUT, about)
        through = maker is not None or relation.target.is_own_job
        for end, source in sources:
            if source is None or source == target:
                continue
            if not through or about is None or end.is_job:
                self._edge(parts, source, target, alias)
            else:
                raw = RawDataset(namespace=end.namespace, name=end.name)
                self._datasets.add_access(parts, raw, None, source, INPUT, about)
        return None if relation.target.is_job else target

    def _end(self, parts: Parts, end: explicit.End, about: About | None) -> int | None:
        """The id of a dataset or a job at one end of a relation."""
        if not end.is_job:
            raw = RawDataset(namespace=end.namespace, name=end.name)
            return self._datasets.read(parts, raw, None, written=False)
        if end.is_own_job:
            return about.owner if about else None
        named = parent.Named(decode.namespace(end.namespace), decode.name(end.name), None)
        parts.jobs.append(parent.mentioned(named, parts.at))
        return named.job

    @staticmethod
    def _edge(parts: Parts, src: int, dst: int, alias: int | None) -> None:
        if src != dst:
            parts.edges.append(EdgeFacts(src, dst, "data", parts.at, alias))
