"""What SQL reads and writes: tables, and column by column. Needs sqlglot (`pip install fairlead[sql]`).

from fairlead.sql import read
read("INSERT INTO t (a) SELECT b FROM s", "postgres").columns
"""

from __future__ import annotations

from fairlead.sql.dialects import dialect_of
from fairlead.sql.names import Columns, Source, Table
from fairlead.sql.queries import Describe
from fairlead.sql.reading import Reading, read, selected

__all__ = ["Columns", "Describe", "Reading", "Source", "Table", "dialect_of", "read", "selected"]
