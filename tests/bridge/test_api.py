"""The API as a whole: health, operations, what is wrong said in sentences, its description."""

from __future__ import annotations

import asyncio
import json
from html.parser import HTMLParser
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.web.live import Live, change, look
from fairlead_bridge.web.parameters import Catalog
from tests.bridge.asking import Api, names, wrote
from tests.bridge.receiving import absorb, receive, refuse_everything
from tests.support.small import dataset, schema, uuid

# --- the inbox and the outbox ---------------------------------------------------------------------


def test_an_event_is_shown_as_it_came(db: sa.Engine) -> None:
    api = Api(db)
    start, end = wrote("j", run_id=uuid(1))
    receive(api, start, end)
    absorb(api)
    events = api.get(f"runs/{uuid(1)}")["events"]
    assert [each["event_type"] for each in events] == ["START", "COMPLETE"]
    assert [each["size"] for each in events] == [len(start), len(end)]
    answer = api.http.get(f"/api/v1/events/{events[0]['id']}")
    assert answer.content == start
    assert answer.headers["content-type"] == "application/json"


def test_an_event_that_is_no_json_is_not_called_so(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, b"<script>alert(1)</script>")
    answer = api.http.get("/api/v1/events/1")
    assert answer.headers["content-type"] == "application/octet-stream"


def test_quarantine_gives_reasons_and_can_be_replayed(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, *(f"odd {n}".encode() for n in range(5)))
    absorb(api)
    items = api.pages("quarantine", limit=2)
    assert [each["excerpt"] for each in items] == [f"odd {n}" for n in (4, 3, 2, 1, 0)]
    assert all("JSON" in each["reason"] for each in items)
    answer = api.http.post("/api/v1/quarantine/replay")
    assert (answer.status_code, answer.json()) == (200, {"waiting": 5})
    assert api.get("quarantine")["items"] == []


def test_deliveries_list_what_each_sink_received(db: sa.Engine) -> None:
    api = Api(db)
    refuse_everything(api)
    (item,) = api.get("deliveries", sink="lake", state="rejected")["items"]
    assert item["reason"] == "no such project"
    assert item["name"] == "prod:j"
    assert item["key"] == api.get("jobs", name="j")["items"][0]["id"]
    assert api.get("deliveries", state="waiting")["items"] == []
    answer = api.http.post("/api/v1/deliveries/retry", params={"sink": "lake"})
    assert answer.json() == {"retried": 1}
    assert [each["state"] for each in api.get("deliveries")["items"]] == ["waiting"]


def test_only_a_sink_that_there_is_can_be_retried(db: sa.Engine) -> None:
    answer = Api(db).http.post("/api/v1/deliveries/retry", params={"sink": "attic"})
    assert answer.status_code == 404
    assert "there are lake" in answer.json()["detail"]


# --- overview -------------------------------------------------------------------------------------


def test_the_overview_counts_and_shows_the_worst_first(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *wrote("old", "s.old", at="2026-10-01T00:00:00Z"),
        *wrote("new", "s.new", at="20:00:00"),
        *wrote("bad", at="21:00:00", state="FAIL", namespace="lake"),
    )
    overview = api.get("overview")
    counts = overview["counts"]
    assert (counts["datasets"], counts["jobs"], counts["runs"], counts["failed"]) == (2, 3, 2, 1)
    assert names(overview["stale"]) == ["s.old", "s.new"]
    assert [each["namespace"] for each in overview["sources"]] == ["lake", "prod"]
    spaces = {each["namespace"]: each for each in api.get("namespaces")}
    assert spaces["prod"]["jobs"] == 2
    assert spaces["postgres://h:5432"]["datasets"] == 2
    assert spaces["postgres://h:5432"]["platform"] == "postgres"


# --- what is wrong --------------------------------------------------------------------------------


def test_a_parameter_that_does_not_exist_is_not_ignored(db: sa.Engine) -> None:
    text = Api(db).problem(422, "runs", dag="d")
    assert "'dag'" in text
    assert "dag_id" in text


def test_what_is_wrong_is_named_in_a_sentence(db: sa.Engine) -> None:
    api = Api(db)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("runs", {"limit": "many"}, "limit"),
        ("events/x", {}, "event_id"),
        ("events/-1", {}, "event_id"),
        (f"events/{2**63}", {}, "event_id"),
        ("search", {}, "q is missing"),
        ("graph", {"node": "x", "as_of": "yesterday"}, "as_of"),
        ("lineage", {"node": "x", "kind": "both"}, "kind"),
        ("health", {"verbose": 1}, "verbose"),
    ]
    for path, parameters, word in wrong:
        text = api.problem(422, path, **parameters)
        assert word in text
        assert text.endswith(".")


def test_what_is_not_there_is_not_found(db: sa.Engine) -> None:
    api = Api(db)
    for path in ("events/7", "runs/none", "jobs/none", "datasets/none", "nonsense"):
        api.problem(404, path)


# --- the description ------------------------------------------------------------------------------


