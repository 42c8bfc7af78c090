"""The story of docs/how-to/change-without-fear.md: a rename is found before its merge, email's way is shown."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead_sdk import cli
from tests.support import bridging
from tests.support.small import run_event, uuid

PAGE = (Path(__file__).parents[2] / "docs/how-to/change-without-fear.md").read_text("utf-8")
CRM, DWH = "postgres://crm:5432", "postgres://dwh:5432"
CUSTOMERS = f"dataset:{CRM}:shop.customers"
REPORTS = {
    *("revenue-by-country", "vat", "forecast", "campaigns"),
    *("reach", "churn", "tickets", "languages"),
}
TYPES = {"id": "bigint", "revenue": "bigint"}
Place = tuple[str, str]
SOURCE, CORE = (CRM, "shop.customers"), (DWH, "core.customers")
REVENUE, CONTACTS = (DWH, "core.mart.revenue"), (DWH, "core.mart.contacts")


def block(language: str) -> str:
    return PAGE.partition(f"```{language}\n")[2].partition("```")[0]


def ran(
    number: int, job: str, reads: Place | None, writes: Place, **columns: str
) -> dict[str, Any]:
    """A run, whose columns come from those of what it reads; those that begin with ! are masked."""
    fields = {
        name: {"inputFields": [_field(reads, origin)]}
        for name, origin in columns.items()
        if reads is not None
    }
    facets: dict[str, Any] = {
        "schema": {"fields": [{"name": name, "type": TYPES.get(name, "text")} for name in columns]}
    }
    if fields:
        facets["columnLineage"] = {"fields": fields}
    else:
        tags = [{"key": "pii", "value": "true", "source": "CRM", "field": "email"}]
        facets["tags"] = {"tags": tags}
    at = f"2026-11-01T0{number}:00:00Z"
    inputs = [{"namespace": reads[0], "name": reads[1]}] if reads else []
    output = {"namespace": writes[0], "name": writes[1], "facets": facets}
    body = run_event("COMPLETE", at, uuid(0x9500000 + number), job, inputs=inputs, outputs=[output])
    return dict(json.loads(body))


def _field(of: Place, column: str) -> dict[str, Any]:
    way = {"type": "DIRECT", "subtype": "IDENTITY", "masking": column.startswith("!")}
    return {
        "namespace": of[0],
        "name": of[1],
        "field": column.lstrip("!"),
        "transformations": [way],
    }


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bridging.Bridge]:
    with bridging.running(tmp_path_factory.mktemp("story")) as found:
        found.take(
            [
                ran(1, "crm", None, SOURCE, id="", email="", country=""),
                ran(2, "load_customers", SOURCE, CORE, id="id", email="email", country="country"),
                ran(3, "build_revenue", CORE, REVENUE, country="country", revenue="id"),
                ran(4, "build_contacts", CORE, CONTACTS, contact="email", hash="!email"),
            ]
        )
        body = {"files": [{"name": "bi.yaml", "text": block("yaml")}]}
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{found.url}/api/v1/declarations",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert len(json.load(answer)["added"]) == 10
        found.take([])
        yield found


def test_the_rename_is_found_before_the_merge_with_8_reports_and_3_departments(
    bridge: bridging.Bridge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "customers.sql"
    changed.write_text(block("sql"), "utf-8")
    options = [str(changed), "--dataset", CUSTOMERS, "--url", bridge.url]
    assert cli.main(["check", *options]) == 1
    text = capsys.readouterr().out
    assert "country" in text
    assert "country_code" in text
    output = tmp_path / "report.json"
    assert cli.main(["check", *options, "--format", "json", "--output", str(output)]) == 1
    [finding] = json.loads(output.read_text("utf-8"))["findings"]
    assert (finding["rule"], finding["column"]) == ("column-renamed", "country")
    uses = " ".join(finding["uses"])
    assert {name for name in REPORTS if f"reports/{name}" in uses} == REPORTS
    assert set(finding["owners"]) == {"finance", "marketing", "support"}


def test_the_impact_counts_the_reports_and_their_owners(bridge: bridging.Bridge) -> None:
    query = urllib.parse.urlencode({"node": CUSTOMERS, "column": "country", "limit": 100})
    found = bridge.get(f"impact?{query}")
    reports = [each for each in found["items"] if each["dataset_kind"] == "REPORT"]
    assert {each["name"].rpartition("/")[2] for each in reports} == REPORTS
    assert all(each["certain"] and each["path"][0] == CUSTOMERS for each in reports)
    assert {owner["name"] for each in reports for owner in each["owners"]} == {
        "finance",
        "marketing",
        "support",
    }


def test_the_way_of_email_is_shown_in_one_request(bridge: bridging.Bridge) -> None:
    query = {"dataset": f"{CRM}:shop.customers", "column": "email", "direction": "down"}
    found = bridge.get(f"lineage/columns?{urllib.parse.urlencode(query)}")
    kinds = {(each["name"], each["column"]): each["personal_kind"] for each in found["nodes"]}
    assert kinds == {
        ("shop.customers", "email"): "tagged",
        ("core.customers", "email"): "reached",
        ("core.mart.contacts", "contact"): "reached",
        ("core.mart.contacts", "hash"): "masked",
        ("dashboards/newsletter", "contact"): "reached",
        ("v1/contacts", "mail"): "reached",
    }
