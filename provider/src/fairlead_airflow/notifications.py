"""For Airflow's callbacks: who is affected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import Context
from fairlead_airflow.hooks import FairleadHook
from fairlead_airflow.impact import Affected, downstream


class FairleadNotifier(compat.sdk("BaseNotifier")):  # type: ignore[misc]
    """Asks the catalog who is downstream of the task or DAG, and hands that on.

    Each of `then`, another notifier or any callback, gets the context with one more entry, `fairlead`:
    its `datasets`, `jobs` and `owners` are tuples of names, and as text it is a sentence. A bridge that
    is unavailable does not prevent notifications.

    >>> FairleadNotifier(then=[SlackNotifier(text="{{ ti }} failed. {{ fairlead }}")])  # doctest: +SKIP

    :param then: notifiers or callbacks; without them the sentence is logged
    :param depth: how far downstream to look, in edges
    """

    template_fields: Sequence[str] = ()

    def __init__(
        self,
        then: Sequence[Callable[[object], object]] | Callable[[object], object] = (),
        *,
        depth: int = 10,
        fairlead_conn_id: str | None = None,
    ) -> None:
        super().__init__()
        self.then = (then,) if callable(then) else tuple(then)
        self.depth = depth
        self.fairlead_conn_id = fairlead_conn_id

    def notify(self, context: Context) -> None:
        """Call every callback of `then`; raise the first of their errors afterwards."""
        affected = self._affected(context)
        self.log.info("%s", affected)
        failed: Exception | None = None
        for callback in self.then:
            try:
                callback({**context, "fairlead": affected})
            except Exception as error:  # noqa: BLE001 - the others must still be called
                failed = failed or error
        if failed is not None:
            raise failed

    def _affected(self, context: object) -> Affected:
        try:
            from airflow.providers.openlineage import conf

            with FairleadHook(self.fairlead_conn_id).client() as client:
                return downstream(client, conf.namespace(), _job(context), self.depth)
        except Exception as error:  # noqa: BLE001 - the notification matters more than its details
            self.log.warning("The catalog cannot be asked who is affected: %s", error)
            return Affected()


def _job(context: Context) -> str:
    """What OpenLineage calls the task, or the DAG where the callback is the DAG's."""
    instance = context.get("task_instance") or context.get("ti")
    # A DAG's callback gets the reason, and may get the task instance that ended last.
    if instance is not None and "reason" not in context:
        return f"{instance.dag_id}.{instance.task_id}"
    return str(context["dag"].dag_id if "dag" in context else instance.dag_id)
