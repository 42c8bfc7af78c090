"""The way from Airflow's page to the catalog's: a link on every task, and tabs."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fairlead_airflow import compat
from fairlead_airflow.config import Config, airflow_reader
from fairlead_sdk.documents import Json

_OFF = ("off", "false", "no", "0")


def page_address(config: Config) -> str | None:
    """Return the catalog's address for browsers; None if it is not configured or switched off.

    A connection is not asked: the tabs are made while Airflow's server is still loading.
    """
    address = config.page_url or config.url
    if not address or address.strip().lower() in _OFF:
        return None
    return address.strip().rstrip("/")


def lineage_of(page: str, namespace: str, job: str) -> str:
    """The address at which the page draws the lineage of a job."""
    return f"{page}/lineage?focus={quote(f'job:{namespace}:{job}', safe='')}"


class LineageLink(compat.sdk("BaseOperatorLink")):  # type: ignore[misc]
    """The button `Lineage` of every task instance."""

    name = "Lineage"

    def get_link(self, operator: object, *, ti_key: Any) -> str:
        """The address, or nothing, which disables the button."""
        from airflow.providers.openlineage import conf

        config = Config.read(airflow_reader(compat.conf()), compat.home())
        page = page_address(config)
        job = f"{ti_key.dag_id}.{ti_key.task_id}"
        return lineage_of(page, conf.namespace(), job) if page else ""


def run_of(page: str, namespace: str, run: str) -> str:
    """The address at which the page shows a DAG run; `run` is `DAG_ID:RUN_ID`."""
    return f"{page}/runs/{quote(f'dag_run:{namespace}:', safe='')}{run}"


def tabs(page: str, namespace: str) -> list[Json]:
    """The catalog in a frame beside each DAG, DAG run, task and task instance (Airflow 3.1 and newer).

    Airflow fills `{DAG_ID}`, `{RUN_ID}` and `{TASK_ID}` in, encoded for a URL.
    """
    dag = lineage_of(page, namespace, "") + "{DAG_ID}"
    task = f"{dag}.{{TASK_ID}}"
    shown = {
        "dag": ("Lineage", dag),
        "dag_run": ("Catalog", run_of(page, namespace, "{DAG_ID}:{RUN_ID}")),
        "task": ("Lineage", task),
        "task_instance": ("Lineage", task),
    }
    return [
        {
            "name": name,
            "href": href,
            "destination": destination,
            "url_route": f"fairlead-{destination.replace('_', '-')}",
            "icon": f"{page}/favicon.svg",
        }
        for destination, (name, href) in shown.items()
    ]


def menu(page: str) -> list[Json]:
    """The way to the catalog in Airflow's menu, where there are no tabs."""
    return [{"name": "Lineage", "href": page}]
