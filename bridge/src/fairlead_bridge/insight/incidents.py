"""
Which incidents open, change, reopen and resolve, from how nodes stand and what explains it. Pure.

An incident is one cause with all that is affected by it. Affected nodes may get another cause: the
incident then moves to it, unless that cause has an incident already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Severity = Literal["critical", "warning"]
State = Literal["open", "acknowledged", "muted", "resolved"]
#: Kinds of incidents that are apart from how datasets and jobs stand.
Apart = Literal["broken_contract", "personal_data"]
APART: tuple[Apart, ...] = ("broken_contract", "personal_data")
Bad = Literal["late", "failed", "at_risk"]
#: How what an incident affects stands; apart from that, what is wrong with it.
AffectedStanding = Literal["late", "failed", "at_risk", "broken_contract", "personal_data"]

#: Evidence older than this opens nothing (microseconds): what is not written or run for a month is
#: no longer written or run.
OLDEST = 31 * 86_400 * 1_000_000
#: Kinds of causes by which something has failed, whatever is affected.
_FAILURES = frozenset({"failed_run", "import_error"})


@dataclass(frozen=True, slots=True)
class Cause:
    """A root cause with names; `key` is equal for causes that are one and the same."""

    key: str
    kind: str
    node_id: int
    node: str
    run_id: str | None
    at: int  # microseconds
    text: str
    path: tuple[str, ...]
    #: Nothing is known to be wrong there: it only has not come yet.
    is_weak: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a node stands: `standing` and `cause` are None where nothing is wrong with it."""

    node_id: int
    node: str
    label: str
    standing: AffectedStanding | None = None
    cause: Cause | None = None
    since: int | None = None  # microseconds: from when it is late or its cause happened
    owners: tuple[str, ...] = ()
    expected_by: int | None = None
    evidence_at: int | None = None  # microseconds: the newest sign of it
    is_quiet: bool = False  # nothing opens for it now, and nothing changes: maintenance, an import
    written_at: int | None = None  # of a dataset


