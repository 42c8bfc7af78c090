"""A file that cannot be read."""

# ruff: noqa: TID253 - a DAG needs its operators

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG  # noqa: F401 - what makes it a DAG file

raise RuntimeError("the wheel is stuck")
