"""Reads DAGs, runs and task instances through Airflow's REST API (version 2), without haste."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

from requests import PreparedRequest
from requests.auth import AuthBase

from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.sinks.http import Client, Misconfigured, Refused

Row = dict[str, Any]

_ENDED = ("success", "failed")
_ATTEMPTS = 6
_LONGEST_WAIT = 60.0


class Airflow:
    """
    One Airflow. `token` is a bearer token; with `user` (name, password) one is asked for.

    `page` is rows in an answer, `pause` seconds between two questions. What is away is asked again,
    for about two minutes; then Unavailable is raised, and Rejected for what will never work.
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
        self._auth = _Token(token)
        self._user = user
        self._client = Client(url, auth=self._auth, rate=1.0 / pause if pause > 0 else None)
        self._page = page
        self._sleep = sleep

    def count_runs(self, dag: str = "~", since: str | None = None) -> int:
        """How many DAG runs have ended, of one DAG or of all ("~")."""
        query = [*self._ended(since), ("limit", "1")]
        return int(self._get(f"/dags/{_word(dag)}/dagRuns", query)["total_entries"])

    def runs(self, dag: str = "~", since: str | None = None) -> Iterator[Row]:
        """DAG runs that have ended, in the order in which they were made."""
        query = [*self._ended(since), ("order_by", "id")]
        return self._pages(f"/dags/{_word(dag)}/dagRuns", query, "dag_runs")

    def dag(self, dag_id: str) -> Row:
        """The DAG; only its id where it is gone and its runs were kept."""
        try:
            found: Row = self._get(f"/dags/{_word(dag_id)}/details", [])
        except Refused as error:
            if error.status != 404:
                raise
            return {"dag_id": dag_id}
        return found

    def tasks(self, dag_id: str) -> list[Row]:
        """The tasks that the DAG has now."""
        try:
            found: list[Row] = self._get(f"/dags/{_word(dag_id)}/tasks", [])["tasks"]
        except Refused as error:
            if error.status != 404:
                raise
            return []
        return found

    def tries(self, run: Row) -> Iterator[Row]:
        """Every try of every task instance of the run. The earlier ones cost a question each."""
        path = f"/dags/{_word(run['dag_id'])}/dagRuns/{_word(run['dag_run_id'])}/taskInstances"
        for instance in self._pages(path, [], "task_instances"):
            if (instance.get("try_number") or 0) > 1:
                mapped = instance.get("map_index", -1)
                which = f"/{mapped}" if mapped >= 0 else ""
                task = f"{path}/{_word(instance['task_id'])}{which}/tries"
                for earlier in self._get(task, [])["task_instances"]:
                    if earlier["try_number"] != instance["try_number"]:
                        yield earlier
            yield instance

    def _ended(self, since: str | None) -> list[tuple[str, str]]:
        query = [("state", state) for state in _ENDED]
        return [*query, ("end_date_gte", since)] if since else query

    def _pages(self, path: str, query: list[tuple[str, str]], rows: str) -> Iterator[Row]:
        offset = 0
        while True:
            place = [("limit", str(self._page)), ("offset", str(offset))]
            some = self._get(path, [*query, *place])[rows]
            yield from some
            offset += len(some)
            # Airflow may be set to give fewer rows than were asked for; only an empty page is the end.
            if not some:
                return

    def _get(self, path: str, query: list[tuple[str, str]]) -> Any:
        address = f"/api/v2{path}" + (f"?{urlencode(query)}" if query else "")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                if self._user and self._auth.token is None:
                    self._log_in(*self._user)
                return self._client.json("GET", address)
            except Misconfigured:
                if not (self._user and self._auth.token and attempt == 1):
                    raise
                self._auth.token = None  # it has run out
            except Unavailable as error:
                if attempt == _ATTEMPTS:
                    raise
                self._sleep(min(error.retry_after or 2.0**attempt, _LONGEST_WAIT))
        raise AssertionError("unreachable")

    def _log_in(self, name: str, password: str) -> None:
        answer = self._client.json("POST", "/auth/token", {"username": name, "password": password})
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise Rejected("Airflow's /auth/token gave no token: use --token")
        self._auth.token = answer["access_token"]


class _Token(AuthBase):
    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def _word(text: str) -> str:
    return quote(text, safe="~")
