"""The rules of personal data: which tags count, what is suggested and confirmed, what is notified."""

from __future__ import annotations

import doctest
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import open_database, reading, writing
from fairlead_bridge.db.migrate import migrate
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.insight import personal as rules
from fairlead_bridge.insight.personal import Policy, Rules
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.monitoring import leaks, personal_file
from fairlead_bridge.monitoring.evaluate import Rules as Monitoring
from fairlead_bridge.queries import personal
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.asking import Api
from tests.bridge.monitored import DAY, Bridge, micros
from tests.support.small import run_event, uuid

SPACE = "postgres://h:5432"
STRICT = Rules(policy=Policy())
_numbers = iter(range(0x9300000, 0x9400000))


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    db = open_database(f"sqlite:///{tmp_path / 'policy.db'}")
    migrate(db)
    return Bridge(db, Monitoring(personal=STRICT))


def ran(job: str, at: datetime, writes: str, *origins: str, **facets: Any) -> list[bytes]:
    """A run whose output has a column `mail`, made of such origins: DATASET.COLUMN[ masked]."""
    fields = [_field(each) for each in origins]
    made = {"columnLineage": {"fields": {"mail": {"inputFields": fields}}}} if fields else {}
    schema = {"schema": {"fields": [{"name": "mail", "type": "text"}]}}
    output = {"namespace": SPACE, "name": writes, "facets": {**schema, **made, **facets}}
    inputs = [{"namespace": SPACE, "name": each["name"], "facets": {}} for each in fields]
    run = uuid(next(_numbers))
    return [run_event("COMPLETE", at.isoformat(), run, job, inputs=inputs, outputs=[output])]


