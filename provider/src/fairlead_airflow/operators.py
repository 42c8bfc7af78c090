"""Operators for DAG authors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import Context
from fairlead_airflow.errors import Unsafe
from fairlead_airflow.hooks import FairleadHook
from fairlead_airflow.impact import Report, check, proposed_columns
from fairlead_airflow.lineage.declared import Declaration
from fairlead_airflow.lineage.naming import Named, identity
from fairlead_airflow.lineage.naming import check as check_named
from fairlead_sdk.documents import Json


class DeclareLineageOperator(compat.sdk("BaseOperator")):  # type: ignore[misc]
    """Does nothing, and says what was read and written; for work that happens out of sight.

    :param inputs: datasets: URIs, paths, `(namespace, name)`, assets; templated
    :param outputs: the same, for what is written
    """

    template_fields: ClassVar[Sequence[str]] = ("inputs", "outputs")
    ui_color = "#e4ecf7"

    def __init__(
        self, *, inputs: Sequence[Named] = (), outputs: Sequence[Named] = (), **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        for side in (inputs, outputs):
            for dataset in side if isinstance(side, list | tuple) else ():
                check_named(dataset)
        self.inputs = inputs
        self.outputs = outputs

    def execute(self, context: Context) -> None:
        """ValueError where something that was declared is no dataset."""
        for side in ("inputs", "outputs"):
            for dataset in getattr(self, side):
                self.log.info("%s: %s %s", side, *identity(dataset))

    def get_openlineage_facets_on_complete(self, task_instance: object) -> object:
        return Declaration(self.inputs, self.outputs).lineage({}).finished()


class SchemaCheckOperator(compat.sdk("BaseOperator")):  # type: ignore[misc]
    """Fails before a change of columns breaks what is made from the dataset.

    The bridge compares the proposed columns with the catalog's. It fails if a column that is removed,
    probably renamed, or gets a type that holds less is used downstream: by column lineage, or by a
    reader of which the catalog does not know which columns it uses. The error says who is affected.
    Otherwise the breaking changes are returned.
    A dataset that the catalog does not know may have any columns.

    :param dataset: URI, path, `(namespace, name)` or asset; templated
    :param schema: the columns to come: `{"id": "bigint", "amount": None}` (None: any type), a list of
        names, or a list of `{"name": ..., "type": ...}`; templated
    :param depth: how far downstream to look, in datasets
    :param readers: whether a reader counts of which it is not known which columns it uses
    :param fairlead_conn_id: a connection to another bridge than the one that lineage is sent to
    """

    template_fields: ClassVar[Sequence[str]] = ("dataset", "schema")
    ui_color = "#f7efe0"

    def __init__(
        self,
        *,
        dataset: Named,
        schema: Mapping[str, str | None] | Sequence[object],
        depth: int = 10,
        readers: bool = True,
        fairlead_conn_id: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        check_named(dataset)
        self.dataset = dataset
        self.schema = schema
        self.depth = depth
        self.readers = readers
        self.fairlead_conn_id = fairlead_conn_id

    def execute(self, context: Context) -> Json:
        """AirflowFailException, which is not tried again, where the change would break something."""
        namespace, name = identity(self.dataset)
        proposed = proposed_columns(self.schema)
        with FairleadHook(self.fairlead_conn_id).client() as client:
            node = f"dataset:{namespace}:{name}"
            try:
                report = check(client, node, proposed, self.depth, self.readers)
            except Unsafe as error:
                raise compat.sdk("AirflowFailException")(str(error)) from None
        if report is None:
            self.log.info("The catalog does not know %s %s yet", namespace, name)
            return Report().as_dict()
        for change in report.changes:
            self.log.info("%s; nothing downstream uses it", change)
        return report.as_dict()
