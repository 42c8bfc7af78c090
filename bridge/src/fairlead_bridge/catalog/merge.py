"""
How facts merge. Pure, and the reason why the order of events does not matter: every function here
is commutative, associative and idempotent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from fairlead_bridge.facts import Attempt, LatestValue, ObservedState, RunFacts

V = TypeVar("V")
T = TypeVar("T", int, float, str, bytes)
Row = dict[str, Any]

_END_RANK = {None: 0, "COMPLETE": 1, "ABORT": 2, "FAIL": 3}
_bytes = msgspec.msgpack.Encoder(order="deterministic").encode


def earliest(a: T | None, b: T | None) -> T | None:
    """The smaller of two values; one that is known beats one that is not."""
    if a is None or b is None:
        return b if a is None else a
    return a if a <= b else b


def latest(a: T | None, b: T | None) -> T | None:
    """The greater of two values; one that is known beats one that is not."""
    if a is None or b is None:
        return b if a is None else a
    return a if a >= b else b


def kinds(a: str | None, b: str | None) -> str | None:
    """The more specific of two kinds: `job` says least."""
    return max((a, b), key=lambda kind: (kind is not None, kind != "job", kind or ""))


def latest_value(a: LatestValue, b: LatestValue) -> LatestValue:
    """The newer; of two at the same time, the greater by its bytes."""
    if a.at != b.at:
        return a if a.at > b.at else b
    return a if _bytes(a.value) >= _bytes(b.value) else b


def latest_values(a: dict[str, LatestValue], b: dict[str, LatestValue]) -> dict[str, LatestValue]:
    """The newer value of each property, by its name."""
    return _union(a, b, latest_value)


def attempt(a: Attempt, b: Attempt) -> Attempt:
    ended = a if _end(a.end_at, a.end) >= _end(b.end_at, b.end) else b
    timed = a if _timed(a) >= _timed(b) else b
    overridden = a if _end(a.override_at, a.override) >= _end(b.override_at, b.override) else b
    return Attempt(
        generation=max(a.generation, b.generation),
        first_at=min(a.first_at, b.first_at),
        last_at=max(a.last_at, b.last_at),
        start_at=earliest(a.start_at, b.start_at),
        running_at=earliest(a.running_at, b.running_at),
        end_at=ended.end_at,
        end=ended.end,
        override_at=overridden.override_at,
        override=overridden.override,
        observed=_newer_observation(a.observed, b.observed),
        dag_start_at=latest(a.dag_start_at, b.dag_start_at),
        dag_end_at=latest(a.dag_end_at, b.dag_end_at),
        duration=timed.duration,
        duration_at=timed.duration_at,
        alive_at=latest(a.alive_at, b.alive_at),
        fail_at=latest(a.fail_at, b.fail_at),
        abort_at=latest(a.abort_at, b.abort_at),
        restart_at=latest(a.restart_at, b.restart_at),
    )


def run(a: RunFacts, b: RunFacts) -> RunFacts:
    """Two accounts of one run; with the id of `a`."""
    return RunFacts(
        id=a.id,
        job_id=max(a.job_id, b.job_id),
        kind=kinds(a.kind, b.kind),
        dag_id=latest(a.dag_id, b.dag_id),
        dag_run_id=latest(a.dag_run_id, b.dag_run_id),
        task_id=latest(a.task_id, b.task_id),
        map_index=latest(a.map_index, b.map_index),
        try_number=latest(a.try_number, b.try_number),
        dag_run=latest(a.dag_run, b.dag_run),
        instance=latest(a.instance, b.instance),
        parent_id=latest(a.parent_id, b.parent_id),
        root_id=latest(a.root_id, b.root_id),
        attempts=_union(a.attempts, b.attempts, attempt),
        observed=_newer_observation(a.observed, b.observed),
        properties=latest_values(a.properties, b.properties),
    )


# --- rows of tables, by column ------------------------------------------------------------------


def job(a: Row, b: Row) -> Row:
    return a | {
        "kind": kinds(a["kind"], b["kind"]),
        "integration": latest(a["integration"], b["integration"]),
        "processing": latest(a["processing"], b["processing"]),
        "dag_id": latest(a["dag_id"], b["dag_id"]),
        "task_id": latest(a["task_id"], b["task_id"]),
        "parent_id": latest(a["parent_id"], b["parent_id"]),
        "first_at": min(a["first_at"], b["first_at"]),
        "last_at": max(a["last_at"], b["last_at"]),
    }


def dataset(a: Row, b: Row) -> Row:
    """`written_at`, `written_by` and `asset_id` are computed elsewhere and stay as in `a`."""
    return a | {
        "name": min(a["name"], b["name"]),
        "kind": latest(a["kind"], b["kind"]),
        "first_at": min(a["first_at"], b["first_at"]),
        "last_at": max(a["last_at"], b["last_at"]),
        "dropped_at": latest(a["dropped_at"], b["dropped_at"]),
        "updated_at": latest(a["updated_at"], b["updated_at"]),
    }


def newest_body(a: Row, b: Row) -> Row:
    """Rows with `at` and `digest`: facets and column lineage."""
    return a if (a["at"], a["digest"]) >= (b["at"], b["digest"]) else b


def assertion(a: Row, b: Row) -> Row:
    """The newer; of two at one time the one that failed, then the greater by its bytes."""

    def key(row: Row) -> tuple[int, bool, bytes, str, tuple[bool, int]]:
        content = row["body"], row["severity"] or "", _known(row["run"])
        return row["at"], not row["success"], *content

    return a if key(a) >= key(b) else b


def seen(a: Row, b: Row) -> Row:
    """Rows with `first_at` and `last_at`."""
    return a | {
        "first_at": min(a["first_at"], b["first_at"]),
        "last_at": max(a["last_at"], b["last_at"]),
    }


def observation(a: Row, b: Row) -> Row:
    return a if a["value"] >= b["value"] else b


def task_state(a: Row, b: Row) -> Row:
    def key(row: Row) -> tuple[int, str, float]:
        duration = row["duration"]
        return row["at"], row["state"], -1.0 if duration is None else duration

    return a if key(a) >= key(b) else b


def schema_version(a: Row, b: Row) -> Row:
    first = min(a, b, key=lambda row: (row["first_at"], _known(row["first_run"])))
    return a | {
        "first_at": first["first_at"],
        "first_run": first["first_run"],
        "last_at": max(a["last_at"], b["last_at"]),
        "written": max(a["written"], b["written"]),
    }


def edge(a: Row, b: Row) -> Row:
    """One that is derived from declarations gives way to one that was shown."""
    if a["is_derived"] != b["is_derived"]:
        return min(a, b, key=lambda row: row["is_derived"])
    last = max(a, b, key=lambda row: (row["last_at"], _known(row["last_run"])))
    return a | {
        "first_at": min(a["first_at"], b["first_at"]),
        "last_at": last["last_at"],
        "last_run": last["last_run"],
    }


def symlink(a: Row, b: Row) -> Row:
    return seen(a, b) | {"kind": max(a["kind"], b["kind"])}


def _known(number: int | None) -> tuple[bool, int]:
    """Sorts what is not known before every number."""
    return number is not None, number or 0


def _end(at: int | None, end: str | None) -> tuple[bool, int, int]:
    return at is not None, at or 0, _END_RANK[end]


def _timed(attempt: Attempt) -> tuple[int, float]:
    return (
        -(2**63) if attempt.duration_at is None else attempt.duration_at,
        -1.0 if attempt.duration is None else attempt.duration,
    )


def _newer_observation(a: ObservedState | None, b: ObservedState | None) -> ObservedState | None:
    if a is None or b is None:
        return a or b
    return max(a, b, key=lambda observed: (observed.at, _bytes(observed)))


def _union(a: dict[str, V], b: dict[str, V], combine: Callable[[V, V], V]) -> dict[str, V]:
    if not b:
        return a
    merged = dict(a)
    for key, value in b.items():
        merged[key] = combine(merged[key], value) if key in merged else value
    return merged