@dataclass(frozen=True, slots=True)
class Known:
    """An incident as it is stored; `affected` has the standing of each node that it affects now."""

    id: int
    state: State
    severity: Severity
    cause: Cause
    affected: Mapping[int, str] = field(default_factory=dict)
    resolved_at: int | None = None
    resolved_by: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one incident; `incident` is None for one that opens."""

    incident: Known | None
    cause: Cause
    severity: Severity
    joined: tuple[Assessment, ...] = ()
    changed: tuple[Assessment, ...] = ()  # affected before, and stand otherwise now
    left: tuple[int, ...] = ()
    is_reopened: bool = False
    is_resolved: bool = False

    @property
    def moves(self) -> bool:
        """Whether the cause is another one than before."""
        return self.incident is not None and _what(self.incident.cause) != _what(self.cause)


def _what(cause: Cause) -> tuple[str, str]:
    return cause.key, cause.kind


def _is_same(one: Cause, other: Cause) -> bool:
    """Whether both are one occurrence: only the way from which it is seen may differ."""
    return (_what(one), one.run_id, one.at) == (_what(other), other.run_id, other.at)


def plan(
    assessments: Iterable[Assessment],
    known: Iterable[Known],
    past: Iterable[Known],
    now: int,
    window: int,
    running: Collection[int] = (),
) -> list[Step]:
    """
    The steps that take the incidents that are `known` to be open to what the assessments say.

    `known` are those that have one of the causes or affect one of the nodes, `past` the newest
    resolved one of each cause; one that resolved within `window` (microseconds) is reopened. While
    one of the jobs that are `running` again is the cause, what it should have written stays affected.
    """
    judged = {assessment.node_id: assessment for assessment in assessments}
    open_now = {incident.id: incident for incident in known}
    wanted = _by_cause(judged.values(), open_now.values(), now)
    homes = _homes(wanted, open_now, judged)
    resolved = {incident.cause.key: incident for incident in past}
    steps = []
    for key, found in wanted.items():
        incident = homes.get(key) or _reopened(resolved.get(key), found, now, window)
        if incident is _DONE:
            continue
        steps.append(_step(incident, found, judged, running))
    moved = {step.incident.id for step in steps if step.incident is not None}
    for id, incident in open_now.items():
        if id not in moved:
            steps.append(_step(incident, [], judged, running))
    return [step for step in steps if _says_something(step)]


def _leads(assessments: Iterable[Assessment], members: Mapping[int, int]) -> dict[int, Cause]:
    """
    The cause of each incident's nodes that have a weak one, by the incident's id, so that it does not
    fall apart while what it waits for comes step by step: the first sure one, or the first at all.
    """
    found: dict[int, Cause] = {}
    for assessment in assessments:
        cause, incident = assessment.cause, members.get(assessment.node_id)
        if cause is None or incident is None or assessment.is_quiet:
            continue
        if incident not in found or _sureness(cause) < _sureness(found[incident]):
            found[incident] = cause
    return found


def _sureness(cause: Cause) -> tuple[bool, int, str]:
    return cause.is_weak, cause.at, cause.key


def _by_cause(
    assessments: Iterable[Assessment], known: Iterable[Known], now: int
) -> dict[str, list[Assessment]]:
    """The nodes of each cause: those that are affected already, and those that may join."""
    members = {node: incident.id for incident in known for node in incident.affected}
    assessments = list(assessments)
    leads = _leads(assessments, members)
    wanted: dict[str, list[Assessment]] = {}
    for assessment in sorted(assessments, key=lambda v: v.node):
        cause = assessment.cause
        if cause is not None and cause.is_weak and assessment.node_id in members:
            cause = leads.get(members[assessment.node_id], cause)
            assessment = replace(assessment, cause=cause)
        if cause is None or assessment.is_quiet:
            continue
        newest = assessment.evidence_at if assessment.evidence_at is not None else cause.at
        if assessment.node_id in members or newest >= now - OLDEST:
            wanted.setdefault(cause.key, []).append(assessment)
    return wanted


def _homes(
    wanted: Mapping[str, Sequence[Assessment]],
    known: Mapping[int, Known],
    judged: Mapping[int, Assessment],
) -> dict[str, Known]:
    """The open incident of each cause: its own, or one whose nodes all have other causes now."""
    homes = {each.cause.key: each for each in known.values() if each.cause.key in wanted}
    free = {
        id: each
        for id, each in known.items()
        if each.cause.key not in wanted and each.affected.keys() <= judged.keys()
    }
    for key in sorted(wanted.keys() - homes.keys(), key=lambda key: (-len(wanted[key]), key)):
        nodes = {assessment.node_id for assessment in wanted[key]}
        shared = {id: len(nodes & each.affected.keys()) for id, each in free.items()}
        best = max(shared, key=lambda id: (shared[id], -id), default=None)
        if best is not None and shared[best]:
            homes[key] = free.pop(best)
    return homes


#: In place of an incident: a person resolved what is still the case.
_DONE = Known(0, "resolved", "warning", Cause("", "", 0, "", None, 0, "", ()))


def _reopened(
    past: Known | None, found: Sequence[Assessment], now: int, window: int
) -> Known | None:
    if past is None or past.resolved_at is None:
        return None
    cause = _first(found)
    if past.resolved_by is not None and _is_same(past.cause, cause):
        return _DONE
    return past if now - past.resolved_at <= window else None


def _first(found: Sequence[Assessment]) -> Cause:
    """The cause as the nearest dataset has it, or the nearest job where there is none."""
    causes = [
        (assessment.node, assessment.cause) for assessment in found if assessment.cause is not None
    ]
    return min(causes, key=_nearness)[1]


def _nearness(of: tuple[str, Cause]) -> tuple[bool, int, int, tuple[str, ...]]:
    node, cause = of
    return node.startswith("job:"), len(cause.path), cause.at, cause.path


def _step(
    incident: Known | None,
    found: Sequence[Assessment],
    judged: Mapping[int, Assessment],
    running: Collection[int],
) -> Step:
    before = incident.affected if incident is not None else {}
    stays = {assessment.node_id for assessment in found}
    gone = [node for node in before if node in judged and node not in stays]
    waiting = waits(incident, judged, running) if incident is not None and not stays else set()
    left = tuple(node for node in gone if not _is_held(judged[node]) and node not in waiting)
    standings = {node: standing for node, standing in before.items() if node not in left}
    standings |= {assessment.node_id: str(assessment.standing) for assessment in found}
    is_over = not standings
    cause = _cause(incident, found)
    worst = severity(cause.kind, standings.values())
    return Step(
        incident,
        cause,
        incident.severity if incident is not None and is_over else worst,
        tuple(assessment for assessment in found if assessment.node_id not in before),
        tuple(v for v in found if before.get(v.node_id, v.standing) != v.standing),
        left,
        is_reopened=incident is not None and incident.state == "resolved",
        is_resolved=is_over,
    )


def _cause(incident: Known | None, found: Sequence[Assessment]) -> Cause:
    if incident is None or not found:
        return _first(found) if found else incident.cause if incident is not None else _DONE.cause
    cause = _first(found)
    return incident.cause if _is_same(cause, incident.cause) else cause


def waits(incident: Known, judged: Mapping[int, Assessment], running: Collection[int]) -> set[int]:
    """
    The nodes that nothing is wrong with, and that the incident affects until the job that failed,
    which runs again, has written them; jobs, where it affects nothing else.
    """
    cause = incident.cause
    if cause.kind not in _FAILURES or cause.node_id not in running or incident.state == "resolved":
        return set()
    well = [judged[node] for node in incident.affected if node in judged]
    well = [each for each in well if each.standing is None]
    jobs = {each.node_id for each in well if each.node.startswith("job:")}
    unwritten = {
        each.node_id
        for each in well
        if each.node.startswith("dataset:")
        and (each.written_at is None or each.written_at <= cause.at)
    }
    only_jobs = jobs == incident.affected.keys()
    return unwritten | jobs if unwritten or only_jobs else set()


def _is_held(assessment: Assessment) -> bool:
    """Whether it stays as it was."""
    return assessment.is_quiet and assessment.cause is not None


def severity(kind: str, standings: Collection[str]) -> Severity:
    """
    Critical where something failed, is late or breaks a promise, warning where something is only at risk.

    >>> severity("slow_run", ["at_risk"]), severity("slow_run", ["at_risk", "late"])
    ('warning', 'critical')
    """
    return (
        "critical"
        if kind in (*_FAILURES, *APART) or {"late", "failed"} & set(standings)
        else "warning"
    )


def _says_something(step: Step) -> bool:
    incident = step.incident
    return (
        incident is None
        or step.is_reopened
        or step.is_resolved
        or step.moves
        or step.cause != incident.cause
        or step.severity != incident.severity
        or bool(step.joined or step.changed or step.left)
    )
