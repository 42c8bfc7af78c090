"""The user's rules of identity: they have the last word, and show what they would join."""

from __future__ import annotations

import pytest

from fairlead_bridge.errors import BadSettings
from fairlead_bridge.mapping import rules_file
from fairlead_bridge.mapping.duplicates import possible_duplicates, would_merge
from fairlead_bridge.mapping.identity import Normaliser

FILE = r"""
off = ["bigquery_shards"]
on = ["mariadb"]

[[host]]
from = ["db1.corp", "10.0.0.5", "db-old.corp:5433"]
to = "db.corp"

[[host]]
scheme = "kafka"
from = ["b1", "b2", "b3"]
to = "prod:9092"

[[host]]
from = ["xy12345.eu-central-1.aws"]
to = "org-acct"

[[namespace]]
match = 'postgres://replica-\d+\.corp:5432'
to = 'postgres://db.corp:5432'

[[name]]
namespace = 's3://lake'
match = '(.*)/v\d+'
to = '\1'

[[alias]]
from = { namespace = "hive://metastore:9083", name = "Shop.Orders" }
to = { namespace = "s3a://lake/", name = "/shop/orders/" }
"""


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("postgres://DB1.corp", "d.s.t", ("postgres://db.corp:5432", "d.s.t")),
        ("postgresql://10.0.0.5:6432/d", "s.t", ("postgres://db.corp:6432", "d.s.t")),
        ("postgres://db-old.corp:5433", "d.s.t", ("postgres://db.corp:5433", "d.s.t")),
        ("postgres://db-old.corp:5432", "d.s.t", ("postgres://db-old.corp:5432", "d.s.t")),
        ("kafka://b2,b1:9092", "t", ("kafka://prod:9092", "t")),
        ("kafka://b3:9093", "t", ("kafka://prod:9092", "t")),
        ("cassandra://b3", "k.t", ("cassandra://b3:9042", "k.t")),
        ("snowflake://XY12345.eu-central-1", "D.S.T", ("snowflake://org-acct", "D.S.T")),
        ("postgres://replica-7.corp", "d.s.t", ("postgres://db.corp:5432", "d.s.t")),
        ("s3a://lake", "shop/orders/v2/", ("s3://lake", "shop/orders")),
        ("s3://other", "shop/orders/v2", ("s3://other", "shop/orders/v2")),
        ("hive://metastore:9083", "shop.orders", ("s3://lake", "shop/orders")),
        ("mariadb://h", "d.t", ("mysql://h:3306", "d.t")),
        ("bigquery", "p.d.t_20261101", ("bigquery", "p.d.t_20261101")),
    ],
)
def test_the_users_rules_have_the_last_word(
    namespace: str, name: str, expected: tuple[str, str]
) -> None:
    normalise = rules_file.normaliser(FILE)
    identity = normalise(namespace, name)
    assert (identity.namespace, identity.name) == expected
    again = normalise(identity.namespace, identity.name)
    assert again[:3] == identity[:3]


def test_brokers_that_a_rule_made_one_are_no_other_names() -> None:
    assert rules_file.normaliser(FILE)("kafka://b2,b1", "t").also == ()


def test_an_empty_file_changes_nothing() -> None:
    place = ("postgresql://h/d", "s.t")
    assert rules_file.normaliser("")(*place) == Normaliser()(*place)


CIRCLE = """
[[alias]]
from = { namespace = "n", name = "a" }
to = { namespace = "n", name = "b" }

[[alias]]
from = { namespace = "n", name = "b" }
to = { namespace = "n", name = "a" }
"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[host]", "cannot be read"),
        ("[[hosts]]\nto = 'x'", "unknown field `hosts`"),
        ("[[host]]\nto = 'x'", "missing required field `from`"),
        ("off = ['casing']", "no identity rule 'casing'"),
        ("[[name]]\nmatch = '('\nto = ''", r"\[\[name\]\] match = '\('"),
        ("[[name]]\nmatch = 'x'\nto = '\\1'", r"\[\[name\]\] to = .*invalid group reference"),
        ("[[namespace]]\nmatch = 'x'\nto = '\\g<a>'", "unknown group name"),
        (
            CIRCLE,
            "comes back to itself",
        ),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(BadSettings, match=reason):
        rules_file.normaliser(text)


def test_a_dry_run_says_what_would_be_one() -> None:
    names = [
        ("postgres://db1.corp:5432", "d.s.t"),
        ("postgres://replica-1.corp:5432", "d.s.T"),
        ("postgres://db.corp:5432", "d.s.other"),
        ("s3://lake", "shop/orders"),
        ("hive://metastore:9083", "shop.orders"),
    ]
    assert would_merge(names, Normaliser()) == []
    found = would_merge(names, rules_file.normaliser(FILE))
    assert [merge.names for merge in found] == [
        (("postgres://db1.corp:5432", "d.s.t"), ("postgres://replica-1.corp:5432", "d.s.T")),
        (("hive://metastore:9083", "shop.orders"), ("s3://lake", "shop/orders")),
    ]
    assert found[0].identity.namespace == "postgres://db.corp:5432"


def test_the_same_tables_name_with_the_same_columns_elsewhere_may_be_a_duplicate() -> None:
    orders = {"id", "amount", "day"}
    copied = {"Id", "Amount", "Day", "LoadedAt"}
    tables = {
        ("postgres://h:5432", "shop.public.orders"): orders,
        ("s3://lake", "shop/Orders"): copied,
        ("s3://lake", "shop/customers"): orders,
        ("mysql://h:3306", "crm.orders"): {"order_no", "vendor"},
        ("mysql://h:3306", "old.orders"): set[str](),
    }
    assert possible_duplicates(tables) == [
        (("postgres://h:5432", "shop.public.orders"), ("s3://lake", "shop/Orders"))
    ]


def test_tables_of_one_namespace_are_no_duplicates() -> None:
    tables = {("postgres://h:5432", f"shop.tenant_{each}.orders"): {"id"} for each in range(500)}
    assert possible_duplicates(tables) == []
