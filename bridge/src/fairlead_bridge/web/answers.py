"""
What the REST API answers, field by field. The OpenAPI document and the page's types come from here.

Times are ISO 8601 in UTC with microseconds; durations are seconds. `id` is an asset's or a run's
public id (16 hexadecimal digits) and is stable: it is computed from the natural key. `node` is
`dataset:NAMESPACE:NAME` or `job:NAMESPACE:NAME`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")

Standing = Literal["ok", "late", "failed", "at_risk", "unknown"]
RootCauseKind = Literal[
    "failed_run",
    "not_started",
    "slow_run",
    "source_not_updated",
    "schema_change",
    "import_error",
    "silent_source",
]


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Page(Answer, Generic[T]):
    """One page of a list; `next` is the cursor of the following page, null on the last."""

    items: list[T]
    next: str | None = None
    total: int | None = None  # of all pages, where `count` asks for it


class Problem(Answer):
    """Every error: what happened and what to do."""

    detail: str


# --- health ---------------------------------------------------------------------------------


class InboxHealth(Answer):
    waiting: int
    quarantined: int
    received: int
    last_received_at: datetime | None = None
    oldest_waiting_at: datetime | None = None


class KafkaHealth(Answer):
    lag: int | None  # messages not yet read; unknown before a broker answered
    error: str | None = None  # why it cannot be read now


class SinkHealth(Answer):
    name: str
    kind: str
    waiting: int
    rejected: int
    in_sync: int
    oldest_waiting_at: datetime | None = None
    last_error: str | None = None


class SourceHealth(Answer):
    """How fresh the intake is, per namespace of jobs (one Airflow, one Spark, ...)."""

    namespace: str
    integration: str | None
    last_event_at: datetime
    jobs: int
    silent_since: datetime | None  # its last event, where by its own rhythm more should have come


class Deployment(Answer):
    """An Airflow that sends events under a namespace, as its provider names it."""

    namespace: str
    name: str
    first_at: datetime
    last_at: datetime
    shares_namespace: bool  # another deployment sends under this namespace at the same time


class Health(Answer):
    status: Literal["ok", "degraded"]
    ready: bool  # whether this process can do its part
    version: str
    inbox: InboxHealth
    kafka: KafkaHealth | None = None  # where this process reads from Kafka
    sinks: list[SinkHealth]
    problems: list[str]  # sentences; empty when status is "ok"
    warnings: list[str]  # sentences about what is sent here, which the bridge itself cannot mend


# --- small shared parts ---------------------------------------------------------------------


class JobRef(Answer):
    id: str
    node: str
    namespace: str
    name: str
    label: str  # the short name: the task, the table, the model
    kind: str
    dag_id: str | None = None
    task_id: str | None = None


class DatasetRef(Answer):
    id: str
    node: str
    namespace: str
    name: str
    kind: str | None = None
    written_at: datetime | None = None


class Owner(Answer):
    name: str
    type: str | None = None


class Tag(Answer):
    key: str
    value: str | None = None
    source: str | None = None
    field: str | None = None


# --- runs -----------------------------------------------------------------------------------


class JobName(Answer):
    namespace: str
    name: str


class Run(Answer):
    run_id: str  # OpenLineage's runId of the attempt that counts
    id: str
    kind: str  # "dag", "task", "query", "job", ...
    job: JobName
    label: str  # the short name of its job: the task, the table, the model
    dag_id: str | None
    dag_run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    state: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    nominal_start_at: datetime | None
    nominal_end_at: datetime | None
    error: str | None  # first line(s) of the message
    failed_assertions: int  # checks of data that it made and that failed, whatever its state
    url: str | None  # of the run in Airflow, where the events told


class RunDataset(Answer):
    dataset: DatasetRef
    role: Literal["input", "output"]
    row_count: int | None
    byte_count: int | None
    file_count: int | None
    facets: dict[str, Any]


class Assertion(Answer):
    """A check of a dataset, as it went when it was made last or in one run."""

    name: str
    assertion: str | None  # "not_null", "unique", ...
    column: str | None  # null where it is of the whole dataset
    success: bool | None  # null where it was not made
    severity: str | None  # "error", "warn", ...
    expected: str | None
    actual: str | None
    description: str | None
    at: datetime
    dataset: DatasetRef | None  # null where the run does not tell
    run: Run | None = None  # that made it; null where it is that of the answer


class ErrorText(Answer):
    message: str
    language: str | None
    stack_trace: str | None


class EventSummary(Answer):
    id: int
    received_at: datetime
    event_type: str | None
    event_time: str | None
    size: int  # bytes


class CriticalStep(Answer):
    task: str
    runs: list[str]  # ids of its tries, first to last
    seconds: float  # from the start of the first try to the end of the last


class CriticalPath(Answer):
    """The chain of tasks that decided when a DAG run was done."""

    steps: list[CriticalStep]
    seconds: float  # of all steps; the rest of the run they waited
    share: float  # of the run's duration, 0 to 1


class RunDetail(Run):
    max_tries: int | None
    run_type: str | None  # of the DAG run: "manual", "scheduled", "asset_triggered", ...
    triggered_by: str | None
    operator: str | None
    pool: str | None
    queue: str | None
    engine: str | None  # "Airflow 3.3.2"
    error_text: ErrorText | None
    parent: Run | None
    children: list[Run]  # a DAG run's task runs (every try), a task run's queries
    critical_path: CriticalPath | None  # of a DAG run whose tasks' order is known
    tries: list[Run]  # all tries of this task instance, this one included
    datasets: list[RunDataset]
    assertions: list[Assertion]  # checks of data that it made, failed ones first
    events: list[EventSummary]
    facts: dict[str, Any]  # what else the run's facets said
    left_out: list[str]  # parts of its events that could not be understood


# --- jobs -----------------------------------------------------------------------------------


class JobItem(JobRef):
    integration: str | None
    processing: str | None
    description: str | None
    schedule: str | None
    owners: list[Owner]
    tags: list[Tag]
    last_run: Run | None
    recent: list[str]  # states of the newest runs, oldest first, at most 15
    p50: float | None  # seconds, over the newest successful runs
    p95: float | None
    tasks: int  # tasks of a DAG; 0 otherwise
    no_lineage: str | None = None  # why none is known; only where jobs without are asked for


class Durations(Answer):
    """The newest runs of a job, oldest first, for the chart."""

    runs: list[Run]
    p50: float | None
    p95: float | None


class JobDetail(JobItem):
    operator: str | None
    source_url: str | None
    sql: str | None
    source_code: str | None
    parent: JobRef | None
    children: list[JobItem]  # the tasks of a DAG, the queries of a task
    upstream_tasks: list[str]
    downstream_tasks: list[str]
    inputs: list[DatasetRef]  # of a DAG: what its tasks read and none of them writes
    outputs: list[DatasetRef]
    input_changes: list[Change]  # the newest change of the schema of each input, newest first
    facets: dict[str, Any]


# --- datasets -------------------------------------------------------------------------------


class DatasetItem(DatasetRef):
    platform: str  # "postgres", "s3", "file", "sqlite", ...
    description: str | None
    owners: list[Owner]
    tags: list[Tag]  # of the dataset itself
    personal: list[str]  # columns that tags call personal data; "*" where it is the dataset
    columns: int
    written_by: JobRef | None
    state: str | None  # of the newest run of a job that writes it; null if nothing does
    first_at: datetime
    last_at: datetime
    dropped_at: datetime | None


class ColumnOrigin(Answer):
    dataset: DatasetRef
    column: str
    transformations: list[dict[str, Any]]
    job: JobRef | None


class Column(Answer):
    name: str  # nested fields as "a.b.c"
    type: str | None
    description: str | None
    tags: list[Tag]
    origins: list[ColumnOrigin]
    personal: bool  # a tag of it, of its struct or of the dataset says that it is personal data
    known_by: Literal["schema", "lineage"]  # lineage: column lineage names it, the schema does not


class SchemaField(Answer):
    name: str
    type: str | None
    description: str | None = None


class SchemaChange(Answer):
    change: Literal["added", "removed", "type"]
    column: str
    before: str | None
    after: str | None
    breaking: bool  # whether readers can break: it is gone, or its type holds less than before


class SchemaVersion(Answer):
    version: int  # 1 is the oldest
    first_at: datetime
    last_at: datetime
    run: Run | None  # the run that brought it
    fields: list[SchemaField]
    changes: list[SchemaChange]  # against the version before; empty for the first


class DatasetDetail(DatasetItem):
    names: list[JobName]  # every name producers use for it
    schema_fields: list[Column]
    versions: list[SchemaVersion]  # newest first
    written_by_runs: list[Run]  # newest first, at most 25
    assertions: list[Assertion]  # each as it went last, failed ones first
    readers: list[JobRef]
    writers: list[JobRef]
    facets: dict[str, Any]


class Write(Answer):
    """A successful run that wrote a dataset; of one DAG run only its last."""

    at: datetime
    run: Run | None  # null where the store itself told
    row_count: int | None


class Breach(Answer):
    """When a dataset was older than expected."""

    since: datetime
    until: datetime | None  # null until now


class Rhythm(Answer):
    """When a dataset is usually written, learned from its regular writes; seconds."""

    usual: float  # the median gap between two writes
    expected: float  # older than this it is late, after its last write
    expected_by: datetime  # when it is late, if nothing writes it
    gaps: int  # from which this was learned
    text: str  # for people: "usually written on workdays between 06:02 and 06:40 UTC"


class Freshness(Answer):
    """The writes of a dataset from `since` on, oldest first, and the last one before."""

    since: datetime
    now: datetime
    writes: list[Write]
    rhythm: Rhythm | None  # null where its writes are too few or too irregular to expect another
    breaches: list[Breach]
    truncated: bool  # older writes than these were left out


class Change(Answer):
    """A schema that became another."""

    dataset: DatasetRef
    version: SchemaVersion


class FacetBody(Answer):
    """A facet of a job, a dataset or a run as it was last told, without `_producer` and `_schemaURL`."""

    name: str
    at: datetime  # of the event that told it
    body: dict[str, Any]


class Namespace(Answer):
    namespace: str
    platform: str
    datasets: int
    jobs: int


class Label(Answer):
    name: str
    datasets: int


class Labels(Answer):
    """What datasets can be chosen by."""

    owners: list[Label]
    tags: list[Label]


# --- lineage --------------------------------------------------------------------------------


class Node(Answer):
    """A node of the plain lineage graph."""

    node: str
    id: str
    kind: Literal["dataset", "job"]
    namespace: str
    name: str
    depth: int  # hops from the start: negative upstream, positive downstream
    label: str | None = None  # of a job: its short name
    job_kind: str | None = None
    dag_id: str | None = None
    task_id: str | None = None
    state: str | None = None  # job: its newest run's; dataset: of the newest run that writes it
    written_at: datetime | None = None


class Edge(Answer):
    source: str  # node
    target: str  # node
    kind: str  # "data" or "control"
    first_at: datetime
    last_at: datetime
    run_id: str | None = None  # OpenLineage's runId of the run that showed it last


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
    """A column; `column` is "*" where a whole dataset is meant, as by filters and joins."""

    node: str  # of the dataset
    id: str
    namespace: str
    name: str
    column: str
    depth: int  # hops from the start: negative upstream, positive downstream
    tags: list[Tag] = []
    personal: bool = False  # a tag says that it is personal data


class ColumnEdge(Answer):
    """`target_column` of `target` comes from `source_column` of `source`."""

    source: str  # node
    source_column: str
    target: str  # node
    target_column: str
    transformations: list[dict[str, Any]]
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

    x: float
    y: float
    w: float
    h: float
    group: str | None = None  # Group.id
    last_run: Run | None = None
    recent: list[str] = []
    p50: float | None = None
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
    personal_reached: list[str] = []  # others that its values come to, where that was asked for
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
    x: float
    y: float
    w: float
    h: float
    schedule: str | None
    state: str | None
    recent: list[str]
    hidden: int  # tasks or jobs of it that are not drawn


class Through(Answer):
    """A job that is not drawn: the edge that it is folded into tells of it."""

    node: str
    id: str
    label: str
    state: str | None
    ended_at: datetime | None  # of its newest run, as its error
    error: str | None


class Route(Edge):
    points: list[tuple[float, float]]
    jobs: list[Through] = []  # the jobs on the way, in the view of datasets alone
    personal: bool = False  # personal data takes this way, where that was asked for


class Graph(Answer):
    """The graph as the page draws it, in one answer."""

    focus: str
    width: float
    height: float
    cards: list[Card]
    groups: list[Group]
    edges: list[Route]
    truncated: int  # nodes beyond the limit
    folded: int = 0  # jobs that are told on edges instead of drawn
    as_of: datetime | None = None


# --- what is affected, what is in trouble, what differs -----------------------------------------


class Affected(Answer):
    """A dataset or a job downstream."""

    kind: Literal["dataset", "job"]
    id: str
    node: str
    namespace: str
    name: str
    job_kind: str | None
    dag_id: str | None
    task_id: str | None
    dataset_kind: str | None  # "TABLE", "VIEW", "FILE", ...; null of a job
    level: (
        int  # 1 is what is affected directly; datasets on the shortest way, the last one included
    )
    path: list[str]  # the nodes of that way, from the one that was asked about to this one
    certain: bool  # false below a reader of which it is not known which columns it uses
    owners: list[Owner]
    state: str | None
    written_at: datetime | None
    columns: list[str]  # those that come from the column that was asked about


class AffectedOwner(Answer):
    name: str
    datasets: int
    dags: int


class Impact(Answer):
    """Everything downstream, the nearest first. What is counted is counted beyond the limit, too."""

    items: list[Affected]
    owners: list[AffectedOwner]  # who has most first
    datasets: int
    tasks: int  # jobs that are no DAGs
    uncertain_datasets: int  # of `datasets`, those that are affected perhaps
    uncertain_tasks: int
    kinds: dict[str, int]  # datasets of each kind that is known
    dags: list[JobRef]  # the DAGs of those tasks
    truncated: int  # how many of what was counted are not among the items
    complete: bool  # false where more than 50,000 are downstream: then not all were counted


class Step(Answer):
    """A node between the root cause and what is asked for."""

    node: str
    label: str
    kind: Literal["dataset", "job"]
    state: str | None  # of a job: of its newest run; of a dataset: "late" and "failed" too


class OtherCause(Answer):
    """What also explains it, less probably."""

    kind: RootCauseKind
    node: str
    run_id: str | None
    at: datetime
    text: str


class RootCause(OtherCause):
    """Where the trouble with a dataset or a job began."""

    path: list[str]  # nodes from the cause down to what is asked for
    steps: list[Step]  # the same, each with its name and state
    error: str | None  # of the run that failed
    failures: int  # rounds of the job that failed in a row, this one included
    others: list[OtherCause]


class Expectation(Answer):
    """When a dataset should be fresh, and who says so."""

    kind: Literal["by", "every", "within", "rows"]
    source: Literal["person", "file", "contract", "dbt", "airflow", "schedule", "learned"]
    text: str
    expected_by: datetime


class Eta(Answer):
    """When a dataset will be fresh: `low` and `high` bound 80 %."""

    p50: datetime
    low: datetime
    high: datetime
    basis: str


class RootCauseAnswer(Answer):
    """Why a dataset or a job is late, failed or at risk."""

    node: str
    as_of: datetime
    standing: Standing
    late_since: datetime | None
    root_cause: RootCause | None  # null where nothing upstream explains it


class Outlook(RootCauseAnswer):
    """How a dataset or a job stands, until when it is expected, and why it is not as it should be."""

    written_at: datetime | None
    expectation: Expectation | None  # null where none is known
    eta: Eta | None  # null: unknown


class Trouble(Answer):
    """A dataset that what writes it failed to write, that is late, or that rests on one that failed."""

    dataset: DatasetItem
    standing: Literal["failed", "late", "at_risk"]
    cause: Run | None  # the run that is the root cause; null where it is none
    level: int  # datasets between it and its root cause
    root_cause: RootCause | None
    rhythm: Rhythm | None
    late_since: datetime | None


class AtRisk(Answer):
    items: list[Trouble]  # the worst first
    datasets: int  # how many are in trouble, whatever the limit
    sources: list[SourceHealth]  # those that fell silent


class TaskComparison(Answer):
    """A task (or a query) of both runs; one of them may lack it."""

    name: str
    map_index: int | None
    run: Run | None
    good: Run | None
    slower: float | None  # seconds; negative where it was faster


class DatasetComparison(Answer):
    """What a run read or wrote, beside what the good one did."""

    dataset: DatasetRef
    role: Literal["input", "output"]
    seen: Literal["both", "only_now", "only_before"]
    row_count: int | None
    good_row_count: int | None
    byte_count: int | None
    good_byte_count: int | None
    changes: list[SchemaChange]


class Code(Answer):
    """A text that ran and was another in the good run."""

    job: JobName
    what: str  # "SQL", "Source code"
    lines: list[str]  # as in a patch: "+", "-", " " or "@@" before each


class Setting(Answer):
    """What a run was started with, or ran on, and was different in the good one."""

    name: str
    before: str | None
    after: str | None
    jobs: list[str]  # names of the jobs that told so; none where it is of the run itself


class Comparison(Answer):
    """A run beside the last good one of its job; `good` is null where none succeeded before."""

    good: Run | None
    slower: float | None  # seconds
    tasks: list[TaskComparison]
    datasets: list[DatasetComparison]
    code: list[Code]
    settings: list[Setting]


# --- overview, search, quarantine -----------------------------------------------------------


class Overview(Answer):
    """What the first page shows, worst first."""

    counts: dict[str, int]  # "datasets", "dags", "tasks", "failing", "runs", "failed", "running"
    #: DAGs, applications, projects and other jobs whose newest run failed, newest failure first;
    #: at most 20, `counts["failing"]` says how many there are
    failing: list[JobItem]
    failed_assertions: list[Assertion]  # errors first; at most 20, `counts` says how many
    dag_files: list[JobItem]  # DAG files that Airflow said it cannot import, newest first
    running: list[Run]
    recent_runs: list[Run]  # that are part of no other, newest first
    stale: list[DatasetItem]  # written longest ago first, at most 20
    sources: list[SourceHealth]


class Hit(Answer):
    kind: Literal["dataset", "job", "column"]
    node: str
    id: str
    namespace: str
    name: str
    detail: str | None  # the column, or the job's kind


class Found(Answer):
    items: list[Hit]


class QuarantineItem(Answer):
    event_id: int
    received_at: datetime
    reason: str
    size: int
    excerpt: str  # first 2,000 characters of the event


class ReceivedEvent(EventSummary):
    source: str  # "http", "kafka", "import", ...
    state: Literal["waiting", "absorbed", "quarantined"]
    reason: str | None  # why it is in quarantine
    job: JobName | None  # as the event names it
    run_id: str | None  # OpenLineage's


class DeliveryItem(Answer):
    sink: str
    kind: str
    key: str
    name: str | None
    state: str
    attempts: int
    news_at: datetime
    due_at: datetime
    reason: str | None


class Replayed(Answer):
    waiting: int  # events that now wait to be absorbed


class Retried(Answer):
    retried: int
