"""Everything that depends on the version of Airflow. No other package asks which one it is.

Imports are inside the functions: this module is loaded while Airflow itself is still loading.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, NamedTuple

from fairlead_airflow.compat import database as database
from fairlead_airflow.compat.objects import Asset, TaskInstance
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)


def conf() -> Any:
    """Airflow's configuration, the one that the scheduler, the api-server and workers share."""
    from airflow.configuration import conf as parser

    return parser


def load_configuration() -> None:
    """Let the configuration know the options of the providers' sections, as Airflow's commands do."""
    manager: Any = import_module("airflow.providers_manager").ProvidersManager()
    manager.initialize_providers_configuration()


def home() -> str:
    """AIRFLOW_HOME."""
    from airflow.configuration import AIRFLOW_HOME

    return str(AIRFLOW_HOME)


def get_connection(conn_id: str) -> Any:
    """The connection, wherever Airflow stores it; through the supervisor in a task.

    Raises Airflow's own AirflowNotFoundException where there is none.
    """
    return base_hook().get_connection(conn_id)


def base_hook() -> Any:
    """The class to derive hooks from."""
    from airflow.providers.common.compat.sdk import BaseHook

    return BaseHook


def sdk(name: str) -> Any:
    """A class or function of Airflow's authoring API, wherever this version has it."""
    return getattr(import_module("airflow.providers.common.compat.sdk"), name)


def trigger_classes() -> tuple[Any, Any]:
    """The class to derive triggers from, and that of the events that they fire."""
    from airflow.triggers.base import BaseTrigger, TriggerEvent

    return BaseTrigger, TriggerEvent


def plugin_class() -> Any:
    """The class to derive plugins from. Airflow accepts either in every process."""
    from airflow.plugins_manager import AirflowPlugin

    return AirflowPlugin


def has_tabs() -> bool:
    """Whether a plugin can bring tabs: Airflow 3.1 and newer. Before, it can bring entries of the menu."""
    return hasattr(plugin_class(), "external_views")


def plugins() -> Iterator[tuple[str, list[Any], dict[str, str]]]:
    """Which processes have them, the plugins that are loaded, and by source why others are not."""
    server = import_module("airflow.plugins_manager")
    try:
        tasks = import_module("airflow.sdk.plugins_manager")
    except ImportError:  # before Airflow 3.2 there is one for all
        server.ensure_plugins_loaded()
        if hasattr(server, "_get_plugins"):
            yield "all processes", *server._get_plugins()
        else:
            yield "all processes", list(server.plugins or ()), dict(server.import_errors)
        return
    yield "scheduler and api-server", *server._get_plugins()
    yield "tasks", *tasks._get_plugins()


def mask_value(text: str) -> str:
    """`text` without what Airflow knows to be secret at this moment.

    Airflow 3 has two maskers, one of the task SDK and one of the server; a process may have taught
    either, so both are asked.
    """
    for masker in _maskers():
        text = masker.redact(text)
    return text


@lru_cache(maxsize=4096)
def hides_key(name: str) -> bool:
    """True where Airflow hides the value because of its key (`password`, `api_key`, ...)."""
    return any(masker.should_hide_value_for_key(name) for masker in _maskers())


def teach_secret(value: object, name: str | None = None) -> None:
    """Have a text masked from now on in this process; of a dict, the values of keys that Airflow hides."""
    for masker in _maskers():
        masker.add_mask(value, name)


class _Masker(NamedTuple):
    """Asks the masker itself, which learns; no copy of what it knows."""

    redact: Callable[[str], str]
    should_hide_value_for_key: Callable[[str], bool]
    add_mask: Callable[[object, str | None], None]


@cache
def _maskers() -> list[_Masker]:
    found = [
        "airflow.sdk._shared.secrets_masker",  # Airflow 3.2 and newer, tasks
        "airflow._shared.secrets_masker",  # Airflow 3.2 and newer, server
    ]
    older = [
        "airflow.sdk.execution_time.secrets_masker",  # Airflow 3.0 and 3.1
        "airflow.utils.log.secrets_masker",  # Airflow 2
    ]
    maskers = [m for m in map(_masker, found) if m is not None]
    if not maskers:  # the older names still exist later on, but are deprecated
        maskers = [m for m in map(_masker, older) if m is not None]
    if not maskers:
        raise RuntimeError(
            "This version of Airflow has its secrets masker where Fairlead cannot find it"
        )
    return maskers


def _masker(name: str) -> _Masker | None:
    try:
        module = import_module(name)
        masker = module._secrets_masker()
    except (ImportError, AttributeError):
        return None
    # Since Airflow 3.1 the masker knows the keys, before that its module did.
    keys = masker if hasattr(masker, "should_hide_value_for_key") else module
    return _Masker(masker.redact, keys.should_hide_value_for_key, masker.add_mask)


def count(metric: str, value: int = 1) -> None:
    """Add to a counter in Airflow's own metrics; never raises."""
    with suppress(Exception):  # a metric must not cost an event
        _stats().incr(metric, value)


