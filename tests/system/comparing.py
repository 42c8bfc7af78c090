"""What Airflow says of its runs beside what the catalog says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.system.truth import DagRun, Instance

#: Airflow writes microseconds; what was promised is milliseconds.
CLOSE = timedelta(milliseconds=1)

Key = tuple[str, str, str, int]


def key_of(run: dict[str, Any]) -> Key:
    map_index = -1 if run["map_index"] is None else run["map_index"]
    return run["dag_id"], run["dag_run_id"], run["task_id"], map_index


def key_observed(observed: Instance) -> Key:
    return observed.dag_id, observed.run_id, observed.task_id, observed.map_index


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def apart(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) > CLOSE


def listed(wrong: list[Any]) -> str:
    """What a person needs to see of what is wrong."""
    first = "\n".join(str(one) for one in wrong[:20])
    return f"{len(wrong)} differ, the first are\n{first}"


def tries_that_differ(observed: Iterable[Instance], known: Iterable[dict[str, Any]]) -> list[Any]:
    """Tries that are not there once, or not with Airflow's state, start and end."""
    return _differences(
        [
            ((*key_observed(one), one.try_number), one.state, one.started_at, one.ended_at)
            for one in observed
        ],
        [((*key_of(run), run["try_number"]), *_shown(run)) for run in known],
    )


def dag_runs_that_differ(observed: Iterable[DagRun], known: Iterable[dict[str, Any]]) -> list[Any]:
    """DAG runs that are not there once, or not with Airflow's state, start and end."""
    return _differences(
        [((one.dag_id, one.run_id), one.state, one.started_at, one.ended_at) for one in observed],
        [((run["dag_id"], run["dag_run_id"]), *_shown(run)) for run in known],
    )


Row = tuple[tuple[Any, ...], str, datetime | None, datetime | None]


def _shown(run: dict[str, Any]) -> tuple[str, datetime | None, datetime | None]:
    return run["state"], moment(run["started_at"]), moment(run["ended_at"])


def _differences(observed: list[Row], known: list[Row]) -> list[Any]:
    shown = {row[0]: row[1:] for row in known}
    wrong: list[Any] = []
    if sorted(row[0] for row in known) != sorted(row[0] for row in observed):
        keys = {row[0] for row in observed}
        wrong += [("not known:", *key) for key in sorted(keys - shown.keys())]
        wrong += [("not told:", *key) for key in sorted(shown.keys() - keys)]
        if len(shown) != len(known):
            wrong.append("some are known twice")
    for key, state, started_at, ended_at in observed:
        if key in shown and (
            shown[key][0] != state
            or apart(shown[key][1], started_at)
            or apart(shown[key][2], ended_at)
        ):
            wrong.append((key, "is", state, started_at, ended_at, "shown as", *shown[key]))
    return wrong
