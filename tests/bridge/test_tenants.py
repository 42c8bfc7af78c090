"""What a caller with some namespaces sees of the catalog, and what they may do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from fairlead_bridge import inbox
from fairlead_bridge.access import keys
from fairlead_bridge.access.caller import UNKNOWN, Caller
from fairlead_bridge.access.scope import EVERYTHING, NOTHING, Scope, of, seeing
from fairlead_bridge.access.visible import BORDER
from fairlead_bridge.app import build
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.errors import UndeclaredRoute, UnscopedStatement
from fairlead_bridge.settings import load
from fairlead_bridge.web.live import Live
from fairlead_bridge.web.needs import needs, open_paths
from fairlead_bridge.web.parameters import Catalog
from tests.bridge.asking import Api, called_by
from tests.bridge.monitored import Bridge, micros
from tests.bridge.tenancy import NOW, application, member_of
from tests.support.small import dataset, run_event, schema, uuid

#: Hours of the day after which nothing more comes.
_AT = "2026-11-02T0{}:00:00Z"
MINE, THEIRS = "postgres://amber:5432", "postgres://cobalt:5432"


def ran(number: int, team: str, job: str, reads: Any = (), writes: Any = ()) -> bytes:
    return run_event(
        "COMPLETE", _AT.format(number % 8 + 1), uuid(number), job, namespace=f"team-{team}",
        inputs=list(reads), outputs=list(writes),
    )  # fmt: skip


#: cobalt.secret -> amber_sum -> amber.totals -> cobalt_read -> cobalt.report
EVENTS = [
    ran(1, "cobalt", "cobalt_make", (), [dataset("cobalt.secret", THEIRS)]),
    ran(2, "amber", "amber_sum", [dataset("cobalt.secret", THEIRS)], [dataset("amber.totals", MINE, schema=schema("id"))]),
    ran(3, "cobalt", "cobalt_read", [dataset("amber.totals", MINE)], [dataset("cobalt.report", THEIRS)]),
]  # fmt: skip


def member(db: sa.Engine, caller: Caller | None = None) -> TestClient:
    return TestClient(called_by(application(db), caller or member_of("amber")))


@pytest.fixture
def bordered(db: sa.Engine) -> sa.Engine:
    Bridge(db).receive(EVENTS, NOW)
    return db


# --- every statement of a transaction -------------------------------------------------------------


def test_every_table_can_be_read_in_a_scope_and_holds_nothing_of_others(
    bordered: sa.Engine,
) -> None:
    with seeing(bordered, Scope(("team-amber", "postgres://amber:*"))) as tx:
        found = {
            table.name: tx.execute(sa.select(table)).all() for table in t.metadata.tables.values()
        }
        border = {tuple(row) for row in tx.execute(sa.select(BORDER.c.way, BORDER.c.kind))}
    del found["content"]  # bodies are found by the digests of other rows
    assert "cobalt" not in str(found)
    assert [row.name for row in found["job"]] == ["amber_sum"]
    assert [row.name for row in found["dataset"]] == ["amber.totals"]
    assert len(found["edge"]) == len(found["run"]) == len(found["event"]) == 1
    assert border == {("up", "data"), ("down", "data")}


def test_plain_sql_of_a_scoped_transaction_is_scoped_too(bordered: sa.Engine) -> None:
    with seeing(bordered, Scope(("team-amber",))) as tx:
        names = tx.execute(sa.text("SELECT name FROM job")).scalars().all()
        walked = tx.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2) "
                "SELECT count(*) FROM n CROSS JOIN job"
            )
        ).scalar()
    assert (names, walked) == (["amber_sum"], 2)


def test_a_scoped_transaction_refuses_what_is_no_query(bordered: sa.Engine) -> None:
    with seeing(bordered, NOTHING) as tx, pytest.raises(UnscopedStatement):
        tx.execute(sa.text("DELETE FROM job"))


def test_namespaces_with_quotes_and_percent_signs_are_only_names(db: sa.Engine) -> None:
    odd = "team-'%s\\\";--"
    event = run_event("COMPLETE", _AT.format(1), uuid(1), "j", namespace=odd)
    Bridge(db).receive([event, *EVENTS], NOW)
    with seeing(db, Scope(("team-'*",))) as tx:
        assert tx.execute(sa.select(t.job.c.namespace)).scalars().all() == [odd]


def test_who_may_not_read_sees_nothing_and_who_has_all_namespaces_everything() -> None:
    assert of(UNKNOWN) == NOTHING
    assert of(member_of("amber", "sender")) == NOTHING
    assert of(Caller("k", "key", frozenset({"viewer"}))) == EVERYTHING
    assert of(member_of("amber", "viewer")).sees("team-amber")
    assert not of(member_of("amber", "viewer")).sees("team-ambergris")


def test_a_route_that_reads_without_a_scope_does_not_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/api/v1/new", dependencies=[needs("viewer")])
    def new() -> None: ...

    with pytest.raises(UndeclaredRoute, match="without a scope"):
        open_paths(app)


def test_only_the_scope_opens_reading_transactions_for_answers() -> None:
    """But for what shows nothing of one namespace: the stream's signal, metrics, keys and the audit log."""
    web = Path(__file__).parents[2] / "bridge/src/fairlead_bridge/web"
    found = {
        str(file.relative_to(web))
        for file in web.rglob("*.py")
        if any(name in file.read_text("utf-8") for name in ("import reading", "EVERYTHING)"))
    }
    assert found == {
        "live.py",
        "metrics.py",
        "audit/routes.py",
        "health/routes.py",
        "keys/routes.py",
    }


