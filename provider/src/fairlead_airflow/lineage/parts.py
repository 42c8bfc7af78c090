"""Lineage put together from several sources: each dataset once, with the facets of all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fairlead_sdk.datasets import Identity
from fairlead_sdk.documents import Json

Facets = Json

_LONGEST_SQL = 100_000
"""Characters of SQL that are shown; a loop of inserts can have megabytes."""


@dataclass
class Lineage:
    """What a task read and wrote; facets by name. Later parts add to earlier ones, and give way."""

    inputs: dict[Identity, Facets] = field(default_factory=dict)
    outputs: dict[Identity, Facets] = field(default_factory=dict)
    input_facets: dict[Identity, Facets] = field(default_factory=dict)
    output_facets: dict[Identity, Facets] = field(default_factory=dict)
    run_facets: Facets = field(default_factory=dict)
    job_facets: Facets = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """What could not be read."""
    unknown: list[str] = field(default_factory=list)
    """Why parts of the lineage are unknown."""

    def add(self, other: Lineage) -> Lineage:
        """Take over what the other knows and this one does not."""
        for mine, theirs in (
            (self.inputs, other.inputs),
            (self.outputs, other.outputs),
            (self.input_facets, other.input_facets),
            (self.output_facets, other.output_facets),
        ):
            for identity, facets in theirs.items():
                held = mine.setdefault(identity, {})
                for name, facet in facets.items():
                    held.setdefault(name, facet)
        for held, more in (
            (self.run_facets, other.run_facets),
            (self.job_facets, other.job_facets),
        ):
            for name, facet in more.items():
                held.setdefault(name, facet)
        self.statements += [s for s in other.statements if s not in self.statements]
        self.errors += other.errors
        self.unknown += other.unknown
        return self

    @classmethod
    def of(cls, lineage: Any) -> Lineage:
        """From OpenLineage's own `OperatorLineage`, or from None."""
        if lineage is None:
            return cls()
        result = cls(run_facets=dict(lineage.run_facets), job_facets=dict(lineage.job_facets))
        for nodes, held, more, kind in (
            (lineage.inputs, result.inputs, result.input_facets, "inputFacets"),
            (lineage.outputs, result.outputs, result.output_facets, "outputFacets"),
        ):
            for node in nodes:
                identity = Identity(node.namespace, node.name)
                held.setdefault(identity, {}).update(_without_invented(node.facets or {}))
                if extra := getattr(node, kind, None):
                    more.setdefault(identity, {}).update(extra)
        return result

    def _leave_out_nameless(self) -> None:
        """A table of which a hook knew neither database nor schema is called `None.orders` by OpenLineage's
        own code: no dataset has that name."""
        for held in (self.inputs, self.outputs):
            for identity in [i for i in held if _is_nameless(i)]:
                del held[identity]
                self.unknown.append(f"the database or schema of {identity.name} is not known")

    def finished(self) -> Any:
        """As OpenLineage's provider wants it, without what is no name of a dataset."""
        self._leave_out_nameless()
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset
        from openlineage.client.facet_v2 import extraction_error_run, sql_job

        if self.statements and "sql" not in self.job_facets:
            text = ";\n".join(self.statements)
            self.job_facets["sql"] = sql_job.SQLJobFacet(query=text[:_LONGEST_SQL])
        missing = [*self.errors, *dict.fromkeys(self.unknown)]
        if missing and "extractionError" not in self.run_facets:
            errors = [extraction_error_run.Error(errorMessage=e[:1000]) for e in missing[:10]]
            self.run_facets["extractionError"] = extraction_error_run.ExtractionErrorRunFacet(
                totalTasks=max(len(self.statements), len(missing)),
                failedTasks=len(missing),
                errors=errors,
            )
        return OperatorLineage(
            inputs=[
                InputDataset(*i, facets=facets, inputFacets=self.input_facets.get(i, {}))
                for i, facets in self.inputs.items()
            ],
            outputs=[
                OutputDataset(*i, facets=facets, outputFacets=self.output_facets.get(i, {}))
                for i, facets in self.outputs.items()
            ],
            run_facets=self.run_facets,
            job_facets=self.job_facets,
        )


def _is_nameless(identity: Identity) -> bool:
    parts = identity.name.split(".")
    return "None" in parts[:-1] or not identity.name or identity.namespace.endswith("://None")


_INVENTED = re.compile(r"_\d+")
"""What OpenLineage's parser calls a column that has no name in the statement."""


def _without_invented(facets: Facets) -> Facets:
    """Column lineage without columns that only the parser has."""
    lineage, schema = facets.get("columnLineage"), facets.get("schema")
    if lineage is None or not any(_INVENTED.fullmatch(name) for name in lineage.fields):
        return facets
    known = {field.name for field in schema.fields or ()} if schema else set()
    fields = {
        name: field
        for name, field in lineage.fields.items()
        if name in known or not _INVENTED.fullmatch(name)
    }
    rest = {name: facet for name, facet in facets.items() if name != "columnLineage"}
    if not fields:
        return rest
    return rest | {"columnLineage": type(lineage)(fields=fields, dataset=lineage.dataset)}
