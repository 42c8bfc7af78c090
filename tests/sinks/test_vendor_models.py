"""
What we send, read by the vendors' own models: they must take it and give every field back.

Their packages do not go together with ours, so each reader in `vendors/` runs in an environment of
its own, `.venv-vendors`, which is made here when `constraints/vendors.txt` is new.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from fairlead_bridge.entries import AnyEntry, AssertionResult, ExpectedWrite, Outlook, Unseen
from fairlead_bridge.sinks import settings
from tests.support.sinks import entries as shop
from tests.support.sinks import quality
from tests.support.sinks.atlan import FakeAtlan
from tests.support.sinks.datahub import FakeDataHub
from tests.support.sinks.openmetadata import FakeOpenMetadata
from tests.support.sinks.server import Fake, serving

pytestmark = pytest.mark.system

REPOSITORY = Path(__file__).parents[2]
PINNED = [REPOSITORY / "constraints" / name for name in ("vendors.txt", "openmetadata.txt")]
FRESH = replace(shop.DAILY_ENTRY, written_at=shop.START, written_by=shop.LOAD_WROTE)
SHOP: tuple[AnyEntry, ...] = (
    shop.ORDERS_ENTRY,
    shop.DAILY_ENTRY,
    FRESH,
    shop.DAG_ENTRY,
    shop.EXTRACT_ENTRY,
    shop.LOAD_ENTRY,
    shop.dag_run(tasks=(shop.LOAD_WROTE,)),
    shop.dag_run(1, "failed", tasks=(shop.task_run(shop.EXTRACT, "failed", day=1),)),
    shop.LOAD_WROTE,
    shop.LOAD_FAILED,
    shop.task_run(shop.SCORE, map_index=2),
    shop.task_run(shop.REPORT, "skipped"),
    shop.task_run(shop.REPORT, "upstream_failed"),
    shop.task_run(shop.EXTRACT, "running"),
)
CHECK = AssertionResult("unique", False, shop.START, "ORDER_ID", expected="0", actual="3")
EXPECTED = ExpectedWrite("by", "person", "by 07:00 UTC every day", shop.START, shop.START)
LATE = Outlook("late", shop.START, shop.START + 1, "a task failed", EXPECTED)
#: How a table stands: late and checked, known of, for another reason, fresh again, not watched.
WATCHED: tuple[AnyEntry, ...] = (
    replace(FRESH, outlook=LATE, assertions=(CHECK,)),
    shop.incident("open"),
    shop.incident("acknowledged"),
    replace(FRESH, outlook=replace(LATE, text="a pool is full"), assertions=(CHECK,)),
    replace(FRESH, outlook=replace(LATE, standing="ok", late_since=None)),
    replace(FRESH, outlook=Outlook("ok")),
    shop.incident("resolved"),
)
#: The same a month later: an input is not seen any more, then the task is gone.
OLD = (Unseen(shop.ORDERS, "input", 40 * 86_400 * shop.SECOND),)
LATER: tuple[AnyEntry, ...] = (
    replace(shop.LOAD_ENTRY, unseen=OLD),
    replace(shop.LOAD_ENTRY, gone=True),
)
#: Checks, freshness and an incident, from the first to the last.
QUALITY: tuple[AnyEntry, ...] = (
    quality.CHECKED,
    quality.LATE,
    replace(quality.CHECKED, dropped_at=quality.CHECKED_AT),
    quality.INCIDENT,
    replace(quality.INCIDENT, kind="failed_check", state="acknowledged", assigned_to="data-eng"),
    quality.RESOLVED,
)
RETIRES = {"retire_after_days": 30}


@pytest.fixture(scope="session")
def vendors() -> Path:
    """The Python that has the vendors' packages."""
    folder = REPOSITORY / ".venv-vendors"
    stamp, pinned = folder / "pinned", sha256(b"".join(path.read_bytes() for path in PINNED))
    if not stamp.exists() or stamp.read_text() != pinned.hexdigest():
        uv = [str(Path(sys.executable).parent / "uv")]
        python = ["--python", sys.executable]
        subprocess.run([*uv, "venv", "--quiet", "--clear", *python, str(folder)], check=True)
        files = [part for path in PINNED for part in ("-r", str(path))]
        install = [*uv, "pip", "install", "--system-certs", "--quiet", "--no-deps"]
        install += ["--python", str(folder)]
        subprocess.run([*install, *files], check=True)
        stamp.write_text(pinned.hexdigest())
    return folder / "bin" / "python"


