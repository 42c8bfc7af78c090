"""Forgetting over REST: what is sent and answered, field by field."""

from __future__ import annotations

from pydantic import Field

from fairlead_bridge.web.base import Answer


class ToForget(Answer):
    """Datasets, jobs and namespaces that are to be in the catalog no longer."""

    nodes: list[str] = Field(
        min_length=1,
        max_length=1000,
        examples=[["dataset:postgres://db:5432:shop.orders_old", "namespace:test"]],
    )
    dry_run: bool = False  # say what goes and what stays, and change nothing


class Forgotten(Answer):
    """What goes, or went, and what stays."""

    datasets: list[str]  # nodes: every name of a dataset
    jobs: list[str]  # nodes, with those inside the ones that were named
    runs: int
    edges: int
    stays: list[str]  # sentences
    done: bool  # false of a dry run