def gauge(metric: str, value: float, tags: dict[str, str]) -> None:
    """Set a gauge in Airflow's own metrics to a number, in the metric's unit; never raises."""
    with suppress(Exception):  # a metric must not cost an event
        _stats().gauge(metric, value, tags=tags)


def _stats() -> Any:
    """The metrics that were set up in this process.

    Airflow 3.2 and newer has them twice, one of the task SDK and one of the server, and which of them
    a process sets up depends on what it is.
    """
    for name in ("airflow.sdk._shared", "airflow._shared"):
        module = sys.modules.get(f"{name}.observability.metrics.stats")
        if getattr(module, "_factory", None) is not None:
            return module
    return sdk("Stats")


def dag_run(task_instance: TaskInstance) -> Any:
    """The DAG run as far as the process knows it, or None."""
    context = getattr(task_instance, "_ti_context_from_server", None)  # Airflow 3, in the task
    if context is not None:
        return context.dag_run
    return getattr(task_instance, "dag_run", None)


def trigger_event(task_instance: TaskInstance) -> Json:
    """Return the event of the trigger that resumed the task; {} for one that was not deferred.

    A task that comes back is a new process: what its operator knew before, it knows no more.
    """
    context = getattr(task_instance, "_ti_context_from_server", None)
    stored = getattr(context, "next_kwargs", None) or getattr(task_instance, "next_kwargs", None)
    if not isinstance(stored, dict):
        return {}
    try:
        kwargs = import_module("airflow.sdk.serde").deserialize(stored)
    except Exception:  # noqa: BLE001 - other versions write it in other ways, some of them plainly
        kwargs = stored.get("__var", stored)
    event = kwargs.get("event") if isinstance(kwargs, dict) else None
    if isinstance(event, dict):
        event = event.get("__var", event)
    return event if isinstance(event, dict) else {}


def forget_hook_lineage() -> None:
    """Reset what hooks report, if they have reported anything in this process."""
    # Only where it is loaded: else nothing has been reported.
    for module in filter(
        None, map(sys.modules.get, ("airflow.sdk.lineage", "airflow.lineage.hook"))
    ):
        getter: Any = getattr(module, "get_hook_lineage_collector", None)
        if hasattr(getter, "cache_clear"):  # Airflow 3.2 and newer
            if getter.cache_info().currsize and _holds(getter()):
                getter.cache_clear()
        elif _holds(getattr(module, "_hook_lineage_collector", None)):
            module._hook_lineage_collector = None  # type: ignore[attr-defined]


def _holds(collector: object) -> bool:
    # Not by its property `has_collected`: on Airflow 2 that is patched, and changes what it is asked of.
    held = getattr(collector, "__dict__", {})
    return any(held.get(name) for name in ("_inputs", "_outputs", "_extra"))


def hookimpl(function: Any) -> Any:
    """Marks a method of a listener."""
    from airflow.listeners import hookimpl as mark

    return mark(function)


def is_task(component: object) -> bool:
    """True for what a listener's `on_starting` is called with in a process that runs a task."""
    return type(component).__name__ in ("TaskRunnerMarker", "TaskCommandMarker")


def import_errors_are_reported_at_exit() -> bool:
    """Whether the process that hears of a DAG file's import error ends at once, unannounced.

    Airflow 2 reads each DAG file in a process of its own; Airflow 3 reports to the dag-processor.
    """
    return find_spec("airflow.sdk") is None


_last_asset_event = threading.local()


def remember_asset_events() -> None:
    """For `asset_event_of`, where Airflow's listeners do not get the extra of an asset event.

    Airflow 3.2 and newer have `on_asset_event_emitted`, older ones only say which asset (in Airflow 2
    dataset) has changed: right after its event was written to the database, and in the same thread.
    """
    if find_spec("airflow.listeners.types") is not None:
        return
    from sqlalchemy import event

    if find_spec("airflow.models.dataset") is not None:
        model = import_module("airflow.models.dataset").DatasetEvent
    else:
        model = import_module("airflow.models.asset").AssetEvent
    event.listen(model, "after_insert", _remember)


def _remember(mapper: object, connection: object, row: object) -> None:
    """What is in memory: a row that is being written must not ask the database for more."""
    _last_asset_event.values = dict(vars(row))


def asset_event_of(asset: Asset) -> Any:
    """The event by which the asset has just changed, in the form of Airflow 3; None where Airflow reports it itself."""
    values = vars(_last_asset_event).pop("values", None)
    if values is None:
        return None
    names = ("extra", "source_dag_id", "source_task_id", "source_run_id", "source_map_index")
    event = SimpleNamespace(asset=asset, **{name: values.get(name) for name in names})
    event.source_aliases = list(values.get("source_aliases") or ())
    return event


def is_scheduler(component: object) -> bool:
    """True for what a listener's `on_starting` is called with in the scheduler.

    At that moment a job does not know its type yet, in any version; the command line does.
    """
    return type(component).__name__ == "Job" and "scheduler" in sys.argv[1:]


def is_dag_processor(component: object) -> bool:
    """True for what a listener's `on_starting` is called with in Airflow 3's dag-processor."""
    is_job = type(component).__name__ == "Job" and "dag-processor" in sys.argv[1:]
    return is_job and find_spec("airflow.sdk") is not None
