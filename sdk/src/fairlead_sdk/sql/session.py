"""What several statements do together: to tables that outlive them, through those that do not.

A temporary table, and one that the script makes and drops again, is seen through. A table that it makes
beside another and puts in its place has the other's name. What it made itself is no input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from fairlead_sdk.sql.names import Columns, Key, Source, Sources, Table, alike, table_of
from fairlead_sdk.sql.outcomes import Change
from fairlead_sdk.sql.relations import Output, Relation, Star
from fairlead_sdk.sql.statements import Moved, Statement


@dataclass
class _Content:
    """What a table holds: it keeps what was written, whatever the table's name becomes."""

    origin: Table | None
    """The name under which it was there before; None if the script made it."""
    is_written: bool = False
    is_emptied: bool = False
    columns: Columns = field(default_factory=dict)
    indirect: set[Source] = field(default_factory=set)
    is_assumed: bool = False
    made: Relation | None = None


class Session:
    def __init__(self, statements: Sequence[Statement]) -> None:
        self.reads: dict[Table, None] = {}
        self.passing: set[Key] = set()
        self._contents: dict[Key, tuple[Table, _Content]] = {}
        self._temporary: dict[Key, Relation] = {}
        self._dropped: dict[Key, Table] = {}
        self._altered: dict[Key, Table] = {}
        self.swapped: list[tuple[Table, Table]] = []
        self._passing = _made_and_dropped(statements)

    # -- what statements see ---------------------------------------------------------------------

    def temporary(self, table: Table) -> Relation | None:
        """What a table stands for that does not outlive the script."""
        key = self._temporary_key(table)
        return self._temporary[key] if key else None

    def _temporary_key(self, table: Table) -> Key | None:
        """With or without its schema, as temporary tables are called."""
        name, schema, catalog = table.key
        for key in ((name, schema, catalog), (name, schema, ""), (name, "", "")):
            if key in self._temporary:
                return key
        if not schema:
            return next((key for key in self._temporary if key[0] == name), None)
        return None

    def made(self, table: Table) -> Relation | None:
        """A table that an earlier statement made, if its columns are known from that."""
        held = self._contents.get(table.key)
        relation = held[1].made if held else None
        return relation if relation is not None and not relation.is_open else None

    # -- what statements do ----------------------------------------------------------------------

    def read(self, tables: Mapping[Table, None]) -> None:
        for table in tables:
            held = self._contents.get(table.key)
            if held and held[1].is_written:
                self.passing.add(table.key)
            if held and held[1].origin is None:
                continue
            self.reads.setdefault(table)

    def write(self, change: Change, reads: Mapping[Table, None]) -> None:
        table = change.table
        makes = change.makes
        key = self._temporary_key(table)
        if key and (makes is None or (not change.is_temporary and not self._passes(table))):
            if makes is None:
                self._temporary[key] = _grown(self._temporary[key], change)
                return
            del self._temporary[key]
        if makes is not None and (change.is_temporary or self._passes(table)):
            read = tuple(reads) if change.is_only_read_later else ()
            relation = _seen_through(makes)
            indirect = frozenset(change.indirect)
            self._temporary[table.key] = replace(relation, reads=read, indirect=indirect)
            return
        self._dropped.pop(table.key, None)
        _, content = self._contents.setdefault(
            table.key, (table, _Content(None if makes is not None else table))
        )
        if makes is not None:
            content.made = makes
            content.columns, content.indirect = {}, set()
            content.is_emptied = False
        if change.is_emptied:
            content.is_emptied = not content.is_written or content.is_emptied
            if not content.is_emptied:
                content.columns, content.indirect = {}, set()
            return
        content.is_written = True
        content.is_emptied = False
        content.is_assumed |= change.is_assumed
        for name, sources in change.columns.items():
            content.columns.setdefault(name, set()).update(sources)
        content.indirect |= change.indirect

    def _passes(self, table: Table) -> bool:
        return table.key in self._passing

    def drop(self, table: Table) -> None:
        if key := self._temporary_key(table):
            del self._temporary[key]
            return
        if self._passes(table) or table.name.startswith("#"):
            return
        held = self._contents.pop(table.key, None)
        origin = held[1].origin if held else table
        if origin is not None:
            self._dropped.setdefault(origin.key, origin)

    def alter(self, table: Table) -> None:
        held = self._contents.get(table.key)
        if not self._temporary_key(table) and not (held and held[1].origin is None):
            self._altered.setdefault(table.key, table)

    def move(self, moved: Moved) -> None:
        for one, other in moved.pairs:
            old, new = table_of(one), table_of(other)
            if not new.schema:
                new = Table(new.name, old.schema, old.catalog)
            if moved.is_swap:
                self._swap(old, new)
            else:
                self._rename(old, new)

    def _swap(self, one: Table, other: Table) -> None:
        first, second = self._contents.get(one.key), self._contents.get(other.key)
        if first is None and second is None:
            # Nothing is known of either: the other was made ready to take the one's place.
            self.reads.setdefault(other)
            self.swapped.append((one, other))
            source = Source(other, "*", "IDENTITY")
            content = _Content(one, is_written=True, columns={"*": {source}})
            self._contents[one.key] = (one, content)
            return
        for table, held in ((other, first), (one, second)):
            self._contents.pop(table.key, None)
            content = held[1] if held else _Content(one if table is other else other)
            self._contents[table.key] = (table, content)
            if content.origin is None:
                self._call_otherwise(one if table is other else other, table)

    def _rename(self, old: Table, new: Table) -> None:
        if key := self._temporary_key(old):
            self._temporary[new.key] = self._temporary.pop(key)
            return
        _, content = self._contents.pop(old.key, (old, _Content(old)))
        self._contents[new.key] = (new, content)
        self._dropped.pop(new.key, None)
        if content.origin is None or content.is_written:
            self._call_otherwise(old, new)

    def _call_otherwise(self, old: Table, new: Table) -> None:
        """What others were made of has another name now."""
        for _, content in self._contents.values():
            for name, sources in content.columns.items():
                content.columns[name] = {_renamed(s, old, new) for s in sources}
            content.indirect = {_renamed(s, old, new) for s in content.indirect}

    # -- what is left ----------------------------------------------------------------------------

    def written(self) -> list[tuple[Table, Columns, set[Source], bool]]:
        return [
            (table, content.columns, content.indirect, content.is_assumed)
            for table, content in self._contents.values()
            if content.is_written
        ]

    def emptied(self) -> list[Table]:
        return [t for t, c in self._contents.values() if c.is_emptied and not c.is_written]

    def dropped(self) -> list[Table]:
        return [t for key, t in self._dropped.items() if key not in self._contents]

    def altered(self) -> list[Table]:
        return list(self._altered.values())

    def renamed(self) -> list[tuple[Table, Table]]:
        """Old and new names of tables that nothing was written to."""
        return [
            (content.origin, table)
            for table, content in self._contents.values()
            if content.origin is not None
            and content.origin.key != table.key
            and not content.is_written
        ]


