"""
The rules, in the order they run: a name, whether it is on, and a function from spelling to spelling.

Each has a page of before and after in tests/bridge/identity; docs/reference/identity.md says what
they are for. A rule that has nothing to say returns what it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fairlead_bridge.letters import FOLDING
from fairlead_bridge.mapping.identity import addresses, paths, tables
from fairlead_bridge.mapping.identity.spelling import (
    Spelling,
    scheme,
)


class Rule(NamedTuple):
    name: str
    on: bool  # unless a setting says otherwise
    apply: Callable[[Spelling], Spelling]


RULES: tuple[Rule, ...] = (
    Rule("trim", True, addresses.trim),
    Rule("driver", True, addresses.driver),
    Rule("synonyms", True, addresses.synonyms),
    Rule("mariadb", False, addresses.mariadb),
    Rule("azure_blob", False, addresses.azure_blob),
    Rule("databricks", False, addresses.databricks),
    Rule("ports", True, addresses.ports),
    Rule("bare", True, addresses.bare),
    Rule("no_database", True, addresses.no_database),
    Rule("database", True, addresses.database),
    Rule("snowflake", True, addresses.snowflake),
    Rule("redshift", True, addresses.redshift),
    Rule("web_address", True, paths.web_address),
    Rule("file", True, paths.file),
    Rule("local_database", True, paths.local_database),
    Rule("slashes", True, paths.slashes),
    Rule("keys", True, paths.keys),
    Rule("hosts", True, addresses.hosts),
    Rule("percent", True, paths.percent),
    Rule("globs", True, paths.globs),
    Rule("partition_keys", True, paths.partition_keys),
    Rule("partition_dates", True, paths.partition_dates),
    Rule("table_files", True, paths.table_files),
    Rule("quotes", True, tables.quotes),
    Rule("bigquery_shards", True, tables.bigquery_shards),
)


#: Not a function on spellings: it makes the key, and leaves the name as people write it.
FOLD = "fold"


def fold(namespace: str, name: str) -> str:
    """The name as its engine compares it."""
    return name.lower() if scheme(namespace) in FOLDING else name
