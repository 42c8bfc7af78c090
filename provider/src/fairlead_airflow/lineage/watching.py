"""What Airflow's paths and hooks do without reporting it, reported in their place.

    ObjectStoragePath   a file that is opened and iterated over, or read or written in one call
    PostgresHook        `copy_expert`, and what is made of it
    DbApiHook           that a task took the connection itself: what a cursor executes is not seen
    SQLAlchemy          statements of an engine: of pandas' `to_sql` and `read_sql`, or of a task's own

Airflow's classes are wrapped in the process of a task, those that are not imported yet when they are.
Whatever fails here is logged and leaves the call as it was.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import re
import sys
from collections.abc import Callable, Mapping
from importlib.abc import MetaPathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

from fairlead_airflow.compat.objects import Connection, Context, Hook
from fairlead_airflow.shield import shielded
from fairlead_sdk.documents import Json

log = logging.getLogger(__name__)

SQL = "fairlead_sql"
"""The key under which statements are reported; OpenLineage's provider makes no run of these."""

CONNECTION = "fairlead_connection"
"""The key under which it is reported that a task's own code took a hook's connection."""

#: What drivers ask the server for themselves, which is no work of the task.
_OWN_QUESTIONS = re.compile(
    r"\s*(PRAGMA|SHOW|SET|BEGIN|COMMIT|ROLLBACK)\b"
    r"|.*\b(pg_catalog|information_schema|sqlite_(temp_)?master)\b"
    r"|\s*SELECT\s+(current_schema|(pg_catalog\.)?version)\s*\(",
    re.IGNORECASE | re.DOTALL,
)


def watch() -> None:
    """Wrap what is loaded now, and the rest when it is loaded. May be called any number of times."""
    waiting = {}
    for name, wrap in _WRAPPERS.items():
        if name in sys.modules:
            _wrapped(wrap, sys.modules[name])
        else:
            waiting[name] = wrap
    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, _WhenImported)]
    if waiting:
        sys.meta_path.insert(0, _WhenImported(waiting))


