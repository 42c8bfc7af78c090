"""No secret of an event, of a sink or of the database is kept in the catalog, shown or printed."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox, outbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db import tables as t
from fairlead_bridge.db.engine import parse_url, reading, writing
from fairlead_bridge.errors import BadSettings
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from fairlead_bridge.model import Name
from fairlead_bridge.outbox import GivenUp
from fairlead_bridge.queries import entry
from fairlead_bridge.telemetry import Line, configure_logging, say
from tests.bridge.asking import Api
from tests.support.small import dataset, run_event, uuid

CASES = json.loads((Path(__file__).parents[1] / "secrets" / "cases.json").read_text())
SECRET = "pw1x81zz"  # noqa: S105
URL = f"postgres://ann:{SECRET}@db:5432/shop"
TOKEN = f"Authorization: Bearer {SECRET}"


def full_event() -> bytes:
    """Secrets wherever an event has texts."""
    table = dataset(
        "shop.orders",
        schema={"fields": [{"name": "password", "type": "text", "description": f"see {URL}"}]},
        dataSource={"name": "db", "uri": URL},
        documentation={"description": f"log in with password={SECRET}"},
        columnLineage={
            "fields": {
                "password": {
                    "inputFields": [
                        {
                            "namespace": URL,
                            "name": "shop.users",
                            "field": "password",
                            "transformations": [{"type": "DIRECT", "description": f"pwd={SECRET}"}],
                        }
                    ]
                }
            }
        },
        custom={"deep": [{"apiKey": SECRET, "rows": 3}]},
    )
    table["outputFacets"] = {"note": {"text": f"curl -H '{TOKEN}' https://h/x"}}
    return run_event(
        "FAIL",
        "08:00:00",
        uuid(1),
        "j",
        run={
            "errorMessage": {
                "message": f"could not connect to {URL}",
                "programmingLanguage": "PYTHON",
                "stackTrace": f"File x\n  connect('{URL}')",
            },
            "environmentVariables": {
                "environmentVariables": [{"name": "DB_PASSWORD", "value": SECRET}]
            },
            "executionParameters": {"parameters": [{"key": "token", "value": SECRET}]},
            "spark_properties": {"properties": {"spark.hadoop.fs.s3a.secret.key": SECRET}},
            "externalQuery": {"externalQueryId": "q", "source": URL},
            "unheard_of": {"text": TOKEN, "deep": {"x": [URL]}},
        },
        facets={
            "sql": {
                "query": f"COPY t FROM 's3://b/k' CREDENTIALS 'aws_secret_access_key={SECRET}'"
            },
            "sourceCode": {"language": "bash", "sourceCode": f"export TOKEN={SECRET}\npsql {URL}"},
            "documentation": {"description": f"key AKIAIOSFODNN7EXAMPLE, {URL}"},
            "sourceCodeLocation": {"type": "git", "url": f"https://ann:{SECRET}@git.corp/x"},
        },
        inputs=[dataset("shop.users", namespace=URL)],
        outputs=[table],
    )


def absorbed(db: sa.Engine, *events: bytes) -> Api:
    api = Api(db)
    with writing(db) as tx:
        inbox.put(tx, events, "http", api.micros)
    while absorb_waiting(db, Translator(Normaliser()), {"lake": {"event"}}, api.micros):
        pass
    return api


def everything_stored(db: sa.Engine) -> str:
    """All rows but those of the log, as text."""
    words = []
    with reading(db) as tx:
        for table in t.metadata.sorted_tables:
            if table is not t.event:
                words += [repr(tuple(row)) for row in tx.execute(sa.select(table))]
    return "\n".join(words)


def test_no_secret_of_an_event_is_stored_in_the_catalog(db: sa.Engine) -> None:
    absorbed(db, full_event())
    kept = everything_stored(db)
    assert SECRET not in kept
    assert "AKIAIOSFODNN7EXAMPLE" not in kept
    assert "could not connect to postgres://db:5432/shop" in kept
    assert "'password'" in kept or '"password"' in kept  # a column may be called so


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_what_is_hidden_in_a_text_is_hidden_in_every_facet(
    db: sa.Engine, case: dict[str, Any]
) -> None:
    text = case["text"]
    event = run_event(
        "FAIL",
        "08:00:00",
        uuid(1),
        "j",
        run={"errorMessage": {"message": text}},
        facets={"sql": {"query": text}, "documentation": {"description": text}},
    )
    api = absorbed(db, event)
    run = api.get(f"runs/{uuid(1)}")
    job = api.get("jobs/prod:j")
    for shown in (run["error_text"]["message"], job["sql"], job["description"]):
        assert [secret for secret in case["hidden"] if secret in shown] == []
        assert [part for part in case["kept"] if part not in shown] == []


def test_nothing_that_is_served_has_the_secret(db: sa.Engine) -> None:
    odd = f'{{"eventType": "START", "at": "{URL}", "password": "{SECRET}"}}'.encode()
    garbled = f'{{"eventTime": NaN, "token": "{SECRET}", "x": "{URL}'.encode()
    api = absorbed(db, full_event(), odd, garbled)
    for path in (
        "events/1", "events/2", "events/3", "events", "quarantine", f"runs/{uuid(1)}",
        f"runs/{uuid(1)}/facets", "jobs/prod:j", "datasets/postgres://h:5432:shop.orders",
        "datasets", "runs", "search?q=users", "at-risk", "overview",
    ):  # fmt: skip
        answer = api.http.get(f"/api/v1/{path}")
        assert answer.status_code == 200, path
        assert SECRET not in answer.text, path
    assert json.loads(api.http.get("/api/v1/events/1").content)["run"]["runId"] == uuid(1)


def test_an_event_without_secrets_is_served_byte_by_byte(db: sa.Engine) -> None:
    event = b'{ "eventTime":"2026-11-01T08:00:00Z",  "job": {"namespace": "curl", "name": "j@k"} }'
    assert absorbed(db, event).http.get("/api/v1/events/1").content == event


def test_an_event_is_handed_on_without_its_secrets(db: sa.Engine) -> None:
    absorbed(db, full_event())
    with reading(db) as tx:
        (item,) = entry.read(tx, [Name("event", 1)]).values()
    assert SECRET.encode() not in item.body  # type: ignore[union-attr]


# --- sinks --------------------------------------------------------------------------------------


def test_what_a_sink_says_is_masked_before_it_is_stored(db: sa.Engine) -> None:
    api = absorbed(db, full_event())
    with writing(db) as tx:
        (claimed,) = outbox.claim(tx, "lake", 10, api.micros)
        outbox.record_outcomes(tx, [GivenUp(claimed, f"refused {URL} with {TOKEN}")], api.micros)
        outbox.release(tx, "lake", api.micros, error=f"no way to https://ann:{SECRET}@lake.corp/")
    for path in ("health", "deliveries"):
        answer = api.http.get(f"/api/v1/{path}").text
        assert SECRET not in answer
    assert "https://lake.corp/" in api.get("health")["sinks"][0]["last_error"]
    with writing(db) as tx:
        outbox.rest(tx, "lake", f"{TOKEN}", api.micros)
    assert SECRET not in json.dumps(api.get("health"))


# --- what is printed ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_logged(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    configure_logging("info", form)
    try:
        try:
            raise ValueError(f"cannot reach {URL}")
        except ValueError as error:
            say(Line.DELIVER_FAILED, logging.ERROR, exc_info=True, reason=error, tried=3)
    finally:
        logging.getLogger().handlers[:] = before
    written = capfd.readouterr().err
    assert "cannot reach postgres://db:5432/shop" in written
    assert SECRET not in written


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql:/u:{SECRET}@h/db",
        f"postgresql//u:{SECRET}@h/db",
        f"postgres:u:{SECRET}@h/db",
        f"mysql://u:{SECRET}@h/db",
        f"postgresql://u:{SECRET}@h:port/db",
        f"oracle://h/db?password={SECRET}",
        f"sqlite://u:{SECRET}@h",
    ],
)
def test_a_wrong_database_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(BadSettings) as refused:
        parse_url(url)
    assert SECRET not in str(refused.value)


def test_a_wrong_database_url_is_not_printed(tmp_path: Path) -> None:
    url = f"postgresql:/u:{SECRET}@h/db"
    done = subprocess.run(
        [sys.executable, "-m", "fairlead_bridge", "migrate", "--database-url", url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert SECRET not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
