"""
Metabase's questions and dashboards, from what its REST API answers, in one JSON file.

    {"metabase": "https://bi.shop.example",
     "databases": [GET /api/database/ID/metadata, ...],
     "cards": GET /api/card, "dashboards": [GET /api/dashboard/ID, ...]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead_bridge.declaring import bi
from fairlead_bridge.declaring.bi import Chart, Table
from fairlead_bridge.declaring.lines import Path
from fairlead_bridge.declaring.nouns import Declared, Ref
from fairlead_bridge.errors import WrongDeclaration

#: Engines that namespaces call otherwise.
_ENGINES = {"sparksql": "hive", "presto-jdbc": "presto", "bigquery-cloud-sdk": "bigquery"}


def is_export(content: Any) -> bool:
    return isinstance(content, dict) and "metabase" in content


class _Tables:
    """The tables of all databases by their ids, and the fields with the table that has them."""

    def __init__(self, content: Mapping[str, Any], namespace: str) -> None:
        self.tables: dict[Any, Table] = {}
        self.fields: dict[Any, tuple[Table, str]] = {}
        for at, database in bi.listed(content, "databases"):
            place, name = _place(database, namespace, at)
            for given in database.get("tables") or ():
                parts = (name, given.get("schema"), given.get("name"))
                ref = Ref("dataset", place, ".".join(str(each) for each in parts if each))
                fields = {
                    each.get("id"): str(each.get("name")) for each in given.get("fields") or ()
                }
                table = Table(ref, tuple(fields.values()))
                self.tables[given.get("id")] = table
                self.fields |= {id: (table, column) for id, column in fields.items()}


def declared(content: Mapping[str, Any], namespace: str) -> Iterator[tuple[Path, Declared]]:
    """
    The questions and dashboards; `namespace` is that of databases that do not say where they are.

    Raises WrongDeclaration.
    """
    address, space = bi.server(content, "metabase")
    tables = _Tables(content, namespace)
    charts: dict[Any, Chart] = {}
    cards = {
        bi.needed(each, "id", at): (at, each)
        for at, each in bi.listed(content, "cards")
        if not each.get("archived")
    }
    for id, (at, each) in cards.items():
        chart = Chart(
            Ref("dataset", space, f"questions/{id}"),
            str(each.get("name") or id),
            f"{address}/question/{id}",
            each.get("description") or None,
            _owner(each),
        )
        _query(chart, each, tables, cards, space)
        charts[id] = chart
        yield at, chart.declared
    for at, each in bi.listed(content, "dashboards"):
        id = bi.needed(each, "id", at)
        shown = each.get("dashcards") or each.get("ordered_cards") or ()
        ids = dict.fromkeys(card.get("card_id") for card in shown)
        yield (
            at,
            bi.dashboard(
                Ref("dataset", space, f"dashboards/{id}"),
                str(each.get("name") or id),
                f"{address}/dashboard/{id}",
                _owner(each),
                each.get("description") or None,
                [charts[card] for card in ids if card in charts],
            ),
        )


def _place(database: Mapping[str, Any], namespace: str, at: Path) -> tuple[str, str]:
    details = database.get("details")
    details = details if isinstance(details, dict) else {}
    engine = str(database.get("engine") or "")
    host, port = details.get("host"), details.get("port")
    name = str(details.get("dbname") or details.get("db") or "")
    if host:
        return f"{_ENGINES.get(engine, engine)}://{host}{f':{port}' if port else ''}", name
    if not namespace:
        raise WrongDeclaration(
            at,
            "it has no `details` with its host, which only admins see; give --namespace "
            "postgres://db:5432",
        )
    return namespace, name or str(database.get("name") or "")


def _query(
    chart: Chart, card: Mapping[str, Any], tables: _Tables, cards: Mapping[Any, Any], space: str
) -> None:
    """What the question reads: each field that its query names, or tables alone where SQL is written."""
    query = card.get("dataset_query")
    query = query if isinstance(query, dict) else {}
    inner = query.get("query")
    if not isinstance(inner, dict):  # SQL: which tables it reads is not known
        chart.is_whole = False
        return
    for source in _sources(inner):
        if isinstance(source, str) and source.startswith("card__"):
            id = int(source.removeprefix("card__")) if source[6:].isdigit() else None
            chart.is_whole = False  # columns of another question are named, not numbered
            if id in cards:
                chart.tables.append(Table(Ref("dataset", space, f"questions/{id}")))
        elif source in tables.tables:
            chart.tables.append(tables.tables[source])
        else:
            chart.is_whole = False
    named = [each for each in _fields(inner) if each is not None]
    for field in named:
        if field not in tables.fields:
            chart.is_whole = False
            continue
        table, column = tables.fields[field]
        if all(table.ref != each.ref for each in chart.tables):
            chart.tables.append(table)  # through a foreign key
        chart.reads(table, column, [column], "TRANSFORMATION")
    if not inner.get("fields") and not inner.get("aggregation"):  # all columns of its tables
        for table in chart.tables:
            chart.is_whole = chart.is_whole and bool(table.columns)
            for column in table.columns:
                chart.reads(table, column, [column], "IDENTITY")


def _sources(query: Mapping[str, Any]) -> Iterator[Any]:
    if "source-table" in query:
        yield query["source-table"]
    if isinstance(query.get("source-query"), dict):
        yield from _sources(query["source-query"])
    for join in query.get("joins") or ():
        yield from _sources(join)


def _fields(part: Any) -> Iterator[Any]:
    """The ids of fields in a query: `["field", 42, null]`, and `["field-id", 42]` of older ones."""
    if isinstance(part, list):
        if len(part) > 1 and part[0] in ("field", "field-id") and not isinstance(part[1], list):
            yield part[1] if isinstance(part[1], int) else None
        for each in part:
            yield from _fields(each)
    elif isinstance(part, dict):
        for each in part.values():
            yield from _fields(each)


def _owner(of: Mapping[str, Any]) -> tuple[str, ...]:
    creator = of.get("creator")
    creator = creator if isinstance(creator, dict) else {}
    name = creator.get("common_name") or creator.get("email")
    return (str(name),) if name else ()
