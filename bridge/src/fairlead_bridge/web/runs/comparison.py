"""One run beside the last good one of its job, in one answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fairlead_bridge import facts
from fairlead_bridge.queries import comparison as c
from fairlead_bridge.queries import patches
from fairlead_bridge.queries.snapshot import Row, Snapshot
from fairlead_bridge.web import log, nouns, render
from fairlead_bridge.web.runs import answers as a

#: Events of each side that are read for the code that ran.
EVENTS = 300
Job = tuple[str, str]  # namespace, name


def answer(snapshot: Snapshot, run: Row) -> a.Comparison:
    good = c.last_good(snapshot, run)
    if good is None:
        return a.Comparison(good=None, slower=None, tasks=[], datasets=[], code=[], settings=[])
    inside = [c.inside(snapshot, side) for side in (run, good)]
    both = [[run, *inside[0]], [good, *inside[1]]]
    code_facts = [_code_facts(snapshot, side) for side in both]
    return a.Comparison(
        good=render.run(good),
        slower=c.Part(run, good).slower,
        tasks=[_task(part) for part in c.parts(*inside)],
        datasets=[_dataset(each) for each in c.data(snapshot, *both)],
        code=_code(*code_facts),
        settings=[*_settings(run, good), *_versions(*code_facts)],
    )


def _task(part: c.Part) -> a.TaskComparison:
    row = part.run or part.good
    assert row is not None  # noqa: S101  (one side has it)
    return a.TaskComparison(
        name=render.run_label(row),
        map_index=row.map_index if row.map_index is not None and row.map_index >= 0 else None,
        run=render.run(part.run) if part.run is not None else None,
        good=render.run(part.good) if part.good is not None else None,
        slower=part.slower,
    )


def _dataset(each: c.Data) -> a.DatasetComparison:
    now, before = each.run, each.good
    return a.DatasetComparison(
        dataset=render.dataset_ref(each.asset),
        role="output" if each.role == "output" else "input",
        seen="both" if now and before else "only_now" if now else "only_before",
        row_count=now.row_count if now else None,
        good_row_count=before.row_count if before else None,
        byte_count=now.byte_count if now else None,
        good_byte_count=before.byte_count if before else None,
        changes=[render.schema_change(change) for change in each.changes],
    )


# --- what ran, as the events say ------------------------------------------------------------

_TEXTS = (("SQL", "sql", "query"), ("Source code", "sourceCode", "sourceCode"))
_VERSIONS = (
    ("DAG version", ("run", "facets", "airflowDagRun", "dagRun", "dag_version_number")),
    ("DAG bundle version", ("run", "facets", "airflowDagRun", "dagRun", "dag_bundle_version")),
    ("DAG version", ("run", "facets", "airflow", "dagRun", "dag_version_number")),
    ("DAG bundle version", ("run", "facets", "airflow", "dagRun", "dag_bundle_version")),
    ("Operator", ("run", "facets", "airflow", "task", "operator_class")),
    ("Operator's package", ("run", "facets", "airflow", "task", "operator_provider_version")),
    ("Engine", ("run", "facets", "processing_engine", "version")),
    ("Source version", ("job", "facets", "sourceCodeLocation", "version")),
)


def _code_facts(snapshot: Snapshot, runs: Sequence[Row]) -> dict[Job, dict[str, str]]:
    """By job: its texts and versions, as the events of these runs sent them; the newest counts."""
    found: dict[Job, dict[str, str]] = {}
    jobs = {(row.job_namespace, row.job_name) for row in runs}
    for stored in log.events_of(snapshot, [row.id for row in runs], EVENTS):
        event = _decode(stored.body)
        job = (_at(event, ("job", "namespace")), _at(event, ("job", "name")))
        if job not in jobs:
            continue
        of_job = found.setdefault(job, {})
        texts = ((name, ("job", "facets", facet, key)) for name, facet, key in _TEXTS)
        for name, path in (*texts, *_VERSIONS):
            value = _at(event, path)
            if isinstance(value, str | int) and value != "":
                of_job[name] = str(value)
    return found


def _decode(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _at(value: object, path: Iterable[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _code(now: Mapping[Job, dict[str, str]], good: Mapping[Job, dict[str, str]]) -> list[a.Code]:
    """The texts that differ between both sides, line by line."""
    found = []
    for job in sorted(now.keys() & good.keys()):
        for name, _, _ in _TEXTS:
            new, old = now[job].get(name), good[job].get(name)
            if new is not None and old is not None and new != old:
                found.append(
                    a.Code(
                        job=nouns.JobName(namespace=job[0], name=job[1]),
                        what=name,
                        lines=patches.lines(old, new),
                    )
                )
    return found


def _versions(
    now: Mapping[Job, dict[str, str]], good: Mapping[Job, dict[str, str]]
) -> list[a.Setting]:
    """What differs in what ran; said once where it is so in many tasks."""
    found: dict[tuple[str, str | None, str | None], list[str]] = {}
    for job in sorted(now.keys() & good.keys()):
        for name in dict.fromkeys(name for name, _ in _VERSIONS):
            before, after = good[job].get(name), now[job].get(name)
            if before != after and before is not None and after is not None:
                found.setdefault((name, before, after), []).append(job[1])
    return [
        a.Setting(name=name, before=before, after=after, jobs=jobs)
        for (name, before, after), jobs in found.items()
    ]


_PROPERTIES = {
    "run_type": "Run type",
    "conf": "Configuration",
    "pool": "Pool",
    "queue": "Queue",
    "retries": "Retries",
}


def _settings(run: Row, good: Row) -> list[a.Setting]:
    now, before = (facts.decode(row.facts).properties for row in (run, good))
    found = []
    for property, name in _PROPERTIES.items():
        old, new = (
            _text(side[property].value) if property in side else None for side in (before, now)
        )
        if old != new:
            found.append(a.Setting(name=name, before=old, after=new, jobs=[]))
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
