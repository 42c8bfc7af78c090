"""What a check asks the bridge: which dataset a table is, its columns, and what uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fairlead_sdk.client import Client
from fairlead_sdk.documents import Json
from fairlead_sdk.errors import FairleadError, Refused
from fairlead_sdk.sql import Table, dialect_of

_MOST = 5
"""Datasets that one name may mean and that are asked about."""


@dataclass(frozen=True)
class Dataset:
    namespace: str
    name: str

    @property
    def node(self) -> str:
        return f"dataset:{self.namespace}:{self.name}"


class Catalog:
    """Asks the bridge, each thing once. Raises FairleadError where it cannot."""

    def __init__(self, client: Client, namespace: str = "") -> None:
        self._client = client
        self._namespace = namespace
        self._found: dict[tuple[str, str, str], list[Dataset]] = {}
        self._details: dict[Dataset, list[Json]] = {}
        self._failure: FairleadError | None = None

    def datasets(self, table: Table, node: str = "") -> list[Dataset]:
        """What a table's name may mean: those whose last parts are its parts. Empty if it is not known."""
        if node:
            namespace, _, name = node.removeprefix("dataset:").rpartition(":")
            return [Dataset(namespace, name)]
        if table.key not in self._found:
            self._found[table.key] = self._look_up(table)
        return self._found[table.key]

    def _look_up(self, table: Table) -> list[Dataset]:
        wanted = [part.lower() for part in str(table).split(".")]
        listed = self._client.get(
            "datasets", q=table.name, namespace=self._namespace or None, limit=200
        )
        found = [
            Dataset(item["namespace"], item["name"])
            for item in listed["items"]
            if item["name"].lower().split(".")[-len(wanted) :] == wanted
            and not item.get("dropped_at")
        ]
        exact = [each for each in found if each.name.lower() == str(table).lower()]
        return (exact or found)[:_MOST]

    def meant(self, table: Table, columns: Collection[str]) -> list[Dataset]:
        """Of what a table's name may mean, those that have these columns; all where none has."""
        found = self.datasets(table)
        if len(found) < 2:
            return found
        wanted = {name.lower() for name in columns}
        fit = [d for d in found if wanted <= {name.lower() for name in self.known_columns(d)}]
        return fit or found

    def is_known(self, table: Table) -> bool:
        return bool(self.datasets(table))

    def dialect(self) -> str:
        """That of the database in which most of the first datasets are; empty if that is not known."""
        listed = self._client.get("datasets", namespace=self._namespace or None, limit=200)
        counted = Counter(dialect_of(item["platform"]) for item in listed["items"])
        counted.pop("", None)
        return counted.most_common(1)[0][0] if counted else ""

    def describe(self, table: Table) -> Mapping[str, str] | None:
        """The columns of a table that is known by one name only, with their types; else None.

        Raises nothing, for the reader of SQL goes on without columns: `raise_failure` does.
        """
        try:
            found = self.datasets(table)
            return self.columns(found[0]) if len(found) == 1 else None
        except FairleadError as error:
            self._failure = error
            return None

    def raise_failure(self) -> None:
        """Raises the FairleadError because of which `describe` had no answer, if there was one."""
        if self._failure is not None:
            raise self._failure

    def columns(self, dataset: Dataset) -> dict[str, str] | None:
        """Columns and types of the dataset's schema; None where that is not known."""
        fields = self._fields(dataset)
        if not fields or any(field["known_by"] != "schema" for field in fields):
            return None
        return {c["name"]: c["type"] or "" for c in fields if "." not in c["name"]}

    def known_columns(self, dataset: Dataset) -> dict[str, str]:
        """As the check of schemas knows them: those of column lineage where there is no schema."""
        return {c["name"]: c["type"] or "" for c in self._fields(dataset)}

    def _fields(self, dataset: Dataset) -> list[Json]:
        if dataset not in self._details:
            whole = self._client.dataset((dataset.namespace, dataset.name)) or {}
            self._details[dataset] = whole.get("schema_fields") or []
        return self._details[dataset]

    def check(self, dataset: Dataset, columns: Sequence[tuple[str, str | None]]) -> Json | None:
        """What these columns would change; None for a dataset that the catalog does not have."""
        try:
            return self._client.schema_check(dataset.node, dict(columns))
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def impact(self, dataset: Dataset) -> Json | None:
        """Everything downstream; None for a dataset that the catalog does not have."""
        try:
            return self._client.impact(dataset.node)
        except Refused as error:
            if error.status == 404:
                return None
            raise
