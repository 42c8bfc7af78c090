"""Why an input that is named may not be seen to matter: what of the query hides it.

Each reason takes something from the query. An input that matters then was hidden by what was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

_COMPARES = (exp.Predicate, exp.Not, exp.Paren, exp.Or)


def _without_limit(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.Limit)):
        node.pop()
    return tree


def _without_constants(tree: exp.Expr) -> exp.Expr:
    """Without conditions that compare a column with constants; what joins tables stays."""
    for clause in list(tree.find_all(exp.Where, exp.Having, exp.Join)):
        condition = clause.this if not isinstance(clause, exp.Join) else clause.args.get("on")
        if isinstance(condition, exp.Expr):
            kept = [c.copy() for c in _conjuncts(condition) if not _is_constant(c)]
            combined = exp.and_(*kept) if kept else exp.true()
            condition.replace(combined)
    return tree


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from condition.flatten()
    else:
        yield condition


def _is_constant(condition: exp.Expr) -> bool:
    if condition.find(exp.Query) or not isinstance(condition, _COMPARES):
        return False
    tables = {column.table or column.name[:3] for column in condition.find_all(exp.Column)}
    return len({column.name for column in condition.find_all(exp.Column)}) < 2 or len(tables) < 2


def _without_conditions_on_groups(tree: exp.Expr) -> exp.Expr:
    for node in list(tree.find_all(exp.Having)):
        node.pop()
    return _without_limit(_without_constants(tree))


def _without_conditions(tree: exp.Expr) -> exp.Expr:
    """Without any condition about rows: what is left is values."""
    for node in list(tree.find_all(exp.Where)):
        if not any(node.parent_select is inner for inner in _correlated(tree)):
            node.set("this", exp.true())
    return _without_conditions_on_groups(tree)


def _correlated(tree: exp.Expr) -> list[exp.Expr]:
    return [node for node in tree.find_all(exp.Select) if node.find_ancestor(exp.Where, exp.Having)]


#: In this order: the first that shows the input is the reason.
REASONS: dict[str, Callable[[exp.Expr], exp.Expr]] = {
    "cut off by LIMIT": _without_limit,
    "fixed or emptied by conditions with constants": lambda t: _without_constants(
        _without_limit(t)
    ),
    "emptied by a condition on groups": _without_conditions_on_groups,
    "emptied by conditions between tables": _without_conditions,
}


def variants(query: str) -> Iterator[tuple[str, str]]:
    """Reasons, and the query without what hides its inputs by them."""
    for reason, take in REASONS.items():
        changed = take(sqlglot.parse_one(query, read="duckdb"))
        yield reason, changed.sql(dialect="duckdb")
