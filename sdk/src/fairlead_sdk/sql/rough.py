"""Tables of a statement whose grammar is not known, by the words in front of their names.

Columns are lost then; that the statement reads one table and writes another need not be. It is also what is left
of a script that takes too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token

from fairlead_sdk.sql.cut import QUOTED, tokenize, words
from fairlead_sdk.sql.statements import Named

_VERBS = frozenset({"INSERT", "MERGE", "UPDATE", "DELETE", "CREATE", "REPLACE", "WITH", "SELECT"})
_TEMPORARY = frozenset({"TEMP", "TEMPORARY", "VOLATILE"})
_KINDS = frozenset({"TABLE", "VIEW"})
_NO_NAMES = frozenset(
    {
        "(",
        ")",
        ",",
        ";",
        "SELECT",
        "VALUES",
        "LATERAL",
        "UNNEST",
        "TABLE",
        "ONLY",
        "SET",
        "WHERE",
        "FROM",
    }
)


def tables_in(text: str, dialect: str) -> Named | None:
    """What is read and written, or None if no table is recognised."""
    try:
        tokens = tokenize(text, dialect)
    except SqlglotError:
        return None
    spoken = words(tokens)
    if (
        not spoken
        or spoken[0] not in _VERBS
        or not {"SELECT", "SET", "USING", "VALUES"} & {*spoken}
    ):
        return None
    scan = _Scan(tokens, spoken)
    scan.run()
    ctes = scan.ctes()
    reads = [table for table in scan.reads if table.db or table.name.lower() not in ctes]
    if not (reads or scan.writes):
        return None
    if _TEMPORARY & {*spoken[:5]}:
        return Named(tuple(reads), tuple(scan.writes[1:]), tuple(scan.writes[:1]))
    return Named(tuple(reads), tuple(scan.writes))


@dataclass
class _Scan:
    tokens: Sequence[Token]
    spoken: Sequence[str]
    reads: list[exp.Table] = field(default_factory=list)
    writes: list[exp.Table] = field(default_factory=list)

    def run(self) -> None:
        queries = [True]  # whether FROM is that of a query, by depth of parentheses
        for index, word in enumerate(self.spoken):
            if word == "(":
                queries.append(False)
            elif word == ")" and len(queries) > 1:
                queries.pop()
            elif word in ("SELECT", "DELETE"):
                queries[-1] = True
            elif (start := self._target(index)) is not None:
                self._add(self.writes, start)
            elif word in ("FROM", "JOIN") and queries[-1] and self._before(index) != "DISTINCT":
                self._list(index + 1)
            elif word == "USING" and "MERGE" in self.spoken[:index]:
                self._add(self.reads, index + 1)

    def ctes(self) -> set[str]:
        return {
            self.tokens[index].text.lower()
            for index in range(len(self.spoken) - 2)
            if self.spoken[index + 1] == "AS" and self.spoken[index + 2] == "("
        }

    def _before(self, index: int) -> str:
        return self.spoken[index - 1] if index else ""

    def _target(self, index: int) -> int | None:
        """Where the name begins of a table that is written, if the word here announces one."""
        word, first = self.spoken[index], self.spoken[0]
        if word == "INTO" and self._before(index) in ("INSERT", "MERGE", "REPLACE", "OVERWRITE"):
            return self._skip(index + 1, {"TABLE"})
        if word == "OVERWRITE" and self._before(index) == "INSERT":
            return (
                self._skip(index + 1, {"INTO", "TABLE"}) if self._at(index + 1) != "INTO" else None
            )
        if word == "UPDATE" and (index == 0 or (first == "WITH" and self._before(index) == ")")):
            return index + 1
        if word == "FROM" and self._before(index) == "DELETE":
            return index + 1
        if word in _KINDS and first in ("CREATE", "REPLACE") and index < 6:
            return self._skip(index + 1, {"IF", "NOT", "EXISTS"})
        return None

    def _at(self, index: int) -> str:
        return self.spoken[index] if index < len(self.spoken) else ";"

    def _skip(self, index: int, noise: set[str]) -> int:
        while self._at(index) in noise:
            index += 1
        return index

    def _list(self, index: int) -> None:
        """`a x, b AS y, ...`"""
        while (end := self._add(self.reads, index)) is not None:
            end = self._skip(end, {"AS"})
            if self._at(end) != "," and self._at(end + 1) == ",":
                end += 1
            if self._at(end) != ",":
                return
            index = end + 1

    def _add(self, held: list[exp.Table], start: int) -> int | None:
        """Behind the name that begins there; None if there is none."""
        parts = list(self._parts(start))
        end = start + 2 * len(parts) - 1
        is_call = self._at(end) == "(" and held is self.reads
        if not parts or len(parts) > 4 or is_call:
            return None
        *schemas, name = parts
        db = schemas[-1] if schemas else None
        held.append(exp.table_(name, db=db, catalog=".".join(schemas[:-1]) or None))
        return end

    def _parts(self, index: int) -> Iterator[str]:
        while index < len(self.tokens):
            token = self.tokens[index]
            is_word = token.text[:1].isalpha() or token.text[:1] in ("_", "#")
            is_name = token.token_type in QUOTED or (
                is_word and self.spoken[index] not in _NO_NAMES
            )
            if not is_name:
                return
            yield token.text
            if self._at(index + 1) != ".":
                return
            index += 2
