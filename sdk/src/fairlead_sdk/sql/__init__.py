"""What SQL reads and writes: tables, and column by column. Needs sqlglot (`pip install fairlead-sdk[sql]`).

from fairlead_sdk.sql import read
read("INSERT INTO t (a) SELECT b FROM s", "postgres").columns
"""

from __future__ import annotations

from fairlead_sdk.sql.dialects import dialect_of
from fairlead_sdk.sql.names import Columns, Source, Table, alike
from fairlead_sdk.sql.queries import Describe
from fairlead_sdk.sql.reading import read, selected
from fairlead_sdk.sql.result import Reading
from fairlead_sdk.sql.shapes import Alteration, Column, Shape, Shapes, shapes_of

__all__ = [
    "Alteration",
    "Column",
    "Columns",
    "Describe",
    "Reading",
    "Shape",
    "Shapes",
    "Source",
    "Table",
    "alike",
    "dialect_of",
    "read",
    "selected",
    "shapes_of",
]
