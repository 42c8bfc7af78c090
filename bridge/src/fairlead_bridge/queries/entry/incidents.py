"""Incidents as entries: with labels, owners, tags, and where Airflow shows the run that is the cause."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import sqlalchemy as sa

from fairlead_bridge import ids, telemetry
from fairlead_bridge.access.visible import RESTRICTED
from fairlead_bridge.db import tables as t
from fairlead_bridge.entries import AffectedAsset, DatasetRef, IncidentEntry, JobRef, RunEntry
from fairlead_bridge.insight.eta import Eta
from fairlead_bridge.model import Name
from fairlead_bridge.queries import again, facets
from fairlead_bridge.queries.entry import pages
from fairlead_bridge.queries.entry.refs import Row, dataset_refs, job_refs
from fairlead_bridge.queries.entry.runs import runs
from fairlead_bridge.queries.eta import etas
from fairlead_bridge.queries.incidents import Affected, Incident, of
from fairlead_bridge.queries.names import readings
from fairlead_bridge.queries.snapshot import Snapshot, among
from fairlead_bridge.telemetry import Line

#: Assets of an incident whose ETA a message has; five times as many of many incidents.
_ETAS = 20
_NAMES = ("tags", *facets.OWNERS)
_ALIASES = sa.select(t.run_alias.c.run_id, t.run_alias.c.id).where(among(t.run_alias.c.alias))
_MEMBERS = sa.select(t.dataset.c.id, t.dataset.c.asset_id).where(among(t.dataset.c.asset_id))


@dataclass(slots=True)
class _Known:
    """What the catalog has of the nodes of some incidents, by the names of the nodes."""

    ids: dict[str, int] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    dags: dict[str, str | None] = field(default_factory=dict)
    datasets: dict[str, DatasetRef] = field(default_factory=dict)
    jobs: dict[str, JobRef] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    runs: dict[str, RunEntry] = field(default_factory=dict)  # by OpenLineage's id
    running: set[str] = field(default_factory=set)
    etas: dict[str, Eta | None] = field(default_factory=dict)


def incidents(snapshot: Snapshot, wanted: Collection[int]) -> Iterator[IncidentEntry]:
    """The incidents; in a past snapshot as they were, without the times when all will be fresh."""
    if not wanted:
        return
    found = of(snapshot, wanted)
    known = _known(snapshot, found.values())
    for incident in found.values():
        yield _entry(incident, known)


def _entry(incident: Incident, known: _Known) -> IncidentEntry:
    nodes = dict.fromkeys([incident.node, *(item.node for item in incident.affected)])
    run = known.runs.get(incident.run_id or "")
    return IncidentEntry(
        name=Name("incident", incident.id),
        state=incident.state,
        severity=incident.severity,
        kind=incident.kind,
        node=incident.node,
        label=known.labels.get(incident.node, incident.node),
        text=_restricted_text(incident) if incident.node == RESTRICTED else incident.text,
        at=incident.at,
        opened_at=incident.opened_at,
        detected_at=incident.detected_at,
        changed_at=incident.changed_at,
        resolved_at=incident.resolved_at,
        run_id=incident.run_id,
        dag_id=known.dags.get(incident.node),
        path=tuple(known.labels.get(node, node) for node in incident.path),
        affected=tuple(_affected(item, known) for item in _others(incident)),
        tags=tuple(dict.fromkeys(tag for node in nodes for tag in known.tags.get(node, ()))),
        owners=known.owners.get(incident.node, ()),
        acknowledged_by=incident.acknowledged_by,
        resolved_by=incident.resolved_by,
        assigned_to=incident.assigned_to,
        run_url=_page(run),
        log_url=run.url if run is not None else None,
        is_running=incident.node in known.running,
        dataset=known.datasets.get(incident.node),
        job=known.jobs.get(incident.node),
    )


def _restricted_text(incident: Incident) -> str:
    """The root cause in one sentence, for readers who do not see it."""
    return f"The cause is in namespaces that are not shown here ({incident.kind.replace('_', ' ')})"


def _others(incident: Incident) -> Iterator[Affected]:
    return (item for item in incident.affected if item.node != incident.node)


def _affected(item: Affected, known: _Known) -> AffectedAsset:
    eta = known.etas.get(item.node)
    times = None if eta is None else (eta.p50, eta.low, eta.high)
    return AffectedAsset(
        item.node,
        item.label,
        item.standing,
        item.owners,
        item.expected_by,
        times,
        known.datasets.get(item.node),
        known.jobs.get(item.node),
    )


def _page(run: RunEntry | None) -> str | None:
    """The DAG run's page in Airflow, from the address of its log."""
    base = pages.airflow_base(run.url) if run is not None else None
    if base is None or run is None or run.dag_run_id is None or run.job.dag_id is None:
        return None
    return f"{base}/dags/{run.job.dag_id}/runs/{quote(run.dag_run_id, safe='')}"