def _renamed(source: Source, old: Table, new: Table) -> Source:
    return replace(source, table=new) if source.table.key == old.key else source


def _seen_through(relation: Relation) -> Relation:
    """A temporary table as what it is made of."""
    if relation.columns == (Star(),):  # declared without content, columns not known
        return Relation((Star(is_weak=True),))
    return relation


def _grown(relation: Relation, change: Change) -> Relation:
    """A temporary table with what was put into it."""
    columns = [
        Output(c.name, c.sources | frozenset(_of(change.columns, c.name)))
        if isinstance(c, Output)
        else c
        for c in relation.columns
    ]
    known = {c.name.lower() for c in columns if isinstance(c, Output)}
    more = [
        Output(name, frozenset(sources))
        for name, sources in change.columns.items()
        if name.lower() not in known and name != "*" and relation.is_open
    ]
    indirect = relation.indirect | change.indirect
    return replace(relation, columns=(*more, *columns), indirect=indirect)


def _of(columns: Columns, name: str) -> Sources:
    found: set[Source] = set()
    for each in alike(name, columns):
        found |= columns[each]
    return frozenset(found)


def _made_and_dropped(statements: Sequence[Statement]) -> set[Key]:
    """Tables that the script makes and of which it leaves nothing."""
    made: set[Key] = set()
    last: dict[Key, str] = {}
    moved: set[Key] = set()
    for statement in statements:
        if isinstance(statement, exp.Create) and statement.args.get("kind") in ("TABLE", "VIEW"):
            target = statement.find(exp.Table)
            if target is not None:
                key = table_of(target).key
                if not (statement.args.get("exists") and last.get(key) is None):
                    made.add(key)
                last[key] = "made"
        elif isinstance(statement, exp.Query):
            into = statement.find(exp.Into)
            target = into.find(exp.Table) if into else None
            if target is not None:
                made.add(table_of(target).key)
                last[table_of(target).key] = "made"
        elif isinstance(statement, exp.Drop):
            for node in statement.find_all(exp.Table):
                last[table_of(node).key] = "dropped"
        elif isinstance(statement, Moved):
            moved |= {table_of(t).key for pair in statement.pairs for t in pair}
    return {key for key in made if last[key] == "dropped" and key not in moved}
