"""What datasets are called. One thing has one name, however a task reaches it.

| what | namespace | name |
|---|---|---|
| table in SQLite | `sqlite:///abs/path/warehouse.db` | `orders`; `other.orders` in an attached database |
| file | `file`, or `file://host` | `/abs/path/x.csv` |
| HTTP | `http://host:port` | `/path`, without the query |
| table of a database server | `postgres://host:5432` | `shop.public.orders` |
| object store and everything else with an authority | `scheme://authority` | path without the first slash |
| a scheme without authority | `scheme` | the rest |
| an asset that has only a name | `asset` | the name |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePath
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from fairlead_sdk import redact

NAMED_ASSETS = "asset"

Dataset = str | tuple[str, str] | Mapping[str, object]
"""A URI, an absolute path, (namespace, name) as OpenLineage has them, or a dict with these keys."""


class Identity(NamedTuple):
    """Namespace and name, which identify a dataset."""

    namespace: str
    name: str


def of_file(path: str) -> Identity:
    """A file on a local disk."""
    return Identity("file", path)


def of_url(url: str) -> Identity | None:
    """A resource behind HTTP; the query and the credentials are not part of its name."""
    parts = urlsplit(url)
    if not parts.hostname:
        return None
    return Identity(f"{parts.scheme}://{_host(parts)}", parts.path or "/")


def of_sqlite(database: str, table: str, schema: str = "") -> Identity:
    """A table in a SQLite file, which is given by its absolute path."""
    name = f"{schema}.{table}" if schema not in ("", "main") else table
    return Identity(f"sqlite://{database}", name)


def of_uri(uri: str) -> Identity | None:
    """Whatever a URI names; None where it names nothing."""
    try:
        parts = urlsplit(uri)
        convert = _BY_SCHEME.get(parts.scheme.lower(), _of_any)
        return convert(parts)
    except ValueError:  # a port that is no number, a bracket that is not closed
        return None


def of_asset(uri: str | None, name: str | None) -> Identity | None:
    """An Airflow asset. One without a URI is identified by its name."""
    if uri and uri.startswith("/"):  # as hooks report local files
        return of_file(uri)
    if uri and urlsplit(uri).scheme:
        return of_uri(uri)
    known = name or uri
    return Identity(NAMED_ASSETS, known) if known else None


def identity_of(dataset: object) -> Identity | None:
    """What a person may write for a dataset; None where it names none. Raises nothing.

    A URI, an absolute path, a pair of namespace and name, a dict with these as keys or with `uri`,
    or an object that has these as attributes, as OpenLineage's datasets and Airflow's assets have.

    >>> identity_of({"type": "mysql", "name": "users", "namespace": "prod"})
    Identity(namespace='prod', name='users')
    >>> identity_of(("file", "/data/x.csv")) == identity_of("/data/x.csv")
    True
    """
    if isinstance(dataset, str):
        return _of_text(dataset.strip())
    if isinstance(dataset, PurePath):
        return of_file(str(dataset)) if dataset.is_absolute() else None
    if isinstance(dataset, list | tuple):
        return _pair(*dataset) if len(dataset) == 2 else None
    get = dataset.get if isinstance(dataset, Mapping) else partial(getattr, dataset)
    try:
        uri = get("uri", None)
        return _pair(get("namespace", None), get("name", None)) or (
            _of_text(uri) if isinstance(uri, str) else None
        )
    except Exception:  # noqa: BLE001 - an object of the user's, whose attributes may do anything
        return None


def _of_text(text: str) -> Identity | None:
    return of_file(text) if text.startswith("/") else of_uri(text)


def _pair(namespace: object, name: object) -> Identity | None:
    if isinstance(namespace, str) and isinstance(name, str) and namespace and name:
        return Identity(redact.urls(namespace), redact.urls(name))
    return None


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"{host}:{parts.port}" if parts.port else host


def _of_file_uri(parts: SplitResult) -> Identity | None:
    path = unquote(parts.path)
    if not path:
        return None
    host = parts.netloc if parts.netloc != "localhost" else ""
    return Identity(f"file://{host}" if host else "file", path)


def _of_sqlite_uri(parts: SplitResult) -> Identity | None:
    database, _, table = unquote(parts.path).rpartition("/")
    return of_sqlite(database, table) if database and table else None


def _of_database_uri(parts: SplitResult) -> Identity | None:
    """`postgres://host:5432/shop/public/orders`: its parts are joined by dots, as in SQL."""
    found = _of_any(parts)
    return found and Identity(found.namespace, found.name.strip("/").replace("/", "."))


def _of_any(parts: SplitResult) -> Identity | None:
    path = unquote(parts.path)
    if parts.hostname:
        return Identity(f"{parts.scheme}://{_host(parts)}", path.lstrip("/") or "/")
    return Identity(parts.scheme, path.lstrip("/")) if parts.scheme and path else None


_BY_SCHEME: dict[str, Callable[[SplitResult], Identity | None]] = {
    "file": _of_file_uri,
    "sqlite": _of_sqlite_uri,
    **dict.fromkeys(
        ("postgres", "postgresql", "mysql", "mariadb", "mssql", "trino", "snowflake"),
        _of_database_uri,
    ),
    "http": lambda parts: of_url(parts.geturl()),
    "https": lambda parts: of_url(parts.geturl()),
}