# --- the border -----------------------------------------------------------------------------------


def test_lineage_ends_in_a_restricted_node_without_a_name(bordered: sa.Engine) -> None:
    http = member(bordered)
    node = f"dataset:{MINE}:amber.totals"
    answer = http.get("/api/v1/lineage", params={"node": node}).json()
    shown = {each["name"]: each for each in answer["nodes"]}
    kinds = sorted((each["depth"], each["kind"], each["name"]) for each in answer["nodes"])
    assert kinds == [
        (-2, "restricted", "restricted"),
        (-1, "job", "amber_sum"),
        (0, "dataset", "amber.totals"),
        (1, "restricted", "restricted"),
    ]
    ends = {(each["source"], each["target"]) for each in answer["edges"]}
    up, down = (f"restricted:{way}:{shown[name]['id']}" for way, name in (("up", "amber_sum"), ("down", "amber.totals")))  # fmt: skip
    assert {(up, "job:team-amber:amber_sum"), (node, down)} < ends
    shallow = http.get("/api/v1/lineage", params={"node": node, "depth": 1}).json()
    assert [each["depth"] for each in shallow["nodes"]] == [0, -1, 1]


@pytest.mark.parametrize("view", ["all", "data"])
def test_the_drawn_graph_ends_in_restricted_cards(bordered: sa.Engine, view: str) -> None:
    http = member(bordered)
    asked = {"node": f"dataset:{MINE}:amber.totals", "view": view}
    graph = http.get("/api/v1/graph", params=asked).json()
    cards = [each for each in graph["cards"] if each["kind"] == "restricted"]
    assert {(each["name"], each["label"]) for each in cards} == {("restricted", "Restricted")}
    assert len(cards) == 2
    linked = {each["source"] for each in graph["edges"]} | {
        each["target"] for each in graph["edges"]
    }
    assert {each["node"] for each in cards} <= linked
    picture = http.get("/api/v1/graph.svg", params=asked).text
    assert picture.count('class="card restricted"') == 2
    assert "cobalt" not in json.dumps(graph) + picture


