"""Where personal data is, and where it comes to."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from fairlead_bridge.db.engine import reading
from fairlead_bridge.insight.personal import USUAL
from fairlead_bridge.queries import assets, personal, privacy
from fairlead_bridge.queries.columns import WHOLE, Origin
from fairlead_bridge.queries.snapshot import Snapshot
from tests.bridge.asking import Api, wrote
from tests.support.small import dataset

LOAD = 7
DB = "postgres://h:5432"


def origin(target: tuple[int, str], source: tuple[int, str], **way: object) -> Origin:
    reported = {"type": "DIRECT", "subtype": "IDENTITY", **way}
    return Origin(*target, *source, (reported,), LOAD)


def flow(tagged: dict[int, list[str]], *origins: Origin) -> privacy.Flow:
    follow = [((each.source_id, each.source_column), each) for each in origins]
    return privacy.flow(tagged, follow, {})


@pytest.mark.parametrize(
    ("key", "value", "personal"),
    [
        ("pii", "true", True),
        ("PII.Sensitive", None, True),
        ("classification", "personal-data", True),
        ("gdpr", "email", True),
        ("pii", "false", False),
        ("PII.None", None, False),
        ("piiless", None, False),
        ("gold", "yes", False),
    ],
)
def test_tags_say_personal_data_in_many_spellings(
    key: str, value: str | None, personal: bool
) -> None:
    assert USUAL.is_personal({"key": key, "value": value}) is personal


def test_personal_data_is_followed_through_every_column_that_carries_it() -> None:
    found = flow(
        {1: ["email"]},
        origin((2, "mail"), (1, "email")),
        origin((3, "contact"), (2, "mail"), subtype="TRANSFORMATION"),
        origin((3, "amount"), (2, "amount")),
    )
    assert found.reached == {2: {"mail"}, 3: {"contact"}}
    assert found.carried == {(1, LOAD, 2), (2, LOAD, 3)}


def test_it_ends_where_it_is_masked_and_where_it_only_filters() -> None:
    found = flow(
        {1: ["email"]},
        origin((2, "hash"), (1, "email"), masking=True),
        origin((3, "hash"), (2, "hash")),
        origin((2, "total"), (1, "email"), type="INDIRECT", subtype="FILTER"),
    )
    assert found.reached == {}
    assert found.masked == {2: {"hash"}}


def test_a_dataset_that_is_personal_as_a_whole_is_so_in_every_column() -> None:
    assert flow({1: [WHOLE]}, origin((2, "a"), (1, "x"))).reached == {2: {"a"}}


def test_circles_end() -> None:
    found = flow({1: ["a"]}, origin((2, "a"), (1, "a")), origin((1, "a"), (2, "a")))
    assert found.reached == {2: {"a"}}


def test_personal_data_of_a_dataset_is_the_same_in_every_answer(db: sa.Engine) -> None:
    """A tag in another case, on a struct, and on a column that only lineage knows."""
    api = Api(db)
    inner = [{"name": "city", "type": "text"}]
    fields = [
        {"name": "EMAIL", "type": "text"},
        {"name": "address", "type": "struct", "fields": inner},
        {"name": "amount", "type": "int"},
    ]
    tags = [{"key": "pii", "field": "email"}, {"key": "class", "value": "GDPR", "field": "address"}]
    reported = {
        "fields": {
            "mail": {"inputFields": [{"namespace": DB, "name": "s.people", "field": "EMAIL"}]}
        }
    }
    api.send(
        *wrote("load", dataset("s.people", schema={"fields": fields}, tags={"tags": tags})),
        *wrote("send", dataset("s.mails", columnLineage=reported), reads=("s.people",)),
    )
    node = f"dataset:{DB}:s.people"
    (listed,) = (i for i in api.get("datasets")["items"] if i["name"] == "s.people")
    detail = api.get(f"datasets/{DB}:s.people")
    (card,) = (c for c in api.get("graph", node=node)["cards"] if c["node"] == node)
    expected = ["address", "email"]
    assert listed["personal"] == detail["personal"] == card["personal"] == expected
    columns = [c["name"] for c in detail["schema_fields"] if c["personal"]]
    assert columns == ["EMAIL", "address", "address.city"]
    walked = api.get("lineage/columns", dataset=f"{DB}:s.people", column="*")["nodes"]
    assert {n["column"] for n in walked if n["name"] == "s.people" and n["personal"]} == {"EMAIL"}
    assert "2 personal" in api.http.get("/api/v1/graph.svg", params={"node": node}).text


def test_what_column_lineage_brings_is_the_same_in_every_answer(db: sa.Engine) -> None:
    """Two hops from the tag, asked for where neither the tag nor the way to it is shown."""
    api = Api(db)
    hashed = [{"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}]
    tags = {"tags": [{"key": "pii.email", "field": "email"}]}
    owners = {"owners": [{"name": "crm"}]}
    api.send(
        *wrote("a", dataset("s.people", tags=tags, ownership=owners)),
        *wrote("b", dataset("s.mails", columnLineage=made(mail=("s.people", "email")))),
        *wrote(
            "c",
            dataset(
                "s.report",
                schema={"fields": [{"name": "address"}, {"name": "key"}, {"name": "total"}]},
                columnLineage=made(
                    address=("s.mails", "mail"),
                    key=("s.mails", "mail", hashed),
                    total=("s.mails", "n"),
                ),
            ),
        ),
    )
    expected = {"personal": [], "personal_reached": ["address"], "personal_masked": ["key"]}
    node = f"dataset:{DB}:s.report"
    (listed,) = api.get("datasets", name="s.report")["items"]
    detail = api.get(f"datasets/{DB}:s.report")
    (card,) = api.get("graph", node=node, up=0, down=0)["cards"]
    for answer in (listed, detail, card):
        assert {name: answer[name] for name in expected} == expected
    kinds = {column["name"]: column["personal_kind"] for column in detail["schema_fields"]}
    assert kinds == {"address": "reached", "key": "masked", "total": None}
    walked = api.get("lineage/columns", dataset=f"{DB}:s.report", column="address")["nodes"]
    assert {n["column"]: n["personal_kind"] for n in walked} == {
        "address": "reached",
        "mail": "reached",
        "email": "tagged",
    }
    places = [("s.mails", "mail", "reached"), ("s.people", "email", "tagged")]
    places += [("s.report", "address", "reached"), ("s.report", "key", "masked")]
    whole = api.pages("personal-data", limit=1)
    assert [(i["dataset"]["name"], i["column"], i["kind"]) for i in whole] == places
    assert api.get("personal-data", limit=2)["total"] == 4
    text = api.http.get("/api/v1/personal-data.csv").text
    assert text.splitlines()[2] == f"{DB},s.people,email,tagged,pii.email,crm,"
    assert len(text.splitlines()) == 5


def test_personal_data_is_listed_by_classification_and_owner(db: sa.Engine) -> None:
    api = Api(db)
    tags = [{"key": "pii.email", "field": "email"}, {"key": "gdpr", "value": "phone", "field": "p"}]
    api.send(
        *wrote("a", dataset("s.people", tags={"tags": tags})),
        *wrote("b", dataset("s.calls", columnLineage=made(number=("s.people", "p")))),
        *wrote(
            "c", dataset("s.old", tags={"tags": tags[:1]}, ownership={"owners": [{"name": "x"}]})
        ),
    )

    def listed(**asked: str) -> list[tuple[str, str]]:
        items = api.get("personal-data", **asked)["items"]
        return [(item["dataset"]["name"], item["column"]) for item in items]

    assert listed(classification="phone") == [("s.calls", "number"), ("s.people", "p")]
    assert listed(owner="x") == [("s.old", "email")]
    assert listed(classification="gold") == []


def test_what_reaches_a_dataset_is_what_the_whole_catalog_says(db: sa.Engine) -> None:
    """From above for one dataset, from the tags down for all: the same, also in circles."""
    api = Api(db)
    dice = random.Random(11)
    for each in range(40):
        columns = {f"c{n}": (f"s.t{dice.randrange(40)}", f"c{dice.randrange(4)}") for n in range(4)}
        tags = {"tags": [{"key": "pii", "field": "c0"}] if each % 13 == 0 else []}
        api.send(
            *wrote(f"j{each}", dataset(f"s.t{each}", tags=tags, columnLineage=made(**columns)))
        )
    with reading(db) as tx:
        snapshot = Snapshot(tx, api.micros, 86_400.0)
        whole = personal.everywhere(snapshot)
        assert len(whole.assets) > 5
        for id in range(40):
            asset = assets.find_asset(snapshot, f"{DB}:s.t{id}")
            assert asset is not None
            assert personal.of(snapshot, [asset]).of(asset.id) == whole.of(asset.id)


def made(**columns: tuple[Any, ...]) -> dict[str, Any]:
    """columnLineage: each column from (table, column), with transformations if there are any."""
    return {
        "fields": {
            name: {
                "inputFields": [
                    {
                        "namespace": DB,
                        "name": origin[0],
                        "field": origin[1],
                        "transformations": origin[2] if origin[2:] else [],
                    }
                ]
            }
            for name, origin in columns.items()
        }
    }


def test_tags_of_columns_are_labels_filters_and_found(db: sa.Engine) -> None:
    api = Api(db)
    tags = [{"key": "pii.email", "field": "email"}, {"key": "gold"}]
    api.send(*wrote("load", dataset("s.people", tags={"tags": tags}), "s.other"))
    assert api.get("labels")["tags"] == [
        {"name": "gold", "datasets": 1},
        {"name": "pii.email", "datasets": 1},
    ]
    listed = api.get("datasets", tag="pii.email")["items"]
    assert [item["name"] for item in listed] == ["s.people"]
    hits = api.get("search", q="PII")["items"]
    assert [(hit["kind"], hit["name"], hit["detail"]) for hit in hits] == [
        ("column", "s.people", "email")
    ]
    assert [hit["kind"] for hit in api.get("search", q="gold")["items"]] == ["dataset"]
