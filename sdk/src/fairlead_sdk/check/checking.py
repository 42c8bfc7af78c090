"""The check: what files leave in tables, before and after, asked of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from fairlead_sdk.check.catalog import Catalog, Dataset
from fairlead_sdk.check.changes import Changed, Repository
from fairlead_sdk.check.compare import (
    Difference,
    difference,
    moved_positions,
    of_alterations,
    proposed,
)
from fairlead_sdk.check.model import Finding, Place, Report, Written
from fairlead_sdk.check.project import Describe, Key, Project, refs_of, states_schema
from fairlead_sdk.sql import Table

_SQL = (".py", ".sql", ".ddl", ".hql")
_MOST = 50
"""Uses of one column that are listed."""


def check(
    catalog: Catalog,
    changed: Sequence[Changed],
    dialect: str = "",
    *,
    repository: Repository | None = None,
    node: str = "",
    allow_unknown: bool = False,
) -> Report:
    """What a change of files breaks, as the catalog knows it.

    Without a `before`, files are compared with the catalog. `node` is the dataset of the one file that
    does not say its own. With `allow_unknown` a reader counts only if the catalog knows that it uses the
    column. Raises CannotCheck for a file that is no schema, FairleadError where the catalog cannot be asked.
    """
    files = [
        c
        for c in changed
        if any(t is not None and states_schema(c.path, t) for t in (c.before, c.after))
    ]
    before = _project({c.path: c.before for c in files}, dialect, catalog.describe)
    after = _project({c.path: c.after for c in files}, dialect, catalog.describe)
    catalog.raise_failure()
    checking = _Checking(catalog, before, after, repository, dialect, node, allow_unknown)
    checking.run(is_compared=repository is not None)
    tables = len(before.written.keys() | after.written.keys())
    return Report(checking.findings, len(files), tables)


def _project(texts: Mapping[str, str | None], dialect: str, describe: Describe) -> Project:
    return Project({p: t for p, t in texts.items() if t is not None}, dialect, describe)


class _Checking:
    def __init__(
        self,
        catalog: Catalog,
        before: Project,
        after: Project,
        repository: Repository | None,
        dialect: str,
        node: str,
        allow_unknown: bool,
    ) -> None:
        self.findings: list[Finding] = []
        self._catalog = catalog
        self._before = before
        self._after = after
        self._repository = repository
        self._dialect = dialect
        self._node = node
        self._allow_unknown = allow_unknown

    def run(self, *, is_compared: bool) -> None:
        for key, after in self._after.written.items():
            self._table(self._before.written.get(key) if is_compared else None, after, is_compared)
        self._alterations()
        self._gone()
        if is_compared:
            self._unreadable()
            self._unknown_columns()
            self._unknown_tables()
            self._unknown_models()

    # -- columns ---------------------------------------------------------------------------------

    def _table(self, before: Written | None, after: Written, is_compared: bool) -> None:
        is_altered = any(a.table.key == after.table.key for a, _ in self._after.altered)
        if before is not None and not is_altered and (moved := moved_positions(before, after)):
            self._positions(after, moved)
        is_stated = PurePosixPath(after.place.file).suffix not in _SQL
        for dataset in self._meant(before or after, after.node or self._node):
            present = self._catalog.known_columns(dataset)
            found = difference(before, after, present, is_stated=is_stated)
            if found and present:
                self._judge(dataset, present, found, after.place)

    def _meant(self, written: Written, node: str = "") -> list[Dataset]:
        """The datasets that a table is; a schema that is stated names its dataset in full."""
        if node or written.node:
            return self._catalog.datasets(written.table, node or written.node)
        found = self._catalog.meant(written.table, written.shape.columns)
        if PurePosixPath(written.place.file).suffix == ".avsc":
            return [each for each in found if each.name.lower() == written.table.name.lower()]
        return found

    def _positions(self, after: Written, moved: str) -> None:
        for dataset in self._meant(after):
            self._add(
                Finding(
                    "positions",
                    f"INSERT INTO {after.table} names no columns, and {moved}",
                    after.place,
                    dataset.node,
                )
            )

    def _alterations(self) -> None:
        old = {each for each, _ in self._before.altered}
        by_table: dict[Key, list[Any]] = {}
        for each, place in self._after.altered:
            if each not in old:
                by_table.setdefault(each.table.key, []).append((each, place))
        for changes in by_table.values():
            alterations = [each for each, _ in changes]
            found = of_alterations(alterations)
            for dataset in self._catalog.datasets(alterations[0].table):
                present = self._catalog.known_columns(dataset)
                if found and present:
                    self._judge(dataset, present, found, changes[0][1])

    def _judge(
        self, dataset: Dataset, present: Mapping[str, str], found: Difference, place: Place
    ) -> None:
        answer = self._catalog.check(dataset, proposed(present, found))
        if answer is None or answer["safe"]:
            return
        for change in answer["changes"]:
            name = change["column"]
            if not change["breaking"] or name.lower() not in found.changed:
                continue
            uses = self._uses(answer, name, dataset)
            if uses:
                if name.lower() in found.constant:
                    change = {**change, "change": "constant"}
                self._add(_of_change(change, dataset, place, uses, answer))

    def _uses(self, answer: Mapping[str, Any], column: str, dataset: Dataset) -> list[object]:
        """What uses a column and is not changed along with it."""
        listed = [*answer["uses"], *(() if self._allow_unknown else answer["unknown"])]
        return self._not_adapted([u for u in listed if u["uses"] == column], dataset, column)

    # -- tables ----------------------------------------------------------------------------------

    def _gone(self) -> None:
        """Tables that the files wrote, or made, and no longer do."""
        gone: dict[Key, tuple[Table, Place]] = {}
        for key, written in self._before.written.items():
            if key not in self._after.written and not written.node:
                gone[key] = (written.table, written.place)
        for key, dropped in self._after.dropped.items():
            if key not in self._before.dropped and key not in self._after.written:
                gone[key] = dropped
        for key, (table, place) in gone.items():
            if key in self._after.dropped or not self._is_written_elsewhere(table):
                self._table_gone(table, place)

    def _table_gone(self, table: Table, place: Place) -> None:
        refs = self._models_with(table) if place.file.endswith(".sql") else []
        is_found = False
        written = self._before.written.get(table.key)
        for dataset in self._meant(written) if written else self._catalog.datasets(table):
            answer = self._catalog.impact(dataset)
            items = answer["items"] if answer else []
            if uses := self._not_adapted(items, dataset, "*"):
                is_found = True
                self._add(
                    Finding(
                        "table-removed",
                        f"{dataset.name} is no longer written, and {_count(uses)} below it",
                        place,
                        dataset.node,
                        uses=tuple(map(_line, uses[:_MOST])),
                        owners=tuple(o["name"] for o in answer["owners"]) if answer else (),
                        kinds=answer["kinds"] if answer else {},
                    )
                )
        if refs and not is_found:
            self._add(
                Finding(
                    "unknown-model",
                    f"the model {table.name} is gone, and {', '.join(sorted(refs))} refers to it",
                    place,
                )
            )

    def _is_written_elsewhere(self, table: Table) -> bool:
        if self._repository is None:
            return False
        texts = {p: self._repository.text(p) for p in self._repository.mentioning(table.name)}
        others = _project(texts, self._dialect, lambda _: None)
        return table.key in others.written

    def _not_adapted(self, items: Iterable[Any], dataset: Dataset, column: str) -> list[Any]:
        """Without what the same change writes anew from other columns, and what is below only that."""
        name = dataset.name.rpartition(".")[2].lower()
        adapted: set[str] = set()
        for key, written in self._before.written.items():
            now = self._after.written.get(key)
            if now is not None and self._reads(now, name, column):
                continue
            for each in self._meant(written):
                adapted.add(each.node)
        left = [i for i in items if not adapted & {*i["path"][1:]}]
        on_ways = {node for item in left if item["kind"] == "dataset" for node in item["path"]}
        freed = {n for i in items if i not in left for n in i["path"] if n.startswith("job:")}
        return [i for i in left if i["node"] not in freed - on_ways]

    def _reads(self, written: Written, table: str, column: str) -> bool:
        for name, used in written.uses:
            if name == table and (column == "*" or used in (column.lower(), "*")):
                return True
        return False

    # -- what the files themselves break ---------------------------------------------------------

    def _unreadable(self) -> None:
        for path, why in self._after.unreadable.items():
            if path not in self._before.unreadable:
                self._add(Finding("unreadable", f"{path} cannot be read: {why}", Place(path)))

    def _unknown_columns(self) -> None:
        for (path, column), table in self._after.unknown.items():
            if (path, column) in self._before.unknown or (
                path not in self._before.paths and not table
            ):
                continue
            of = f"{table} has no such column" if table else "no table that it reads has it"
            message = f"the column {column} is read, and {of}"
            self._add(Finding("unknown-column", message, Place(path), column=column))

    def _unknown_models(self) -> None:
        if self._repository is None or not self._after.refs:
            return
        files = self._repository.files()
        models = {
            PurePosixPath(name).name.split(".")[0].lower()
            for name in files
            if name.endswith((".sql", ".py", ".csv"))
        }
        for path, names in self._after.refs.items():
            for name in sorted(names - self._before.refs.get(path, set()) - models):
                near = get_close_matches(name, models, 1)
                hint = f"; there is {near[0]}" if near else ""
                message = f"ref('{name}') is no model, seed or snapshot of the project{hint}"
                self._add(Finding("unknown-model", message, Place(path)))

    def _models_with(self, table: Table) -> list[str]:
        """The dbt models of today that refer to one."""
        if self._repository is None:
            return []
        texts = {p: self._repository.text(p) or "" for p in self._repository.mentioning(table.name)}
        return sorted(p for p, text in texts.items() if table.name.lower() in refs_of(text))

    def _unknown_tables(self) -> None:
        """A table that the catalog does not have, read in place of one that it has."""
        for key, reads in self._after.tables_read.items():
            before = self._before.tables_read.get(key)
            if before is None or key not in self._after.written:
                continue
            gone = sorted(
                str(Table(*k)) for k in before - reads if self._catalog.is_known(Table(*k))
            )
            for name, schema, catalog in sorted(reads - before) if gone else ():
                table = Table(name, schema, catalog)
                is_made = self._after.made(table) or self._is_written_elsewhere(table)
                if not is_made and not self._catalog.is_known(table) and not self._is_ref(table):
                    message = f"{table} is read instead of {', '.join(gone)}, and is not known"
                    place = self._after.written[key].place
                    self._add(Finding("unknown-table", message, place))

    def _is_ref(self, table: Table) -> bool:
        """The dbt model of this name may be new, or missing, which another rule finds."""
        return not table.schema and any(table.name.lower() in n for n in self._after.refs.values())

    def _add(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)


def _of_change(
    change: Mapping[str, Any],
    dataset: Dataset,
    place: Place,
    uses: list[Any],
    answer: Mapping[str, Any],
) -> Finding:
    column = change["column"]
    what = {
        "removed": f"the column {column} of {dataset.name} goes",
        "constant": f"the column {column} of {dataset.name} becomes the same in every row",
        "renamed": f"the column {column} of {dataset.name} probably becomes {change['after']}",
        "type": f"the column {column} of {dataset.name} becomes {change['after']} instead of {change['before']}",
    }[change["change"]]
    return Finding(
        f"column-{change['change']}",
        f"{what}, and {_count(uses)} use it",
        place,
        dataset.node,
        column,
        tuple(map(_line, uses[:_MOST])),
        tuple(answer["owners"]),
        answer["kinds"],
    )


def _count(uses: Sequence[Mapping[str, Any]]) -> str:
    datasets = sum(use["kind"] == "dataset" for use in uses)
    jobs = len(uses) - datasets
    perhaps = sum(not use["certain"] for use in uses)
    parts = [
        f"{n} {word}{'s' * (n != 1)}" for n, word in ((datasets, "dataset"), (jobs, "job")) if n
    ]
    note = f" ({perhaps} of them perhaps)" if perhaps else ""
    return " and ".join(parts) + note


def _line(use: Mapping[str, Any]) -> str:
    kind = (use.get("dataset_kind") or use["kind"]).lower()
    owners = ", ".join(o["name"] for o in use["owners"])
    perhaps = "" if use["certain"] else ", perhaps: which columns it reads is not known"
    return f"{kind} {use['name']}{f' ({owners})' if owners else ''}{perhaps}"
