"""Who a run runs inside: the facet `parent`, in any namespace and any spelling of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.facts import JobFacts
from fairlead_bridge.mapping import decode, jobs
from fairlead_bridge.mapping.decode import Facets


class Named(msgspec.Struct, frozen=True):
    """A run of a job, as another one's facet names it."""

    namespace: str
    name: str
    run_id: str | None
    job_type: dict[str, object] | None = None  # forwarded by the child, since 1-2-0

    @property
    def job(self) -> int:
        return ids.job_id(self.namespace, self.name)

    @property
    def run(self) -> int | None:
        """The alias of the run."""
        return ids.run_id(self.run_id) if self.run_id else None


class Parent(Named, frozen=True):
    root: Named | None = None


def read(facets: Facets | None) -> Parent | None:
    """The parent that the run facets name; None where they name none."""
    facet = decode.facet(facets, "parent") or decode.facet(facets, "parentRun")
    own = named(facet)
    if facet is None or own is None:
        return None
    return Parent(own.namespace, own.name, own.run_id, own.job_type, named(facet.get("root")))


def is_present(facets: Facets | None) -> bool:
    """Whether there is a parent facet, readable or not."""
    return bool(decode.facet(facets, "parent") or decode.facet(facets, "parentRun"))


def named(value: object) -> Named | None:
    """The run and the job in `{"job": {"namespace", "name"}, "run": {"runId"}}`."""
    job = value.get("job") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(job, dict):
        return None
    name, namespace = job.get("name"), job.get("namespace")
    if not isinstance(name, str) or not name:
        return None
    run, facets = value.get("run"), job.get("facets")
    run_id = run.get("runId") if isinstance(run, dict) else None
    job_type = facets.get("jobType") if isinstance(facets, dict) else None
    return Named(
        namespace=decode.namespace(namespace if isinstance(namespace, str) else ""),
        name=decode.name(name),
        run_id=canonical_run_id(run_id) if isinstance(run_id, str) and run_id else None,
        job_type=job_type if isinstance(job_type, dict) else None,
    )


def ancestors(parent: Parent | None, at: int) -> Iterator[JobFacts]:
    """
    The parent and the root exist, in their own namespaces; no more is known of them than what
    their child forwards, and never their state.
    """
    if parent is None:
        return
    if parent.root is not None and parent.root.job != parent.job:
        yield mentioned(parent.root, at)
    yield mentioned(parent, at)


def mentioned(job: Named, at: int) -> JobFacts:
    """A job that another one names."""
    integration, kind, processing = jobs.job_type(job.job_type)
    return JobFacts(
        job.job,
        job.namespace,
        job.name,
        at,
        kind=kind,
        integration=integration,
        processing=processing,
    )


@lru_cache(maxsize=8192)
def canonical_run_id(text: str) -> str:
    """A UUID in its canonical spelling; any other text as it is."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return decode.name(text)
