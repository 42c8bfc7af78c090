"""What the demo asks Airflow and the bridge, over their REST APIs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

Json = dict[str, Any]

#: States in which a DAG run has nothing more to tell.
FINAL = {"success", "failed"}


class NoAnswer(Exception):
    """There is no answer (yet), or one that speaks of a moment: a busy server's 5xx."""


class Refused(Exception):
    """The answer is no; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


class Client:
    """JSON over HTTP on this machine, past any proxy."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._headers = {"Content-Type": "application/json"}
        self._opener = build_opener(ProxyHandler({}))

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """The answer's body. Raises Silent where asking again may help, and Refused on a 4xx."""
        request = Request(  # noqa: S310 - the addresses are ours
            self.address + path,
            method=method,
            headers=self._headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with self._opener.open(request, timeout=30) as answer:
                text = answer.read()
        except HTTPError as refusal:
            with refusal:
                message = refusal.read().decode(errors="replace")
            if refusal.code >= 500 or refusal.code == 429:
                raise NoAnswer(f"HTTP {refusal.code} from {path}: {message[:300]}") from None
            raise Refused(refusal.code, message) from None
        except (URLError, OSError) as silence:
            raise NoAnswer(str(silence)) from None
        return json.loads(text) if text else {}

    def get(self, path: str, **query: object) -> Json:
        return self.ask("GET", path + ("?" + urlencode(query) if query else ""))


class Airflow(Client):
    """Airflow's public API, version 2."""

    def log_in(self, user: str, password: str) -> None:
        answer = self.ask("POST", "/auth/token", {"username": user, "password": password})
        self._headers["Authorization"] = f"Bearer {answer['access_token']}"

    def unhealthy(self) -> list[str]:
        """The parts of Airflow that do not run (yet)."""
        health = self.get("/api/v2/monitor/health")
        parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
        return [part for part in parts if (health.get(part) or {}).get("status") != "healthy"]

    def dags(self) -> dict[str, Json]:
        return {dag["dag_id"]: dag for dag in self.get("/api/v2/dags", limit=100)["dags"]}

    def import_errors(self) -> list[str]:
        errors = self.get("/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}:\n{error['stack_trace']}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        self.ask("PATCH", f"/api/v2/dags/{quote(dag_id)}", {"is_paused": False})

    def trigger(self, dag_id: str, moment: datetime | None) -> str:
        """Start a run of the DAG about `moment`; returns its run id, empty where it was started before."""
        body = {"logical_date": moment.isoformat() if moment else None}
        try:
            answer = self.ask("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)
        except Refused as refused:
            if refused.status == 409 and moment:  # an answer that was lost on the way
                return ""
            raise
        return str(answer["dag_run_id"])

    def runs(self, dag_id: str = "~") -> list[Json]:
        """The DAG runs, oldest first."""
        found: list[Json] = []
        while True:
            page = self.get(
                f"/api/v2/dags/{quote(dag_id)}/dagRuns",
                limit=100,
                offset=len(found),
                order_by="run_after",
            )
            found += page["dag_runs"]
            if len(found) >= page["total_entries"] or not page["dag_runs"]:
                return found


class Bridge(Client):
    """The bridge's REST API."""

    def health(self) -> Json:
        return self.get("/api/v1/health")

    def all(self, path: str, **query: object) -> Iterator[Json]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, **query, limit=500, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return
