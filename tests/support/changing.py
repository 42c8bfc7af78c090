"""Sixty changes to a repository of DAG SQL and dbt models.

Half of the changes break something downstream, each in another way; the others break nothing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.shop_repository import FILES

# -- changes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    name: str
    edit: Callable[[Path], None]
    rule: str = ""
    """What is found; empty where nothing breaks."""


def replaced(path: str, *pairs: tuple[str, str]) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / path).read_text("utf-8")
        for old, new in pairs:
            assert old in text, (path, old)
            text = text.replace(old, new)
        (root / path).write_text(text, "utf-8")

    return edit


def added(path: str, text: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")

    return edit


def removed(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


def moved(path: str, other: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        (root / path).rename(root / other)

    return edit


def together(*edits: Callable[[Path], None]) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        for each in edits:
            each(root)

    return edit


STAGING, REVENUE, VIPS = "dags/staging.py", "dags/sql/daily_revenue.sql", "dags/sql/vips.sql"
MODELS = "dbt/models"
VALUE, REPORT = f"{MODELS}/marts/customer_value.sql", f"{MODELS}/marts/country_report.sql"
STG_ORDERS = f"{MODELS}/staging/stg_orders.sql"
CONTRACT = "contracts/customers.odcs.yaml"

BREAKING = [
    Change("a column of a view is removed", replaced(VIPS, ("c.name, ", "")), "column-removed"),
    Change("a column of a view is renamed", replaced(VIPS, ("c.email,", "c.email AS mail,")), "column-renamed"),
    Change("a column of a table in Python is removed", replaced(STAGING, (", c.country,", ",")), "column-removed"),
    Change("a column in an f-string is renamed", replaced(STAGING, ("AS email", "AS email_address")), "column-renamed"),
    Change("an INSERT writes one column less", replaced(STAGING, ("customer_id, amount, ordered_at)", "customer_id, ordered_at)"), ("SELECT id, customer_id, amount, ordered_at", "SELECT id, customer_id, ordered_at")), "column-removed"),
    Change("an INSERT writes another column instead", replaced(STAGING, ("customer_id, amount, ordered_at)", "customer_id, total, ordered_at)")), "column-renamed"),
    Change("two values of an INSERT without names change places", replaced(REVENUE, ("SUM(o.amount) AS revenue,\n       COUNT(*) AS orders", "COUNT(*) AS orders,\n       SUM(o.amount) AS revenue")), "positions"),
    Change("an INSERT without names gives one value less", replaced(REVENUE, ("       c.country,\n", "")), "positions"),
    Change("an INSERT without names gets a value in the middle", replaced(REVENUE, ("       c.country,\n", "       c.country,\n       MAX(o.amount) AS largest,\n")), "positions"),
    Change("a column becomes NULL", replaced(VIPS, ("c.email,", "NULL AS email,")), "column-constant"),
    Change("a seed gets another header", replaced("dbt/seeds/regions.csv", ("region", "area")), "column-renamed"),
    Change("a type holds less", replaced(VIPS, ("numeric(14, 2)", "integer")), "column-type"),
    Change("a date becomes a text", replaced(STAGING, ("CAST(c.created_at AS date)", "CAST(c.created_at AS varchar(10))")), "column-type"),
    Change("a type of a declared table holds less", replaced("ddl/tables.sql", ("target numeric(14, 2)", "target numeric(6, 0)")), "column-type"),
    Change("a declared column is removed", replaced("ddl/tables.sql", ("    target numeric(14, 2),\n", "")), "column-removed"),
    Change("a migration drops a column", added("ddl/0002.sql", "ALTER TABLE mart.targets DROP COLUMN target;\n"), "column-removed"),
    Change("a migration renames a column", added("ddl/0002.sql", "ALTER TABLE mart.targets RENAME COLUMN target TO goal;\n"), "column-renamed"),
    Change("a migration drops a table", added("ddl/0002.sql", "DROP TABLE mart.targets;\n"), "table-removed"),
    Change("a table gets another name", replaced(VIPS, ("mart.vips", "mart.best_customers")), "table-removed"),
    Change("a SQL file is removed", removed(REVENUE), "table-removed"),
    Change("a task is removed from a DAG", replaced(STAGING, ("INSERT INTO staging.orders (id, customer_id, amount, ordered_at)", "")), "table-removed"),
    Change("a column of a dbt model is renamed", replaced(VALUE, ("as lifetime_value", "as value")), "column-renamed"),
    Change("a * becomes a list that lacks a column", replaced(f"{MODELS}/staging/stg_customers.sql", ("select *", "select id, name, email, since")), "column-removed"),
    Change("a dbt model becomes ephemeral", replaced(VALUE, ("materialized='table'", "materialized='ephemeral'")), "table-removed"),
    Change("a dbt model gets an alias", replaced(VALUE, ("materialized='table'", "materialized='table', alias='clv'")), "table-removed"),
    Change("a dbt model refers to one that does not exist", replaced(REPORT, ("ref('customer_value')", "ref('customers_value')")), "unknown-model"),
    Change("a comma is missing", replaced(VIPS, ("AS customer_id,", "AS customer_id")), "unreadable"),
    Change("a dbt model is removed", removed(STG_ORDERS), "table-removed"),
    Change("a source is misspelt", replaced(REVENUE, ("staging.orders", "staging.order")), "unknown-table"),
    Change("a contract loses a column", replaced(CONTRACT, ("      - {name: email, physicalType: text}\n", "")), "column-removed"),
    Change("the schema in a constant changes", replaced(STAGING, ('SCHEMA = "staging"', 'SCHEMA = "stage"')), "table-removed"),
    Change("a column that the source does not have is read", replaced(STG_ORDERS, ("amount,", "amount, discount,")), "unknown-column"),
]  # fmt: skip

HARMLESS = [
    Change("blanks and line ends", replaced(VIPS, ("SELECT c.id AS customer_id, c.name,", "SELECT\n    c.id AS customer_id,\n    c.name,\n   "))),
    Change("keywords in small letters", replaced(REVENUE, ("SELECT", "select"), ("FROM", "from"), ("GROUP BY", "group by"))),
    Change("a comment in SQL", replaced(REVENUE, ("-- one row a day and country", "-- One row for each day and country; see the wiki, it's there"))),
    Change("a comment in Python", replaced(STAGING, ("SCHEMA =", "# where the copies go\nSCHEMA ="))),
    Change("another alias for a table", replaced(VIPS, ("staging.customers c ", "staging.customers cu "), ("c.id", "cu.id"), ("c.name", "cu.name"), ("c.email", "cu.email"))),
    Change("another name for a named query", replaced(VIPS, ("spent", "expenses"))),
    Change("a subquery instead of a named query", replaced(VIPS, ("WITH spent AS (\n    SELECT customer_id, SUM(amount) AS total FROM staging.orders GROUP BY customer_id\n)\n", ""), ("FROM spent s", "FROM (SELECT customer_id, SUM(amount) AS total FROM staging.orders GROUP BY customer_id) s"))),
    Change("a column more in a view", replaced(VIPS, ("c.email,", "c.email, c.country,"))),
    Change("a column more in a table of Python", replaced(STAGING, ("c.country,", "c.country, c.created_at,"))),
    Change("a column more in a dbt model", replaced(VALUE, ("sum(orders.amount) as lifetime_value,", "sum(orders.amount) as lifetime_value,\n    count(*) as orders,"))),
    Change("columns of a view in another order", replaced(VIPS, ("c.name, c.email,", "c.email, c.name,"))),
    Change("columns of a named INSERT in another order", replaced(STAGING, ("(id, customer_id, amount, ordered_at)", "(customer_id, id, amount, ordered_at)"), ("SELECT id, customer_id, amount, ordered_at", "SELECT customer_id, id, amount, ordered_at"))),
    Change("names for the columns of an INSERT", replaced(REVENUE, ("INSERT INTO mart.daily_revenue\n", "INSERT INTO mart.daily_revenue (day, country, revenue, orders)\n"))),
    Change("a * becomes the list of all columns", replaced(f"{MODELS}/staging/stg_customers.sql", ("select *", "select id, name, email, country, since"))),
    Change("a type holds more", replaced(VIPS, ("numeric(14, 2)", "numeric(18, 2)"))),
    Change("a text of any length", replaced("ddl/tables.sql", ("country varchar(2)", "country varchar(100)"))),
    Change("a migration adds a column", added("ddl/0002.sql", "ALTER TABLE mart.targets ADD COLUMN author varchar(50);\n")),
    Change("a column that nothing uses is removed", replaced("ddl/tables.sql", (",\n    comment text", ""))),
    Change("another condition", replaced(VIPS, ("> 1000", "> 2000"))),
    Change("a SQL file moves to another folder", together(moved(VIPS, "dags/sql/customers/vips.sql"), replaced("dags/revenue.py", ("sql/vips.sql", "sql/customers/vips.sql")))),
    Change("a new model", added(f"{MODELS}/marts/new.sql", "select country from {{ ref('customer_value') }}\n")),
    Change("another schedule of a DAG", replaced("dags/revenue.py", ('schedule="@daily"', 'schedule="@hourly"'))),
    Change("documentation", replaced("README.md", ("data", "data, and how it flows"))),
    Change("a view for a table in dbt", replaced(VALUE, ("materialized='table'", "materialized='view'"))),
    Change("a column is renamed with all that uses it", together(replaced(STG_ORDERS, ("ordered_at", "ordered_at as placed_at")), replaced(VALUE, ("orders.ordered_at", "orders.placed_at")))),
    Change("a task that makes a new table of a new source", added("dags/returns.py", "SQL = 'INSERT INTO staging.returns (id) SELECT id FROM crm.returns'\n")),
    Change("a seed gets a row", replaced("dbt/seeds/regions.csv", ("AT,", "DE,Europe\nAT,"))),
    Change("the description of a model", added("dbt/models/schema.yml", "models:\n  - name: customer_value\n    description: What a customer spent\n")),
    Change("a test with tables of its own", added("tests/test_sql.py", "SQL = 'CREATE TABLE mart.vips (a int)'\n")),
    Change("a DAG in two files", together(added("dags/orders.py", 'SQL = """INSERT INTO staging.orders (id, customer_id, amount, ordered_at)\nSELECT id, customer_id, amount, ordered_at FROM crm.orders"""\n'), replaced(STAGING, ("INSERT INTO staging.orders (id, customer_id, amount, ordered_at)", "")))),
    Change("a table that is made beside and put in place", replaced(VIPS, ("CREATE OR REPLACE VIEW mart.vips AS", "CREATE TABLE mart.vips_new AS"), ("> 1000;", "> 1000;\nDROP TABLE IF EXISTS mart.vips;\nALTER TABLE mart.vips_new RENAME TO vips;"))),
    Change("the version of a contract", replaced(CONTRACT, ("version: 1.0.0", "version: 1.0.1"))),
]  # fmt: skip


def make_repository(root: Path) -> None:
    """The files as one commit on `main`."""
    for path, text in FILES.items():
        added(path, text)(root)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "The shop's data")


def apply(root: Path, change: Change) -> None:
    """The change as one commit on a branch of its own."""
    git(root, "checkout", "-q", "-B", "change", "main")
    change.edit(root)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", change.name)


def git(root: Path, *arguments: str) -> None:
    identity = [
        "-c",
        "user.name=shop",
        "-c",
        "user.email=shop@example.com",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)
