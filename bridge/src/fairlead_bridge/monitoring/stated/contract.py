"""Service levels of data contracts: `slaProperties` of the Open Data Contract Standard, 3.x."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fairlead_bridge.contracts import FIELDS, Server, server
from fairlead_bridge.errors import Wrong, WrongLines
from fairlead_bridge.insight.statements import Statement, expectation
from fairlead_bridge.monitoring.stated.entry import Stated
from fairlead_bridge.monitoring.stated.marked import Marked, load

#: Properties that say when data should be there, by the name and the short name of the standard.
_LATENCY, _FREQUENCY = ("latency", "ly"), ("frequency", "fy")
_AVAILABLE = ("timeofavailability", "ta")
_SPANS = (*_LATENCY, *_FREQUENCY)
#: Units of the standard, and of people; with the unit of ours and how many of it they are.
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("s", 1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), ("m", 1)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), ("h", 1)),
    **dict.fromkeys(("", "d", "day", "days"), ("d", 1)),
    **dict.fromkeys(("w", "week", "weeks"), ("w", 1)),
    **dict.fromkeys(("mo", "month", "months"), ("d", 30)),
    **dict.fromkeys(("y", "yr", "year", "years"), ("d", 365)),
}
_TIME = re.compile(
    r"(\d\d?:\d\d)(?::\d\d(?:\.\d+)?)?\s*(?:(Z|UTC)|([+-]\d\d):?(\d\d)|([A-Za-z_]+(?:/[\w+-]+)*))?"
)


def stated(path: Path, namespace: str) -> Iterator[Stated]:
    """
    What a contract promises of the tables of its schema.

    `namespace` is that of its datasets; empty: that of the contract's first server. Raises
    WrongLines with everything that is wrong in the file, and Wrong where no namespace is known.
    """
    contract = load(path)
    _check_kind(contract, path)
    tables = _tables(contract, path)
    found = _server(contract, len(tables))
    place = namespace or found.namespace
    if not place:
        raise Wrong(
            "namespace",
            f"{path.name} has no server that says where its datasets are; write the namespace of "
            'its datasets: namespace = "postgres://db:5432"',
        )
    for table, statement in _Promises(contract, tables, path).read():
        node = f"dataset:{place}:{found.name(table)}"
        yield Stated("contract", node, statement, path.name)


def _check_kind(contract: Marked, path: Path) -> None:
    kind, version = contract.get("kind"), contract.get("apiVersion")
    if kind.value != "DataContract":
        raise WrongLines(
            [f"{path}:{kind.line}: it is no data contract of ODCS 3; write `kind: DataContract`"]
        )
    if not contract.text("apiVersion").removeprefix("v").startswith("3."):
        raise WrongLines(
            [f"{path}:{version.line}: its version is not 3; write `apiVersion: v3.1.0` (ODCS 3)"]
        )


def _tables(contract: Marked, path: Path) -> dict[str, str]:
    """The physical name of each table, by its name."""
    found = {}
    for each in contract.items("schema"):
        name = each.text("name") or each.text("physicalName")
        if name:
            found[name] = each.text("physicalName") or name
    if not found:
        line = contract.get("schema").line
        raise WrongLines(
            [f"{path}:{line}: it has no tables; write a list: `schema: [{{name: orders}}]`"]
        )
    return found


def _server(contract: Marked, tables: int) -> Server:
    first = next(contract.items("servers"), Marked({}, 1))
    return server({key: first.text(key) for key in FIELDS}, tables)


class _Promises:
    """Reads the service levels of one contract, and collects what is wrong with them."""

    def __init__(self, contract: Marked, tables: dict[str, str], path: Path) -> None:
        self._contract, self._tables, self._path = contract, tables, path
        self._problems: list[str] = []
        self._spans: dict[str, dict[str, str]] = {}  # by table: latency and frequency
        self._times: dict[str, Statement] = {}

    def read(self) -> list[tuple[str, Statement]]:
        """For tables, by their physical names: what is promised. Latency is added to the frequency."""
        listed = self._contract.get("slaProperties")
        if not isinstance(listed.value, list):
            self._complain(listed, "it promises nothing; `slaProperties` has to be a list{}")
        for each in self._contract.items("slaProperties"):
            self._promise(each)
        if not (self._spans or self._times or self._problems):
            self._complain(listed, "its `slaProperties` do not say when data is there{}")
        if self._problems:
            raise WrongLines(self._problems)
        spans = {
            table: Statement(every=" ".join(found.values())) for table, found in self._spans.items()
        }
        return [*self._times.items(), *spans.items()]

    def _promise(self, each: Marked) -> None:
        word = each.text("property").lower()
        if word not in (*_SPANS, *_AVAILABLE):
            return  # retention, support, prices: nothing about when data is there
        tables = self._named(each)
        if word in _AVAILABLE:
            statement = self._time(each)
            if statement is not None:
                for table in tables:
                    self._once(each, table, table in self._times)
                    self._times[table] = statement
        elif (span := self._span(each)) is not None:
            for table in tables:
                of_it = self._spans.setdefault(table, {})
                self._once(each, table, word[0] in of_it)
                of_it[word[0]] = span

    def _named(self, promise: Marked) -> list[str]:
        """The tables that a promise is of, by their physical names."""
        given = promise.text("element") or self._contract.text("slaDefaultElement")
        if not given:
            return list(self._tables.values())
        names = dict.fromkeys(each.strip().partition(".")[0] for each in given.split(","))
        unknown = [name for name in names if name not in self._tables]
        if unknown:
            line = promise.get("element") if promise.text("element") else promise
            known = ", ".join(self._tables)
            self._complain(
                line, f"{unknown[0]!r} is no table of its schema; write one of {known} as element"
            )
        return [self._tables[name] for name in names if name in self._tables]

    def _span(self, promise: Marked) -> str | None:
        value, unit = promise.get("value"), promise.text("unit").lower()
        ours, many = _UNITS.get(unit, ("", 0))
        try:
            number = float(promise.text("value")) * many
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            shown = " ".join(filter(None, (promise.text("value") or "nothing", unit)))
            self._complain(
                value,
                f"{promise.text('property')} is {shown!r}, which is no duration; write a number as "
                "value, and d, h or m as unit",
            )
            return None
        return f"{number:g}{ours}"

    def _time(self, promise: Marked) -> Statement | None:
        text = promise.text("value")
        found = _TIME.fullmatch(text)
        if found is not None:
            offset = f"{found[3]}:{found[4]}" if found[3] else None
            statement = Statement(by=found[1], zone=offset or found[5] or "UTC")
            try:
                expectation(statement, "contract")
            except Wrong as error:
                self._complain(promise.get("value"), str(error).partition(": ")[2])
                return None
            return statement
        self._complain(
            promise.get("value"),
            f"timeOfAvailability is {text!r}, which is no time; write hours, minutes and the offset "
            'from UTC or a time zone, such as "09:00+01:00" or "09:00 Europe/Berlin"',
        )
        return None

    def _once(self, promise: Marked, table: str, again: bool) -> None:
        if again:
            word = promise.text("property")
            self._complain(
                promise, f"{word} of {table} is stated already above; remove one of both"
            )

    def _complain(self, at: Marked, text: str) -> None:
        how = "; write one such as `- {property: latency, value: 4, unit: h}`, or leave the contract out"
        self._problems.append(f"{self._path}:{at.line}: {text.replace('{}', how)}")