def test_impact_that_goes_on_out_of_sight_is_not_complete_and_no_change_is_safe(
    bordered: sa.Engine,
) -> None:
    node = f"dataset:{MINE}:amber.totals"
    change = {"dataset": node, "columns": [{"name": "other"}]}
    answers = []
    for http in (member(bordered), Api(bordered, NOW).http):
        below = http.get("/api/v1/impact", params={"node": node}).json()
        job = http.get("/api/v1/impact", params={"node": "job:team-amber:amber_sum"}).json()
        checked = http.post("/api/v1/schema-check", json=change).json()
        answers.append((below["datasets"], below["complete"], job["complete"], checked["safe"]))
    assert answers == [(0, False, False, False), (1, True, True, False)]


def test_column_lineage_ends_in_a_restricted_node_at_the_column_that_goes_on(
    db: sa.Engine,
) -> None:
    comes_from = {
        "fields": {
            "total": {
                "inputFields": [{"namespace": THEIRS, "name": "cobalt.secret", "field": "pin"}]
            },
            "at": {"inputFields": [{"namespace": MINE, "name": "amber.raw", "field": "at"}]},
        }
    }
    raw = dataset("amber.raw", MINE, schema=schema("at"))
    secret = dataset("cobalt.secret", THEIRS, schema=schema("pin"))
    totals = dataset("amber.totals", MINE, schema=schema("total", "at"), columnLineage=comes_from)
    Bridge(db).receive([ran(2, "amber", "amber_sum", [secret, raw], [totals])], NOW)
    assert restricted_columns(db, "total") == [("total", "up", -1)]
    assert restricted_columns(db, "at") == []
    reads = [dataset("amber.totals", MINE)]
    Bridge(db).receive([ran(3, "cobalt", "cobalt_read", reads, [secret])], NOW)
    assert restricted_columns(db, "at") == [("at", "down", 1)]
    assert restricted_columns(db, "total", direction="up") == [("total", "up", -1)]
    everything = Api(db, NOW).get("lineage/columns", dataset=f"{MINE}:amber.totals", column="total")
    assert "restricted" not in {each["kind"] for each in everything["nodes"]}
    assert "cobalt.secret" in {each["name"] for each in everything["nodes"]}


def restricted_columns(db: sa.Engine, column: str, **more: str) -> list[tuple[str, str, int]]:
    """The columns of the totals that go on out of sight: which side, and how deep."""
    asked = {"dataset": f"{MINE}:amber.totals", "column": column, **more}
    answer = member(db).get("/api/v1/lineage/columns", params=asked)
    assert "cobalt" not in answer.text
    assert "pin" not in answer.text
    found = answer.json()
    nodes = {each["node"]: each for each in found["nodes"] if each["kind"] == "restricted"}
    assert all(each["name"] == "restricted" for each in nodes.values())
    return sorted(
        (edge["source_column"], "down", nodes[edge["target"]]["depth"])
        if edge["target"] in nodes
        else (edge["target_column"], "up", nodes[edge["source"]]["depth"])
        for edge in found["edges"]
        if nodes.keys() & {edge["source"], edge["target"]}
    )


def test_who_sees_everything_gets_no_restricted_node(bordered: sa.Engine) -> None:
    answer = Api(bordered, NOW).get("lineage", node=f"dataset:{MINE}:amber.totals", depth=9)
    assert [each for each in answer["nodes"] if each["kind"] == "restricted"] == []
    assert len(answer["nodes"]) == 6


def test_an_event_of_ones_own_names_nothing_of_others(bordered: sa.Engine) -> None:
    http = member(bordered)
    (event,) = http.get("/api/v1/events").json()["items"]
    body = http.get(f"/api/v1/events/{event['id']}").json()
    assert body["inputs"] == [{"restricted": True}]
    assert body["outputs"][0]["name"] == "amber.totals"


# --- what they may do -----------------------------------------------------------------------------


def test_windows_and_expectations_are_for_what_one_sees(bordered: sa.Engine) -> None:
    http = member(bordered)
    times = {"starts_at": NOW.isoformat(), "ends_at": NOW.replace(hour=23).isoformat()}
    for namespace, status in (("team-amber", 201), ("team-cobalt", 403), ("*", 403), (None, 403)):
        window = {**times, "namespace": namespace, "dag": "x"}
        assert http.post("/api/v1/maintenance", json=window).status_code == status
    for node, status in (
        (f"dataset:{MINE}:amber.totals", 200),
        (f"dataset:{MINE}:*", 200),
        (f"dataset:{THEIRS}:cobalt.secret", 404),
        (f"dataset:{THEIRS}:*", 403),
        ("dataset:*:amber.totals", 403),
    ):
        stated = http.put("/api/v1/expectations", json={"node": node, "every": "6h"})
        assert stated.status_code == status, stated.text


