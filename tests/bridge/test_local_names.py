"""Names of one session, and files that are one table: what they are called in the catalog."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from tests.bridge.asking import Api, names
from tests.support.corpus import FOLDER, needs_corpus
from tests.support.small import dataset, parent, run_event, schema, uuid

KAFKA = "kafka://k:9092"
FLINK = {"jobType": {"integration": "FLINK", "jobType": "JOB", "processingType": "STREAMING"}}


def flink_table(topic: str, table: str, namespace: str = KAFKA) -> dict[str, Any]:
    """A topic as Flink SQL names it: with the table that the session made for it."""
    local = f"default_catalog.default_database.{table}"
    link = {"namespace": namespace, "name": local, "type": "TABLE"}
    return dataset(topic, namespace, symlinks={"identifiers": [link]}, schema=schema("uid", "page"))


def flink(job: str, number: int, source: dict[str, Any], target: dict[str, Any]) -> bytes:
    return run_event("START", "08:00:00", uuid(number), job, namespace="flink", facets=FLINK,
                     inputs=[source], outputs=[target])  # fmt: skip


def test_two_topics_whose_jobs_called_their_tables_alike_are_two_datasets(db: sa.Engine) -> None:
    events = [
        flink("clicks", 1, flink_table("web", "source"), flink_table("web_sum", "sink")),
        flink("payments", 2, flink_table("pay", "source"), flink_table("pay_sum", "sink")),
    ]
    for order in permutations(events):
        api = Api(db)
        api.send(*order)
    found = api.get("datasets", namespace=KAFKA)["items"]
    assert names(found) == ["pay", "pay_sum", "web", "web_sum"]
    assert api.get("lineage", node=f"dataset:{KAFKA}:web", direction="down")["nodes"][-1][
        "name"
    ] == ("web_sum")
    assert api.get("datasets")["next"] is None
    assert len(api.get("datasets")["items"]) == 4, "the session's names are no datasets"


def test_a_topic_that_two_jobs_use_is_one_dataset_whatever_they_call_it(db: sa.Engine) -> None:
    api = Api(db)
    api.send(flink("a", 1, flink_table("web", "t1"), flink_table("clean", "t2")),
             flink("b", 2, flink_table("clean", "clicks"), flink_table("sum", "t1")))  # fmt: skip
    found = api.get("lineage", node=f"dataset:{KAFKA}:web", direction="down", depth=9)
    assert [node["name"] for node in found["nodes"]] == ["web", "a", "clean", "b", "sum"]


def test_a_table_in_no_store_is_another_one_in_every_job(db: sa.Engine) -> None:
    generated = dataset("default_catalog.default_database.gen", "")
    api = Api(db)
    api.send(flink("a", 1, generated, flink_table("x", "x")),
             flink("b", 2, generated, flink_table("y", "y")))  # fmt: skip
    found = [item for item in api.get("datasets")["items"] if item["name"].endswith(".gen")]
    assert [item["namespace"] for item in found] == ["job:flink/a", "job:flink/b"]
    down = api.get("lineage", node=found[0]["node"], direction="down", depth=9)
    assert [node["name"] for node in down["nodes"]] == [found[0]["name"], "a", "x"]


def test_columns_of_a_table_in_no_store_come_from_the_jobs_own(db: sa.Engine) -> None:
    origin = {"namespace": "", "name": "default_catalog.default_database.gen", "field": "uid"}
    lineage = {"fields": {"uid": {"inputFields": [origin]}}}
    target = dataset("x", KAFKA, schema=schema("uid"), columnLineage=lineage)
    api = Api(db)
    api.send(flink("a", 1, dataset(origin["name"], ""), target))
    (column,) = api.get(f"datasets/{KAFKA}:x")["schema_fields"]
    assert [each["dataset"]["namespace"] for each in column["origins"]] == ["job:flink/a"]


def test_a_real_catalogs_table_still_joins_its_location(db: sa.Engine) -> None:
    link = {"namespace": "hive://m:9083", "name": "shop.orders", "type": "TABLE"}
    located = dataset("wh/orders", "s3://b", symlinks={"identifiers": [link]})
    api = Api(db)
    api.send(flink("a", 1, located, flink_table("x", "x")))
    assert api.get("datasets/s3://b:wh/orders")["name"] == "shop.orders"


# --- files of one table -------------------------------------------------------------------------

SPARK_STREAM = {
    "jobType": {"integration": "SPARK", "jobType": "SQL_JOB", "processingType": "STREAMING"}
}
SPARK = {"jobType": {**SPARK_STREAM["jobType"], "processingType": "BATCH"}}
TABLE = schema("user", "page")


def _read(number: int, *files: dict[str, Any], facets: dict[str, Any] = SPARK_STREAM) -> bytes:
    return run_event("COMPLETE", f"08:00:{number:02}", uuid(number), "clicks.scan_json",
                     namespace="spark", facets=facets, run={"parent": parent(uuid(99), "clicks", "spark")},
                     inputs=list(files))  # fmt: skip


@pytest.mark.parametrize("namespace", ["file", "s3://bucket", "abfss://c@a.dfs.core.windows.net"])
def test_each_file_that_a_stream_reads_is_its_folder(db: sa.Engine, namespace: str) -> None:
    api = Api(db)
    api.send(*(_read(n, dataset(f"/in/f{n}.json", namespace, schema=TABLE)) for n in range(1, 9)))
    (folder,) = api.get("datasets")["items"]
    assert folder["name"].strip("/") == "in"
    assert folder["columns"] == 2
    names_of = api.get(f"datasets/{folder['id']}")["names"]
    assert {name["name"].strip("/") for name in names_of} == {"in"}, "files leave no names behind"


def test_files_of_one_folder_and_schema_that_are_read_together_are_their_folder(
    db: sa.Engine,
) -> None:
    api = Api(db)
    files = [dataset(f"/in/orders_{n}.csv", "file", schema=TABLE) for n in range(3)]
    api.send(_read(1, *files, dataset("/in/countries.csv", "file", schema=schema("a", "b")),
                   facets=SPARK))  # fmt: skip
    assert names(api.get("datasets")["items"]) == ["/in", "/in/countries.csv"]


def test_a_single_file_stays_itself_and_so_do_texts_that_are_no_table(db: sa.Engine) -> None:
    api = Api(db)
    api.send(_read(1, dataset("/in/orders.csv", "file", schema=TABLE), facets=SPARK),
             _read(2, dataset("/etc/a.txt", "file", schema=schema("value")),
                   dataset("/etc/b.txt", "file", schema=schema("value")), facets=SPARK))  # fmt: skip
    assert names(api.get("datasets")["items"]) == ["/etc/a.txt", "/etc/b.txt", "/in/orders.csv"]


def test_columns_that_come_from_a_streams_file_come_from_its_folder(db: sa.Engine) -> None:
    origin = {"namespace": "file", "name": "/in/f1.json", "field": "user"}
    target = dataset("/out", "file", schema=schema("user"),
                     columnLineage={"fields": {"user": {"inputFields": [origin]}}})  # fmt: skip
    api = Api(db)
    api.send(run_event("COMPLETE", "08:00:00", uuid(1), "clicks.write", namespace="spark",
                       facets=SPARK_STREAM, inputs=[dataset("/in/f1.json", "file", schema=TABLE)],
                       outputs=[target]))  # fmt: skip
    (column,) = api.get("datasets/file:/out")["schema_fields"]
    assert [each["dataset"]["name"] for each in column["origins"]] == ["/in"]


# --- what real producers send -------------------------------------------------------------------


def _real(*files: str) -> list[bytes]:
    assert FOLDER is not None
    folder = FOLDER / "real-producers-2026"
    return [line for file in files for line in (folder / f"{file}.jsonl").read_bytes().splitlines()]


@needs_corpus
def test_the_topics_of_real_flink_jobs_stay_apart(db: sa.Engine) -> None:
    api = Api(db)
    api.send(
        *_real(
            "flink_sqlkafka", "flink_other_topic", "flink_fail", "flink_batch", "flink_datastream"
        )
    )
    kafka = api.get("datasets", namespace="kafka://127.0.0.1:29092")["items"]
    assert names(kafka) == ["clicks", "clicks_big", "clicks_copy", "payments", "payments_sum"]
    down = api.get("lineage", node=kafka[0]["node"], direction="down", depth=9)["nodes"]
    assert not [node for node in down if "payments" in node["name"]]


@needs_corpus
def test_a_real_stream_reads_one_folder(db: sa.Engine) -> None:
    api = Api(db)
    api.send(*_real("spark_stream"))
    found = names(api.get("datasets")["items"])
    assert found == ["/srv/lab/stream/in", "/srv/lab/stream/out", "/srv/lab/stream/pages"]
