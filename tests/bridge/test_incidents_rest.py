"""Incidents over REST and on the command line: listed, shown, and what people do with them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from fairlead_bridge.app import build
from fairlead_bridge.cli import main
from fairlead_bridge.db.engine import reading
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.insight.maintenance import Window
from fairlead_bridge.monitoring import windows
from fairlead_bridge.monitoring.evaluate import Rules
from fairlead_bridge.settings import load
from fairlead_bridge.web import live
from fairlead_bridge.web.parameters import Catalog
from tests.bridge.asking import Api
from tests.bridge.monitored import DAY, Bridge, micros, morning, ran
from tests.support.small import dataset, run_event, uuid


def at(day: int, hour: float) -> datetime:
    return DAY + timedelta(days=day, hours=hour)


class Asked(Api):
    """The API beside a bridge, with a clock that moves by a second with each action."""

    def __init__(self, db: sa.Engine) -> None:
        super().__init__(db, now=at(0, 6))
        self.bridge = Bridge(db)

    def act(self, action: str, id: int = 1, status: int = 200, **fields: Any) -> Any:
        self.now += timedelta(seconds=1)
        answer = self.http.post(f"/api/v1/incidents/{id}/{action}", json=fields)
        assert answer.status_code == status, answer.text
        return answer.json()

    def happens(self, events: list[bytes], minutes: float = 1) -> None:
        self.now += timedelta(minutes=minutes)
        self.bridge.take(events, self.now)


@pytest.fixture
def api(db: sa.Engine) -> Asked:
    """An incident: load failed."""
    api = Asked(db)
    api.happens(ran("load", at(0, 5), "FAIL", writes="raw"))
    return api


def test_an_incident_is_listed_and_shown_with_its_timeline(api: Asked) -> None:
    (item,) = api.get("incidents")["items"]
    assert (item["id"], item["state"], item["severity"]) == (1, "open", "critical")
    assert item["at"] == item["opened_at"] == "2026-11-02T05:01:00Z"
    assert item["detected_at"] == "2026-11-02T06:01:00Z"
    assert item["path"] == ["job:prod:load", "dataset:postgres://h:5432:shop.raw"]
    whole = api.get("incidents/1")
    assert {name: whole[name] for name in item} == item  # failed: there is no ETA
    assert [entry["what"] for entry in whole["timeline"]] == ["opened", "joined"]
    assert "no incident 2" in api.problem(404, "incidents/2")


def test_what_is_late_and_runs_has_its_eta(db: sa.Engine) -> None:
    api = Asked(db)
    api.bridge.take([event for day in range(14) for event in morning(day)], at(13, 6))
    api.now = at(14, 12)
    api.bridge.take(ran("another", at(14, 11), writes="alive"), api.now)
    api.happens(ran("load", api.now, writes="raw")[:1])
    found = api.get("incidents/1")
    etas = {each["label"]: each["eta"] for each in found["affected"]}
    assert etas["shop.raw"] is not None
    assert etas["shop.raw"] > api.now.isoformat()[:19]
    assert {each["eta"] for item in api.get("incidents")["items"] for each in item["affected"]} == {
        None
    }


def test_acknowledged_noted_and_assigned_it_says_by_whom(api: Asked) -> None:
    assert api.act("acknowledge", by="ann")["acknowledged_by"] == "ann"
    api.act("note", by="bob", text="the source is down")
    found = api.act("assign", by="ann", text="sales")
    assert (found["state"], found["assigned_to"]) == ("acknowledged", "sales")
    assert [(e["what"], e["by"], e["text"]) for e in found["timeline"][2:]] == [
        ("acknowledged", "ann", None),
        ("note", "bob", "the source is down"),
        ("assigned", "ann", "sales"),
    ]
    assert api.get("incidents", owner="sales")["items"][0]["id"] == 1
    assert api.get("incidents", owner="others")["items"] == []
    assert api.get("incidents", state="open")["items"] == []


def test_a_note_without_a_text_and_an_action_on_a_resolved_incident_are_refused(api: Asked) -> None:
    assert "needs a text" in api.act("note", status=409)["detail"]
    api.act("resolve", by="ann")
    assert "nothing left to mute" in api.act("mute", status=409)["detail"]
    api.act("note", by="ann", text="it was a test")  # of a resolved one, too
    api.act("mute", id=7, status=404)


def test_resolved_by_hand_the_same_occurrence_does_not_open_it_again(api: Asked) -> None:
    assert api.act("resolve", by="ann")["resolved_by"] == "ann"
    api.happens([], minutes=30)
    assert api.get("incidents")["items"][0]["state"] == "resolved"
    api.happens(ran("load", api.now, "FAIL", writes="raw"), minutes=2)
    (again,) = api.get("incidents")["items"]
    assert (again["state"], again["resolved_by"], again["reopened"]) == ("open", None, 1)


def test_a_muted_incident_that_flaps_stays_muted(api: Asked) -> None:
    api.act("mute", by="ann")
    api.happens(ran("load", api.now, writes="raw"), minutes=2)
    assert api.get("incidents/1")["state"] == "resolved"
    api.happens(ran("load", api.now, "FAIL", writes="raw"), minutes=2)
    assert api.get("incidents/1")["state"] == "muted"
    assert api.act("acknowledge", by="bob")["state"] == "acknowledged"


def test_asked_for_a_past_moment_the_list_says_what_was_known_then(api: Asked) -> None:
    before = api.now.isoformat()
    api.act("acknowledge", by="ann")
    api.happens(ran("load", api.now, writes="raw"), minutes=2)
    assert api.get("incidents", state="open")["items"] == []
    (item,) = api.get("incidents", state="open", as_of=before)["items"]
    assert (item["acknowledged_by"], item["resolved_at"]) == (None, None)
    assert api.get("incidents", as_of=at(0, 5.5).isoformat())["items"] == []
    api.problem(404, "incidents/1", as_of=at(0, 5.5).isoformat())


def test_a_list_shows_a_part_of_what_is_affected_and_says_how_much_more_there_is(
    api: Asked,
) -> None:
    names = " ".join(f"t{number:03}" for number in range(140))
    api.happens(ran("wide", api.now, "FAIL", writes=names), minutes=2)
    item = api.get("incidents")["items"][0]
    assert (len(item["affected"]), item["affected_left_out"]) == (100, 41)
    whole = api.get(f"incidents/{item['id']}")
    assert (len(whole["affected"]), whole["affected_left_out"]) == (141, 0)


def test_the_incidents_of_a_dataset_are_those_that_affect_it_at_the_time(api: Asked) -> None:
    raw, before = "dataset:postgres://h:5432:shop.raw", api.now.isoformat()
    api.happens(ran("other", api.now, "FAIL", writes="o"), minutes=2)
    assert [item["id"] for item in api.get("incidents", node=raw)["items"]] == [1]
    api.happens(ran("load", api.now, writes="raw"), minutes=2)
    assert api.get("incidents", node=raw)["items"] == []
    assert [item["id"] for item in api.get("incidents", node=raw, as_of=before)["items"]] == [1]
    api.problem(404, "incidents", node="dataset:nowhere:nothing")


def test_pages_of_incidents_leave_none_out(api: Asked) -> None:
    for number in range(7):
        api.happens(ran(f"other{number}", api.now, "FAIL", writes=f"o{number}"), minutes=2)
    assert [item["id"] for item in api.pages("incidents", limit=3)] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert len(api.pages("incidents", limit=2, state="open")) == 8


def test_the_worst_incidents_come_first_over_pages_of_any_size(api: Asked) -> None:
    api.happens(ran("sum", at(0, 5.5), "COMPLETE", reads="other", writes="totals"))
    api.happens(ran("use", at(0, 5.6), "COMPLETE", reads="totals", writes="report"))
    api.happens(ran("sum", at(0, 6), "FAIL", reads="other", writes="totals"))
    api.happens(ran("last", at(0, 6.1), "FAIL", writes="last"))
    api.act("acknowledge", id=2)
    api.act("mute", id=3)
    api.happens(ran("late", at(0, 6.2), "FAIL", writes="late"))
    page, found = api.get("incidents", state="active", order="worst", limit=1), []
    while True:
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = api.get("incidents", state="active", order="worst", limit=1, cursor=page["next"])
    assert found == [2, 1, 4]  # what affects most, then the oldest; what is muted is left out
    assert [item["id"] for item in api.get("incidents", order="worst")["items"]] == [2, 1, 3, 4]
    past = api.http.get("/api/v1/incidents", params={"order": "worst", "as_of": "2026-11-02T06:00:00Z"})  # fmt: skip
    assert past.status_code == 422
    assert "leave out as_of" in past.text


def test_an_incident_belongs_to_the_owner_of_what_is_nearest_to_its_cause(db: sa.Engine) -> None:
    api = Asked(db)
    owned = dataset("shop.raw", ownership={"owners": [{"name": "team:sales", "type": "TEAM"}]})
    start = run_event("START", at(0, 5).isoformat(), uuid(1), "load", outputs=[owned])
    api.happens(
        [start, run_event("FAIL", at(0, 5.1).isoformat(), uuid(1), "load", outputs=[owned])]
    )
    assert api.get("incidents", owner="team:sales")["items"][0]["assigned_to"] == "team:sales"


def test_the_live_stream_names_the_incidents_that_changed(api: Asked) -> None:
    catalog = Catalog(api.db, 86_400.0, lambda: api.micros)
    before = live.look(catalog, None)
    api.act("acknowledge")
    message = live.change(before, live.look(catalog, before))
    assert message is not None
    assert message["incidents"] == [1]


def test_where_keys_are_set_an_action_needs_one(db_url: str) -> None:
    settings = load({"database_url": db_url, "api_keys": "secret"})
    with TestClient(build(settings), base_url="http://127.0.0.1") as http:
        assert http.post("/api/v1/incidents/1/mute").status_code == 401
        with_key = {"Authorization": "Bearer secret"}
        assert http.post("/api/v1/incidents/1/mute", headers=with_key).status_code == 404
        assert http.get("/api/v1/incidents", headers=with_key).json()["items"] == []


# --- maintenance ----------------------------------------------------------------------------------


def window(api: Asked, **patterns: Any) -> Any:
    begin, end = api.now, api.now + timedelta(hours=1)
    wanted = {"starts_at": begin.isoformat(), "ends_at": end.isoformat(), **patterns}
    return api.http.post("/api/v1/maintenance", json=wanted)


@pytest.mark.parametrize(
    "patterns", [{"dataset": "shop.r*"}, {"namespace": "prod"}, {"namespace": "postgres:*"}]
)
def test_a_maintenance_window_opens_none_and_when_it_is_over_what_still_fails_has_one(
    db: sa.Engine, patterns: dict[str, str]
) -> None:
    api = Asked(db)
    assert window(api, **patterns).status_code == 201
    api.happens(ran("load", api.now, "FAIL", writes="raw"), minutes=2)
    nodes = [item["node"] for item in api.get("incidents")["items"] for item in item["affected"]]
    assert "dataset:postgres://h:5432:shop.raw" not in nodes
    api.happens([], minutes=61)
    (item,) = api.get("incidents")["items"]
    assert "dataset:postgres://h:5432:shop.raw" in {each["node"] for each in item["affected"]}


def test_a_window_for_other_things_changes_nothing(db: sa.Engine) -> None:
    api = Asked(db)
    window(api, dag="nightly_*")
    api.happens(ran("load", api.now, "FAIL", writes="raw"), minutes=2)
    assert len(api.get("incidents")["items"]) == 1


def test_windows_are_listed_and_removed(api: Asked) -> None:
    id = window(api, dag="load_*", reason="upgrade", created_by="ann").json()["id"]
    (item,) = api.get("maintenance")["items"]
    assert (item["dag"], item["reason"], item["created_by"]) == ("load_*", "upgrade", "ann")
    assert api.http.delete(f"/api/v1/maintenance/{id}").json() == {"items": []}
    assert api.http.delete(f"/api/v1/maintenance/{id}").status_code == 404
    refused = window(api)
    assert refused.status_code == 422
    assert "say what it is for" in refused.json()["detail"]


FILE = """
[[window]]
dataset = "shop.*"
from = 2026-11-02T06:00:00Z
to = 2026-11-02T08:00:00Z
reason = "the warehouse is upgraded"
"""


def test_windows_of_a_file_count_and_are_listed(db: sa.Engine) -> None:
    (read,) = windows.read(FILE)
    assert read == (
        Window(micros(at(0, 6)), micros(at(0, 8)), dataset="shop.*"),
        "the warehouse is upgraded",
    )
    api = Asked(db)
    api.bridge = Bridge(db, Rules(windows=(read[0],)))
    api.happens(ran("load", api.now, "FAIL", writes="raw"), minutes=2)
    nodes = [each["node"] for item in api.get("incidents")["items"] for each in item["affected"]]
    assert "dataset:postgres://h:5432:shop.raw" not in nodes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[windows]]\n", "there is no 'windows'"),
        ("[window]\n", "two brackets"),
        ('[[window]]\ndag = "a"\nfrom = 1\nto = 2\n', "window 1: from is a date and a time"),
        (FILE.replace("08:00", "05:00"), "window 1: it must end after it begins"),
        (FILE.replace('dataset = "shop.*"', ""), "window 1: say what it is for"),
        (FILE.replace("reason", "why"), "window 1: there is no 'why'; a window has from, to"),
        ("[[", "it is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(BadSettings) as refused:
        windows.read(text)
    assert says in str(refused.value)


# --- the command line -----------------------------------------------------------------------------


def test_the_command_lists_shows_and_acts(
    db: sa.Engine, db_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Asked(db).happens(ran("load", at(0, 5), "FAIL", writes="raw"))
    given = ["--database-url", db_url]
    assert main(["incidents", *given]) == 0
    assert "load failed: load broke" in capsys.readouterr().out
    assert main(["incidents", "acknowledge", "1", "--by", "ann", *given]) == 0
    shown = capsys.readouterr().out
    assert "acknowledged  ann" in shown
    assert "cause     job:prod:load  load failed: load broke" in shown
    assert main(["incidents", "note", "1", *given]) == 1
    assert "in the command line --text" in capsys.readouterr().err
    assert main(["incidents", "--state", "open", *given]) == 0
    assert capsys.readouterr().out == "no incidents\n"
    assert main(["incidents", "show", "1", "--json", *given]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["acknowledged_by"], shown["opened_at"]) == ("ann", "2026-11-02T05:01:00+00:00")
    assert main(["incidents", "mute", *given]) == 2
    assert "name the incident" in capsys.readouterr().err
    assert main(["incidents", "mute", "7", *given]) == 1


def test_reading_incidents_needs_no_more_queries_for_more_of_them(api: Asked) -> None:
    counted = []
    sa.event.listen(api.db, "before_cursor_execute", lambda *given: counted.append(given[2]))
    api.get("incidents")
    few = len(counted)
    for number in range(10):
        api.happens(ran(f"other{number}", api.now, "FAIL", writes=f"o{number}"), minutes=2)
    counted.clear()
    api.get("incidents")
    assert len(counted) == few
    with reading(api.db):
        pass


def test_morning_has_no_incident_where_all_goes_well(db: sa.Engine) -> None:
    bridge = Bridge(db)
    for day in range(14):
        bridge.take(morning(day), at(day, 6))
        bridge.evaluate(at(day + 1, 4))
    assert bridge.incidents() == []
