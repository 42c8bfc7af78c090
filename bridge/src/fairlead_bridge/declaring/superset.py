"""
Superset's charts and dashboards, from what its REST API answers, in one JSON file.

    {"superset": "https://bi.shop.example",
     "databases": [GET /api/v1/database/ID/connection, ...],
     "datasets": [GET /api/v1/dataset/ID, ...],
     "charts": GET /api/v1/chart/, "dashboards": GET /api/v1/dashboard/}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead_bridge.declaring import bi
from fairlead_bridge.declaring.bi import Chart, Table
from fairlead_bridge.declaring.lines import Path
from fairlead_bridge.declaring.nouns import Declared, Ref
from fairlead_bridge.errors import WrongDeclaration

#: Parameters of charts that name columns, and those that name metrics.
_COLUMNS = ("columns", "groupby", "all_columns", "series_columns", "groupbyRows", "groupbyColumns")
_COLUMN = ("x_axis", "granularity_sqla", "series", "entity")
_METRICS, _METRIC = ("metrics", "metrics_b"), ("metric", "secondary_metric", "size", "x", "y")


def is_export(content: Any) -> bool:
    return isinstance(content, dict) and "superset" in content


def declared(content: Mapping[str, Any], namespace: str) -> Iterator[tuple[Path, Declared]]:
    """
    The charts and dashboards; `namespace` is that of tables whose database is not in the file.

    Raises WrongDeclaration.
    """
    address, space = bi.server(content, "superset")
    connections = {each.get("id"): each for _, each in bi.listed(content, "databases")}
    datasets = {
        bi.needed(each, "id", at): (each, _table(each, connections, namespace, at))
        for at, each in bi.listed(content, "datasets")
    }
    of_dashboards: dict[Any, list[Chart]] = {}
    for at, each in bi.listed(content, "charts"):
        chart = _chart(each, datasets, address, space, at)
        for shown in each.get("dashboards") or ():
            of_dashboards.setdefault(shown.get("id"), []).append(chart)
        yield at, chart.declared
    for at, each in bi.listed(content, "dashboards"):
        id = bi.needed(each, "id", at)
        yield (
            at,
            bi.dashboard(
                Ref("dataset", space, f"dashboards/{id}"),
                str(each.get("dashboard_title") or id),
                f"{address}{each.get('url') or f'/superset/dashboard/{id}/'}",
                _owners(each),
                each.get("description") or None,
                of_dashboards.get(id, ()),
            ),
        )


def _table(
    dataset: Mapping[str, Any], connections: Mapping[Any, Any], namespace: str, at: Path
) -> Table:
    own = dataset.get("database")
    known = connections.get(own.get("id") if isinstance(own, dict) else None, {})
    uri = known.get("sqlalchemy_uri")
    place, database = bi.place(uri, at) if isinstance(uri, str) else (namespace, "")
    if not place:
        raise WrongDeclaration(
            at,
            "the file does not say where its database is: add it to `databases`, or give "
            "--namespace postgres://db:5432",
        )
    parts = (
        dataset.get("catalog") or database,
        dataset.get("schema"),
        bi.needed(dataset, "table_name", at),
    )
    columns = [each for each in dataset.get("columns") or () if not each.get("expression")]
    names = [each.get("column_name") for each in columns]
    name = ".".join(str(each) for each in parts if each)
    return Table(Ref("dataset", place, name), tuple(str(each) for each in names if each))


def _chart(
    given: Mapping[str, Any],
    datasets: Mapping[Any, tuple[Mapping[str, Any], Table]],
    address: str,
    space: str,
    at: Path,
) -> Chart:
    id = bi.needed(given, "id", at)
    chart = Chart(
        Ref("dataset", space, f"charts/{id}"),
        str(given.get("slice_name") or id),
        f"{address}{given.get('url') or given.get('slice_url') or f'/explore/?slice_id={id}'}",
        given.get("description") or None,
        _owners(given),
    )
    if given.get("datasource_id") not in datasets:
        raise WrongDeclaration(
            at,
            f"its dataset {given.get('datasource_id')} is not in the file; add it to `datasets`",
        )
    dataset, table = datasets[given["datasource_id"]]
    if dataset.get("sql"):  # a query of its own: which tables it reads is not known
        chart.is_whole = False
        return chart
    chart.tables.append(table)
    _read(chart, _params(given, at), dataset, table)
    return chart


def _params(chart: Mapping[str, Any], at: Path) -> Mapping[str, Any]:
    given = chart.get("params") or {}
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        raise WrongDeclaration(at, f"its params are not JSON: {error}") from error
    return found if isinstance(found, dict) else {}


def _read(
    chart: Chart, params: Mapping[str, Any], dataset: Mapping[str, Any], table: Table
) -> None:
    saved = {
        each.get("metric_name"): str(each.get("expression") or "")
        for each in dataset.get("metrics") or ()
    }
    computed = {
        each.get("column_name"): str(each["expression"])
        for each in dataset.get("columns") or ()
        if each.get("expression")
    }
    for each in _values(params, _COLUMNS, _COLUMN):
        _column(chart, table, each, computed)
    for each in _values(params, _METRICS, _METRIC):
        _metric(chart, table, each, saved, computed)
    for each in params.get("adhoc_filters") or ():
        if each.get("expressionType") == "SQL":
            _expression(chart, table, "filter", str(each.get("sqlExpression") or ""))
        elif each.get("subject"):
            _column(chart, table, each["subject"], computed)


def _values(
    params: Mapping[str, Any], many: tuple[str, ...], one: tuple[str, ...]
) -> Iterator[Any]:
    for key in many:
        given = params.get(key)
        yield from given if isinstance(given, list) else [given] if given else []
    for key in one:
        if params.get(key):
            yield params[key]


def _column(chart: Chart, table: Table, given: Any, computed: Mapping[Any, str]) -> None:
    if isinstance(given, dict):  # an expression that was written in the chart
        name = str(given.get("label") or "expression")
        _expression(chart, table, name, str(given.get("sqlExpression") or ""))
    elif given in computed:
        _expression(chart, table, str(given), computed[given])
    else:
        chart.reads(table, str(given), [str(given)], "IDENTITY")


def _metric(
    chart: Chart,
    table: Table,
    given: Any,
    saved: Mapping[Any, str],
    computed: Mapping[Any, str],
) -> None:
    if isinstance(given, dict):
        column = (given.get("column") or {}).get("column_name")
        name = str(given.get("label") or column or "metric")
        if given.get("expressionType") == "SQL" or column in computed or column is None:
            text = str(given.get("sqlExpression") or computed.get(column) or "")
            _expression(chart, table, name, text)
        else:
            chart.reads(table, name, [str(column)], "AGGREGATION")
    elif given in saved:
        _expression(chart, table, str(given), saved[given])
    else:
        chart.is_whole = False


def _expression(chart: Chart, table: Table, name: str, text: str) -> None:
    """Every column of the table whose name is in the text may be read; without columns, none is known."""
    chart.is_whole = chart.is_whole and bool(table.columns)
    chart.reads(table, name, bi.words_in(text, table.columns), "TRANSFORMATION")


def _owners(of: Mapping[str, Any]) -> tuple[str, ...]:
    names = (
        " ".join(filter(None, (each.get("first_name"), each.get("last_name"))))
        for each in of.get("owners") or ()
    )
    return tuple(dict.fromkeys(name for name in names if name))
