"""
The schema, whole, on one page.

* Times (`*_at`) are integer microseconds since the epoch, UTC.
* Ids of jobs, datasets and runs are 63-bit hashes of their natural keys (`ids`): no
  look-up is needed to write a row, every process computes the same id, and a replay gives the
  same rows.
* Every column outside the inbox and the outbox merges (the earliest, the newest, the union), so
  the catalog is a function of the set of events, whatever their order.
* Facts about a dataset stay under the name that brought them; `dataset.asset_id` says which
  asset that name belongs to, so that two names can become one asset, and part again, without
  rewriting history.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

Id = sa.BigInteger
At = sa.BigInteger


def _table(name: str, *items: sa.Column[object] | sa.Index | sa.UniqueConstraint) -> sa.Table:
    """A table clustered by its primary key; its rows are found by nothing else."""
    return sa.Table(name, metadata, *items, sqlite_with_rowid=False)


def _index_of(condition: str, name: str, *columns: str) -> sa.Index:
    """An index that holds only the rows that meet the condition."""
    return sa.Index(
        name, *columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition)
    )


# --- the inbox ------------------------------------------------------------------------------

#: The log: every event that came in, once, as it came. Never updated.
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),  # xxh3-128 of the bytes
    sa.Column("received_at", At, nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # "http", "kafka", ...
    sa.Column("body", sa.LargeBinary, nullable=False),  # zstd of the bytes
)

#: Events of the log that have yet to be absorbed.
waiting = _table("waiting", sa.Column("event_id", Id, primary_key=True, autoincrement=False))

#: Events of the log that could not be understood, and why.
quarantine = _table(
    "quarantine",
    sa.Column("event_id", Id, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", At, nullable=False),
)

#: Events in quarantine that their sender was not allowed to send: no replay of all absorbs them.
refused = _table("refused", sa.Column("event_id", Id, primary_key=True, autoincrement=False))

#: One row: how many events have been acknowledged, ever. It shows a replay, however short it was.
pulse = _table(
    "pulse",
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("settled", sa.BigInteger, nullable=False),
)

#: Which events are about which run.
run_event = _table(
    "run_event",
    sa.Column("run_id", Id, primary_key=True),
    sa.Column("event_id", Id, primary_key=True),
    sa.Index("run_event_event", "event_id"),
)

#: Which events are about which job, where no run leads to it: events without a run, and those that
#: could not be understood but name a job.
job_event = _table(
    "job_event",
    sa.Column("job_id", Id, primary_key=True),
    sa.Column("event_id", Id, primary_key=True),
    sa.Index("job_event_event", "event_id"),
)

# --- assets ---------------------------------------------------------------------------------

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # "dag", "task", "query", "job", "model", ...
    sa.Column("integration", sa.Text),  # "AIRFLOW", "SPARK", "DBT", ...
    sa.Column("processing", sa.Text),  # "BATCH", "STREAMING", "SERVICE"
    sa.Column("dag_id", sa.Text),
    sa.Column("task_id", sa.Text),
    sa.Column("parent_id", Id),  # the job this one runs inside
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
    sa.UniqueConstraint("namespace", "name"),
    sa.Index("job_parent", "parent_id"),
    sa.Index("job_kind", "kind", "namespace", "name"),
)

#: Airflow deployments that send events under a namespace, as far as they say who they are.
deployment = _table(
    "deployment",
    sa.Column("namespace", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
)

dataset = sa.Table(
    "dataset",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("asset_id", Id, nullable=False),  # equals id unless this name is another's alias
    sa.Column("kind", sa.Text),  # "TABLE", "VIEW", "FILE", "TOPIC", ...
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
    # end of the last successful run that wrote it, or updated_at if that is later: its freshness
    sa.Column("written_at", At),
    sa.Column("written_by", Id),  # that run
    sa.Column("updated_at", At),  # newest change of its data that the store itself reports
    sa.Column("dropped_at", At),  # when it was last dropped; a later written_at revives it
    sa.UniqueConstraint("namespace", "name"),
    sa.Index("dataset_asset", "asset_id"),
    sa.Index("dataset_written", "written_at"),
)

#: The names under which producers know a dataset, where they differ from the normalised one.
dataset_name = _table(
    "dataset_name",
    sa.Column("namespace", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("dataset_id", Id, nullable=False),
    sa.Index("dataset_name_dataset", "dataset_id"),
)

#: Two names that a producer, a rename or a user rule says are one asset.
symlink = _table(
    "symlink",
    sa.Column("dataset_id", Id, primary_key=True),
    sa.Column("other_id", Id, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # "TABLE", "LOCATION", "RENAME", "RULE", ...
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
    sa.Index("symlink_other", "other_id"),
)

#: The newest body of each facet of a job or a dataset; `digest` names the body in `content`.
facet = _table(
    "facet",
    sa.Column("owner_id", Id, primary_key=True),  # of a job or a dataset
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", At, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # empty where the facet was deleted
    _index_of("name = 'tags'", "facet_tags", "digest"),
    _index_of("name = 'fairlead_declaration'", "facet_declaration", "owner_id"),
)

#: Bodies of facets and schemas by their xxh3-128: each is stored once.
content = _table(
    "content",
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON, plain
)

#: The distinct schemas of a dataset. `content` holds [{"name", "type", "description", "fields"}].
schema_version = _table(
    "schema_version",
    sa.Column("dataset_id", Id, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("first_at", At, nullable=False),
    sa.Column("first_run", Id),  # alias of the run that brought it
    sa.Column("last_at", At, nullable=False),
    sa.Column("written", sa.Integer, nullable=False),  # 1: a writer said so; 0: only readers did
    sa.Index("schema_version_first", "first_at"),
)

#: The newest columnLineage of each dataset by the job that writes it.
column_lineage = _table(
    "column_lineage",
    sa.Column("dataset_id", Id, primary_key=True),
    sa.Column("job_id", Id, primary_key=True),
    sa.Column("at", At, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Index("column_lineage_job", "job_id"),
)

#: The distinct column lineages of a dataset by job, for answers about the past.
column_lineage_version = _table(
    "column_lineage_version",
    sa.Column("dataset_id", Id, primary_key=True),
    sa.Column("job_id", Id, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
)

#: The distinct bodies of a DAG's facet `fairlead_dag`: its schedule as it was in the past.
dag_version = _table(
    "dag_version",
    sa.Column("job_id", Id, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
)

#: The distinct bodies of a job's facets `sql` and `sourceCode`.
code_version = _table(
    "code_version",
    sa.Column("job_id", Id, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),  # of the facet
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
    sa.Index("code_version_first", "first_at"),
)

#: How each check of a dataset went when it was made last.
assertion = _table(
    "assertion",
    sa.Column("dataset_id", Id, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("column_name", sa.Text, primary_key=True),  # empty: of the whole dataset
    sa.Column("at", At, nullable=False),
    sa.Column("success", sa.Integer, nullable=False),  # 1 or 0
    sa.Column("severity", sa.Text),  # "error", "warn", ...
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON: its other fields
    sa.Column("run", Id),  # alias of the run that made it
    _index_of("success = 0", "assertion_failed", "at"),
)

#: What was seen of a job or a dataset outside of any run, each time that it was.
observation = _table(
    "observation",
    sa.Column("owner_id", Id, primary_key=True),  # of a job or a dataset
    sa.Column(
        "kind", sa.Text, primary_key=True
    ),  # "paused", "gone" (of a DAG), "updated" (of a dataset)
    sa.Column("at", At, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),  # of "paused" and "gone" 1 or 0
)

#: Data (kind "data") or control (kind "control") goes from src to dst: ids of jobs and datasets.
#: Kind "declared": a declaration said that data does.
#: Kind "renamed": data went to a table that has another name now.
edge = _table(
    "edge",
    sa.Column("src", Id, primary_key=True),
    sa.Column("dst", Id, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
    sa.Column("last_run", Id),  # alias of the run that showed it last; empty if none did
    # 1: only the newest declaration says so, see `catalog.declarations`
    sa.Column("is_derived", sa.Integer, nullable=False, server_default="0"),
    sa.Index("edge_reverse", "dst", "src", "kind"),
)

#: What was forgotten, and until when: what events up to then say of it is left out, whenever they
#: are read. No event says so: a command or a request does.
forgotten = _table(
    "forgotten",
    sa.Column("node_id", Id, primary_key=True),  # of a job, a dataset or a namespace
    sa.Column("kind", sa.Text, nullable=False),  # "job", "dataset", "namespace"
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # empty of a namespace
    sa.Column("at", At, nullable=False),
)

# --- runs -----------------------------------------------------------------------------------

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Text, nullable=False),  # OpenLineage's, of the attempt that counts
    sa.Column("job_id", Id, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # as job.kind
    sa.Column("dag_id", sa.Text),
    sa.Column("dag_run_id", sa.Text),  # Airflow's run_id
    sa.Column("task_id", sa.Text),
    sa.Column("map_index", sa.Integer),  # -1 where the task is not mapped
    sa.Column("try_number", sa.Integer),
    sa.Column("dag_run", Id),  # the row of the DAG run that a task's run belongs to
    sa.Column("instance", Id),  # one for all tries of one task instance
    sa.Column("parent_id", Id),  # the run this one runs inside
    sa.Column("root_id", Id),
    sa.Column("processing", sa.Text),  # "STREAMING" or "SERVICE" where its end is not waited for
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("queued_at", At),
    sa.Column("started_at", At),
    sa.Column("ended_at", At),
    sa.Column("duration", sa.Float),  # seconds
    sa.Column("nominal_start_at", At),
    sa.Column("nominal_end_at", At),
    sa.Column("first_at", At, nullable=False),
    sa.Column("last_at", At, nullable=False),
    sa.Column("at", At, nullable=False),  # what lists are sorted by: started_at, else first_at
    sa.Column("error", sa.Text),  # the message's first 1,000 characters
    sa.Column(
        "facts", sa.LargeBinary, nullable=False
    ),  # `facts.RunFacts` as MessagePack: what the events said
    sa.Index("run_job", "job_id", "at"),
    sa.Index("run_dag_run", "dag_run"),
    sa.Index("run_instance", "instance"),
    sa.Index("run_parent", "parent_id"),
    sa.Index("run_at", "at"),
    sa.Index("run_dag", "dag_run_id", "dag_id"),
    sa.Index("run_dag_at", "dag_id", "at"),
    sa.Index("run_state", "state", "at"),
)

#: OpenLineage's runIds, each with the run it names. Airflow's change when a DAG run is cleared;
#: the run does not. `edge.last_run` and `schema_version.first_run` hold aliases.
run_alias = _table(
    "run_alias",
    sa.Column("alias", Id, primary_key=True),  # ids.run_id(run_id)
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("id", Id, nullable=False),  # run.id
    sa.Index("run_alias_run_id", "run_id"),
)

#: What a run read and wrote.
_HAS_PARTITION = sa.text("partition_at IS NOT NULL")
run_dataset = _table(
    "run_dataset",
    sa.Column("run_id", Id, primary_key=True),  # run.id
    sa.Column("dataset_id", Id, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),  # "input" or "output"
    sa.Column("at", At, nullable=False),  # newest event that said so
    sa.Column("written_at", At),  # outputs of successful runs: when the run ended
    sa.Column("row_count", sa.BigInteger),
    sa.Column("byte_count", sa.BigInteger),
    sa.Column("file_count", sa.BigInteger),
    sa.Column("schema_digest", sa.LargeBinary),
    sa.Column("facets", sa.LargeBinary, nullable=False),  # JSON: {facet: [at, body]} of this run
    sa.Column("partition_at", At),  # when the newest partition begins that an output was written to
    sa.Index("run_dataset_written", "dataset_id", "written_at"),
    sa.Index("run_dataset_at", "dataset_id", "role", "at"),
    sa.Index(
        "run_dataset_partition",
        "dataset_id",
        "partition_at",
        postgresql_where=_HAS_PARTITION,
        sqlite_where=_HAS_PARTITION,
    ),
)

#: What a DAG run's closing event said of its tasks.
task_state_at_run_end = _table(
    "verdict",
    sa.Column("dag_run", Id, primary_key=True),
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("at", At, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("duration", sa.Float),  # seconds
)

# --- expectations ---------------------------------------------------------------------------

#: What people, files, contracts and dbt expect of datasets and jobs. A row that was replaced stays,
#: so that a question about the past is answered by what was stated then.
expectation = _table(
    "expectation",
    sa.Column("source", sa.Text, primary_key=True),  # "person", "file", "contract", "dbt"
    sa.Column("node", sa.Text, primary_key=True),  # dataset:NAMESPACE:NAME, job:..., with * and ?
    sa.Column("kind", sa.Text, primary_key=True),  # "by", "every", "within", "rows"
    sa.Column("since_at", At, primary_key=True),  # stated from then on
    sa.Column("until_at", At),  # and until then
    sa.Column("target", Id),  # id of that dataset or job; empty where the node is a pattern
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON: `insight.statements.Statement`
    sa.Column("origin", sa.Text, nullable=False),  # the person, or the file and its line
    sa.Index("expectation_node", "node"),
    sa.Index("expectation_target", "target"),
)

# --- the outbox -----------------------------------------------------------------------------

#: Which entries each sink has yet to receive: names, not payloads.
delivery = _table(
    "delivery",
    sa.Column("sink", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # "dataset", "job", "run", "event"
    sa.Column("key", Id, primary_key=True),  # the id of that dataset, job, run or event
    sa.Column(
        "version", sa.Integer, nullable=False
    ),  # counts changes; delivered only if none came since
    sa.Column("state", sa.Text, nullable=False),  # "waiting", "settled", "rejected"
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("news_at", At, nullable=False),  # when the oldest undelivered change came
    sa.Column("due_at", At, nullable=False),  # schedule and lease in one
    sa.Column("reason", sa.Text),
    sa.Column("sent", sa.LargeBinary),  # digest of what the sink last received
    # Events are delivered in the order they came, all else by when it is due. (The odd conditions
    # stop SQLite from preferring the primary key, which would walk over all that was delivered.)
    _index_of("kind || '' = 'event'", "delivery_event", "sink", "state", "key"),
    _index_of("kind || '' <> 'event'", "delivery_due", "sink", "state", "due_at"),
)

#: The sinks themselves: whether one may be called now, and how the last calls went.
sink = _table(
    "sink",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("due_at", At, nullable=False),  # busy (a lease) or resting until then
    sa.Column("claimed_by", sa.Text),  # the worker that has the lease
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("told_at", At),  # when it last accepted something
    sa.Column("error", sa.Text),  # the last thing that went wrong, until something is taken again
    sa.Column("error_at", At),
)

# --- monitoring -----------------------------------------------------------------------------


def _numbered(name: str, *items: sa.Column[object] | sa.Index) -> sa.Table:
    """A table whose rows are numbered as they come."""
    number = sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    return sa.Table(name, metadata, number, *items)


#: When each asset or outermost job is evaluated next; 0 or the present where it has just changed.
watch = _table(
    "watch",
    sa.Column("node_id", Id, primary_key=True, autoincrement=False),
    sa.Column("due_at", At, nullable=False),
    # counts changes and evaluations: an evaluation counts only if it saw the newest
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("standing", sa.Text),  # as it was evaluated last
    sa.Column("outlook", sa.LargeBinary),  # JSON: of a dataset, as its entry has it
    sa.Index("watch_due", "due_at", "node_id"),
    sa.Index("watch_standing", "standing", "node_id"),
)

#: One for each root cause, with the cause as it is known now.
incident = _numbered(
    "incident",
    sa.Column("cause", sa.Text, nullable=False),  # what makes two causes the same one
    sa.Column("state", sa.Text, nullable=False),  # "open", "acknowledged", "muted", "resolved"
    sa.Column("severity", sa.Text, nullable=False),  # "critical", "warning"
    sa.Column("kind", sa.Text, nullable=False),  # of the cause
    sa.Column("node_id", Id, nullable=False),  # where it began
    sa.Column("node", sa.Text, nullable=False),  # "dataset:NAMESPACE:NAME" or "job:NAMESPACE:NAME"
    sa.Column("run_id", sa.Text),  # OpenLineage's
    sa.Column("at", At, nullable=False),  # when the cause happened
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),  # JSON: names of nodes from the cause down
    sa.Column("opened_at", At, nullable=False),  # first evidence
    sa.Column("detected_at", At, nullable=False),  # when the bridge saw it
    sa.Column("changed_at", At, nullable=False),  # newest change of state, severity or cause
    sa.Column("resolved_at", At),
    sa.Column("resolved_by", sa.Text),  # a person; empty where it resolved by itself
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("muted_by", sa.Text),
    sa.Column("assigned_to", sa.Text),
    sa.Column("reopened", sa.Integer, nullable=False),  # how often
    sa.Index(
        "incident_open",
        "cause",
        unique=True,
        sqlite_where=sa.text("state <> 'resolved'"),
        postgresql_where=sa.text("state <> 'resolved'"),
    ),
    sa.Index("incident_cause", "cause", "resolved_at"),
    sa.Index("incident_detected", "detected_at"),
    sa.Index("incident_resolved", "resolved_at"),
)

#: What an incident affects, and from when until when it stood so.
incident_affected = _table(
    "incident_affected",
    sa.Column("incident_id", Id, primary_key=True),
    sa.Column("node_id", Id, primary_key=True),
    sa.Column("since_at", At, primary_key=True),
    sa.Column("until_at", At),  # empty: it still does
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),  # "late", "failed", "at_risk"
    sa.Column("owners", sa.Text, nullable=False),  # JSON: their names
    sa.Column("expected_by", At),
    _index_of("until_at IS NULL", "incident_affected_now", "node_id"),
)

#: What happened to an incident, in order, with its state and severity from then on.
incident_entry = _numbered(
    "incident_entry",
    sa.Column("incident_id", Id, nullable=False),
    sa.Column("at", At, nullable=False),
    sa.Column("what", sa.Text, nullable=False),  # "opened", "cause", "note", "resolved", ...
    sa.Column("by", sa.Text),  # a person; empty where the bridge did it
    sa.Column("text", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("cause", sa.Text),  # JSON: the cause from then on, where it is another
    sa.Index("incident_entry_incident", "incident_id", "id"),
)

#: Times in which what matches opens no incident; an empty pattern matches everything.
maintenance = _numbered(
    "maintenance",
    sa.Column("namespace", sa.Text),  # shell patterns
    sa.Column("dag", sa.Text),
    sa.Column("dataset", sa.Text),
    sa.Column("starts_at", At, nullable=False),
    sa.Column("ends_at", At, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", At, nullable=False),
    sa.Index("maintenance_ends", "ends_at"),
)

# --- access ---------------------------------------------------------------------------------

#: API keys, the ended ones included.
access_key = _numbered(
    "access_key",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),  # SHA-256 of the key
    sa.Column("roles", sa.Text, nullable=False),  # JSON: a list
    sa.Column("namespaces", sa.Text, nullable=False),  # JSON: a list of shell patterns
    sa.Column("created_at", At, nullable=False),
    sa.Column("expires_at", At),
    sa.Column("used_at", At),  # the last use, give or take ten minutes
    sa.Column("revoked_at", At),
    sa.Index("access_key_name", "name"),
)

#: One row: the secret that signs the cookies of sessions.
signing_secret = _table(
    "signing_secret",
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
)

#: Sessions that were signed out of before their time.
ended_session = _table(
    "ended_session",
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("until_at", At, nullable=False),
)

#: The audit log; triggers refuse changes of its rows, and their deletion but by retention.
audit = _numbered(
    "audit",
    sa.Column("at", At, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),  # how they were recognised
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # what was sent with it
    sa.Index("audit_at", "at"),
)

#: One row: before when retention deletes entries of the audit log.
audit_retention = _table(
    "audit_retention",
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("before_at", At, nullable=False),
)