def sent(fake: Fake, entries: Sequence[AnyEntry], **raw: Any) -> list[dict[str, Any]]:
    """The requests that delivering these entries comes to."""
    fake.seen.clear()
    with serving(fake) as url:
        asked = {"sinks": {"one": {"type": "", **raw, "url": url}}}
        sink = settings.targets(asked, {"TOKEN": "x"})[0].sink
        for entry in entries:
            payload = sink.render(entry)
            if payload is not None:
                list(sink.push([payload]))
    return [
        {
            "method": request.method,
            "path": request.path,
            "query": {name: [v for n, v in request.pairs if n == name] for name in request.query}
            | {"deleteType": request.query.get("deleteType")},
            "body": request.json() if request.body else None,
        }
        for request in fake.seen
    ]


def read(vendors: Path, vendor: str, requests: list[dict[str, Any]]) -> int:
    """How many things the vendor's models read; all of them must be right."""
    done = subprocess.run(
        [str(vendors), str(Path(__file__).parent / "vendors" / f"read_{vendor}.py")],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["wrong"] == []
    return int(found["read"])


def test_datahubs_classes_read_every_aspect_back(vendors: Path) -> None:
    """In both manners of naming, added to and written over; and what is retracted."""
    sent_bodies = []
    for style, lineage in product(("plugin", "openlineage"), ("merge", "replace")):
        raw = {
            "type": "datahub",
            "schemas": True,
            "urn_style": style,
            "lineage": lineage,
            "naming": [{"namespace": "snowflake://*", "case": "lower"}],
        }
        fake = FakeDataHub()
        sent_bodies += sent(fake, (*SHOP, *QUALITY), **raw)
        later = sent(fake, LATER, **raw, **RETIRES)
        assert any('"removed": true' in json.dumps(request) for request in later)
        sent_bodies += later
    assert read(vendors, "datahub", sent_bodies) > 200


def test_openmetadatas_models_take_every_request(vendors: Path) -> None:
    fake = FakeOpenMetadata()
    fake.table("pg.sales.public.orders", "id", "amount")
    fake.add("/services/databaseServices", "snow")
    raw = {
        "type": "openmetadata",
        "naming": [
            {"namespace": "postgres://*", "service": "pg"},
            {"namespace": "snowflake://*", "service": "snow"},
        ],
        "airflow_url": "https://airflow.example.com",
        "create_tables": True,
    }
    sent_bodies = sent(fake, (shop.DAG_ENTRY, *SHOP), **raw)
    watched = sent(fake, WATCHED, **raw)
    assert {one["method"] for one in watched} == {"GET", "PUT", "POST", "PATCH", "DELETE"}
    later = sent(fake, LATER, **raw, **RETIRES)
    assert [one["method"] for one in later if one["method"] != "GET"] == ["DELETE"]
    assert read(vendors, "openmetadata", sent_bodies + watched + later) > 24


def test_pyatlans_models_give_every_attribute_back(vendors: Path) -> None:
    """In both families of assets; what is archived; and what is added to another writer's."""
    sent_bodies = []
    for family in ("airflow", "flow"):
        raw = {
            "type": "atlan",
            "connection": "default/airflow/1",
            "family": family,
            "token_env": "TOKEN",
            "naming": [
                {"namespace": "postgres://*", "connection": "default/postgres/1"},
                {"namespace": "snowflake://*", "connection": "default/snowflake/2"},
            ],
        }
        fake = FakeAtlan()
        fake.table("default/postgres/1/sales/public/orders", "id", "amount")
        fake.table("default/snowflake/2/ANALYTICS/REPORTING/DAILY_ORDERS", "ORDER_ID", "AMOUNT")
        sent_bodies += sent(fake, SHOP, **raw)
        watched = sent(fake, WATCHED, **raw)
        assert '"businessAttributes"' in json.dumps(watched)
        assert '"announcementTitle": null' in json.dumps(watched)
        sent_bodies += watched
        later = sent(fake, LATER, **raw, **RETIRES)
        assert [one["method"] for one in later].count("DELETE") == 2
        task = next(name for name in fake.assets if name.endswith("load"))
        fake.add(fake.assets[task]["typeName"], task)  # made by another writer
        fake.add("Process", f"{task}/process")
        theirs = sent(fake, [shop.LOAD_ENTRY], **raw)
        assert "appendRelationshipAttributes" in json.dumps(theirs)
        sent_bodies += later + theirs
    assert read(vendors, "atlan", sent_bodies) > 120
