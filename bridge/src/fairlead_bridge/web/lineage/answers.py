"""Lineage over REST, and the graph that the page draws: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.model import State
from fairlead_bridge.queries.personal import Kind as PersonalKind
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import JobRef, Run, Tag


class Node(Answer):
    """
    A node of the plain lineage graph.

    One of the kind `restricted` stands for what the caller may not see on one side of another node:
    it has no name, and nothing shows how much there is.
    """

    node: str
    id: str
    kind: Literal["dataset", "job", "restricted"]
    namespace: str
    name: str
    depth: int  # hops from the start: negative upstream, positive downstream
    label: str | None = None  # of a job: its short name
    job_kind: str | None = None
    dag_id: str | None = None
    task_id: str | None = None
    #: Of a job its newest run's; of a dataset that of the newest run that writes it.
    state: State | None = None
    written_at: datetime | None = None


class Edge(Answer):
    source: str  # node
    target: str  # node
    kind: str  # "data" or "control"
    first_at: datetime
    last_at: datetime
    run_id: str | None = None  # OpenLineage's runId of the run that showed it last
    #: Whether a run showed it, or it is only declared: by a file, or by an event without a run.
    known: Literal["observed", "declared"] = "observed"


class Lineage(Answer):
    nodes: list[Node]
    edges: list[Edge]
    truncated: int = 0  # nodes beyond the limit that were not returned


class Paths(Answer):
    """The ways from one node to another."""

    paths: list[list[str]]  # nodes from the source to the target; the shortest first
    nodes: list[Node]  # of all ways together; `depth` counts from the source
    edges: list[Edge]
    complete: bool  # false where there are more paths than are listed


class ColumnNode(Answer):
    """
    A column; `column` is "*" where a whole dataset is meant, as by filters and joins. One of the kind
    "restricted" stands for columns in namespaces that the caller does not see.
    """

    kind: Literal["column", "restricted"] = "column"
    node: str  # of the dataset
    id: str
    namespace: str
    name: str
    column: str
    depth: int  # hops from the start: negative upstream, positive downstream
    tags: list[Tag] = []
    personal: bool = False  # a tag says that it is personal data
    personal_kind: PersonalKind | None = None  # by a tag, by column lineage, or masked on the way


class ColumnEdge(Answer):
    """`target_column` of `target` comes from `source_column` of `source`."""

    source: str  # node
    source_column: str
    target: str  # node
    target_column: str
    transformations: list[dict[str, object]]
    masked: bool  # the value does not come through: it is hashed, counted, ...
    indirect: bool  # a filter, join, grouping or condition: it is looked at, not taken over
    job: JobRef | None


class ColumnLineage(Answer):
    nodes: list[ColumnNode]
    edges: list[ColumnEdge]
    truncated: int = 0
    as_of: datetime | None = None


class Card(Node):
    """A node of the drawn graph: position, size and what its card shows."""

    x: float  # pixels
    y: float  # pixels
    w: float  # pixels
    h: float  # pixels
    group: str | None = None  # Group.id
    last_run: Run | None = None
    recent: list[State] = []
    p50: float | None = None  # seconds
    operator: str | None = None
    schedule: str | None = None
    owner: str | None = None
    platform: str | None = None
    columns: int | None = None
    written_by: str | None = None  # node of the job that wrote last
    expected_by: datetime | None = None  # of a dataset: when it is late, if nothing writes it
    late_since: datetime | None = None
    tags: list[Tag] = []  # of the dataset or the job itself
    personal: list[str] = []  # columns that tags call personal data; "*" where it is the dataset
    personal_reached: list[str] = []  # others that its values come to, by column lineage
    personal_masked: list[str] = []  # columns made of personal data whose values are masked
    tasks: int | None = None  # of a DAG; of an application or project that stands for its jobs
    folded: bool = False  # a DAG that stands for its tasks, an application for its jobs
    more_upstream: int = 0  # neighbours not drawn
    more_downstream: int = 0


class Group(Answer):
    """The box of a DAG around its tasks, or of an application or project around its jobs."""

    id: str  # node of the DAG's (application's, project's) job
    job_id: str  # that job's public id
    job_kind: str  # "dag", "application", ...
    label: str
    namespace: str
    x: float  # pixels
    y: float  # pixels
    w: float  # pixels
    h: float  # pixels
    schedule: str | None
    state: State | None
    recent: list[State]
    hidden: int  # tasks or jobs of it that are not drawn


class Through(Answer):
    """A job that is not drawn: the edge that it is folded into lists it."""

    node: str
    id: str
    label: str
    state: State | None
    ended_at: datetime | None  # of its newest run, as its error
    error: str | None


class Route(Edge):
    points: list[tuple[float, float]]  # x and y, in pixels
    jobs: list[Through] = []  # the jobs on the way, in the view of datasets alone
    personal: bool = False  # personal data takes this way


class Graph(Answer):
    """The graph as the page draws it, in one answer."""

    focus: str
    width: float  # pixels
    height: float  # pixels
    cards: list[Card]
    groups: list[Group]
    edges: list[Route]
    truncated: int  # nodes beyond the limit
    folded: int = 0  # jobs that are listed on edges instead of drawn
    as_of: datetime | None = None