def _field(text: str) -> dict[str, Any]:
    place, _, masked = text.partition(" ")
    name, _, column = place.rpartition(".")
    way = {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": bool(masked)}
    return {"namespace": SPACE, "name": name, "field": column, "transformations": [way]}


def tagged(*columns: str) -> dict[str, Any]:
    tags = [{"key": "pii", "value": "true", "source": "T", "field": each} for each in columns]
    return {"tags": {"tags": tags}}


def notified(bridge: Bridge) -> list[tuple[str, str]]:
    return [
        (each.node, each.text) for each in bridge.incidents("open") if each.kind == "personal_data"
    ]


def test_a_leak_is_notified_by_the_step_after_its_run_and_once(bridge: Bridge) -> None:
    bridge.take(ran("load", DAY, "crm.people", **tagged("mail")), DAY)
    assert notified(bridge) == []
    now = DAY + timedelta(minutes=5)
    bridge.take(ran("copy", now, "mart.contacts", "crm.people.mail"), now + timedelta(seconds=1))
    node = f"dataset:{SPACE}:mart.contacts"
    text = "personal data of crm.people is in mart.contacts, unmasked: mail"
    assert notified(bridge) == [(node, text)]
    (incident,) = bridge.incidents("open")
    assert incident.path == (f"dataset:{SPACE}:crm.people", "job:prod:copy", node)
    assert incident.detected_at - micros(now) <= 60_000_000
    owed = bridge.owed()
    later = DAY + timedelta(hours=1)
    bridge.take(ran("copy", later, "mart.contacts", "crm.people.mail"), later)
    assert bridge.owed() == owed


def test_what_is_masked_or_tagged_is_no_leak(bridge: Bridge) -> None:
    events = [
        *ran("load", DAY, "crm.people", **tagged("mail")),
        *ran("mask", DAY + timedelta(minutes=1), "mart.hashed", "crm.people.mail masked"),
        *ran("copy", DAY + timedelta(minutes=1), "mart.kept", "crm.people.mail", **tagged("mail")),
    ]
    bridge.take(events, DAY + timedelta(minutes=2))
    assert notified(bridge) == []


def test_a_tag_that_comes_later_shows_what_its_column_reached_long_ago(bridge: Bridge) -> None:
    events = [
        *ran("load", DAY, "crm.people"),
        *ran("copy", DAY + timedelta(minutes=1), "mart.a", "crm.people.mail"),
        *ran("copy2", DAY + timedelta(minutes=2), "mart.b", "mart.a.mail"),
    ]
    bridge.take(events, DAY + timedelta(minutes=3))
    assert notified(bridge) == []
    later = DAY + timedelta(days=1)
    bridge.take(ran("load", later, "crm.people", **tagged("mail")), later)
    assert sorted(node.rpartition(":")[2] for node, _ in notified(bridge)) == ["mart.a", "mart.b"]


def test_a_system_outside_the_list_is_a_leak_though_its_column_is_tagged(bridge: Bridge) -> None:
    bridge.rules = Monitoring(
        personal=Rules(policy=Policy(unmasked=False, systems=("dataset:*:crm.*",)))
    )
    events = [
        *ran("load", DAY, "crm.people", **tagged("mail")),
        *ran("inside", DAY + timedelta(minutes=1), "crm.copy", "crm.people.mail"),
        *ran("out", DAY + timedelta(minutes=1), "mart.out", "crm.people.mail", **tagged("mail")),
    ]
    bridge.take(events, DAY + timedelta(minutes=2))
    ((node, text),) = notified(bridge)
    assert node.endswith("mart.out")
    assert "a system that it must not be in: mail" in text


def test_a_leak_ends_with_its_mask_and_another_column_is_notified_again(bridge: Bridge) -> None:
    bridge.take(ran("load", DAY, "crm.people", **tagged("mail")), DAY)
    at = DAY + timedelta(minutes=5)
    bridge.take(ran("copy", at, "mart.a", "crm.people.mail"), at)
    assert len(notified(bridge)) == 1
    at += timedelta(minutes=5)
    bridge.take(ran("copy", at, "mart.a", "crm.people.mail masked"), at)
    assert notified(bridge) == []


def test_what_leaked_before_there_was_a_policy_is_evaluated_when_it_starts(bridge: Bridge) -> None:
    bridge.rules = Monitoring()
    events = [
        *ran("load", DAY, "crm.people", **tagged("mail")),
        *ran("copy", DAY + timedelta(minutes=1), "mart.a", "crm.people.mail"),
    ]
    bridge.take(events, DAY + timedelta(minutes=2))
    assert notified(bridge) == []
    bridge.rules = Monitoring(personal=STRICT)
    now = DAY + timedelta(days=50)
    with writing(bridge.db) as tx:
        leaks.touch(tx, STRICT, micros(now))
    bridge.evaluate(now)
    assert len(notified(bridge)) == 1


def test_suggestions_are_confirmed_and_stay_the_persons(bridge: Bridge) -> None:
    bridge.take(ran("load", DAY, "crm.people"), DAY)
    api = Api(bridge.db, DAY + timedelta(minutes=1))
    (one,) = api.get("personal-data/suggestions")["items"]
    assert (one["dataset"]["name"], one["column"], one["tag"]) == ("crm.people", "mail", "pii")
    answer = confirm(api, "MAIL", personal=True)
    assert (answer["column"], answer["by"]) == ("mail", "anyone")
    assert api.get("personal-data/suggestions")["items"] == []
    kinds = [(each["column"], each["kind"]) for each in api.get("personal-data")["items"]]
    assert kinds == [("mail", "tagged")]
    # A run that says other tags later does not replace what the person said.
    later = DAY + timedelta(hours=1)
    bridge.take(ran("load", later, "crm.people", **tagged("other")), later)
    detail = api.get(f"datasets/{SPACE}:crm.people")
    assert "mail" in detail["personal"]
    confirm(api, "mail", personal=False)
    assert "mail" not in api.get(f"datasets/{SPACE}:crm.people")["personal"]
    assert api.get("personal-data/suggestions")["items"] == []
    confirm(api, "mail", personal=None)
    assert len(api.get("personal-data/suggestions")["items"]) == 1


def confirm(api: Api, column: str, *, personal: bool | None) -> Any:
    api.now += timedelta(seconds=1)
    body = {"dataset": f"dataset:{SPACE}:crm.people", "column": column, "personal": personal}
    answer = api.http.post("/api/v1/personal-data/confirmations", json=body)
    assert answer.status_code == 200, answer.text
    while absorb_waiting(api.db, Translator(Normaliser()), {}, api.micros):
        pass
    return answer.json()


def test_which_tags_count_is_a_setting(bridge: Bridge) -> None:
    tags = {"tags": {"tags": [{"key": "classification", "value": "restricted", "field": "mail"}]}}
    bridge.take(ran("load", DAY, "crm.people", **tags), DAY)
    with reading(bridge.db) as tx:
        usual = personal.everywhere(Snapshot(tx, micros(DAY), 0))
        own = personal.everywhere(
            Snapshot(tx, micros(DAY), 0, personal=Rules(("classification=restricted",)))
        )
    assert (len(usual.tagged), len(own.tagged)) == (0, 1)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("tags = 4", 1, "tags"),
        ("tags = []\nother = 1", 2, "other"),
        ("tags = []\n[policy]\nunmasked = 3", 3, "unmasked"),
        ("[[suggest]]\ntag = 'pii'", 1, "columns"),
        ("tags = [", 1, "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    path = tmp_path / "personal.toml"
    path.write_text(text)
    with pytest.raises(BadSettings) as raised:
        personal_file.load(path)
    assert str(raised.value).startswith(f"{path}:{line}: ")
    assert problem in str(raised.value)


def test_the_file_of_the_documentation_is_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "find-personal-data.md"
    path = tmp_path / "personal.toml"
    path.write_text(page.read_text().partition("```toml\n")[2].partition("```")[0])
    read = personal_file.load(path)
    assert read.policy is not None
    assert read.suggested("Kundenmail") == "pii"
    assert read.policy.allows("dataset:postgres://crm:5432:shop.customers")


def test_the_examples_of_the_rules_are_true() -> None:
    assert doctest.testmod(rules).failed == 0
