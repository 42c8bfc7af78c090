"""What a change of columns, or a failure, does to others: asked of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fairlead_sdk.client import Client
from fairlead_sdk.errors import Refused

_MOST_NAMED = 20
"""Owners are asked for, and lines written, for so many jobs."""


@dataclass(frozen=True)
class ColumnChange:
    """A column that goes (`after` is None) or gets another type."""

    column: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.after is None:
            return f"column {self.column} is removed"
        return f"column {self.column} becomes {self.after} instead of {self.before}"


@dataclass(frozen=True)
class Use:
    """A use of a column downstream; `into` is what is made from it, None where that is not known.

    It is not `certain` where the catalog does not know which columns a reader on the way uses.
    """

    column: str
    job: str | None
    job_id: str | None
    into: str | None
    certain: bool = True

    def __str__(self) -> str:
        if self.into is None:
            return f"{self.job} reads the dataset; which columns, the catalog does not know"
        made = f"{self.into} {'is' if self.certain else 'may be'} made from {self.column}"
        return f"{made} by {self.job}" if self.job else made


@dataclass(frozen=True)
class Report:
    """What would change, and who would notice."""

    changes: list[ColumnChange] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For XCom."""
        return asdict(self)


class Unsafe(Exception):
    """The change would break something; the text says what, and whose it is."""


def proposed_columns(schema: Mapping[str, str | None] | Sequence[Any]) -> dict[str, str | None]:
    """Names and types (None: any). ValueError where it is neither of the ways to write columns."""
    if isinstance(schema, Mapping):
        return {str(name): kind for name, kind in schema.items()}
    columns: dict[str, str | None] = {}
    for item in () if isinstance(schema, str) else schema:
        if isinstance(item, Mapping) and "name" in item:
            columns[str(item["name"])] = item.get("type")
        elif isinstance(item, str):
            columns[item] = None
        else:
            raise ValueError(f"{item!r} is no column: write its name, or a dict with name and type")
    if not columns:
        raise ValueError("a proposed schema has columns: a dict of types by name, or a list")
    return columns


def changes(
    present: Iterable[Mapping[str, Any]], proposed: Mapping[str, str | None]
) -> list[ColumnChange]:
    """What would be gone or different; new columns are safe. Case is ignored."""
    wanted = {name.lower(): kind for name, kind in proposed.items()}
    found = []
    for column in present:
        name, before = str(column["name"]), column.get("type")
        if _parent(name.lower(), wanted):
            continue  # a field inside a column of which only the whole was proposed
        if name.lower() not in wanted:
            found.append(ColumnChange(name, before, None))
            continue
        after = wanted[name.lower()]
        if before and after and _type(before) != _type(after):
            found.append(ColumnChange(name, before, after))
    return found


def _parent(name: str, wanted: Mapping[str, Any]) -> bool:
    """True for `address.city` where `address` is proposed and nothing inside it."""
    if name in wanted:
        return False
    above = name.rpartition(".")[0]
    while above:
        if above in wanted:
            return not any(other.startswith(f"{above}.") for other in wanted)
        above = above.rpartition(".")[0]
    return False


def _type(text: str) -> str:
    return "".join(text.lower().split())


def check(
    client: Client,
    present: Mapping[str, Any],
    proposed: Mapping[str, str | None],
    depth: int,
    readers: bool = True,
) -> Report:
    """What the change does; `present` is the dataset as the catalog has it.

    Raises Unsafe where a removed column is used, or, with `readers`, may use it for all that the
    catalog knows; FairleadError where the bridge cannot be asked.
    """
    changed = changes(_columns(present), proposed)
    if not changed:
        return Report()
    uses = [use for change in changed for use in _uses(client, present, change.column, depth)]
    if not readers:
        uses = [use for use in uses if use.certain]
    uses = list({(use.job, use.into, use.certain): use for use in reversed(uses)}.values())[::-1]
    if uses:
        raise Unsafe(_sentence(client, present, changed, uses))
    return Report(changed)


