"""Declared Airflow assets as datasets: a URI of any scheme has a namespace and a name."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

_LOCAL = {"", "localhost"}
_WITH_DATABASE = {"postgres", "postgresql", "mysql", "mariadb", "mssql", "trino", "snowflake"}


def dataset_of(uri: str) -> tuple[str, str]:
    """
    (namespace, name) of the dataset behind an asset's URI.

    >>> dataset_of("s3://lake/feeds/eu.json")
    ('s3://lake', 'feeds/eu.json')
    >>> dataset_of("file:///data/x.csv")
    ('file', '/data/x.csv')
    >>> dataset_of("postgres://h:5432/shop/public/orders")
    ('postgres://h:5432', 'shop.public.orders')
    >>> dataset_of("sqlite:///data/warehouse.db/orders")
    ('sqlite:///data/warehouse.db', 'orders')
    >>> dataset_of("https://api.example.com/rates?day=1")
    ('https://api.example.com', '/rates')
    >>> dataset_of("daily_orders")
    ('asset', 'daily_orders')
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "asset", uri
    if not parts.scheme:
        return "asset", uri
    path = unquote(parts.path)
    if parts.scheme == "file":
        host = parts.netloc
        return ("file" if host in _LOCAL else f"file://{host}"), path or "/"
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "sqlite":
        file, _, table = path.rpartition("/")
        return f"sqlite:///{file.strip('/')}", table
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{host}", path or "/"
    name = path.strip("/")
    if parts.scheme in _WITH_DATABASE:
        name = name.replace("/", ".")
    return f"{parts.scheme}://{host}", name or host
