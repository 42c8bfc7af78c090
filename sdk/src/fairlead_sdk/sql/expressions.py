"""Which columns an expression is made of, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from sqlglot import exp

from fairlead_sdk.sql.names import DIRECT, Source, Sources, worse
from fairlead_sdk.sql.relations import Relation
from fairlead_sdk.sql.scope import Scope
from fairlead_sdk.sql.variables import held_in

_HASHES = (
    *(exp.MD5, exp.MD5Digest, exp.MD5NumberLower64, exp.MD5NumberUpper64, exp.SHA, exp.SHA2),
    *(exp.FarmFingerprint, exp.StandardHash, exp.SHA1Digest, exp.SHA2Digest),
)
_HASH_NAMES = frozenset(
    {"hash", "hashbytes", "md5", "sha", "sha1", "sha2", "sha224", "sha256", "sha384", "sha512"}
    | {"xxhash32", "xxhash64", "crc32", "murmurhash3_32", "murmur_hash", "binary_checksum"}
    | {"mask", "mask_inner", "mask_outer", "fnv_hash", "ora_hash", "sha1_hex", "sha2_hex"}
    | {"md5_hex", "digest", "hmac", "encrypt", "pgp_sym_encrypt", "cityhash64", "siphash64"}
    | {"strtol_hash", "anonymize", "tokenize", "hash_md5", "hash_sha256"}
)
_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct)
_AGGREGATES = frozenset(
    {"listagg", "string_agg", "group_concat", "array_agg", "collect_list", "collect_set", "median"}
    | {"percentile", "approx_percentile", "any_value", "bool_or", "bool_and", "mode", "checksum"}
    | {
        "min_by",
        "max_by",
        "arg_min",
        "arg_max",
        "groupuniqarray",
        "grouparray",
        "uniq",
        "uniqexact",
    }
    | {"sumif", "countif", "avgif", "argmin", "argmax", "object_agg", "json_agg", "jsonb_agg"}
)


_LISTS = (exp.GroupConcat, exp.ArrayAgg, exp.ArrayConcatAgg)
_XML_METHODS = frozenset({"value", "query", "nodes", "exist"})


class Queries(Protocol):
    """Who evaluates a query inside an expression, and reads a table that it names."""

    def table(self, node: exp.Table, scope: Scope) -> Relation: ...
    def subquery(self, node: exp.Expr, scope: Scope) -> Relation: ...


def sources_of(root: exp.Expr, scope: Scope, queries: Queries, how: str = "IDENTITY") -> Sources:
    """Walks without recursion: generated SQL has expressions that are thousands deep."""
    found: set[Source] = set()
    stack: list[tuple[exp.Expr, str, bool]] = [(root, how, False)]
    while stack:
        node, how, masking = stack.pop()
        if isinstance(node, exp.Column):
            if not isinstance(node.this, exp.Star):
                found |= {source.through(how, masking) for source in scope.column(node)}
        elif isinstance(node, exp.Query | exp.Subquery):
            relation = queries.subquery(node, scope)
            if not isinstance(node.parent, exp.Exists):  # which only asks whether there are rows
                found |= {source.through(how, masking) for source in relation.sources}
        elif (held := held_in(node, scope.found.records)) is not None:
            found |= {source.through(how, masking) for source in held}
        elif isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            found |= {source.through(how) for source in _rows(scope)}
        elif isinstance(node, exp.Dot) and (column := _asked(node)) is not None:
            found |= {source.through("TRANSFORMATION") for source in scope.column(column)}
        elif scope.dialect == "clickhouse" and _looks_up(node):
            found |= {s.through(how, masking) for s in _looked_up(node, scope, queries)}
            stack += [(n, worse(how, h), masking) for n, h in _keys(node)]
        else:
            stack += [(n, worse(how, h), masking or m) for n, h, m in _parts(node)]
    return frozenset(found)


def _asked(node: exp.Dot) -> exp.Column | None:
    """The column of T-SQL's `t.doc.value('x', 'int')`, and of other methods of XML."""
    call = node.expression
    if not (isinstance(call, exp.Anonymous) and call.name.lower() in _XML_METHODS):
        return None
    parts = list(node.this.flatten()) if isinstance(node.this, exp.Dot) else [node.this]
    if not all(isinstance(part, exp.Identifier) for part in parts) or len(parts) > 4:
        return None
    return exp.column(*(part.copy() for part in reversed(parts)))


def _looks_up(node: exp.Expr) -> bool:
    is_call = isinstance(node, exp.Anonymous) and len(node.expressions) > 1
    return is_call and node.name.lower().startswith(("dictget", "dicthas"))