def _columns(present: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The columns of the schema; without one, those that column lineage names."""
    known = list(present["schema_fields"])
    return [column for column in known if column.get("known_by") != "lineage"] or known


def _uses(client: Client, present: Mapping[str, Any], column: str, depth: int) -> list[Use]:
    """What is made from the column and who may use it, the certain ones first."""
    node = str(present["node"])
    items = client.impact(node, column, depth)["items"]
    jobs = {item["node"]: item for item in items if item["kind"] == "job"}
    found = []
    for item in items:
        maker = jobs.get(item["path"][-2], {})
        if item["kind"] == "dataset":
            name = item["name"]
            made = [name if each == "*" else f"{name}.{each}" for each in item["columns"]] or [name]
            found += [
                Use(column, maker.get("name"), maker.get("id"), into, item["certain"])
                for into in made
            ]
        elif not item["certain"] and item["path"][-2] == node:
            found.append(Use(column, item["name"], item["id"], None, False))
    return sorted(found, key=lambda use: (not use.certain, use.into is not None))


def _sentence(
    client: Client,
    present: Mapping[str, Any],
    changed: Iterable[ColumnChange],
    uses: Sequence[Use],
) -> str:
    lines = [f"{present['name']} must not change so:"]
    lines += [f"  {change}" for change in changed]
    lines.append("because it is used:")
    owners = owners_of(client, (use.job_id for use in uses[:_MOST_NAMED]))
    for use in uses[:_MOST_NAMED]:
        whose = ", ".join(owners.get(use.job_id or "", ()))
        lines.append(f"  {use}" + (f" (owner: {whose})" if whose else ""))
    if len(uses) > _MOST_NAMED:
        lines.append(f"  and {len(uses) - _MOST_NAMED} more")
    return "\n".join(lines)


def owners_of(client: Client, job_ids: Iterable[str | None]) -> dict[str, list[str]]:
    """Owners' names by the job's id; a task's owners are its DAG's where it has none."""
    found: dict[str, list[str]] = {}
    for id in dict.fromkeys(job_ids):
        if id is None or len(found) >= _MOST_NAMED:
            continue
        job = client.get(f"jobs/{id}")
        owners = [owner["name"] for owner in job["owners"]]
        if not owners and (above := job.get("parent")):
            owners = [owner["name"] for owner in client.get(f"jobs/{above['id']}")["owners"]]
        found[id] = owners
    return found


@dataclass(frozen=True)
class Affected:
    """Who is downstream of a job. `unknown` is why that is not known; None where it is."""

    unknown: str | None = "the catalog could not be asked"
    datasets: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    more: int = 0
    """How many were found and are not named here."""

    @property
    def known(self) -> bool:
        return self.unknown is None

    def __str__(self) -> str:
        if self.unknown is not None:
            return f"Who is affected is not known: {self.unknown}."
        if not (self.datasets or self.jobs):
            return "The catalog knows of nothing downstream."
        more = f", and {self.more} more," if self.more else ""
        counted = f"{_count(self.datasets, 'dataset')} and {_count(self.jobs, 'job')}{more}"
        parts = [f"{counted} downstream are affected"]
        if self.datasets:
            parts.append(f"datasets: {', '.join(self.datasets[:_MOST_NAMED])}")
        if self.jobs:
            parts.append(f"jobs: {', '.join(self.jobs[:_MOST_NAMED])}")
        if self.owners:
            parts.append(f"owners: {', '.join(self.owners)}")
        return "; ".join(parts) + "."


def _count(names: Sequence[str], noun: str) -> str:
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}"


def downstream(client: Client, namespace: str, job: str, depth: int = 10) -> Affected:
    """Who is downstream of a job, by what its earlier runs wrote. Raises FairleadError.

    That nothing is found says something only of a job that has succeeded: before, what it writes has
    not been seen.
    """
    try:
        walk = client.lineage(f"job:{namespace}:{job}", "down", depth)
    except Refused as error:
        if error.status != 404:
            raise
        return Affected(unknown=f"the catalog has not seen {job} in namespace {namespace} yet")
    below = [n for n in walk["nodes"] if n["depth"] > 0]
    if not below and not _has_succeeded(client, namespace, job):
        return Affected(
            unknown=f"no run of {job} has succeeded yet, so what it writes is not known"
        )
    jobs = [n for n in below if n["kind"] == "job"]
    owners = owners_of(client, (n["id"] for n in jobs))
    return Affected(
        unknown=None,
        datasets=tuple(n["name"] for n in below if n["kind"] == "dataset"),
        jobs=tuple(n["name"] for n in jobs),
        owners=tuple(sorted({name for names in owners.values() for name in names})),
        more=walk["truncated"],
    )


def _has_succeeded(client: Client, namespace: str, job: str) -> bool:
    found = client.get("runs", namespace=namespace, job=job, state="success", limit=1)
    return bool(found["items"])
