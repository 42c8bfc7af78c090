"""
Reads DAGs, runs and task instances through Airflow's REST API, without haste: version 2 (Airflow 3)
or version 1 (Airflow 2), whichever is there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import tenacity
from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from fairlead_bridge.documents import Json
from fairlead_bridge.errors import HttpRejected, Misconfigured, Rejected, Unavailable
from fairlead_bridge.sinks.http import Client

Row = dict[str, Any]

_ENDED = ("success", "failed")
_ATTEMPTS = 6
_LONGEST_WAIT = 60.0
#: Task instances in an answer, which takes Airflow about 0.15 s.
_INSTANCES = 500
#: Task instances held at once, unless one DAG run has more.
_MOST = 20_000


class Airflow:
    """
    One Airflow. `token` is a bearer token; with `user` (name, password) version 2 is asked for one,
    and version 1 is given both each time.

    `page` is DAG runs in an answer, `pause` seconds between two questions. What is away is asked
    again, for about two minutes; then Unavailable is raised, and Rejected for what will never work.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        user: tuple[str, str] | None = None,
        page: int = 100,
        pause: float = 0.05,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._auth = _Auth(token)
        self._user = user
        self._client = Client(url, auth=self._auth, rate=1.0 / pause if pause > 0 else None)
        self._page = page
        self._sleep = sleep

    @property
    def questions(self) -> int:
        """How many requests were made."""
        return self._client.requests

    def count_runs(self, dag: str = "~", since: str | None = None) -> int:
        """How many DAG runs have ended, of one DAG or of all ("~")."""
        query = [*self._ended(since), ("limit", "1")]
        return int(self._get(f"/dags/{_word(dag)}/dagRuns", query)["total_entries"])

    def runs(self, dag: str = "~", since: str | None = None) -> Iterator[list[Row]]:
        """DAG runs that have ended, in the order in which they were made, some at a time."""
        query = [*self._ended(since), ("order_by", "id")]
        path = f"/dags/{_word(dag)}/dagRuns"
        offset = 0
        while True:
            place = [("limit", str(self._page)), ("offset", str(offset))]
            answer = self._get(path, [*query, *place])
            # Airflow may be set to give fewer rows than were asked for.
            some = answer["dag_runs"]
            offset += len(some)
            yield some
            if not some or offset >= answer["total_entries"]:
                return

    def dag(self, dag_id: str) -> Row:
        """The DAG; only its id where it is gone and its runs are still there."""
        more = "/details" if self._version == 2 else ""  # the details of version 1 name no owners
        try:
            found: Row = self._get(f"/dags/{_word(dag_id)}{more}", [])
        except HttpRejected as error:
            if error.status != 404:
                raise
            return {"dag_id": dag_id}
        return found

    def tasks(self, dag_id: str) -> list[Row]:
        """The tasks that the DAG has now."""
        try:
            found: list[Row] = self._get(f"/dags/{_word(dag_id)}/tasks", [])["tasks"]
        except HttpRejected as error:
            if error.status != 404:
                raise
            return []
        return found

    def tries(self, runs: Sequence[Row]) -> Iterator[tuple[Row, list[Row]]]:
        """
        Each run with every try of each of its task instances. Runs are asked for together, the
        earlier tries of an instance one by one.
        """
        for alike in _grids(runs):
            yield from self._tries(alike)

    def _tries(self, runs: Sequence[Row]) -> Iterator[tuple[Row, list[Row]]]:
        found = self._instances(runs)
        if found is None:
            half = len(runs) // 2
            yield from self._tries(runs[:half])
            yield from self._tries(runs[half:])
            return
        for run in runs:
            rows = found.pop((run["dag_id"], run["dag_run_id"]), [])
            yield run, [one for row in rows for one in (*self._earlier(row), row)]

    def _instances(self, runs: Sequence[Row]) -> dict[tuple[str, str], list[Row]] | None:
        """The task instances of a grid of runs, by run; None where they are too many at once."""
        which: Json = {
            "dag_ids": sorted({run["dag_id"] for run in runs}),
            "dag_run_ids": sorted({run["dag_run_id"] for run in runs}),
            "page_limit": _INSTANCES,
        }
        if self._version == 2:
            which["order_by"] = "id"
        found: dict[tuple[str, str, str, int], Row] = {}
        offset, total = 0, 1
        while offset < total:
            answer = self._ask(
                "POST",
                "/dags/~/dagRuns/~/taskInstances/list",
                {**which, "page_offset": offset},
            )
            some, total = answer["task_instances"], answer["total_entries"]
            if total > _MOST and len(runs) > 1:
                return None
            if not some:
                break
            offset += len(some)
            for row in some:
                found[row["dag_id"], row["dag_run_id"], row["task_id"], row["map_index"]] = row
        if len(found) < total:  # version 1 knows no order, and pages may then overlap
            raise Unavailable(f"{total} task instances were promised, {len(found)} came")
        by_run = defaultdict(list)
        for row in found.values():
            by_run[row["dag_id"], row["dag_run_id"]].append(row)
        return by_run

    def _earlier(self, instance: Row) -> Iterator[Row]:
        """The tries before the one that the instance shows."""
        if (instance.get("try_number") or 0) < 2:
            return
        run = f"/dags/{_word(instance['dag_id'])}/dagRuns/{_word(instance['dag_run_id'])}"
        mapped = instance.get("map_index", -1)
        which = (
            f"{_word(instance['task_id'])}/{mapped}" if mapped >= 0 else _word(instance["task_id"])
        )
        for row in self._get(f"{run}/taskInstances/{which}/tries", [])["task_instances"]:
            if row["try_number"] != instance["try_number"]:
                yield row

    def _ended(self, since: str | None) -> list[tuple[str, str]]:
        query = [("state", state) for state in _ENDED]
        return [*query, ("end_date_gte", since)] if since else query

    @cached_property
    def _version(self) -> int:
        try:
            self._patiently("GET", "/api/v2/version")
        except HttpRejected as error:
            if error.status != 404:
                raise
            if self._user:
                name, password = self._user
                self._auth.basic = HTTPBasicAuth(name.encode(), password.encode())
            return 1
        return 2

    def _get(self, path: str, query: list[tuple[str, str]]) -> Any:
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        user = self._user if self._version == 2 else None
        return self._patiently(method, f"/api/v{self._version}{path}", body, user)

    def _patiently(
        self, method: str, address: str, body: object = None, user: tuple[str, str] | None = None
    ) -> object:
        """The answer; asked for again while Airflow is away. `user` logs in first if need be."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, method, address, body, user)

    def _once(
        self, method: str, address: str, body: object, user: tuple[str, str] | None
    ) -> object:
        if user is None:
            return self._client.json(method, address, body)
        if self._auth.token is not None:
            try:
                return self._client.json(method, address, body)
            except Misconfigured:  # the token may have expired
                self._auth.token = None
        self._log_in(*user)
        return self._client.json(method, address, body)

    def _log_in(self, name: str, password: str) -> None:
        answer = self._client.json("POST", "/auth/token", {"username": name, "password": password})
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise Rejected("Airflow's /auth/token gave no token: use --token")
        self._auth.token = answer["access_token"]


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, Misconfigured)


def _pause(state: tenacity.RetryCallState) -> float:
    """Seconds until the next attempt: what Airflow asked for, else twice as long each time."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, Unavailable) else None
    return min(asked or 2.0**state.attempt_number, _LONGEST_WAIT)


def _grids(runs: Iterable[Row]) -> Iterator[list[Row]]:
    """
    Runs that can be asked for together: Airflow takes names of DAGs and ids of runs, and answers for
    every pair. So DAGs that have the same ids here go together, as those do that run by the hour.
    """
    of_dag: dict[str, list[Row]] = defaultdict(list)
    for run in runs:
        of_dag[run["dag_id"]].append(run)
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for mine in of_dag.values():
        alike[tuple(sorted(run["dag_run_id"] for run in mine))] += mine
    yield from alike.values()


class _Auth(AuthBase):
    def __init__(self, token: str | None) -> None:
        self.token = token
        self.basic: HTTPBasicAuth | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self.basic is not None:
            self.basic(request)
        elif self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def _word(text: str) -> str:
    return quote(text, safe="~")