def _looked_up(node: exp.Expr, scope: Scope, queries: Queries) -> Iterator[Source]:
    """Attributes that ClickHouse's `dictGet('d', 'attribute', key)` reads in a dictionary."""
    named = node.expressions[0]
    parts = [p.name for p in named.parts] if isinstance(named, exp.Column) else [named.name]
    dictionary = exp.to_table(".".join(parts), dialect="clickhouse")
    relation = queries.table(dictionary, scope)
    if node.name.lower().startswith("dictget"):
        for literal in node.expressions[1].find_all(exp.Literal):
            known = relation.named(literal.name)
            for star in relation.stars(literal.name) if known is None else ():
                known = star.column(literal.name)
            yield from known or ()


def _keys(node: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    """The key decides which row is read; what is behind it is the value where there is none."""
    first = 2 if node.name.lower().startswith("dictget") else 1
    for index, each in enumerate(node.expressions[first:]):
        yield each, "TRANSFORMATION" if index else "CONDITIONAL"


def _rows(scope: Scope) -> Iterator[Source]:
    """What `count(*)` counts: the rows of the only table, whatever its columns."""
    if len(scope.items) == 1:
        tables = {s.table for s in scope.items[0].relation.sources if s.how in DIRECT}
        if len(tables) == 1:
            yield Source(tables.pop(), "*", "AGGREGATION", masking=True)


def _parts(node: exp.Expr) -> Iterator[tuple[exp.Expr, str, bool]]:
    """The expressions that one is made of, how each goes in, and whether the result shows it."""
    if isinstance(node, exp.Alias | exp.Paren | exp.Aliases):
        yield node.this, "IDENTITY", False
    elif isinstance(node, exp.Case):
        if node.this:
            yield node.this, "CONDITIONAL", False
        for branch in node.args["ifs"]:
            yield from _parts(branch)
        if default := node.args.get("default"):
            yield default, "TRANSFORMATION", False
    elif isinstance(node, exp.If):
        yield node.this, "CONDITIONAL", False
        for name in ("true", "false"):
            if branch := node.args.get(name):
                yield branch, "TRANSFORMATION", False
    elif isinstance(node, exp.Window):
        yield node.this, "TRANSFORMATION", False
        for part in node.args.get("partition_by") or ():
            yield part, "WINDOW", False
        if order := node.args.get("order"):
            yield order, "WINDOW", False
    elif isinstance(node, exp.Filter):
        yield node.this, "IDENTITY", False
        yield node.expression, "CONDITIONAL", False
    elif isinstance(node, exp.WithinGroup):
        yield node.this, "IDENTITY", False
        is_value = not isinstance(node.this, _LISTS) and not node.this.args.get("expressions")
        yield node.expression, "AGGREGATION" if is_value else "SORT", False
    elif isinstance(node, exp.Order):  # of an aggregate
        if isinstance(node.this, exp.Expr):
            yield node.this, "IDENTITY", False
        for each in node.expressions:
            yield each, "SORT", False
    elif isinstance(node, exp.DecodeCase):
        value, *pairs = node.expressions
        yield value, "CONDITIONAL", False
        for index, each in enumerate(pairs):
            is_searched = index % 2 == 0 and index < len(pairs) - 1
            yield each, "CONDITIONAL" if is_searched else "TRANSFORMATION", False
    elif isinstance(node, exp.Comprehension):
        variable = node.expression.name.lower()
        yield node.args["iterator"], "TRANSFORMATION", False
        for part in (node.this, node.args.get("condition")):
            if part is not None:
                yield _without_name(part, variable), "TRANSFORMATION", False
    elif isinstance(node, exp.Exists):
        yield node.this, "CONDITIONAL", False
    elif isinstance(node, exp.In) and node.args.get("query"):
        yield node.this, "TRANSFORMATION", False
        yield node.args["query"], "CONDITIONAL", False
    else:
        masking = _is_masking(node)
        how = "AGGREGATION" if is_aggregate(node) else "TRANSFORMATION"
        for child in node.iter_expressions():
            if not isinstance(child, exp.DataType | exp.Star):
                yield child, how, masking


def _without_name(node: exp.Expr, name: str) -> exp.Expr:
    """An expression without the columns that are a variable of it."""
    return node.transform(
        lambda n: (
            exp.null()
            if isinstance(n, exp.Column) and n.name.lower() == name and not n.table
            else n
        )
    )


def is_aggregate(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _AGGREGATES
    return isinstance(node, exp.AggFunc)


def _is_masking(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _HASH_NAMES
    return isinstance(node, _HASHES + _COUNTS)