def test_one_document_describes_every_route(db: sa.Engine) -> None:
    document = Api(db).http.get("/openapi.json").json()
    described = set(document["paths"])
    assert {
        "/api/v1/lineage",
        "/api/v1/lineage/batch",
        "/api/v1/health",
        "/api/v1/graph",
    } <= described
    assert set(document["paths"]["/api/v1/lineage"]) == {"get", "post"}
    assert "Problem" in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)


def test_the_reference_loads_nothing_from_anywhere(db: sa.Engine) -> None:
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "link", "img", "iframe")
            found.extend([value or "" for name, value in attrs if name in ("href", "src")])

    answer = Api(db).http.get("/docs")
    Links().feed(answer.text)
    assert found == ["openapi.json"]
    assert "GET /api/v1/runs" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_other_sites_may_not_read_the_api(db: sa.Engine) -> None:
    answer = Api(db).http.get("/api/v1/health", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


# --- live -----------------------------------------------------------------------------------------


def test_the_stream_says_what_changed(db: sa.Engine) -> None:
    api = Api(db)
    catalog = Catalog(db, 86_400.0, lambda: api.micros)
    start, end = wrote("j", run_id=uuid(1))
    receive(api, start)
    absorb(api)
    first = look(catalog, None)
    assert look(catalog, first) is first

    receive(api, end)
    waiting = look(catalog, first)
    assert change(first, waiting) == {"received": 2, "waiting": True, "runs": [], "incidents": []}
    absorb(api)
    message = change(waiting, look(catalog, waiting))
    assert message is not None
    assert [(run["run_id"], run["state"]) for run in message["runs"]] == [(uuid(1), "success")]
    json.dumps(message)


def test_a_replay_between_two_looks_is_announced_all_the_same(db: sa.Engine) -> None:
    api = Api(db)
    catalog = Catalog(db, 86_400.0, lambda: api.micros)
    receive(api, *wrote("j"), b"not an event")
    absorb(api)
    first = look(catalog, None)
    assert api.http.post("/api/v1/quarantine/replay").json() == {"waiting": 1}
    absorb(api)  # it is back in quarantine: all is as it was
    second = look(catalog, first)
    assert change(first, second) == {"received": 3, "waiting": False, "runs": [], "incidents": []}
    assert look(catalog, second) is second


def test_one_event_of_the_quarantine_can_be_read_again(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, b"one", b"two", *wrote("j"))
    absorb(api)
    assert api.http.post("/api/v1/quarantine/1/replay").json() == {"waiting": 1}
    assert api.get("health")["inbox"]["waiting"] == 1
    assert [item["event_id"] for item in api.get("quarantine")["items"]] == [2]
    for gone in (1, 3, 99):
        answer = api.http.post(f"/api/v1/quarantine/{gone}/replay")
        assert answer.status_code == 404
        assert "not in quarantine" in answer.json()["detail"]
    absorb(api)
    assert [item["event_id"] for item in api.get("quarantine")["items"]] == [2, 1]


def test_a_look_where_nothing_happened_reads_no_runs(db: sa.Engine) -> None:
    api = Api(db)
    catalog = Catalog(db, 86_400.0, lambda: api.micros)
    statements: list[str] = []
    sa.event.listen(db, "before_cursor_execute", lambda *described: statements.append(described[2]))
    first = look(catalog, None)
    statements.clear()
    look(catalog, first)
    assert not any("FROM run" in statement for statement in statements)


def test_every_open_page_hears_it_and_streams_end_when_the_bridge_stops(db: sa.Engine) -> None:
    api = Api(db)
    live = Live(Catalog(db, 86_400.0, lambda: api.micros))

    async def page() -> list[str]:
        received = []
        async for message in live.messages():
            received.append(message)
            if message.startswith("event: change"):
                live.close()
        return received

    async def both() -> list[list[str]]:
        pages = [asyncio.create_task(page()) for _ in range(2)]
        await asyncio.sleep(1.0)  # the first look has been had
        await asyncio.to_thread(receive, api, *wrote("j"))
        return await asyncio.wait_for(asyncio.gather(*pages), 20)

    for received in asyncio.run(both()):
        assert received[0].startswith("retry:")
        assert '"received": 2' in received[1]


# --- cost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["runs", "jobs", "datasets", "changes", "overview"])
def test_a_list_asks_as_many_questions_for_forty_items_as_for_four(
    db: sa.Engine, path: str
) -> None:
    api = Api(db)

    def questions() -> int:
        asked: list[str] = []

        def note(*described: Any) -> None:
            asked.append(described[2])

        sa.event.listen(db, "before_cursor_execute", note)
        api.get(path)
        sa.event.remove(db, "before_cursor_execute", note)
        return len(asked)

    def fill(start: int, end: int) -> None:
        for n in range(start, end):
            columns = [dataset(f"s.t_{n}", schema=schema(*"ab"[:size])) for size in (1, 2)]
            for hour, table in enumerate(columns, start=1):
                api.send(*wrote(f"j_{n}", table, reads=("s.hub",), at=f"0{hour}:00:00"))

    fill(0, 4)
    few = questions()
    fill(4, 40)
    assert questions() == few
