"""What a change of columns, or a failure, does to others: asked of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fairlead_airflow.errors import Unsafe
from fairlead_sdk.client import Client
from fairlead_sdk.errors import Refused

_MOST_NAMED = 20
"""Owners are asked for, and lines written, for so many jobs."""


@dataclass(frozen=True)
class ColumnChange:
    """A column that goes (`after` is None), gets another type, or probably another name."""

    column: str
    before: str | None
    after: str | None
    change: str = "type"

    def __str__(self) -> str:
        if self.change == "renamed":
            return f"column {self.column} is probably renamed to {self.after}"
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

    def as_dict(self) -> dict[str, object]:
        """For XCom."""
        return asdict(self)


def proposed_columns(schema: Mapping[str, str | None] | Sequence[object]) -> dict[str, str | None]:
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


def check(
    client: Client,
    node: str,
    proposed: Mapping[str, str | None],
    depth: int,
    readers: bool = True,
) -> Report | None:
    """What the change of a dataset does, or None if the catalog does not have it.

    Raises Unsafe where a column with a breaking change is used, or, with `readers`, may be used for all
    that the catalog knows; FairleadError where the bridge cannot be asked.
    """
    try:
        found = client.schema_check(node, proposed, depth)
    except Refused as error:
        if error.status == 404:
            return None
        raise
    changed = [
        ColumnChange(each["column"], each["before"], each["after"], each["change"])
        for each in found["changes"]
        if each["breaking"]
    ]
    uses = _uses(found, readers=readers)
    if uses:
        raise Unsafe(_sentence(client, node, changed, uses))
    return Report(changed)


def _uses(found: Mapping[str, Any], *, readers: bool) -> list[Use]:
    """What is made from the columns and who may use them, the certain ones first."""
    items = [*found["uses"], *(found["unknown"] if readers else ())]
    jobs = {item["node"]: item for item in items if item["kind"] == "job"}
    uses = []
    for item in items:
        column, maker = item["uses"], jobs.get(item["path"][-2], {})
        if item["kind"] == "dataset":
            name = item["name"]
            made = [name if each == "*" else f"{name}.{each}" for each in item["columns"]] or [name]
            uses += [
                Use(column, maker.get("name"), maker.get("id"), into, item["certain"])
                for into in made
            ]
        elif not item["certain"] and item["path"][-2] == found["dataset"]:
            uses.append(Use(column, item["name"], item["id"], None, False))
    uses.sort(key=lambda use: (not use.certain, use.into is not None))
    return list({(u.job, u.into, u.certain): u for u in reversed(uses)}.values())[::-1]


def _sentence(
    client: Client,
    node: str,
    changed: Iterable[ColumnChange],
    uses: Sequence[Use],
) -> str:
    lines = [f"{node.removeprefix('dataset:')} must not change so:"]
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
