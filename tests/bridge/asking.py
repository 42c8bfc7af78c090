"""Asking the API in tests: events go in, answers come out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from fairlead_bridge.access.caller import ANYONE, CALLER, Caller
from fairlead_bridge.condition import Condition
from fairlead_bridge.settings import load
from fairlead_bridge.web.api import build_api
from tests.bridge.absorbing import absorb, understand
from tests.support.small import dataset, run_event, uuid

#: When the questions are asked: the day after the small history.
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def called_by(app: ASGIApp, caller: Caller = ANYONE) -> ASGIApp:
    """The app as it is asked by this caller, whom the whole bridge would have recognised."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CALLER: caller}, receive, send)

    return asked


class Api:
    """The REST API over a database of the test's own."""

    def __init__(
        self,
        db: sa.Engine,
        now: datetime = NOW,
        lost_after: float = 86_400.0,
        worker: Condition | None = None,
    ) -> None:
        self.db = db
        self.now = now
        self.worker = worker
        settings = load({"lost_after": lost_after})
        sinks = {"lake": "openlineage"}
        api = build_api(db, settings, sinks, lambda: self.micros, lambda: self.worker)
        self.http = TestClient(called_by(api))

    @property
    def micros(self) -> int:
        return (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    def send(self, *events: bytes) -> None:
        absorb(self.db, understand(events))

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.http.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def problem(self, status: int, path: str, **parameters: Any) -> str:
        answer = self.http.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == status, answer.text
        assert list(answer.json()) == ["detail"]
        return str(answer.json()["detail"])

    def pages(self, path: str, **parameters: Any) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        while True:
            page = self.get(path, **parameters)
            items += page["items"]
            if page["next"] is None:
                return items
            parameters["cursor"] = page["next"]


_numbers = iter(range(1_000_000, 9_000_000))  # far from those that tests write themselves


def wrote(
    job: str,
    *outputs: str | dict[str, Any],
    reads: tuple[str | dict[str, Any], ...] = (),
    at: str = "10:00:00",
    state: str = "COMPLETE",
    namespace: str = "prod",
    run_id: str | None = None,
    **more: Any,
) -> list[bytes]:
    """A run of `job` that reads and writes: its START and its end, a minute apart."""
    run_id = run_id or uuid(next(_numbers))
    start = at if "T" in at else f"2026-11-01T{at}Z"
    end = datetime.fromisoformat(start) + timedelta(minutes=1)
    sides: dict[str, Any] = {
        "inputs": [_dataset(each) for each in reads],
        "outputs": [_dataset(each) for each in outputs],
    }
    return [
        run_event("START", start, run_id, job, namespace=namespace, **more),
        run_event(state, end.isoformat(), run_id, job, namespace=namespace, **sides, **more),
    ]


def _dataset(named: str | dict[str, Any]) -> dict[str, Any]:
    return dataset(named) if isinstance(named, str) else named


def names(items: list[Any]) -> list[str]:
    return [item["name"] for item in items]
