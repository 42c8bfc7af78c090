"""What leaves Airflow, and what does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fairlead_airflow.protect import Rules, bare, fit, mask

CASES = json.loads((Path(__file__).parents[1] / "secrets" / "cases.json").read_text())


def rules(*secrets: str, keys: tuple[str, ...] = (), patterns: tuple[str, ...] = ()) -> Rules:
    def mask_value(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    return Rules(
        mask_value,
        lambda key: key.lower() in ("password", "token"),
        keys,
        tuple(map(re.compile, patterns)),
    )


def event(**run_facets: Any) -> dict[str, Any]:
    return {
        "eventTime": "2026-11-21T08:00:00Z",
        "run": {"runId": "r", "facets": run_facets},
        "job": {"namespace": "airflow", "name": "airflow.load", "facets": {}},
        "inputs": [],
        "outputs": [],
    }


def test_a_secret_is_masked_wherever_it_stands() -> None:
    result = mask(event(sql={"query": ["psql -W shop-s3cret"]}), rules("shop-s3cret"))
    assert "shop-s3cret" not in json.dumps(result)
    assert result["run"]["facets"]["sql"]["query"] == ["psql -W ***"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_a_secret_that_shows_by_its_form_is_masked_in_every_text(case: dict[str, Any]) -> None:
    given = event(errorMessage={"message": case["text"], "stackTrace": case["text"]})
    given["job"]["facets"] = {"sourceCode": {"sourceCode": case["text"]}}
    given["inputs"] = [{"namespace": "n", "name": "t", "facets": {"d": {"uri": case["text"]}}}]
    kept = mask(given, rules())
    for text in (
        kept["run"]["facets"]["errorMessage"]["message"],
        kept["run"]["facets"]["errorMessage"]["stackTrace"],
        kept["job"]["facets"]["sourceCode"]["sourceCode"],
        kept["inputs"][0]["facets"]["d"]["uri"],
    ):
        assert [secret for secret in case["hidden"] if secret in text] == []
        assert [part for part in case["kept"] if part not in text] == []


def test_names_lose_the_credentials_of_urls_and_nothing_else_for_its_looks() -> None:
    given = event() | {"inputs": [{"namespace": "pg://u:pw1x81zz@h:5432", "name": "a/token=7/b"}]}
    given["job"]["name"] = "load postgres://u:pw2x81zz@h/db"
    kept = mask(given, rules())
    assert kept["inputs"] == [{"namespace": "pg://h:5432", "name": "a/token=7/b"}]
    assert kept["job"]["name"] == "load postgres://h/db"


def test_a_key_that_sounds_secret_hides_its_value() -> None:
    facet = {"password": "x", "token": {"a": ["y", None, True]}, "rows": 1}
    result = mask(event(conf=facet), rules())
    assert result["run"]["facets"]["conf"] == {
        "password": "***",
        "token": {"a": ["***", None, True]},
        "rows": 1,
    }


def test_a_column_called_password_has_its_lineage() -> None:
    inputs = [{"namespace": "n", "name": "t", "field": "password"}]
    lineage = {"fields": {"password": {"inputFields": inputs}}}
    outputs = [{"namespace": "n", "name": "u", "facets": {"columnLineage": lineage}}]
    given = event() | {"outputs": outputs}
    assert mask(given, rules())["outputs"] == outputs


def test_names_of_jobs_and_ids_of_runs_are_never_masked() -> None:
    parent = {"job": {"namespace": "airflow", "name": "airflow"}, "run": {"runId": "airflow"}}
    given = event(parent=parent, airflow={"dag": {"dag_id": "airflow"}})
    assert mask(given, rules("airflow")) == given


def test_the_users_keys_and_patterns_are_masked_too() -> None:
    given = event(conf={"customer_IBAN": "1", "text": "to DE00 1234"})
    result = mask(given, rules(keys=("iban",), patterns=(r"DE\d\d \d{4}",)))
    assert result["run"]["facets"]["conf"] == {"customer_IBAN": "***", "text": "to ***"}


@pytest.mark.parametrize(
    ("secret", "name", "expected"),
    [
        ("postgres", "postgres://db:5432", "postgres://db:5432"),
        ("postgres", "postgres.public.orders", "postgres.public.orders"),
        ("tok-123", "https://api/x?key=tok-123", "https://api/x?key=***"),
        ("S3cret", "pg://u:S3cret@db", "pg://db"),
        ("S3cret", "shop.S3cret.orders", "shop.***.orders"),
        ("none", "shop.orders", "shop.orders"),
    ],
)
def test_a_name_loses_secrets_but_not_its_words(secret: str, name: str, expected: str) -> None:
    assert rules(secret).name(name) == expected


def test_an_event_that_is_too_large_loses_copies_first_and_names_what_was_cut() -> None:
    given = event(unknownSourceAttribute={"x": "a" * 5000}, errorMessage={"x": "b" * 3000})
    result = fit(given, 5000)
    facets = result["run"]["facets"]
    assert set(facets) == {"errorMessage", "fairlead_cut"}
    assert facets["fairlead_cut"]["cut"][0]["facet"] == "run.facets.unknownSourceAttribute"
    assert len(json.dumps(result)) <= 5000
    assert "unknownSourceAttribute" in given["run"]["facets"]


def test_which_run_it_is_and_what_was_read_is_never_cut() -> None:
    inputs = [{"namespace": "n", "name": f"t{i}", "facets": {"schema": {}}} for i in range(50)]
    given = event(parent={"a": "p"}, fairlead={"state": "failed"}) | {"inputs": inputs}
    result = fit(given, 100)
    assert {"parent", "fairlead"} <= set(result["run"]["facets"])
    assert [i["name"] for i in result["inputs"]] == [f"t{i}" for i in range(50)]


def test_an_event_within_the_limit_is_untouched() -> None:
    given = event(a={"b": 1})
    assert fit(given, 10_000) is given


def test_an_event_that_cannot_be_masked_travels_without_its_facets() -> None:
    result = bare(event(sql={"query": "s3cret"}, fairlead={"state": "success"}), "why")
    assert "s3cret" not in json.dumps(result)
    assert result["run"]["facets"]["fairlead"] == {"state": "success"}
