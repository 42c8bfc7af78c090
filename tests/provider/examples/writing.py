"""Addresses that examples of several kinds name, and how an example of a provider is written."""

from __future__ import annotations

from typing import Any

from tests.provider.operators import Example

SPACE = "sqlite://{folder}/shop.db"
MART = "sqlite://{folder}/mart.db"
LAKE = "s3://lake"
BLOBS = "wasbs://in@shopfiles"
BOX = "file://box.example:2222"
HIVE = "hive://hive.example:10000"
ORACLE = "oracle://oracle.example:1521"
RAW = {(SPACE, "raw")}
COUNT = "SELECT count(*) > 0 FROM raw"


def work() -> None:
    """What tasks that run Python run."""


def operator(package: str, module: str, *parts: Any, **more: Any) -> Example:
    """An operator or sensor of one of Airflow's own provider packages."""
    return Example(
        f"airflow.providers.{module}", f"apache-airflow-providers-{package}", *parts, **more
    )
