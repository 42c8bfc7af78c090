"""Rules of quality in data contracts of the Open Data Contract Standard: which checks they promise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fairlead_bridge.insight.contracts import PromisedCheck
from fairlead_bridge.insight.statements import Rows, Statement

#: Metrics that count rows, as versions 3.0 and 3.1 call them.
_ROWS = ("rowcount",)
#: Operators on whole numbers: which bound of a row count they are, and what is added to it.
_BOUNDS = {
    "mustBe": (("least", 0), ("most", 0)),
    "mustBeGreaterThan": (("least", 1),),
    "mustBeGreaterOrEqualTo": (("least", 0),),
    "mustBeGreaterThanOrEqualTo": (("least", 0),),
    "mustBeLessThan": (("most", -1),),
    "mustBeLessOrEqualTo": (("most", 0),),
    "mustBeLessThanOrEqualTo": (("most", 0),),
}


def checks(rules: Iterable[Mapping[str, Any]], column: str = "") -> Iterator[PromisedCheck]:
    """The checks that these rules promise; texts for people and row counts of tables are none."""
    for each in rules:
        if each.get("type") == "text" or (not column and rows(each) is not None):
            continue
        rule = _metric(each)
        name = each.get("name") or rule or each.get("engine") or each.get("type")
        if name:
            yield PromisedCheck(str(name), column, rule)


def rows(rule: Mapping[str, Any]) -> Statement | None:
    """How many rows a write of the table has by this rule; None where it says something else."""
    if _metric(rule).lower() not in _ROWS or str(rule.get("unit") or "rows").lower() != "rows":
        return None
    bounds: dict[str, int] = {}
    between = rule.get("mustBeBetween")
    if isinstance(between, list) and len(between) == 2 and all(map(_is_count, between)):
        bounds = {"least": int(between[0]), "most": int(between[1])}
    for operator, ends in _BOUNDS.items():
        if _is_count(rule.get(operator)):
            bounds |= {end: int(rule[operator]) + more for end, more in ends}
    if not bounds or min(bounds.values()) < 0:
        return None
    return Statement(rows=Rows(bounds.get("least"), bounds.get("most")))


def _metric(rule: Mapping[str, Any]) -> str:
    return str(rule.get("metric") or rule.get("rule") or "")


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