class _WhenImported(MetaPathFinder):
    """Wraps a module right after it was executed."""

    def __init__(self, waiting: dict[str, Callable[[ModuleType], None]]) -> None:
        self._waiting = waiting

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        wrap = self._waiting.pop(name, None)
        spec = importlib.util.find_spec(name) if wrap else None
        if wrap is None or spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _wrapped(wrap, module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _wrapped(wrap: Callable[[ModuleType], None], module: ModuleType) -> None:
    with shielded(log, "%s cannot be watched", module.__name__, level=logging.DEBUG):
        wrap(module)


def _afterwards(kind: type, method: str, report: Callable[..., None]) -> None:
    """Call `report` with the method's arguments when it has returned."""
    original = getattr(kind, method, None)
    if original is None or hasattr(original, "__fairlead__"):
        return

    @functools.wraps(original)
    def calling(*args: object, **kwargs: object) -> object:
        result = original(*args, **kwargs)
        with shielded(log, "What %s did is not reported", method, level=logging.DEBUG):
            report(*args, **kwargs)
        return result

    calling.__fairlead__ = True  # type: ignore[attr-defined]
    setattr(kind, method, calling)


def _collector() -> Any:
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    return get_hook_lineage_collector()  # type: ignore[no-untyped-call]


# --- paths --------------------------------------------------------------------------------------


def _paths(module: ModuleType) -> None:
    kind = module.ObjectStoragePath
    _afterwards(kind, "open", _opened)
    for method in ("read_text", "read_bytes"):
        _afterwards(kind, method, lambda path, *_, **__: _touched(path, "r"))
    for method in ("write_text", "write_bytes"):
        _afterwards(kind, method, lambda path, *_, **__: _touched(path, "w"))


def _opened(path: object, mode: str = "r", *_: object, **__: object) -> None:
    _touched(path, mode)


def _touched(path: Any, mode: str) -> None:
    collector = _collector()
    if "r" in mode or "+" in mode:
        collector.add_input_asset(context=path, uri=str(path))
    if set(mode) & set("wax+"):
        collector.add_output_asset(context=path, uri=str(path))


# --- SQL ----------------------------------------------------------------------------------------


def _postgres(module: ModuleType) -> None:
    _afterwards(module.PostgresHook, "copy_expert", _copied)


def _copied(hook: Hook, sql: str, *_: Any, **__: Any) -> None:
    _collector().add_extra(context=hook, key=SQL, value={"sql": sql})


def _connections(module: ModuleType) -> None:
    """Every hook with a `get_conn` of its own, also those that are defined later."""
    base = module.DbApiHook
    if "__init_subclass__" in vars(base):
        return

    def defined(cls: type, /, **more: Any) -> None:
        super(base, cls).__init_subclass__(**more)
        _connection(cls)

    base.__init_subclass__ = classmethod(defined)
    kinds = [base]
    while kinds:
        kind = kinds.pop()
        _connection(kind)
        kinds += kind.__subclasses__()


def _connection(kind: type) -> None:
    if "get_conn" in vars(kind):
        _afterwards(kind, "get_conn", _connected)


def _connected(hook: Hook, *_: Any, **__: Any) -> None:
    # What called `get_conn`: a method of Airflow's hooks reports by itself what it executes, and a
    # hook's own `get_conn` may ask the class above for the connection.
    caller = sys._getframe(2)
    is_inherited = caller.f_code.co_name == "get_conn" and caller.f_locals.get("self") is hook
    if not is_inherited and not caller.f_globals.get("__name__", "").startswith("airflow."):
        value = {"hook": type(hook).__name__}
        _collector().add_extra(context=hook, key=CONNECTION, value=value)


def _engines(module: ModuleType) -> None:
    from sqlalchemy import event

    if not event.contains(module.Engine, "after_cursor_execute", _executed):
        event.listen(module.Engine, "after_cursor_execute", _executed)


def _executed(
    connection: Connection,
    cursor: Any,
    statement: str,
    parameters: Any,
    context: Context,
    many: bool,
) -> None:
    with shielded(log, "A statement is not reported", level=logging.DEBUG):
        url = connection.engine.url
        if _OWN_QUESTIONS.match(statement) or _is_airflows_own(url):
            return
        value: Json = {"sql": statement}
        rows = getattr(cursor, "rowcount", -1)
        if isinstance(rows, int) and rows >= 0 and statement.lstrip()[:6].upper() != "SELECT":
            value["row_count"] = rows
        _collector().add_extra(context=_behind(url), key=SQL, value=value)


def _is_airflows_own(url: Any) -> bool:
    from airflow import settings

    own = getattr(getattr(settings, "engine", None), "url", None)
    return own is not None and (own.host, own.port, own.database) == (
        url.host,
        url.port,
        url.database,
    )


class _Engine:
    """A database that an engine is connected to, as far as lineage asks a hook for it."""

    def __init__(self, url: Any) -> None:
        backend = url.get_backend_name()
        self.conn_type = {"postgresql": "postgres", "mariadb": "mysql"}.get(backend, backend)
        self.conn = SimpleNamespace(
            conn_type=self.conn_type, host=url.host, port=url.port, schema=url.database
        )
        self._database = url.database

    def get_uri(self) -> str:
        """Of a file only."""
        return f"sqlite:///{self._database or ':memory:'}"


@functools.lru_cache(maxsize=64)
def _behind(url: object) -> _Engine:
    """One for each address: what is reported together is read together."""
    return _Engine(url)


_WRAPPERS: Mapping[str, Callable[[ModuleType], None]] = {
    "airflow.sdk.io.path": _paths,
    "airflow.io.path": _paths,
    "airflow.providers.postgres.hooks.postgres": _postgres,
    "airflow.providers.common.sql.hooks.sql": _connections,
    "sqlalchemy.engine.base": _engines,
}
