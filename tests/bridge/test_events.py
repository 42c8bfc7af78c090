"""Lists by time: the events that were received, and the runs that began."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge.asking import NOW, Api, wrote
from tests.support.small import run_event, uuid

UNTIMED = json.dumps({"eventType": "START", "job": {"namespace": "prod", "name": "j"}}).encode()


def receive(api: Api, *bodies: bytes, hours: float = 0) -> None:
    """Events that came `hours` before now."""
    with writing(api.db) as tx:
        inbox.put(tx, bodies, "http", api.micros - round(hours * 3_600_000_000))


def absorb(api: Api) -> None:
    while absorb_waiting(api.db, Translator(Normaliser()), {}, api.micros):
        pass


def ago(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


def ids(items: list[dict[str, Any]]) -> list[int]:
    return [item["id"] for item in items]


# --- events -------------------------------------------------------------------------------------


def test_events_are_listed_by_the_time_they_were_received(db: sa.Engine) -> None:
    api = Api(db)
    for hours, number in ((9, 1), (6, 2), (3, 3)):
        receive(api, run_event("START", "08:00:00", uuid(number), "j"), hours=hours)
    absorb(api)
    assert ids(api.get("events")["items"]) == [3, 2, 1]
    assert ids(api.get("events", since=ago(6))["items"]) == [3, 2]
    assert ids(api.get("events", until=ago(6))["items"]) == [1]
    assert ids(api.get("events", since=ago(7), until=ago(2))["items"]) == [3, 2]
    assert ids(api.pages("events", limit=1)) == [3, 2, 1]
    assert ids(api.pages("events", limit=1, since=ago(9), until=ago(3))) == [2, 1]
    assert api.get("events", since=ago(-1))["items"] == []


def test_an_event_says_what_became_of_it_and_why(db: sa.Engine) -> None:
    api = Api(db)
    receive(api, run_event("FAIL", "08:00:00", uuid(1), "j"), UNTIMED, b'{"job": ')
    absorb(api)
    receive(api, run_event("START", "09:00:00", uuid(2), "k"))
    waiting, garbled, untimed, good = api.get("events")["items"]
    assert (waiting["state"], waiting["reason"]) == ("waiting", None)
    assert (good["state"], good["event_type"], good["run_id"]) == ("absorbed", "FAIL", uuid(1))
    assert good["job"] == {"namespace": "prod", "name": "j"}
    assert (untimed["state"], untimed["reason"][:20]) == ("quarantined", "eventTime is missing")
    assert (garbled["job"], garbled["event_type"], garbled["source"]) == (None, None, "http")
    for state, expected in (("waiting", [4]), ("absorbed", [1]), ("quarantined", [3, 2])):
        assert ids(api.get("events", state=state)["items"]) == expected
        assert ids(api.pages("events", state=state, limit=1, since=ago(1))) == expected


def test_the_events_of_a_job_include_those_in_quarantine_and_those_without_a_run(
    db: sa.Engine,
) -> None:
    api = Api(db)
    declared = json.dumps(
        {"eventTime": "2026-11-01T08:00:00Z", "job": {"namespace": "prod", "name": "j"}}
    ).encode()
    receive(api, *wrote("other"))
    receive(api, run_event("START", "08:00:00", uuid(1), "j"), UNTIMED, declared)
    absorb(api)
    job = api.get("jobs", name="j")["items"][0]["id"]
    assert ids(api.get("events", job="prod:j")["items"]) == [5, 4, 3]
    assert ids(api.pages("events", job=job, limit=1)) == [5, 4, 3]
    assert ids(api.get("events", job=job, state="quarantined")["items"]) == [4]
    assert ids(api.get("events", job=job, state="absorbed", since=ago(1))["items"]) == [5, 3]
    assert api.get("events", job="prod:nothing")["items"] == []


def test_the_events_of_a_job_that_was_never_understood_are_found_by_its_name(
    db: sa.Engine,
) -> None:
    api = Api(db)
    receive(api, UNTIMED)
    absorb(api)
    assert ids(api.get("events", job="prod:j", state="quarantined")["items"]) == [1]


def test_a_list_of_events_reads_its_page_and_not_the_log(db: sa.Engine) -> None:
    """Of 3,000 events that came an hour apart, a page in the middle is found by a few steps."""
    api = Api(db)
    with writing(db) as tx:
        for number in range(3000):
            at = api.micros - (3000 - number) * 3_600_000_000
            inbox.put(tx, [f'{{"n": {number}}}'.encode()], "http", at)
    read: list[str] = []
    sa.event.listen(db, "before_cursor_execute", lambda *args: read.append(args[2]))
    found = api.get("events", since=ago(1500), until=ago(1490))["items"]
    assert len(found) == 10
    assert len(read) < 40
    (bounded,) = [text for text in read if "received_at <" in text]
    assert "event.id >=" in bounded
    assert "event.id <" in bounded


def test_a_state_that_there_is_not_is_refused(db: sa.Engine) -> None:
    assert "'waiting', 'absorbed' or 'quarantined'" in Api(db).problem(422, "events", state="odd")
    assert "since" in Api(db).problem(422, "events", since="yesterday")


# --- runs ---------------------------------------------------------------------------------------


def test_runs_are_listed_between_two_times(db: sa.Engine) -> None:
    api = Api(db)
    for hour in range(6, 12):
        api.send(*wrote("j", at=f"{hour:02}:00:00"))
    since, until = "2026-11-01T07:00:00Z", "2026-11-01T10:00:00Z"

    def hours(**parameters: Any) -> list[str]:
        return [run["started_at"][11:13] for run in api.pages("runs", limit=2, **parameters)]

    assert hours(since=since) == ["11", "10", "09", "08", "07"]
    assert hours(until=until) == ["09", "08", "07", "06"]
    for more in ({}, {"job": "j"}, {"namespace": "prod"}, {"kind": "job"}, {"state": "success"}):
        assert hours(since=since, until=until, **more) == ["09", "08", "07"], more
    job = api.get("jobs", name="j")["items"][0]["id"]
    assert hours(since=since, until=until, jobs=job) == ["09", "08", "07"]


def test_runs_between_two_times_are_read_from_an_index(db: sa.Engine) -> None:
    if db.dialect.name != "sqlite":
        return  # the planner of PostgreSQL decides by how much there is
    api = Api(db)
    api.send(*wrote("j"))
    read: list[tuple[str, Any]] = []
    sa.event.listen(db, "before_cursor_execute", lambda *args: read.append((args[2], args[3])))
    for more in ({}, {"state": "success"}, {"dag_id": "d"}):
        api.get("runs", since=ago(9), until=ago(1), **more)
        statement, values = next(pair for pair in read if "FROM run" in pair[0])
        with db.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        assert "SEARCH run USING INDEX" in plan[0].detail, plan
        assert not any("TEMP B-TREE FOR ORDER" in step.detail for step in plan), plan
        read.clear()
