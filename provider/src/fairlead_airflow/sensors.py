"""Sensors for DAG authors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import Context
from fairlead_airflow.freshness import Wanted, parse, written_at
from fairlead_airflow.hooks import FairleadHook
from fairlead_airflow.lineage.declared import Declaration
from fairlead_airflow.lineage.naming import Named, check, identity
from fairlead_airflow.triggers import DatasetFreshTrigger
from fairlead_sdk.documents import Json
from fairlead_sdk.errors import FairleadError, Refused


class DatasetFreshSensor(compat.sdk("BaseSensorOperator")):  # type: ignore[misc]
    """Waits until a dataset is fresh in the catalog, by any writer: another DAG, another Airflow,
    Spark or a script.

    Fresh means written by a successful run. Without `since` and `within`: since the end of this run's
    data interval (for a run without one, since it was due). Returns when it was written.

    :param dataset: URI, path, `(namespace, name)` or asset; templated
    :param since: a moment, as datetime or ISO 8601; without an offset UTC; templated
    :param within: seconds or timedelta: how old the data may be
    :param deferrable: whether to wait in the triggerer, without a worker
    :param fairlead_conn_id: a connection to another bridge than the one that lineage is sent to
    """

    template_fields: ClassVar[Sequence[str]] = ("dataset", "since")
    ui_color = "#e2f3ec"

    def __init__(
        self,
        *,
        dataset: Named,
        since: datetime | str | None = None,
        within: timedelta | float | None = None,
        deferrable: bool | None = None,
        fairlead_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check(dataset)
        self.dataset = dataset
        self.since = since
        self.within = within.total_seconds() if isinstance(within, timedelta) else within
        if deferrable is None:
            deferrable = compat.conf().getboolean("operators", "default_deferrable", fallback=True)
        self.deferrable = deferrable
        self.fairlead_conn_id = fairlead_conn_id

    def execute(self, context: Context) -> str | None:
        """ValueError where the dataset that was rendered is none."""
        if not self.deferrable:
            super().execute(context)
            return self._found
        if self.poke(context):
            return self._found
        wanted = self._wanted(context)
        namespace, name = identity(self.dataset)
        self.defer(
            trigger=DatasetFreshTrigger(
                namespace=namespace,
                name=name,
                since=wanted.since.isoformat() if wanted.since else None,
                within=wanted.within,
                poke_interval=self.poke_interval,
                fairlead_conn_id=self.fairlead_conn_id,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )
        return None

    _found: str | None = None

    def poke(self, context: Context) -> bool:
        """Ask once. A bridge that is away is no reason to fail: the sensor goes on to wait."""
        wanted = self._wanted(context)
        namespace, name = identity(self.dataset)
        try:
            with FairleadHook(self.fairlead_conn_id).client() as client:
                found = written_at(client, namespace, name)
        except Refused as error:
            raise compat.sdk("AirflowFailException")(str(error)) from None
        except FairleadError as error:
            self.log.warning("The catalog cannot be asked now: %s", error)
            return False
        self.log.info("%s %s was written %s; wanted %s", namespace, name, found or "never", wanted)
        if found is None or not wanted.met_by(found, datetime.now(UTC)):
            return False
        self._found = found.isoformat()
        return True

    def execute_complete(self, context: Context, event: Json) -> str:
        """The trigger has fired. Returns when the dataset was written, in ISO 8601."""
        if "error" in event:
            raise compat.sdk("AirflowFailException")(event["error"])
        return str(event["written_at"])

    def _wanted(self, context: Context) -> Wanted:
        if self.since:
            return Wanted(parse(self.since), self.within)
        if self.within is not None:
            return Wanted(None, self.within)
        run = context["dag_run"]
        moment = getattr(run, "data_interval_end", None) or getattr(run, "run_after", None)
        if moment is None:
            raise ValueError("This run has no data interval: say `since` or `within`")
        return Wanted(parse(moment))

    def get_openlineage_facets_on_start(self) -> object:
        """What it waits for is its input."""
        return Declaration(inputs=[self.dataset]).lineage({}).finished()