def test_only_who_sees_everything_is_answered_about_the_whole_bridge(bordered: sa.Engine) -> None:
    with writing(bordered) as tx:
        inbox.put(tx, [b"[1]"], "test", micros(NOW))
    http = member(bordered)
    for path in ("/api/v1/audit", "/metrics"):
        refused = http.get(path)
        assert refused.status_code == 403
        assert "about all namespaces" in refused.json()["detail"]
    assert http.post("/api/v1/deliveries/retry?sink=lake").status_code == 403
    for caller in (member_of("amber"), UNKNOWN):
        health = member(bordered, caller).get("/api/v1/health").json()
        assert health["inbox"]["waiting"] == 1
        assert health["inbox"]["received"] is None
        assert (health["sinks"], health["warnings"]) == ([], [])
    assert Api(bordered, NOW).get("health")["inbox"]["received"] == 4


# --- the stream -----------------------------------------------------------------------------------


def test_the_stream_of_a_team_is_empty_where_only_others_do_something(db: sa.Engine) -> None:
    api = Api(db, NOW)
    live = Live(Catalog(db, 86_400.0, lambda: api.micros))

    async def listen() -> list[str]:
        received: list[str] = []
        mine = live.messages(of(member_of("amber")))
        received.append(await anext(mine))
        await asyncio.sleep(1.0)  # the first look has been had
        await asyncio.to_thread(Bridge(db).receive, [EVENTS[0]], NOW)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(Bridge(db).receive, [EVENTS[1]], NOW)
        received.append(await asyncio.wait_for(anext(mine), 20))
        await mine.aclose()  # type: ignore[attr-defined]
        return received

    _, message = asyncio.run(listen())
    data = json.loads(message.partition("data: ")[2])
    assert [run["job"] for run in data["runs"]] == ["job:team-amber:amber_sum"]
    assert (data["received"], data["waiting"]) == (0, False)


def test_a_stream_ends_with_the_key_that_asked_for_it(db: sa.Engine, db_url: str) -> None:
    with writing(db) as tx:
        key = keys.create(tx, "k", ["viewer"], ["team-amber"], 1)
    app = build(load({"database_url": db_url, "auth": ("keys",)}))
    sent: list[dict[str, Any]] = []
    began = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            began.set()

    async def receive_nothing() -> Any:
        await asyncio.Event().wait()

    async def listen() -> None:
        scope = {
            "type": "http", "method": "GET", "path": "/api/v1/stream", "raw_path": b"", "root_path": "",
            "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 7070), "scheme": "http",
            "headers": [(b"authorization", f"Bearer {key}".encode()), (b"host", b"127.0.0.1")],
        }  # fmt: skip
        stream = asyncio.create_task(app(scope, receive_nothing, send))
        await asyncio.wait_for(began.wait(), 20)
        assert sent[0]["status"] == 200
        with writing(db) as tx:
            keys.revoke(tx, "k", 2)
        await asyncio.wait_for(stream, 30)

    asyncio.run(listen())
    assert sent[-1]["more_body"] is False
    app._engine.dispose()


def test_an_engine_without_a_scope_reads_the_tables_themselves(bordered: sa.Engine) -> None:
    statements: list[str] = []
    sa.event.listen(bordered, "before_cursor_execute", lambda *event: statements.append(event[2]))
    with seeing(bordered, EVERYTHING) as tx, reading(bordered) as plain:
        for each in (tx, plain):
            each.execute(sa.select(t.job.c.id))
    asked = [each for each in statements if "FROM job" in each]
    assert asked[0] == asked[1]
