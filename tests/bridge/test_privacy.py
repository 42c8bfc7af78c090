"""Where personal data is, and where it comes to."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fairlead_bridge.queries import privacy
from fairlead_bridge.queries.columns import WHOLE, Origin
from tests.bridge.asking import Api, wrote
from tests.bridge.small import dataset

LOAD = 7
DB = "postgres://h:5432"


def origin(target: tuple[int, str], source: tuple[int, str], **way: object) -> Origin:
    told = {"type": "DIRECT", "subtype": "IDENTITY", **way}
    return Origin(*target, *source, (told,), LOAD)


def flow(tagged: dict[int, list[str]], *origins: Origin) -> privacy.Flow:
    return privacy.flow(tagged, [((each.source_id, each.source_column), each) for each in origins])


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
    assert privacy.is_personal({"key": key, "value": value}) is personal


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
    told = {
        "fields": {
            "mail": {"inputFields": [{"namespace": DB, "name": "s.people", "field": "EMAIL"}]}
        }
    }
    api.tell(
        *wrote("load", dataset("s.people", schema={"fields": fields}, tags={"tags": tags})),
        *wrote("send", dataset("s.mails", columnLineage=told), reads=("s.people",)),
    )
    node = f"dataset:{DB}:s.people"
    (listed,) = (i for i in api.get("datasets")["items"] if i["name"] == "s.people")
    detail = api.get(f"datasets/{DB}:s.people")
    (card,) = (c for c in api.get("graph", node=node)["cards"] if c["node"] == node)
    (under_lens,) = (
        c for c in api.get("graph", node=node, flows="personal")["cards"] if c["node"] == node
    )
    expected = ["address", "email"]
    assert listed["personal"] == detail["personal"] == card["personal"] == expected
    assert under_lens["personal"] == expected
    lens = api.get("graph", node=node, flows="personal")["cards"]
    assert {c["name"]: c["personal_reached"] for c in lens if c["personal_reached"]} == {
        "s.mails": ["mail"]
    }
    columns = [c["name"] for c in detail["schema_fields"] if c["personal"]]
    assert columns == ["EMAIL", "address", "address.city"]
    walked = api.get("lineage/columns", dataset=f"{DB}:s.people", column="*")["nodes"]
    assert {n["column"] for n in walked if n["name"] == "s.people" and n["personal"]} == {"EMAIL"}
    assert "2 personal" in api.http.get("/api/v1/graph.svg", params={"node": node}).text


def test_tags_of_columns_are_labels_filters_and_found(db: sa.Engine) -> None:
    api = Api(db)
    tags = [{"key": "pii.email", "field": "email"}, {"key": "gold"}]
    api.tell(*wrote("load", dataset("s.people", tags={"tags": tags}), "s.other"))
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
