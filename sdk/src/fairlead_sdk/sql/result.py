"""What a script does, in terms of tables that outlive it."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead_sdk.sql.names import Columns, Source, Table


@dataclass
class Reading:
    """What a script does, in terms of tables that outlive it."""

    reads: list[Table] = field(default_factory=list)
    writes: list[Table] = field(default_factory=list)
    truncated: list[Table] = field(default_factory=list)
    dropped: list[Table] = field(default_factory=list)
    renamed: list[tuple[Table, Table]] = field(default_factory=list)
    """Old and new names."""
    swapped: list[tuple[Table, Table]] = field(default_factory=list)
    """Tables that exchange their names: the first is written with what the second holds."""
    altered: list[Table] = field(default_factory=list)
    """Tables whose definition changes, and not their rows."""
    stages: dict[str, str] = field(default_factory=dict)
    """Names of places of files that the script makes, and their addresses."""
    files_read: list[str] = field(default_factory=list)
    files_written: list[str] = field(default_factory=list)
    columns: dict[Table, Columns] = field(default_factory=dict)
    """What the columns of written tables are made of; `*` where they are not known."""
    indirect: dict[Table, set[Source]] = field(default_factory=dict)
    """What decides about the rows of written tables."""
    assumed: set[Table] = field(default_factory=set)
    """Tables whose columns are called here as the query calls them, because theirs are not known."""
    passing: list[Table] = field(default_factory=list)
    """Tables that one statement wrote and a later one read."""
    declared: list[Table] = field(default_factory=list)
    """Tables that the script makes only if they are missing."""
    patterns: list[Table] = field(default_factory=list)
    """Tables that others are made like (`CREATE TABLE a LIKE b`): nothing of them is read."""
    procedures: dict[str, Reading] = field(default_factory=dict)
    """What procedures do that the script defines, and does not run."""
    unknown: list[str] = field(default_factory=list)
    """What is unknown, and why."""
    errors: list[str] = field(default_factory=list)
    """What could not be read."""

    @property
    def lacks_columns(self) -> bool:
        """Whether more would be known if the columns of its tables were known."""
        by_star = any("*" in columns for columns in self.columns.values())
        return bool(self.assumed or self.unknown) or by_star


def nothing_known(table: Table) -> None:
    """For scripts without a database at hand."""
