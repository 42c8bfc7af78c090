"""
Service levels of data contracts: `slaProperties` of the Open Data Contract Standard, 3.x, as expectations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fairlead_bridge.contracts.marked import Marked
from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight.statements import Statement, expectation

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


class Promises:
    """
    Reads the service levels of one contract, and collects what is wrong with them.

    `tables` has their physical names by their names; `name` is the file's, for messages.
    """

    def __init__(self, contract: Marked, tables: Mapping[str, str], name: str) -> None:
        self._contract, self._tables, self._name = contract, tables, name
        self.problems: list[str] = []  # what cannot be read
        self.doubtful: list[str] = []  # what names no table of the contract, or one twice
        self._spans: dict[str, dict[str, str]] = {}  # by table: latency and frequency
        self._times: dict[str, Statement] = {}

    def read(self) -> list[tuple[str, Statement]]:
        """For tables, by their physical names: what is promised. Latency is added to the frequency."""
        for each in self._contract.items("slaProperties"):
            self._promise(each)
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
                    self._times.setdefault(table, statement)
        elif (span := self._span(each)) is not None:
            for table in tables:
                of_it = self._spans.setdefault(table, {})
                self._once(each, table, word[0] in of_it)
                of_it.setdefault(word[0], span)

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
            text = f"{unknown[0]!r} is no table of its schema; write one of {known} as element"
            self.doubtful.append(self._at(line, text))
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
            text = f"{word} of {table} is stated already above; remove one of both"
            self.doubtful.append(self._at(promise, text))

    def _complain(self, at: Marked, text: str) -> None:
        self.problems.append(self._at(at, text))

    def _at(self, at: Marked, text: str) -> str:
        return f"{self._name}:{at.line}: {text}"
