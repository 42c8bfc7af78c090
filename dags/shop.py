"""What the shop's DAGs share: where its data lives, what its datasets are called, which day it is."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, ObjectStoragePath

if "SHOP_DATA" not in os.environ:
    raise RuntimeError(
        "Set SHOP_DATA to the absolute path of the shop's data folder (python -m demo.shop makes one)."
    )

#: The shop's folder: `warehouse.db` and the folders `exports`, `landing` and `reports`.
DATA = Path(os.environ["SHOP_DATA"]).absolute()

#: Where the shop's partners answer (demo/shop.py plays them).
API = os.environ.get("SHOP_API", "http://127.0.0.1:7079")

#: Airflow connections: the warehouse (SQLite) and the partners (HTTP).
WAREHOUSE = "shop_warehouse"
PARTNERS = "shop_partners"


def table(name: str) -> Asset:
    """A table of the warehouse."""
    return Asset(name=name, uri=f"sqlite://{DATA}/warehouse.db/{name}")


def service(path: str) -> Asset:
    """A partner's HTTP source."""
    return Asset(name=path, uri=f"{API}/{path}")


def file(path: str) -> ObjectStoragePath:
    """A file of the shop; reading or writing it is seen as lineage by Airflow."""
    return ObjectStoragePath(f"file://{DATA}/{path}")


def day(dag_run: Any) -> str:
    """The day a DAG run is about, as YYYY-MM-DD: its logical date, or when it was asked for."""
    moment: datetime = dag_run.logical_date or dag_run.run_after
    return moment.strftime("%Y-%m-%d")


def read_csv(path: str) -> list[dict[str, str]]:
    with file(path).open() as source:
        return list(csv.DictReader(source.read().splitlines()))


def write_csv(path: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [header, *rows]
    with file(path).open("w", newline="") as target:
        csv.writer(target).writerows(lines)


#: What every DAG of the shop has in common.
DEFAULTS = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,  # SQLite has one writer; and the days are loaded in their order
    "user_defined_macros": {"day": day},
}
