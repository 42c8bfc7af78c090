"""Reads a script statement by statement."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from sqlglot import exp

from fairlead_sdk.sql.changes import outcome_of
from fairlead_sdk.sql.cut import BATCHES, Fault, cut
from fairlead_sdk.sql.dialects import INTO_MAKES_TABLES
from fairlead_sdk.sql.names import Source, Table, is_named, table_of
from fairlead_sdk.sql.naming import qualify
from fairlead_sdk.sql.outcomes import Change, Outcome
from fairlead_sdk.sql.parse import parse
from fairlead_sdk.sql.pieces import BEGIN, declared_names, of_block, readable, text_of
from fairlead_sdk.sql.queries import Describe, Evaluator, names_of
from fairlead_sdk.sql.relations import Relation, Star
from fairlead_sdk.sql.result import Reading
from fairlead_sdk.sql.rewrites import TEMPLATE
from fairlead_sdk.sql.rough import tables_in
from fairlead_sdk.sql.scripts import flow
from fairlead_sdk.sql.session import Session
from fairlead_sdk.sql.statements import (
    Altered,
    Assigned,
    Called,
    Moved,
    Named,
    Prepared,
    Script,
    Staged,
    Statement,
    Used,
)
from fairlead_sdk.sql.variables import Variables, plain, set_by_select, without_into

_DEEPEST = 3
"""SQL inside of SQL inside of SQL."""


class Reader:
    """
    Reads scripts until `deadline`, in seconds of `time.monotonic()`; `patience` is how many seconds
    that was after the beginning.
    """

    def __init__(
        self, dialect: str, describe: Describe, deadline: float, patience: float, depth: int = 0
    ) -> None:
        self._dialect = dialect
        self._described = describe
        self._deadline = deadline
        self._patience = patience
        self._depth = depth
        self._result = Reading()
        self._variables = Variables()
        self._used = Used()

    def statements(self, scripts: Sequence[str]) -> list[Statement]:
        """The statements of scripts, in their order."""
        found: list[Statement] = []
        for script in scripts:
            found += self._statements(self._prepared(script))
        return found

    def read(self, scripts: Sequence[str]) -> Reading:
        statements = self.statements(scripts)
        self._session = Session(statements)
        for statement in statements:
            self._run(statement)
        self._finish()
        return self._result

    def _prepared(self, script: str) -> str:
        text = readable(script, self._dialect)
        self._variables.names |= declared_names(text)
        return text

    # -- statements ------------------------------------------------------------------------------

    def _statements(self, script: str) -> Iterator[Statement]:
        bodies: dict[str, list[str]] = {}
        is_block = self._depth > 0 or (self._dialect == "oracle" and BEGIN.search(script))
        for piece in cut(script, self._dialect):
            if time.monotonic() > self._deadline + self._patience + 5:
                self._result.errors.append("the script took too long: the rest of it was not read")
                break
            if isinstance(piece, Fault):
                self._result.errors.append(piece.message)
            elif piece.procedure:
                bodies.setdefault(piece.procedure, [])
                if text := of_block(piece, self._dialect):
                    bodies[piece.procedure].append(text)
            elif is_block:
                yield from self._parsed(of_block(piece, self._dialect))
            else:
                for text in flow(text_of(piece), self._dialect):
                    yield from self._parsed(text)
        for name, texts in bodies.items():
            inner = Reader(
                self._dialect, self._described, self._deadline, self._patience, self._depth + 1
            )
            self._result.procedures[name] = inner.read(texts)

    def _parsed(self, text: str) -> Iterator[Statement]:
        if time.monotonic() > self._deadline:
            self._note("the script took too long to be read: some columns are left out")
            if named := tables_in(text, self._dialect):
                qualify(named, self._used, self._dialect)
                yield named
            return
        text, into = without_into(text) if self._into_is_variable else (text, ())
        parsed = parse(text, self._dialect)
        self._result.errors += parsed.errors
        for statement in parsed.statements:
            if isinstance(statement, Used):
                self._used = Used(
                    statement.schema or ("" if statement.catalog else self._used.schema),
                    statement.catalog or self._used.catalog,
                )
                continue
            if isinstance(statement, exp.Query):
                names = into or set_by_select(statement, self._dialect)
                statement = Assigned(names, statement) if names else statement
            yield from self._filled(statement)

    @property
    def _into_is_variable(self) -> bool:
        """Whether `SELECT max(a) INTO v` sets a variable, and makes no table."""
        if self._dialect in BATCHES:
            return False
        return self._depth > 0 or self._dialect not in INTO_MAKES_TABLES

    def _filled(self, statement: Statement) -> Iterator[Statement]:
        """A statement with the names that it means, and the SQL that it runs."""
        whole = statement.query if isinstance(statement, Assigned) else statement
        if whole is not None:
            qualify(whole, self._used, self._dialect)
        self._variables.note(statement)
        if isinstance(statement, Script):
            yield from self._inner(statement)
        elif isinstance(statement, Called) and (texts := self._variables.sql(statement)):
            for text in texts:
                yield from self._inner(Script(text))
        elif not isinstance(statement, Prepared):
            yield statement

    def _inner(self, script: Script) -> Iterator[Statement]:
        if self._depth >= _DEEPEST:
            self._note(f"SQL inside of SQL is too deep to be read: {script.text[:100]}")
            return
        self._depth += 1
        yield from self._statements(script.text)
        self._depth -= 1

    # -- what they do ----------------------------------------------------------------------------

    def _run(self, statement: Statement) -> None:
        try:
            if isinstance(statement, Moved):
                self._session.move(statement)
            elif isinstance(statement, Altered):
                self._session.alter(table_of(statement.table))
            elif isinstance(statement, Staged):
                self._result.stages[statement.name] = statement.address
            elif isinstance(statement, Called):
                self._call(statement)
            elif isinstance(statement, Assigned):
                self._assign(statement)
            elif isinstance(statement, Named):
                self._by_name(statement)
            elif isinstance(statement, exp.Drop):
                if statement.args.get("kind") in ("TABLE", "VIEW"):
                    for node in statement.find_all(exp.Table):
                        self._session.drop(table_of(node))
            elif isinstance(statement, exp.Expr):
                self._evaluate(statement)
        except Exception as error:  # noqa: BLE001 - sqlglot's trees take any form
            self._result.errors.append(f"{type(error).__name__}: {error}"[:500])
            self._by_table(statement)

    def _evaluate(self, statement: exp.Expr) -> None:
        if isinstance(statement, exp.Command):
            return
        if time.monotonic() > self._deadline:
            self._note("the script took too long to be read: some columns are left out")
            self._by_table(statement)
            return
        self._run_functions(statement)
        evaluator = self._evaluator()
        outcome = outcome_of(statement, evaluator)
        reads = evaluator.found.reads
        if outcome.is_read:
            for node in self._missed(statement, evaluator.seen):
                reads.setdefault(table_of(node))
            if self._dialect == "clickhouse":
                reads |= dict.fromkeys(_sets(statement))
        self._apply(outcome, evaluator)

    def _run_functions(self, statement: exp.Expr) -> None:
        """What functions of the script read and write where the statement calls them."""
        for function in statement.find_all(exp.Anonymous) if self._result.procedures else ():
            if (inner := self._procedure(function.name)) is not None:
                self._take_over(inner)

    def _evaluator(self) -> Evaluator:
        held = self._variables
        return Evaluator(
            self._dialect, self._describe, self._session.temporary, held.names, held.records
        )

    def _assign(self, statement: Assigned) -> None:
        names = statement.names
        if statement.query is None:
            self._variables.names |= {plain(name) for name in names}
            row = self._variables.records.get(plain(statement.cursor))
            if row is not None:
                self._variables.assign(names, row, is_new=statement.is_new)
            return
        if time.monotonic() > self._deadline:
            self._note("the script took too long to be read: some columns are left out")
            self._by_table(statement)
            return
        self._run_functions(statement.query)
        evaluator = self._evaluator()
        relation = evaluator.evaluate(statement.query, evaluator.scope())
        missed = (table_of(node) for node in self._missed(statement.query, evaluator.seen))
        self._session.read(evaluator.found.reads | dict.fromkeys(missed))
        for address in evaluator.found.files:
            _add(self._result.files_read, self._address(address))
        # Not before: the query's own columns may have the variable's name.
        self._variables.names |= {plain(name) for name in names}
        self._variables.assign(names, relation, is_new=statement.is_new)

    def _apply(self, outcome: Outcome, evaluator: Evaluator) -> None:
        reads = evaluator.found.reads
        if outcome.is_read and not any(c.is_only_read_later for c in outcome.changes):
            self._session.read(reads)
        for change in outcome.changes:
            self._session.write(change, reads)
        for address in evaluator.found.files:
            _add(self._result.files_read, self._address(address))
        for address in outcome.files:
            _add(self._result.files_written, self._address(address))
        self._result.declared += outcome.declared
        self._result.patterns += outcome.patterns
        for note in evaluator.found.unknown if outcome.changes or outcome.is_export else ():
            self._note(note)

    def _address(self, name: str) -> str:
        """Of a stage, where its files are if the script says so; else only the server knows."""
        if not name.startswith("@"):
            return name
        stage, _, path = name[1:].partition("/")
        known = {made.lower(): address for made, address in self._result.stages.items()}
        if (address := known.get(stage.lower())) is not None:
            return f"{address.rstrip('/')}/{path}"
        self._note(f"the address of the stage {name} is not known")
        return name

    def _by_name(self, statement: Named) -> None:
        reads: dict[Table, None] = {}
        for table in map(table_of, statement.reads):
            if (temporary := self._session.temporary(table)) is not None:
                reads |= dict.fromkeys(temporary.reads)
            else:
                reads[table] = None
        self._session.read(reads)
        for table in map(table_of, statement.writes):
            self._session.write(Change(table), reads)
        for table in map(table_of, statement.temporary):
            made = Change(table, makes=Relation((Star(),)), is_temporary=True)
            self._session.write(made, reads)

    def _describe(self, table: Table) -> dict[str, str] | None:
        if (made := self._session.made(table)) is not None and (names := names_of(made.columns)):
            return dict.fromkeys(filter(None, names), "")
        known = self._described(table)
        return dict(known) if known else None

    def _missed(self, statement: exp.Expr, seen: set[int]) -> Iterator[exp.Table]:
        """Tables in places that are not understood: they are read, whatever for."""
        ctes = {cte.alias_or_name.lower() for cte in statement.find_all(exp.CTE)}
        for node in statement.find_all(exp.Table):
            if id(node) in seen or not is_named(node) or self._session.temporary(table_of(node)):
                continue
            if isinstance(node.parent, exp.Table):  # an option of the table, such as its format
                continue
            if not node.db and node.name.lower() in ctes | {"dual"}:
                continue
            if node.find_ancestor(exp.LikeProperty, exp.ForeignKey, exp.Reference) is None:
                yield node

    def _by_table(self, statement: Statement) -> None:
        """What is left to tell of a statement whose columns could not be."""
        if isinstance(statement, Assigned) and statement.query is not None:
            statement = statement.query
        if not isinstance(statement, exp.Expr):
            return
        target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
        into = statement.find(exp.Into) if isinstance(statement, exp.Query) else None
        if into is not None:
            target = into.find(exp.Table)
        is_written = into is not None or isinstance(statement, exp.DML | exp.Create)
        written = table_of(target) if is_written and is_named(target) else None
        reads = {
            table_of(node): None for node in self._missed(statement, set()) if node is not target
        }
        self._session.read(reads)
        if written is not None:
            self._session.write(Change(written), reads)

    def _call(self, called: Called) -> None:
        name = re.sub(r'["\[\]`]', "", called.name).lower()
        if not name:
            self._note(f"SQL that is put together as it runs is not seen: {called.text[:100]}")
            return
        if (inner := self._procedure(name)) is not None:
            self._take_over(inner)
        elif not name.startswith(("sp_", "sys.", "dbms_", "utl_", "xp_")):
            self._note(f"what the procedure {called.name} reads and writes is not seen")

    def _procedure(self, name: str) -> Reading | None:
        found = (r for n, r in self._result.procedures.items() if n.lower() == name.lower())
        return next(found, None)

    def _take_over(self, inner: Reading) -> None:
        """What a procedure does that was defined before."""
        reads = dict.fromkeys(inner.reads)
        self._session.read(reads)
        for table in inner.writes:
            columns = {n: set(s) for n, s in inner.columns.get(table, {}).items()}
            indirect = set(inner.indirect.get(table, ()))
            self._session.write(Change(table, columns, indirect, table in inner.assumed), reads)
        for note in inner.unknown:
            self._note(note)

    def _note(self, what: str) -> None:
        _add(self._result.unknown, what)

    # -- what is left ----------------------------------------------------------------------------

    def _finish(self) -> None:
        result, session = self._result, self._session
        result.reads = [t for t in session.reads if self._has_name(t)]
        for table, columns, indirect, is_assumed in session.written():
            if not self._has_name(table):
                continue
            result.writes.append(table)
            named = {name: _named(sources) for name, sources in columns.items()}
            if named := {name: sources for name, sources in named.items() if sources}:
                result.columns[table] = named
                if is_assumed:
                    result.assumed.add(table)
            if indirect := _named(indirect):
                result.indirect[table] = indirect
        result.truncated = [t for t in session.emptied() if self._has_name(t)]
        result.dropped = [t for t in session.dropped() if self._has_name(t)]
        gone = {table.key for table in (*result.dropped, *result.writes)}
        result.declared = [
            t for t in result.declared if t.key not in gone and session.temporary(t) is None
        ]
        result.renamed = session.renamed()
        result.swapped = session.swapped
        done = {t.key for t in (*result.writes, *result.dropped, *result.truncated)}
        done |= {new.key for _, new in result.renamed}
        result.altered = [t for t in session.altered() if t.key not in done and self._has_name(t)]
        result.passing = [t for t in result.writes if t.key in session.passing]

    def _has_name(self, table: Table) -> bool:
        if not any(p.startswith(TEMPLATE) for p in (table.name, table.schema, table.catalog)):
            return True
        self._note("the name of a table is a template that was not rendered")
        return False


def _sets(statement: exp.Expr) -> Iterator[Table]:
    """ClickHouse's `a IN t`, where `t` is a table."""
    for node in statement.find_all(exp.In):
        if isinstance(field := node.args.get("field"), exp.Column):
            yield Table(field.name, field.table)


def _named(sources: set[Source]) -> set[Source]:
    return {s for s in sources if not s.table.name.startswith(TEMPLATE)}


def _add(held: list[str], text: str) -> None:
    if text not in held:
        held.append(text)
