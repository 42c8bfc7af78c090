"""Stated expectations: by people over REST, in files, contracts and manifests; the strongest wins."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.cli import main
from fairlead_bridge.db.engine import writing
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.insight import statements
from fairlead_bridge.insight.spans import DAY, HOUR, SECOND
from fairlead_bridge.insight.statements import Wrong
from fairlead_bridge.mapping.finding import finder
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.monitoring.stated import file, store
from tests.bridge.asking import Api, wrote
from tests.bridge.contracts import CONTRACT, write

ORDERS = "dataset:postgres://h:5432:shop.orders"
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def iso(time: int | None) -> str | None:
    return datetime.fromtimestamp(time / SECOND, UTC).isoformat() if time is not None else None


def due(stated: dict[str, Any], written: str) -> str | None:
    found = statements.expectation(statements.read(stated), "person", "ann")
    return iso(found.due(at(written)))


# --- what is stated -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-02T06:30:00+01:00", "2026-11-03T06:00:00+00:00"),  # in time: the next day
        ("2026-11-02T15:00:00+01:00", "2026-11-03T06:00:00+00:00"),  # hours late: the next day too
        ("2026-11-02T20:00:00+01:00", "2026-11-04T06:00:00+00:00"),  # early, for the day after
        ("2026-11-06T06:30:00+01:00", "2026-11-09T06:00:00+00:00"),  # no weekends
        ("2026-10-23T06:30:00+02:00", "2026-10-26T06:00:00+00:00"),  # the clocks went back
        ("2026-12-24T06:30:00+01:00", "2026-12-28T06:00:00+00:00"),  # no holidays
    ],
)
def test_a_write_by_a_wall_clock_time_is_due_on_the_next_day_that_counts(
    written: str, expected: str
) -> None:
    stated = {"by": "07:00", "days": "workdays", "zone": "Europe/Berlin", "holidays": "DE"}
    assert due(stated, written) == expected


def test_several_times_a_day_are_several_deadlines() -> None:
    stated = {"by": ["07:00", "13:00"], "days": ["Mon", "Thu"]}
    assert due(stated, "2026-11-02T06:30:00Z") == "2026-11-02T13:00:00+00:00"
    assert due(stated, "2026-11-02T12:30:00Z") == "2026-11-05T07:00:00+00:00"


def test_days_of_the_month_count_from_both_ends_and_in_workdays() -> None:
    assert due({"by": "09:00", "days": "last workday of month"}, "2026-11-02T00:00:00Z") == "2026-11-30T09:00:00+00:00"  # fmt: skip
    assert due({"by": "09:00", "days": "last workday of month"}, "2026-12-02T00:00:00Z") == "2026-12-31T09:00:00+00:00"  # fmt: skip
    assert due({"by": "09:00", "days": "3rd workday of month"}, "2026-10-20T00:00:00Z") == "2026-11-04T09:00:00+00:00"  # fmt: skip
    assert due({"by": "09:00", "days": ["1st day of month"]}, "2026-11-02T00:00:00Z") == "2026-12-01T09:00:00+00:00"  # fmt: skip


def test_how_far_a_deadline_looks_back_can_be_stated() -> None:
    stated = {"by": "07:00", "looking_back": "1h"}
    assert due(stated, "2026-11-02T05:30:00Z") == "2026-11-02T07:00:00+00:00"
    assert due(stated, "2026-11-02T06:30:00Z") == "2026-11-03T07:00:00+00:00"


def test_an_age_is_counted_from_the_last_write() -> None:
    assert due({"every": "1h 30m"}, "2026-11-02T05:30:00Z") == "2026-11-02T07:00:00+00:00"


@pytest.mark.parametrize(
    ("stated", "field", "instead"),
    [
        ({}, "by", "state one of by, every, within"),
        ({"by": "7 am"}, "by", "write hours and minutes such as 07:00"),
        ({"by": []}, "by", 'write a time of day such as "07:00"'),
        ({"by": 7}, "by", "write a time of day in quotes"),
        ({"by": "07:00", "zone": "Berlin"}, "zone", "write one such as Europe/Berlin"),
        ({"by": "07:00", "days": ["Fun"]}, "days", '"workdays", a list such as'),
        ({"by": "07:00", "days": "32nd day of month"}, "days", "a month has days 1 to 31"),
        ({"by": "07:00", "holidays": "Narnia"}, "holidays", "write a country such as DE"),
        ({"every": "soon"}, "every", "write a number and a unit: 30s, 45m, 6h, 2d, 1w"),
        ({"every": "0h"}, "every", "more than nothing"),
        ({"every": "6h", "zone": "UTC"}, "zone", "goes with `by` only"),
        ({"every": "6h", "by": "07:00"}, "by", "write another expectation for each further one"),
        ({"rows": {}}, "rows", "write at_least, at_most or both"),
        ({"rows": {"at_least": 5, "at_most": 4}}, "rows", "is more than"),
        ({"evry": "6h"}, "evry", "known fields are by, days"),
    ],
)
def test_what_means_nothing_is_refused_with_what_to_write_instead(
    stated: dict[str, Any], field: str, instead: str
) -> None:
    with pytest.raises(Wrong, match=instead.replace("|", r"\|")) as refused:
        statements.expectation(statements.read(stated), "person", "ann")
    assert refused.value.field == field


# --- over REST ----------------------------------------------------------------------------------


@pytest.fixture
def api(db: sa.Engine) -> Api:
    """Orders, written every day at 05:00 for twelve days until Monday."""
    api = Api(db, now=MONDAY + timedelta(hours=12))
    for day in range(12):
        when = (MONDAY - timedelta(days=11 - day)).replace(hour=5).isoformat()
        api.send(*wrote("load", "shop.orders", at=when))
    return api


def put(api: Api, node: str = ORDERS, **stated: Any) -> Any:
    answer = api.http.put("/api/v1/expectations", json={"node": node, **stated})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_a_person_states_counts_more_than_what_was_learned(api: Api) -> None:
    before = api.get("outlook", node=ORDERS)["expectation"]
    assert before["source"] == "learned"
    assert put(api, by="11:00", author="ann")["text"] == "set by ann: by 11:00 UTC every day"
    after = api.get("outlook", node=ORDERS)["expectation"]
    assert (after["kind"], after["source"]) == ("by", "person")
    assert after["expected_by"] == "2026-11-03T11:00:00Z"
    items = api.get("expectations", node=ORDERS)["items"]
    assert [(item["source"], item["wins"]) for item in items] == [
        ("person", True),
        ("learned", False),
    ]


def test_lateness_follows_the_expectation_that_counts_everywhere(api: Api) -> None:
    put(api, every="3h")
    since = "2026-11-02T08:01:00Z"
    assert api.get("outlook", node=ORDERS)["late_since"] == since
    (card,) = [node for node in api.get("graph", node=ORDERS)["cards"] if node["node"] == ORDERS]
    assert card["late_since"] == since
    (trouble,) = api.get("at-risk")["items"]
    assert (trouble["standing"], trouble["late_since"]) == ("late", since)
    found = api.get("datasets/postgres://h:5432:shop.orders/freshness")
    assert found["breaches"][-1] == {"since": since, "until": None}


def test_a_question_about_the_past_is_answered_by_what_was_stated_then(api: Api) -> None:
    put(api, by="11:00")
    api.now += timedelta(hours=1)
    put(api, every="3h")
    put(api, by="09:00")
    api.now += timedelta(hours=1)
    assert api.http.delete("/api/v1/expectations", params={"node": ORDERS, "kind": "by"}).json() == {"removed": 1}  # fmt: skip

    def sources(hours: float) -> list[str]:
        then = (MONDAY + timedelta(hours=hours)).isoformat()
        return [item["text"] for item in api.get("expectations", node=ORDERS, as_of=then)["items"]]

    assert sources(11.9)[0].startswith("usually written every day")
    assert sources(12.5)[0] == "set by a person: by 11:00 UTC every day"
    assert sources(13.5)[:2] == [
        "set by a person: by 09:00 UTC every day",
        "set by a person: never older than 3 hours",
    ]
    assert sources(14.5)[0] == "set by a person: never older than 3 hours"


def test_a_pattern_counts_for_what_it_matches_and_less_than_a_name(api: Api) -> None:
    api.send(*wrote("load", "shop.items", at="2026-11-02T05:00:00Z"))
    put(api, "dataset:postgres://h:5432:shop.*", every="2h")
    put(api, every="9h")
    orders, items = (api.get("outlook", node=ORDERS.replace("orders", name))["expectation"] for name in ("orders", "items"))  # fmt: skip
    assert orders["text"] == "set by a person: never older than 9 hours"
    assert items["text"] == "set by a person: never older than 2 hours"
    assert [item["node"] for item in api.get("expectations")["items"]] == ["dataset:postgres://h:5432:shop.*", ORDERS]  # fmt: skip


def test_row_counts_stand_beside_freshness(api: Api) -> None:
    put(api, rows={"at_least": 100})
    assert api.get("outlook", node=ORDERS)["expectation"]["source"] == "learned"
    items = api.get("expectations", node=ORDERS)["items"]
    assert [(item["kind"], item["wins"]) for item in items] == [("by", True), ("rows", True)]
    assert items[1]["stated"]["rows"] == {"at_least": 100, "at_most": None}


def test_a_run_that_takes_longer_than_it_may_is_late(api: Api) -> None:
    put(api, "job:prod:load", within="45m")
    start = (MONDAY + timedelta(hours=11)).isoformat()
    api.send(wrote("load", "shop.orders", at=start)[0])
    found = api.get("outlook", node="job:prod:load")
    assert (found["standing"], found["late_since"]) == ("late", "2026-11-02T11:45:00Z")
    assert found["expectation"]["text"] == "set by a person: takes at most 45 minutes"
    before = api.get("outlook", node="job:prod:load", as_of=start)
    assert before["late_since"] is None


def test_bad_statements_are_refused_in_sentences(api: Api) -> None:
    def refused(status: int, **body: Any) -> str:
        answer = api.http.put("/api/v1/expectations", json=body)
        assert answer.status_code == status, answer.text
        return str(answer.json()["detail"])

    assert "write hours and minutes" in refused(422, node=ORDERS, by="7")
    assert "job:NAMESPACE:NAME" in refused(422, node=ORDERS, within="1h")
    assert "datasets are fresh" in refused(422, node="job:prod:load", by="07:00")
    assert "names nothing" in refused(422, node="orders", by="07:00")
    assert "Nothing is known" in refused(404, node="dataset:x:y", by="07:00")
    assert refused(422, node=ORDERS, evry="6h")
    answer = api.http.delete("/api/v1/expectations", params={"node": ORDERS})
    assert answer.status_code == 404
    assert "No person has stated that" in answer.json()["detail"]


# --- in files -----------------------------------------------------------------------------------


GOOD = """
[[expectation]]
node = "dataset:postgres://h:5432:shop.orders"
by = "07:00"
days = "workdays"
zone = "Europe/Berlin"

