"""
What breaks an expectation though no symptom shows it: a dataset whose ETA is too late, a job that
takes longer than it may, or has not started in time. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead_bridge.insight.eta import Eta, Unknown
from fairlead_bridge.insight.root_cause import Cause, Explanation
from fairlead_bridge.insight.starts import clock
from fairlead_bridge.insight.symptoms import FORESEEN, OVERDUE, Evidence, Kind


@dataclass(frozen=True, slots=True)
class Node:
    """What is asked about: a dataset or a job."""

    id: int
    label: str


@dataclass(frozen=True, slots=True)
class Due:
    """When a job breaks what is expected of its runs; `run` is the one that goes on."""

    at: int
    text: str  # what is expected
    run: int | None = None
    began_at: int | None = None


def foreseen(
    found: Explanation,
    node: Node,
    due: int | None,
    eta: Eta | Unknown | None,
    now: int,
    quantile: float,
    *,
    is_stated: bool = True,
) -> Explanation:
    """
    As it was explained; at risk where nothing is wrong yet and its ETA is past what is expected.

    It is `due` later than now; `quantile` is the share, from 0 to 1, of the ETA's courses that must
    end before. What is not `is_stated` but usual is broken by what goes on only: before that, what is
    usual by the writes and by the runs may differ a little, and neither is worth a notification.
    """
    if found.standing != "ok" or due is None or not isinstance(eta, Eta):
        return found
    coming = eta.quantile(quantile)
    if not is_late(eta, due, now, quantile, is_stated=is_stated):
        return found
    return replace(found, standing="at_risk", causes=(_foreseen(node, due, coming, eta, now),))


def is_late(eta: Eta, due: int, now: int, quantile: float, *, is_stated: bool) -> bool:
    """Whether an ETA, by this share of its courses, breaks what is expected by `due`."""
    return (is_stated or eta.has_begun) and now <= due < eta.quantile(quantile)


def _foreseen(node: Node, due: int, coming: int, eta: Eta, now: int) -> Cause:
    running = eta.is_running and eta.first_at is not None and eta.first_at <= now
    begun = eta.first_at if running and eta.first_at is not None else due
    first = eta.first if eta.first is not None else node.id
    text = (
        f"{node.label} is expected by {clock(due, now)} and will probably be there at "
        f"{clock(coming, now)}: {eta.basis}"
    )
    path = (first, node.id) if first != node.id else (node.id,)
    proof = (Evidence(begun, eta.basis),)
    kind: Kind = "slow_run" if eta.is_running else "not_started"
    return Cause(kind, first, None, begun, text, path, FORESEEN, proof)


def of_job(found: Explanation, node: Node, due: Due | None, now: int) -> Explanation:
    """As it was explained; late where the runs of the job break what is expected of them."""
    if due is None or due.at >= now or found.standing not in ("ok", "at_risk"):
        return found
    causes = found.causes or (_of_job(node, due),)
    return replace(found, standing="late", late_since=due.at, causes=causes)


def _of_job(node: Node, due: Due) -> Cause:
    if due.run is None:
        text = f"{node.label} has not started in time: it {due.text}"
        seen = (Evidence(due.at, text),)
        return Cause("not_started", node.id, None, due.at, text, (node.id,), OVERDUE, seen)
    text = f"{node.label} is running longer than it may: it {due.text}"
    began_at = due.began_at if due.began_at is not None else due.at
    proof = (Evidence(began_at, f"{node.label} began", due.run), Evidence(due.at, text, due.run))
    return Cause("slow_run", node.id, due.run, due.at, text, (node.id,), OVERDUE, proof)
