"""Which source columns each column of a query depends on, seen by executing it: a small shop in SQLite."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator

from fairlead_sdk.sql import Reading, Table

SCHEMA = {
    "customer": ["c_id", "c_name", "c_nation", "c_segment", "c_balance"],
    "orders": ["o_id", "o_customer", "o_day", "o_priority", "o_total"],
    "item": ["i_order", "i_part", "i_quantity", "i_price", "i_discount", "i_flag", "i_ship"],
    "part": ["p_id", "p_brand", "p_size", "p_cost"],
    "nation": ["n_id", "n_name", "n_region"],
}
KEYS = {
    "o_customer": "customer",
    "i_order": "orders",
    "i_part": "part",
    "c_nation": "nation",
}
ROWS = {"customer": 12, "orders": 40, "item": 120, "part": 10, "nation": 4}

QUERIES = {
    "pricing summary": """
        SELECT i_flag, sum(i_quantity) AS quantity, sum(i_price * (1 - i_discount / 100.0)) AS revenue,
               avg(i_discount) AS discount, count(*) AS n
        FROM item WHERE i_ship <= 60 GROUP BY i_flag ORDER BY i_flag""",
    "shipping priority": """
        SELECT o.o_id, sum(i.i_price * i.i_quantity) AS revenue, o.o_day, o.o_priority
        FROM customer c JOIN orders o ON o.o_customer = c.c_id JOIN item i ON i.i_order = o.o_id
        WHERE c.c_segment < 3 AND o.o_day < 80 GROUP BY o.o_id, o.o_day, o.o_priority""",
    "revenue by nation": """
        SELECT n.n_name AS nation, x.revenue
        FROM (SELECT c_nation, sum(o_total) AS revenue FROM customer, orders
              WHERE o_customer = c_id GROUP BY c_nation) x
        JOIN nation n ON n.n_id = x.c_nation""",
    "share of a brand": """
        SELECT o.o_priority AS priority,
               sum(CASE WHEN p.p_brand = 2 THEN i.i_price ELSE 0 END) AS brand,
               sum(i.i_price) AS whole
        FROM item i JOIN orders o ON i.i_order = o.o_id JOIN part p ON p.p_id = i.i_part
        GROUP BY o.o_priority""",
    "late items by a subquery": """
        SELECT c_name, (SELECT max(o_total) FROM orders WHERE o_customer = c_id) AS largest,
               (SELECT count(*) FROM orders WHERE o_customer = c_id AND o_priority > 2) AS urgent
        FROM customer""",
    "rank in a segment": """
        SELECT c_id, c_segment, row_number() OVER (PARTITION BY c_segment ORDER BY c_balance, c_id) AS place,
               c_balance - avg(c_balance) OVER (PARTITION BY c_segment) AS above
        FROM customer""",
    "running total": """
        SELECT o_customer, o_day, o_id,
               sum(o_total) OVER (PARTITION BY o_customer ORDER BY o_day, o_id) AS so_far FROM orders""",
    "union of two sources": """
        SELECT c_id AS id, c_balance AS amount, 'customer' AS kind FROM customer
        UNION ALL SELECT o_id, o_total * 2, 'order' FROM orders WHERE o_priority = 1""",
    "named queries": """
        WITH big AS (SELECT o_customer AS k, sum(o_total) AS total FROM orders GROUP BY o_customer),
             best AS (SELECT k, total, total > 12 AS is_best FROM big)
        SELECT c.c_name, b.total, b.is_best FROM customer c LEFT JOIN best b ON b.k = c.c_id""",
    "a star through two levels": """
        SELECT * FROM (SELECT p.*, p_cost * p_size AS worth FROM part p) WHERE p_size > 3""",
    "exists": """
        SELECT o_id, o_total FROM orders o
        WHERE EXISTS (SELECT 1 FROM item i WHERE i.i_order = o.o_id AND i.i_quantity > 8)""",
    "coalesce of a left join": """
        SELECT p.p_id, coalesce(s.sold, 0) AS sold, coalesce(s.worth, p.p_cost) AS worth
        FROM part p LEFT JOIN (SELECT i_part, sum(i_quantity) AS sold, sum(i_price) AS worth
                               FROM item WHERE i_flag = 1 GROUP BY i_part) s ON s.i_part = p.p_id""",
    "recursion": """
        WITH RECURSIVE chain(id, day, depth) AS (
            SELECT o_id, o_day, 1 FROM orders WHERE o_id = 1
            UNION ALL SELECT o.o_id, o.o_day, c.depth + 1 FROM orders o JOIN chain c ON o.o_id = c.id + 1
            WHERE c.depth < 5)
        SELECT id, day, depth FROM chain""",
    "having and distinct": """
        SELECT DISTINCT o_priority, o_customer FROM orders
        GROUP BY o_priority, o_customer HAVING sum(o_total) > 100""",
    "using": """
        SELECT id, n, o_total FROM (SELECT c_id AS id, c_name AS n FROM customer)
        JOIN (SELECT o_customer AS id, o_total FROM orders) USING (id)""",
    "except": """
        SELECT c_id FROM customer EXCEPT SELECT o_customer FROM orders WHERE o_total > 40""",
}


def describe(table: Table) -> dict[str, str] | None:
    return dict.fromkeys(SCHEMA[table.name], "") if table.name in SCHEMA else None


def predicted(reading: Reading) -> tuple[dict[str, set[str]], set[str]]:
    """What is named for each output column, and for all of them."""
    [columns] = reading.columns.values()
    direct = {
        name: {s.column for s in sources if s.column != "*"} for name, sources in columns.items()
    }
    return direct, {s.column for found in reading.indirect.values() for s in found}


def observed(query: str, rounds: int) -> tuple[list[str], dict[str, set[str]]]:
    names: list[str] = []
    seen: dict[str, set[str]] = {}
    for number in range(rounds):
        chance = random.Random(number)
        data = {table: list(_rows(table, chance)) for table in SCHEMA}
        names, before = _run(query, data)
        for table, columns in SCHEMA.items():
            for index, column in enumerate(columns):
                _, after = _run(query, {**data, table: _changed(data[table], index, chance)})
                for name in names:
                    if before[name] != after[name]:
                        seen.setdefault(name, set()).add(column)
    return names, {name: seen.get(name, set()) for name in names}


def _rows(table: str, chance: random.Random) -> Iterator[list[int]]:
    for number in range(1, ROWS[table] + 1):
        row = []
        for index, column in enumerate(SCHEMA[table]):
            if index == 0 and column not in KEYS:
                row.append(number)
            elif column in KEYS:
                row.append(chance.randint(1, ROWS[KEYS[column]]))
            else:
                row.append(chance.randint(0, 9) if index % 2 else chance.randint(0, 99))
        yield row


def _changed(rows: list[list[int]], index: int, chance: random.Random) -> list[list[int]]:
    """Other values in one column, some of them for some rows."""
    return [[*row[:index], row[index] + chance.randint(0, 3), *row[index + 1 :]] for row in rows]


def _run(
    query: str, data: dict[str, list[list[int]]]
) -> tuple[list[str], dict[str, Counter[object]]]:
    with sqlite3.connect(":memory:") as connection:
        for table, columns in SCHEMA.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", data[table])
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    connection.close()
    return names, {n: Counter(row[i] for row in rows) for i, n in enumerate(names)}
