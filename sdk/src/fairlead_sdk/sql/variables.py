"""Variables of scripts: records of loops, cursors and what is fetched from them, values that a query gives.

What is written from a variable comes from the query that filled it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from fairlead_sdk.sql.cut import BATCHES
from fairlead_sdk.sql.names import Sources
from fairlead_sdk.sql.relations import Output, Records, Relation
from fairlead_sdk.sql.statements import Assigned, Called, Prepared, Statement

NAME = r"[@:]{0,2}[A-Za-z_\"\[][\w$#.\"\]]*(?:\s*\(\s*\w+\s*\))?"
_INTO = re.compile(
    rf"\b(?:BULK\s+COLLECT\s+)?INTO\s+(?:STRICT\s+)?({NAME}(?:\s*,\s*{NAME})*)\s*"
    r"(?=$|\bFROM\b|\bWHERE\b|\bLIMIT\b|\bFOR\b|\bUSING\b)",
    re.IGNORECASE,
)
_WRITES = re.compile(r"\b(?:INSERT|MERGE|REPLACE|OVERWRITE|IGNORE)\s*$", re.IGNORECASE)
"""In front of INTO, where a table follows."""
_QUERY = re.compile(r"\W*(?:SELECT|SEL|WITH)\b", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_RUN = re.compile(
    r"(?:EXEC(?:UTE)?\s+IMMEDIATE|EXEC(?:UTE)?|CALL)\s*\(?\s*(?:sp_executesql\s+)?([@:\w]+)\s*\)?"
    r"\s*(?:,.*|(?:USING|INTO)\b.*|\(.*)?",
    re.IGNORECASE | re.DOTALL,
)
_LOOP = re.compile(r"\s*(\w+)\s+IN\s+(?:REVERSE\s+)?(.*)", re.IGNORECASE | re.DOTALL)
_IDENTIFIER = re.compile(r"\(?\s*([A-Za-z_][\w$#]*)\s*(?:\([^()]*\))?\s*\)?\s*")


@dataclass
class Variables:
    """What the variables of a script hold, as far as it has been read."""

    names: frozenset[str] = frozenset()
    """Those that are known to be some, whatever they hold."""
    records: Records = field(default_factory=Records)
    texts: dict[str, list[str]] = field(default_factory=dict)
    """SQL that variables may hold, and prepared statements."""
    _ran: set[str] = field(default_factory=set)

    def assign(self, names: Sequence[str], relation: Relation, *, is_new: bool) -> None:
        """The columns of a query to as many variables; all of them to a single one."""
        if len(names) == 1:
            self.records.hold(plain(names[0]), relation, is_new=is_new)
            return
        for name, column in zip(names, relation.columns, strict=False):
            if not isinstance(column, Output):
                break
            self.records.hold(plain(name), Relation((column,)), is_new=is_new)

    def sql(self, called: Called) -> list[str]:
        """The SQL that is run, where it is that of a variable or was prepared."""
        found = _RUN.fullmatch(called.text.strip())
        name = plain(found[1]) if found else ""
        self._ran.add(name)
        return self.texts.get(name, [])

    def note(self, statement: Statement) -> None:
        """Remember the SQL that a statement puts into a variable, and forget what is not known."""
        if isinstance(statement, Prepared):
            given = statement.text
            held = self.texts.get(plain(given), []) if given.startswith("@") else [given]
            self.texts[plain(statement.name)] = held
        elif isinstance(statement, Assigned):
            text = _constant(statement.query)
            for name in map(plain, statement.names):
                if name in self._ran or text is None or len(statement.names) > 1:
                    self.texts.pop(name, None)
                    self._ran.discard(name)
                if text is not None and len(statement.names) == 1:
                    self.texts.setdefault(name, []).append(text)


def plain(name: str) -> str:
    """
    A variable's name without the index of a collection and quotes. An `@` stays: a column without
    it is not the variable.
    """
    return re.sub(r"\s*\(.*", "", name, flags=re.DOTALL).strip(':"[]').lower()


def _constant(query: exp.Expr | None) -> str | None:
    """The text of `SELECT 'a' || 'b'`."""
    if not isinstance(query, exp.Select) or len(query.selects) != 1 or query.args.get("from_"):
        return None
    whole = query.selects[0].unalias()
    parts = [*whole.flatten()] if isinstance(whole, exp.Add | exp.DPipe | exp.Concat) else [whole]
    texts = [p.name for p in parts if isinstance(p, exp.Literal | exp.National | exp.RawString)]
    return "".join(texts) if len(texts) == len(parts) else None


def without_into(text: str) -> tuple[str, tuple[str, ...]]:
    """A query without its `INTO a, b`, and these names; none where it has no such clause."""
    if not _QUERY.match(text):
        return text, ()
    blank = _QUOTED.sub(lambda found: " " * len(found[0]), text)
    for found in _INTO.finditer(blank):
        before = blank[: found.start()]
        if before.count("(") == before.count(")") and not _WRITES.search(before):
            names = tuple(name.strip() for name in found[1].split(","))
            return f"{text[: found.start()]} {text[found.end() :]}", names
    return text, ()


def set_by_select(query: exp.Expr, dialect: str) -> tuple[str, ...]:
    """T-SQL's `SELECT @a = b, @c = d`: the variables; the query is left with the values."""
    if dialect not in BATCHES or not isinstance(query, exp.Select):
        return ()
    pairs = [each for each in query.selects if isinstance(each, exp.EQ | exp.PropertyEQ)]
    if not pairs or len(pairs) != len(query.selects):
        return ()
    if not all(isinstance(pair.this, exp.Parameter) for pair in pairs):
        return ()
    names = tuple(f"@{pair.this.name}" for pair in pairs)
    for pair in pairs:
        pair.replace(pair.expression.copy())
    return names


def of_loop(text: str) -> str:
    """The record of `x IN (SELECT ...)` and `x IN cursor` as a statement that fills it; empty if it is a number."""
    found = _LOOP.match(text)
    query = found[2].strip() if found else ""
    if not found:
        return ""
    if _QUERY.match(query):
        return f"DECLARE {found[1]} CURSOR FOR {query}"
    named = _IDENTIFIER.fullmatch(query)
    if named:
        return f"FETCH {named[1]} INTO {found[1]}"
    return query if "SELECT" in query.upper() else ""  # the rows of a dynamic query or a change


def held_in(node: exp.Expr, records: Records) -> Sources | None:
    """What `@v`, `:v`, `v(i)` and `v(i).a` are made of; None if that is no variable."""
    if isinstance(node, exp.Dot) and isinstance(node.this, exp.Anonymous):
        whole = records.get(plain(node.this.name))
        return whole.value(node.expression.name) if whole else None
    if isinstance(node, exp.Parameter | exp.Placeholder | exp.Anonymous):
        name = plain(node.name)
        marked = records.get(f"@{name}") if isinstance(node, exp.Parameter) else None
        whole = marked or records.get(name)
        return whole.sources if whole else None
    return None
