"""The reading transactions of requests: how many there are at a time, and when they end."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI

from tests.bridge.asking import Api, wrote

#: More than the web server has threads and the pool connections, together.
MANY = 120


async def _status(app: FastAPI, path: str) -> int:
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    await app({**scope, "query_string": b"", "headers": []}, receive, send)
    return found[0]


async def _together(app: FastAPI, path: str) -> list[int]:
    return await asyncio.gather(*(_status(app, path) for _ in range(MANY)))


def test_more_requests_than_connections_and_threads_are_all_answered(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*wrote("load", "orders"))
    assert asyncio.run(_together(api.http.app, "/api/v1/namespaces")) == [200] * MANY


def test_a_request_gives_its_connection_back_when_it_is_answered_or_fails(db: sa.Engine) -> None:
    api = Api(db)
    for path in ("/api/v1/namespaces", "/api/v1/jobs/nothing", "/api/v1/jobs?cursor=x"):
        api.http.get(path)
    assert db.pool.checkedout() == 0
