"""Airflow's REST API as far as history needs it: version 2 as Airflow 3.3 has it, 1 as 2.11.

It is strict: a path, a parameter or a token that Airflow would refuse is refused.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Row = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]

PASSWORD = "ann's:word"  # noqa: S105
_PAGE = {"limit", "offset"}
_RUNS = {*_PAGE, "order_by", "state", "end_date_gte"}


class Airflow:
    """`runs`, `tries` (all, the last one last) by run id, `dags` and `tasks` by DAG."""

    def __init__(self, version: int = 2) -> None:
        self.version = version
        self.runs: list[Row] = []
        self.tries: dict[str, list[Row]] = {}
        self.dags: dict[str, Row] = {}
        self.tasks: dict[str, list[Row]] = {}
        self.tokens = {"token-0"}
        self.most = 100  # [api] maximum_page_limit
        self.most_instances = 10_000
        self.asked: list[str] = []
        self.trouble: Callable[[str], Answer | None] = lambda _: None
        self.url = ""

    def answer(self, method: str, address: str, who: str, body: Any) -> Answer:
        parts = urlsplit(address)
        self.asked.append(f"{method} {parts.path}")
        if trouble := self.trouble(parts.path):
            return trouble
        if self.version == 2:
            if (method, parts.path) == ("POST", "/auth/token"):
                return self._token(body)
            if (method, parts.path) == ("GET", "/api/v2/version"):
                return 200, {}, {"version": "3.3.2"}
            known = who.removeprefix("Bearer ") in self.tokens
        else:
            password = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
            known = who == f"Basic {password}"
        steps = [unquote(step) for step in parts.path.split("/")]
        if steps[:4] != ["", "api", f"v{self.version}", "dags"]:
            return 404, {}, {"detail": "Not Found"}
        if not known:
            return 401, {}, {"detail": "Unauthorized"}
        try:
            if method == "POST":
                return 200, {}, self._listed(steps[4:], body)
            return 200, {}, self._found(steps[4:], parse_qs(parts.query))
        except KeyError:
            return 404, {}, {"detail": "not found"}
        except ValueError as error:
            return 422, {}, {"detail": str(error)}

    def _token(self, body: Any) -> Answer:
        if body != {"username": "ann", "password": PASSWORD}:
            return 401, {}, {"detail": "Invalid credentials"}
        self.tokens.add(f"token-{len(self.tokens)}")
        return 201, {}, {"access_token": f"token-{len(self.tokens) - 1}"}

    def _listed(self, steps: list[str], body: Row) -> Row:
        if steps != ["~", "dagRuns", "~", "taskInstances", "list"]:
            raise KeyError
        known = {"dag_ids", "dag_run_ids", "page_limit", "page_offset"}
        if set(body) - (known | {"order_by"} if self.version == 2 else known):
            raise ValueError("no such parameter")
        last = {
            (run["dag_id"], run["dag_run_id"], row["task_id"], row["map_index"]): {
                **row,
                "dag_id": run["dag_id"],
                "dag_run_id": run["dag_run_id"],
            }
            for run in self.runs
            if run["dag_id"] in body["dag_ids"] and run["dag_run_id"] in body["dag_run_ids"]
            for row in self.tries[run["dag_run_id"]]
        }
        rows = list(last.values())
        first = body["page_offset"]
        some = rows[first : first + min(body["page_limit"], self.most_instances)]
        return {"task_instances": some, "total_entries": len(rows)}

    def _found(self, steps: list[str], query: dict[str, list[str]]) -> Row:
        match steps:
            case [dag] if self.version == 1:
                return self.dags[dag]
            case [dag, "details"]:
                return {**self.dags[dag], **({"owners": []} if self.version == 1 else {})}
            case [dag, "tasks"]:
                return {"tasks": self.tasks[dag], "total_entries": len(self.tasks[dag])}
            case [dag, "dagRuns"]:
                return self._page("dag_runs", self._runs(dag, query), query, _RUNS)
            case [_, "dagRuns", run, "taskInstances", task, "tries"]:
                return self._tries(run, task, -1)
            case [_, "dagRuns", run, "taskInstances", task, mapped, "tries"]:
                return self._tries(run, task, int(mapped))
        raise KeyError

    def _runs(self, dag: str, query: dict[str, list[str]]) -> list[Row]:
        if query.get("order_by", ["id"]) != ["id"]:
            raise ValueError("order_by")
        since = query.get("end_date_gte", [""])[0]
        return [
            run
            for run in self.runs
            if dag in ("~", run["dag_id"])
            and run["state"] in query.get("state", [run["state"]])
            and (run["end_date"] or "") >= since
        ]

    def _tries(self, run: str, task: str, mapped: int) -> Row:
        rows = [r for r in self.tries[run] if (r["task_id"], r["map_index"]) == (task, mapped)]
        return {"task_instances": rows, "total_entries": len(rows)}

    def _page(
        self, name: str, rows: list[Row], query: dict[str, list[str]], known: set[str]
    ) -> Row:
        if strange := set(query) - known:
            raise ValueError(f"no such parameter: {strange}")
        limit = min(int(query.get("limit", ["50"])[0]), self.most)
        offset = int(query.get("offset", ["0"])[0])
        return {name: rows[offset : offset + limit], "total_entries": len(rows)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def _do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        who = self.headers.get("Authorization") or ""
        status, headers, answer = self.server.airflow.answer(self.command, self.path, who, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _do  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(airflow: Airflow) -> Iterator[Airflow]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.airflow = airflow  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    airflow.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield airflow
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- rows, as Airflow 3.3 gives them --------------------------------------------------------


def run(day: int, state: str = "success", dag_id: str = "shop", **more: Any) -> Row:
    at = f"2026-10-{day:02}T"
    ended = state in ("success", "failed")
    return {
        "dag_run_id": f"scheduled__{at}06:00:00+00:00",
        "dag_id": dag_id,
        "logical_date": f"{at}06:00:00Z",
        "queued_at": f"{at}06:00:00.100000Z",
        "start_date": f"{at}06:00:01.250000Z",
        "end_date": f"{at}06:02:03.500000Z" if ended else None,
        "duration": 122.25 if ended else None,
        "data_interval_start": f"{at}06:00:00Z",
        "data_interval_end": f"{at}06:00:00Z",
        "run_after": f"{at}06:00:00Z",
        "run_type": "scheduled",
        "state": state,
        "triggered_by": "timetable",
        "triggering_user_name": None,
        "conf": {},
        "dag_versions": [{"id": "v2", "version_number": 2}],
        **more,
    }


def instance(day: int, task_id: str, state: str | None = "success", **more: Any) -> Row:
    at = f"2026-10-{day:02}T"
    return {
        "task_id": task_id,
        "dag_id": "shop",
        "map_index": -1,
        "start_date": f"{at}06:00:10Z",
        "end_date": f"{at}06:00:52.500000Z",
        "duration": 42.5,
        "state": state,
        "try_number": 1,
        "max_tries": 1,
        "pool": "default_pool",
        "queue": "default",
        "operator": "BashOperator",
        "queued_when": f"{at}06:00:08Z",
        "rendered_map_index": None,
        **more,
    }


def dag(dag_id: str = "shop") -> Row:
    return {
        "dag_id": dag_id,
        "description": "Sums up sales.",
        "fileloc": "/dags/shop.py",
        "owners": ["sales"],
        "tags": [{"name": "daily", "dag_id": dag_id}],
        "timetable_summary": "0 6 * * *",
        "start_date": "2026-01-01T00:00:00Z",
        "latest_dag_version": {"id": "v2", "version_number": 2},
    }


def task(task_id: str, *downstream: str) -> Row:
    return {
        "task_id": task_id,
        "task_display_name": task_id,
        "downstream_task_ids": list(downstream),
        "operator_name": "BashOperator",
        "class_ref": {"module_path": "operators.bash", "class_name": "BashOperator"},
    }


def of_airflow_2(airflow: Airflow) -> Airflow:
    """The same history, with rows as Airflow 2.11 gives them."""
    older = Airflow(1)
    older.dags = {
        name: {
            **{key: value for key, value in row.items() if key not in _ONLY_3},
            "schedule_interval": {"__type": "CronExpression", "value": row["timetable_summary"]},
            "timetable_description": "At 06:00",
        }
        for name, row in airflow.dags.items()
    }
    older.tasks = airflow.tasks
    older.tries = airflow.tries
    older.runs = [
        {
            **{key: value for key, value in row.items() if key not in _ONLY_3},
            "execution_date": row["logical_date"],
            "external_trigger": False,
        }
        for row in airflow.runs
    ]
    return older


_ONLY_3 = {
    "dag_versions",
    "duration",
    "latest_dag_version",
    "queued_at",
    "run_after",
    "timetable_summary",
    "triggered_by",
    "triggering_user_name",
}