def _known(snapshot: Snapshot, found: Iterable[Incident]) -> _Known:
    every = list(found)
    nodes = {
        node
        for incident in every
        for node in (incident.node, *incident.path, *(item.node for item in incident.affected))
    }
    known = _Known()
    _name_nodes(snapshot, nodes, known)
    _label_nodes(snapshot, known)
    known.running = _running(snapshot, every, known)
    known.etas = {} if snapshot.past else _etas(snapshot, every, known)
    known.runs = _runs(snapshot, {it.run_id for it in every if it.run_id is not None})
    return known


def _name_nodes(snapshot: Snapshot, nodes: Collection[str], known: _Known) -> None:
    """The id and label of each node, and the DAG that a job is of."""
    asked: dict[str, dict[int, str]] = {"dataset": {}, "job": {}}
    for node in nodes:
        kind, _, rest = node.partition(":")
        id_of = ids.dataset_id if kind == "dataset" else ids.job_id
        for namespace, name in readings(rest):
            asked.setdefault(kind, {})[id_of(namespace, name)] = node
    for key, dataset in dataset_refs(snapshot, asked["dataset"]).items():
        node = asked["dataset"][key]
        known.ids[node], known.labels[node] = dataset.id, dataset.name
        known.datasets[node] = dataset
    for key, job in job_refs(snapshot, asked["job"]).items():
        node = asked["job"][key]
        known.ids[node], known.labels[node], known.dags[node] = job.id, job.name, job.dag_id
        known.jobs[node] = job


def _label_nodes(snapshot: Snapshot, known: _Known) -> None:
    """Tags and owners of each node; those of a task are its DAG's as well."""
    members = {key: key for key in known.ids.values()}
    members |= {row.id: row.asset_id for row in snapshot.each(_MEMBERS, members.copy())}
    above = _parents(snapshot, members)
    bodies = facets.of(snapshot, members | {dag: dag for dag in above.values()}, _NAMES)
    for node, key in known.ids.items():
        both = [
            bodies[each] for each in (key, above.get(key)) if each is not None and each in bodies
        ]
        known.tags[node] = _each(str(tag["key"]) for own in both for tag in facets.tags(own))
        known.owners[node] = _each(name for own in both for name, _ in facets.owners(own))


def _parents(snapshot: Snapshot, keys: Collection[int]) -> dict[int, int]:
    rows: Iterable[Row] = snapshot.where(t.job.c.id, keys)
    return {row.id: row.parent_id for row in rows if row.kind == "task" and row.parent_id}


def _running(snapshot: Snapshot, found: Iterable[Incident], known: _Known) -> set[str]:
    """The jobs that are causes and run again."""
    jobs = {known.ids[it.node]: it.node for it in found if it.node in known.dags}
    causes = ((known.ids[it.node], it.at) for it in found if it.node in known.dags)
    return {jobs[job] for job in again.of_incidents(snapshot, causes)}


def _etas(snapshot: Snapshot, found: Iterable[Incident], known: _Known) -> dict[str, Eta | None]:
    """When what is affected first by the open incidents will be fresh, for as many as are quick to ask."""
    nodes = [
        item.node
        for incident in found
        if incident.state != "resolved"
        for item in incident.affected[:_ETAS]
        if item.node in known.ids
    ]
    keys = {known.ids[node]: node for node in nodes[: 5 * _ETAS]}
    try:
        return {keys[key]: eta for key, eta in etas(snapshot, keys).items()}
    except sa.exc.DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001  (a message without a time is better than none)
        telemetry.say(Line.QUERY_FAILED, logging.ERROR, exc_info=True, reason=error)
        return {}


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _runs(snapshot: Snapshot, run_ids: Collection[str]) -> dict[str, RunEntry]:
    aliases = snapshot.each(_ALIASES, [ids.run_id(run_id) for run_id in run_ids])
    keys = {row.run_id: row.id for row in aliases}
    found = runs(snapshot, set(keys.values()), whole=False)
    entries = {entry.name.id: entry for entry in found}
    return {run_id: entries[key] for run_id, key in keys.items() if key in entries}