[[expectation]]
node = "job:prod:load"
within = "45m"
"""


def store_file(db: sa.Engine, path: Path | None) -> None:
    found = file.load(path) if path is not None else []
    with writing(db) as tx:
        store.replace(tx, found, finder(Normaliser()), 0)


def test_a_file_counts_at_any_moment_and_less_than_a_person(api: Api, tmp_path: Path) -> None:
    store_file(api.db, write(tmp_path, GOOD))
    past = (MONDAY - timedelta(days=3)).isoformat()
    for moment in ({}, {"as_of": past}):
        found = api.get("outlook", node=ORDERS, **moment)["expectation"]
        assert found["source"] == "file"
        assert found["text"] == "set in expectations.toml:2: by 07:00 Europe/Berlin on workdays"
    assert api.get("expectations", node="job:prod:load")["items"][0]["kind"] == "within"
    put(api, every="9h")
    assert api.get("outlook", node=ORDERS)["expectation"]["source"] == "person"


def test_the_file_as_it_stands_replaces_what_it_stated(api: Api, tmp_path: Path) -> None:
    store_file(api.db, write(tmp_path, GOOD))
    store_file(api.db, write(tmp_path, GOOD.replace("07:00", "08:00")))
    assert "by 08:00" in api.get("outlook", node=ORDERS)["expectation"]["text"]
    store_file(api.db, None)
    assert api.get("expectations")["items"] == []


@pytest.mark.parametrize(
    ("text", "line", "instead"),
    [
        ("[[expectation]\n", 1, "it is not TOML"),
        ('a = 1\n\n[[expectations]]\nnode = "dataset:x:y"\n', 1, "write [[expectation]]"),
        ('\n[[expectation]]\nevery = "6h"\n', 2, "write dataset:NAMESPACE:NAME"),
        (
            '[[expectation]]\nnode = "dataset:x:y"\nevery = "6 hrs"\n',
            3,
            "write a number and a unit",
        ),
        ('[[expectation]]\nnode = "dataset:x:y"\n\n# often\n evry = "6h"\n', 5, "known fields are"),
        ('[[expectation]]\nnode = "orders"\nevery = "6h"\n', 2, "names nothing"),
        ('[[expectation]]\nnode = "job:x:y"\nevery = "6h"\n', 3, "datasets are fresh"),
        ('[[expectation]]\nnode = "dataset:x:y"\nevery = "6h"\nsince = "May"\n', 4, "write a date"),
        (GOOD + GOOD, 13, "is stated already in expectations.toml:2; remove one"),
        ('[[dbt]]\nmanifest = "m.json"\nnamespace = "x"\n', 2, "is no JSON that can be read"),
        ('[[expectation]]\nnode = "dataset:x:y"\nevery = 6h\n', 3, "with text in quotes"),
        ('[[expectation]]\nnode = "dataset:x:y"\nevery = 6\n', 3, 'in quotes: every = "6h"'),
        ('[[expectation]]\nnode = "dataset:x:y"\nby = 07:00:00\n', 3, 'of them: by = "07:00"'),
        (
            '[[expectation]]\nnode = "dataset:x:y"\nby = "7:00"\ndays = [1]\n',
            4,
            'days = "workdays"',
        ),
        (
            '[[expectation]]\nnode = "dataset:x:y"\nby = "7:00"\ndays = "Montag"\n',
            4,
            "is not a day",
        ),
        ('[[expectation]]\nnode = "dataset:x:y"\nrows = [1, 2]\n', 3, "at_least = 1000"),
        (
            '[[expectation]]\nnode = "dataset:x:y"\nevery = "6h"\n[expectation.x]\na = 1\n',
            4,
            "there is no field 'x'",
        ),
        (
            '[[expectation]]\nnode = "dataset:x:y"\nevery = "6h"\nby = "07:00"\n',
            4,
            "by and every are stated",
        ),
        ('[[dbt]]\nmanifest = "none.json"\n', 1, "write the namespace of its datasets"),
    ],
)
def test_a_bad_file_is_refused_by_line_with_what_to_write_instead(
    tmp_path: Path, text: str, line: int, instead: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, text)
    assert main(["expectations", "check", str(path)]) == 2
    complaint = capsys.readouterr().err
    assert f"{path}:{line}: " in complaint
    assert instead in complaint


def test_a_contract_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '[[contract]]\nfile = "none.yaml"\n')
    with pytest.raises(BadSettings, match=r"none\.yaml:1: it cannot be read"):
        file.load(path)


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n"))
    assert len(file.load(path)) == 2


def test_a_good_file_is_read_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GOOD)
    assert main(["expectations", "check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "dataset:postgres://h:5432:shop.orders  set in expectations.toml:2: by 07:00 Europe/Berlin on workdays",
        "job:prod:load  set in expectations.toml:8: takes at most 45 minutes",
        f"2 expectations in {path}",
    ]


MANIFEST = {
    "sources": {
        "source.shop.raw.orders": {
            "database": None,
            "schema": "shop",
            "identifier": "orders",
            "freshness": {
                "warn_after": {"count": 12, "period": "hour"},
                "error_after": {"count": 2, "period": "day"},
            },
        },
        "source.shop.raw.none": {"schema": "shop", "identifier": "none", "freshness": None},
    }
}


def test_a_contract_and_a_manifest_speak_in_the_order_of_their_strength(
    api: Api, tmp_path: Path
) -> None:
    write(tmp_path, CONTRACT, "orders.odcs.yaml")
    write(tmp_path, json.dumps(MANIFEST), "manifest.json")
    text = """
        [[dbt]]
        manifest = "manifest.json"
        namespace = "postgres://h:5432"
        """
    store_file(api.db, write(tmp_path, text))
    found = api.get("outlook", node=ORDERS)["expectation"]
    assert found["text"] == "dbt source freshness in manifest.json: never older than 2 days"
    store_file(api.db, write(tmp_path, text + '[[contract]]\nfile = "orders.odcs.yaml"\n'))
    items = api.get("expectations", node=ORDERS)["items"]
    assert [item["source"] for item in items] == ["contract", "dbt", "learned"]
    assert items[0]["text"] == "data contract orders.odcs.yaml: never older than 28 hours"
    stated = {item["node"]: item["stated"] for item in api.get("expectations")["items"]}
    assert stated["dataset:postgres://h:5432:shop.items_v2"]["by"] == "09:00"
    assert stated["dataset:postgres://h:5432:shop.items_v2"]["zone"] == "-08:00"


def test_spans_of_a_day_are_microseconds() -> None:
    assert statements.duration("every", "1d") == DAY == 24 * HOUR
