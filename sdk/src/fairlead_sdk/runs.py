"""A run in progress, and the OpenLineage events that report it."""

from __future__ import annotations

import logging
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fairlead_sdk import redact
from fairlead_sdk.datasets import Dataset, Identity, identity_of
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)

_PRODUCER = "urn:fairlead:sdk"
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets"


@dataclass
class Run:
    """A run in progress. Add to it what it turns out to read and write.

    What names no dataset is logged and left out; nothing is raised.
    """

    namespace: str
    job: str
    id: str
    parent: Run | None = None
    inputs: dict[Identity, Json] = field(default_factory=dict)
    outputs: dict[Identity, Json] = field(default_factory=dict)

    def reads(self, dataset: Dataset) -> None:
        """Say that the run reads this dataset."""
        if identity := _identity(dataset, self.job):
            self.inputs.setdefault(identity, {})

    def writes(self, dataset: Dataset, *, rows: int | None = None) -> None:
        """Say that the run writes this dataset, and how many rows."""
        if identity := _identity(dataset, self.job):
            facets = self.outputs.setdefault(identity, {})
            if (count := _count(rows, self.job)) is not None:
                facets["outputStatistics"] = _facet(
                    "1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=count
                )

    @property
    def root(self) -> Run:
        return self.parent.root if self.parent else self


def listed(datasets: object, job: str) -> list[Any]:
    """What was given as `inputs` or `outputs`: usually a list, but a single dataset will do.

    >>> listed("s3://lake/orders", "j"), listed({"uri": "s3://lake/orders"}, "j"), listed(None, "j")
    (['s3://lake/orders'], [{'uri': 's3://lake/orders'}], [])
    """
    if datasets is None:
        return []
    if isinstance(datasets, str | Mapping) or not isinstance(datasets, Iterable):
        return [datasets]
    try:
        return list(datasets)
    except Exception as error:  # noqa: BLE001 - lineage never breaks what it watches
        log.warning("The datasets of %s cannot be listed: %r", job, error)
        return []


def _identity(dataset: object, job: str) -> Identity | None:
    identity = identity_of(dataset)
    if identity is None:
        log.warning(
            "%s names no dataset and is left out of the lineage of %s: write a URI, an absolute "
            "path, (namespace, name) or a dict with these",
            shown(dataset),
            job,
        )
    return identity


def _count(rows: object, job: str) -> int | None:
    if rows is None:
        return None
    try:
        return operator.index(rows)  # type: ignore[arg-type]
    except TypeError:
        log.warning("%s is no number of rows; left out of the lineage of %s", shown(rows), job)
        return None


def shown(value: object) -> str:
    """Its repr, shortened; never raises.

    >>> shown("x" * 300)[-5:]
    'xx...'
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - an object of the user's
        return f"<{type(value).__name__}>"
    return text if len(text) <= 200 else f"{text[:197]}..."


def message_of(error: BaseException) -> str:
    """The error in one text, also where it cannot say itself what it is."""
    try:
        return redact.text(f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001 - an exception of the user's
        return type(error).__name__


def event_of(
    this: Run, state: str, now: datetime, error: BaseException | None = None
) -> dict[str, object]:
    """The run as an OpenLineage event."""
    facets: Json = {}
    if this.parent:
        facets["parent"] = _facet(
            "1-1-0/ParentRunFacet", **_names(this.parent), root=_names(this.root)
        )
    if error is not None:
        facets["errorMessage"] = _facet(
            "1-0-1/ErrorMessageRunFacet",
            message=message_of(error),
            programmingLanguage="PYTHON",
        )
    return {
        "eventType": state,
        "eventTime": now.isoformat(),
        "producer": _PRODUCER,
        "schemaURL": _SPEC,
        "run": {"runId": this.id, "facets": facets},
        "job": {"namespace": this.namespace, "name": this.job, "facets": {}},
        "inputs": [{"namespace": i.namespace, "name": i.name} for i in this.inputs],
        "outputs": [
            {"namespace": i.namespace, "name": i.name, "outputFacets": facets}
            for i, facets in this.outputs.items()
        ],
    }


def _names(this: Run) -> Json:
    return {"run": {"runId": this.id}, "job": {"namespace": this.namespace, "name": this.job}}


def _facet(schema: str, **values: object) -> dict[str, object]:
    name = schema.rpartition("/")[2]
    return {
        "_producer": _PRODUCER,
        "_schemaURL": f"{_FACETS}/{schema}.json#/$defs/{name}",
        **values,
    }
