"""The events that public bug reports describe, each with what is right, where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge import inbox
from fairlead_bridge.absorb import absorb_waiting
from fairlead_bridge.db.engine import reading, writing
from fairlead_bridge.mapping.identity import Normaliser
from fairlead_bridge.mapping.translate import Translator
from tests.bridge import absorbing
from tests.bridge.asking import Api
from tests.support import corpus
from tests.support.small import dataset, run_event, uuid

pytestmark = corpus.needs_corpus


def case(number: int, variant: str = "") -> list[bytes]:
    assert corpus.FOLDER is not None
    faults = corpus.FOLDER.parent / "faults" / "events"
    (file,) = faults.glob(f"{number}-*/{variant}/events.jsonl")
    return [line for line in file.read_bytes().splitlines() if line.strip()]


def folders() -> Iterator[Path]:
    if corpus.FOLDER is not None:
        yield from sorted((corpus.FOLDER.parent / "faults" / "events").rglob("events.jsonl"))


@pytest.fixture
def api(db: sa.Engine) -> Api:
    return Api(db)


def names(api: Api, namespace: str) -> list[str]:
    return [item["name"] for item in api.get("datasets", namespace=namespace)["items"]]


def fields(api: Api, dataset: str) -> list[str]:
    return [column["name"] for column in api.get(f"datasets/{dataset}")["schema_fields"]]


def affected(api: Api, dataset: str, column: str) -> set[str]:
    items = api.get("impact", node=f"dataset:{dataset}", column=column)["items"]
    return {item["name"] for item in items if item["kind"] == "dataset"}


def affected_by(api: Api, dataset: str) -> set[str]:
    items = api.get("impact", node=f"dataset:{dataset}")["items"]
    return {item["name"] for item in items if item["kind"] == "dataset"}


def one(api: Api, *spelled: str) -> dict[str, Any]:
    """The dataset that all of these names mean."""
    found = [api.get(f"datasets/{each}") for each in spelled]
    assert len({each["id"] for each in found}) == 1
    return dict(found[0])


@pytest.mark.parametrize("file", [pytest.param(each, id=each.parent.name) for each in folders()])
def test_no_event_of_a_bug_report_is_set_aside(db: sa.Engine, file: Path) -> None:
    bodies = [line for line in file.read_bytes().splitlines() if line.strip()]
    with writing(db) as tx:
        inbox.put(tx, bodies, "test", 1)
    while absorb_waiting(db, Translator(Normaliser()), {}, 1):
        pass
    with reading(db) as tx:
        assert inbox.counts(tx).quarantined == 0


def test_33_patterns_in_paths_are_the_table(api: Api) -> None:
    api.send(*case(33))
    assert names(api, "s3://g33") == ["o1", "o2", "o3", "o4", "table"]
    assert len(api.get("datasets/s3://g33:table")["readers"]) == 4


def test_34_quotes_are_no_part_of_names(api: Api) -> None:
    api.send(*case(34))
    account, glue = "snowflake://org-acct", "arn:aws:glue:eu-west-1:123456789012"
    one(api, f'{account}:DB.S."orders"', f"{account}:db.s.orders")
    assert fields(api, f"{account}:db.s.orders") == ["position_source", "amount"]
    assert affected(api, f"{account}:db.s.orders", "amount") == {"DB.S.OUT"}
    assert names(api, glue) == ["table/my-db/orders"]


def test_35_and_80_a_column_in_another_case_is_that_column(api: Api) -> None:
    api.send(*case(35))
    place = "postgres://db35:5432:shop.public"
    for column in ("amount", "AMOUNT"):
        assert affected(api, f"{place}.ORDERS", column) == {"shop.public.out", "shop.public.fin"}
    assert api.get("changes")["items"] == []


@pytest.mark.parametrize("variant", ["v1", "v2", "v3"])
def test_35_column_lineage_may_spell_a_column_in_any_case(api: Api, variant: str) -> None:
    schema, lineage = case(35, variant)
    api.send(schema, lineage)
    output = json.loads(schema)["outputs"][0]
    table = f"{output['namespace']}:{output['name']}"
    (column,) = [name for name in fields(api, table) if name.lower() == "amount"]
    for spelled in (column, "amount", "AMOUNT"):
        assert len(affected(api, table, spelled)) == 1


def test_37_a_dataset_without_a_name_costs_only_itself(api: Api) -> None:
    api.send(*case(37))
    assert names(api, "s3://bucket37") == ["/"]
    assert names(api, "s3://b37") == ["ok"]
    assert len(api.get("runs")["items"]) == 3


def test_38_long_names_are_stored_and_found_whole(api: Api) -> None:
    events = case(38)
    api.send(*events)
    for event in map(json.loads, events):
        job = event["job"]
        assert api.get("runs", namespace=job["namespace"], job=job["name"])["items"]
        assert api.get(f"jobs/{job['namespace']}:{job['name']}")
        for each in (*event["inputs"], *event["outputs"]):
            wanted = {"namespace": each["namespace"], "name": each["name"]}
            assert len(api.get("datasets", **wanted)["items"]) == 1


def test_38_every_long_name_that_was_sent_finds_its_dataset(api: Api) -> None:
    events = case(38, "v2")
    api.send(*events)
    for event in map(json.loads, events):
        for each in (*event["inputs"], *event["outputs"]):
            assert api.get(f"datasets/{each['namespace']}:{each['name']}")["id"]


def test_40_a_field_of_a_struct_has_lineage(api: Api) -> None:
    api.send(*case(40))
    assert "address.geo.lat" in fields(api, "s3://b40:people")
    assert affected(api, "s3://b40:people", "address.city") == {"cities"}


def test_47_none_is_no_database(api: Api) -> None:
    api.send(*case(47))
    assert names(api, "spark://sts47:10000") == ["demo.orders"]


def test_52_a_table_is_found_in_every_case(api: Api) -> None:
    api.send(*case(52))
    table = one(api, *(f"snowflake://acc52:{each}" for each in ("DB.S.ORDERS", "db.s.orders")))
    assert {each["name"] for each in table["names"]} >= {"DB.S.ORDERS", "db.s.orders"}
    one(api, "postgres://DB52:5432:Shop.public.T1", "postgresql://db52:shop.public.t1")


def test_55_a_temporary_folder_is_not_another_dataset_in_every_run(api: Api) -> None:
    api.send(*case(55))
    assert names(api, "gs://tmp55") == [".spark-bigquery-local"]


def test_60_the_failed_instance_of_a_mapped_task_wrote_nothing(api: Api) -> None:
    api.send(*case(60))
    (job,) = api.get("jobs", name="mapd.load")["items"]
    states = {run["map_index"]: run["state"] for run in api.get("runs", job="mapd.load")["items"]}
    assert states[2] == "failed"
    assert job["last_run"]["state"] == "failed"
    fresh = [item["written_at"] is not None for item in api.get("datasets")["items"]]
    assert fresh.count(False) == 1


def test_60_a_table_that_a_failed_instance_should_have_written_has_failed(api: Api) -> None:
    api.send(*case(60, "a"))
    (job,) = api.get("jobs", name="mapva.load")["items"]
    assert job["last_run"]["state"] == "failed"
    (table,) = api.get("datasets")["items"]
    assert table["state"] == "failed"
    assert len(api.get("at-risk")["items"]) == 1


def test_72_a_percent_encoded_path_is_the_file(api: Api) -> None:
    api.send(*case(72))
    assert names(api, "file") == ["/srv/x b.csv"]
    one(api, "file:/srv/x%20b.csv", "file:/srv/x b.csv")


def test_81_no_password_is_left_in_any_text(db: sa.Engine, api: Api) -> None:
    api.send(*case(81))
    assert "x81zz" not in str(absorbing.dump(db))


def test_82_two_spellings_of_one_place_are_one_dataset(api: Api) -> None:
    """All but those of decision 13: a Thrift address, a folder `metadata`, folders of two runs."""
    api.send(*case(82))
    written, read = {}, {}
    for event in map(json.loads, case(82)):
        job, asset = event["job"]["name"], api.get(f"jobs/h82:{event['job']['name']}")
        side = "outputs" if job[0] == "w" else "inputs"
        (written if job[0] == "w" else read)[int(job[1:])] = asset[side][0]["id"]
    assert {pair for pair in written if written[pair] != read[pair]} == {16, 26, 30}


def test_83_five_thousand_partitions_are_one_dataset_with_one_name(api: Api) -> None:
    """The folder describes the event, and has none."""
    parts = [dataset(f"t/dt=2026-01-01/part={number}", "s3://b83") for number in range(5000)]
    api.send(run_event("COMPLETE", "10:00:00", uuid(83), "w83", inputs=parts))
    (table,) = api.get("datasets", namespace="s3://b83")["items"]
    assert table["name"] == "t"
    assert len(api.get(f"datasets/{table['id']}")["names"]) == 1
    assert api.get("datasets/s3://b83:t/dt=2026-01-01/part=4711")["id"] == table["id"]


def test_85_after_a_swap_a_table_has_the_lineage_of_the_one_that_took_its_name(api: Api) -> None:
    api.send(*case(85))
    place = "postgres://r85:5432:d.s"
    one(api, f"{place}.t", f"{place}.t_new")
    for table, job in (("t", "load_new"), ("t_old", "load_old")):
        assert [each["name"] for each in api.get(f"datasets/{place}.{table}")["writers"]] == [job]
    assert affected_by(api, f"{place}.t_new") == {"x"}
    assert affected_by(api, f"{place}.t_old") == set()
