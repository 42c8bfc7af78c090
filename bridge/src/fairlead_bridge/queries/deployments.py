"""Airflow deployments by namespace, and those that share one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa

from fairlead_bridge.db import tables as t
from fairlead_bridge.queries.snapshot import Snapshot

#: Microseconds for which a deployment that stopped sending still counts as one that sends.
_RECENT = 2 * 86_400 * 1_000_000

_ALL = sa.select(t.deployment).order_by(t.deployment.c.namespace, t.deployment.c.name)


class Deployment(NamedTuple):
    namespace: str
    name: str
    first_at: int
    last_at: int


def deployments(snapshot: Snapshot) -> list[Deployment]:
    """Every deployment, by namespace and name."""
    return [Deployment(**row._mapping) for row in snapshot.tx.execute(_ALL)]


def sharing(found: Iterable[Deployment], now: int) -> dict[str, list[Deployment]]:
    """
    The namespaces under which several deployments send at the same time, and which those are.

    One that took another's place, after a move or in a new container, began when that one had ended.
    `now` is in microseconds.
    """
    recent = [each for each in found if each.last_at >= now - _RECENT]
    recent.sort(key=lambda each: (each.namespace, each.first_at, each.name))
    shared = {}
    for namespace, members in groupby(recent, key=lambda each: each.namespace):
        together = _overlapping(list(members))
        if together:
            shared[namespace] = together
    return shared


def _overlapping(members: list[Deployment]) -> list[Deployment]:
    return [
        each
        for each in members
        if any(
            other is not each and each.first_at < other.last_at and other.first_at < each.last_at
            for other in members
        )
    ]
