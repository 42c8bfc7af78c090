"""What the readers of Superset and Metabase have in common: charts and dashboards as datasets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fairlead_bridge.declaring.lines import Path
from fairlead_bridge.declaring.nouns import Column, Declared, Flow, Origin, Ref
from fairlead_bridge.errors import WrongDeclaration

#: Schemes of connections, without their driver, that namespaces call otherwise.
_SCHEMES = {"postgresql": "postgres"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table that charts read, and its columns where they are known."""

    ref: Ref
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Chart:
    """A chart, its tables, and of each of its columns what that is made of."""

    ref: Ref
    name: str
    url: str
    description: str | None = None
    owners: tuple[str, ...] = ()
    tables: list[Table] = field(default_factory=list)
    columns: dict[str, set[Origin]] = field(default_factory=dict)
    is_whole: bool = True  # False where it reads columns that the export does not name

    def reads(self, table: Table, name: str, columns: Iterable[str], subtype: str) -> None:
        """One of its columns is made of these columns of the table."""
        for column in columns:
            self.columns.setdefault(name, set()).add(Origin(table.ref, column, subtype))

    @property
    def declared(self) -> Declared:
        """Without columns where not all that it reads is known: its tables are read, somehow."""
        made = self.columns if self.is_whole else {}
        columns = {name: tuple(sorted(origins)) for name, origins in sorted(made.items())}
        return Declared(
            ref=self.ref,
            where="",
            type="CHART",
            description=self.description or self.name,
            owners=self.owners,
            url=self.url,
            columns=tuple(Column(name) for name in columns),
            flow=Flow(tuple(sorted({table.ref for table in self.tables})), columns),
        )


def dashboard(
    ref: Ref,
    name: str,
    url: str,
    owners: tuple[str, ...],
    description: str | None,
    charts: Iterable[Chart],
) -> Declared:
    """A dashboard, whose columns are those of its charts."""
    shown = list(charts)
    columns: dict[str, tuple[Origin, ...]] = {
        f"{chart.name}: {column}": (Origin(chart.ref, column),)
        for chart in shown
        if chart.is_whole
        for column in sorted(chart.columns)
    }
    whole = all(chart.is_whole for chart in shown)
    return Declared(
        ref=ref,
        where="",
        type="DASHBOARD",
        description=description or name,
        owners=owners,
        url=url,
        columns=tuple(Column(each) for each in columns) if whole else (),
        flow=Flow(tuple(sorted({chart.ref for chart in shown})), columns if whole else {}),
    )


def words_in(expression: str, columns: Iterable[str]) -> list[str]:
    """
    Those of a table's columns that an SQL expression may read: whose names are words in it.

    >>> words_in('sum("Amount") / count(*)', ["amount", "id"])
    ['amount']
    """
    words = {word.lower() for word in re.findall(r"\w+", expression)}
    return [column for column in columns if column.lower() in words]


def place(uri: str, path: Path = ()) -> tuple[str, str]:
    """
    Namespace and database of a connection. Raises WrongDeclaration, at `path`, where it is no URI.

    >>> place("postgresql+psycopg2://bi:***@db:5432/shop")
    ('postgres://db:5432', 'shop')
    """
    try:
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise WrongDeclaration(
            path, f"the URI of its database is not one ({error}): write driver://host:port/database"
        ) from error
    scheme = parts.scheme.partition("+")[0]
    return f"{_SCHEMES.get(scheme, scheme)}://{parts.hostname or ''}{port}", parts.path.strip("/")


def server(content: Mapping[str, Any], key: str) -> tuple[str, str]:
    """
    The address of the server that was exported, and the namespace of its charts.

    Raises WrongDeclaration where the file does not say it.
    """
    address = content.get(key)
    if not isinstance(address, str) or "://" not in address:
        raise WrongDeclaration(
            (key,), f'write the address of the server: "{key}": "https://{key}.shop.example"'
        )
    return address.rstrip("/"), f"{key}://{urlsplit(address).netloc}"


def listed(content: Mapping[str, Any], key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects of a list, as the server answers it: by itself, or as `result`; and the way to each. Raises WrongDeclaration."""
    given = content.get(key)
    way: tuple[str, ...] = (key,)
    if isinstance(given, dict):
        way = (key, "result" if "result" in given else "data")
        given = given.get(way[1])
    if given is None:
        return
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise WrongDeclaration((key,), f"`{key}` is a list of objects, as the server answers it")
    for number, each in enumerate(given):
        yield (
            (*way, number),
            each.get("result", each) if isinstance(each.get("result"), dict) else each,
        )


def needed(of: Mapping[str, Any], key: str, path: Path) -> Any:
    """Raises WrongDeclaration where it is missing."""
    if of.get(key) in (None, ""):
        raise WrongDeclaration(
            path, f"it has no `{key}`; export it whole, as the server answers it"
        )
    return of[key]
