"""
Every facet we know of, and what the catalog does with it.

`docs/reference/openlineage.md` shows this table. What is not in it is stored with its job or dataset
if it is a facet of one, and with its event in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Entity = Literal["run", "job", "dataset", "input", "output"]

#: A: a fact of its own in the catalog; B: stored and shown; C: stored with the event only.
Use = Literal["A", "B", "C"]


@dataclass(frozen=True, slots=True)
class Facet:
    entity: Entity
    name: str
    use: Use
    meaning: str
    #: The name under which the run stores it, if it does; for a dataset's, the value at that run.
    stored_as: str | None = None


FACETS: tuple[Facet, ...] = (
    # --- runs -----------------------------------------------------------------------------------
    Facet("run", "parent", "A", "The run and the job it runs inside, and their root, each in its own namespace; no state is taken from the child."),
    Facet("run", "parentRun", "A", "Read as `parent`; older producers call it so."),
    Facet("run", "nominalTime", "A", "The run's nominal start and end: the interval it was scheduled for.", "nominal"),
    Facet("run", "errorMessage", "A", "Why the run failed: its message is in lists, its stack trace with the run.", "error"),
    Facet("run", "spark.exception", "A", "As `errorMessage`: Spark's reason why a query failed.", "error"),
    Facet("run", "processing_engine", "A", "Name and version of the engine, with the run.", "processing_engine"),
    Facet("run", "externalQuery", "A", "The query's id in the system that ran it, with the run.", "externalQuery"),
    Facet("run", "extractionError", "A", "What the producer could not read: the run's lineage may be incomplete.", "extractionError"),
    Facet("run", "jobDependencies", "A", "Control edges to the jobs upstream and downstream.", "jobDependencies"),
    Facet("run", "test", "A", "The tests that the run made, with their results; checks of the dataset, where it read just one.", "test"),
    Facet("run", "tags", "A", "Tags of the run.", "tags"),
    Facet("run", "executionParameters", "B", "With the run, values of secrets masked.", "executionParameters"),
    Facet("run", "environmentVariables", "C", "Nothing: it is often full of secrets."),
    Facet("run", "airflow", "A", "DAG run, task, mapped index and try, of which the run's identity is made; operator, pool, queue, retries, trigger rule, log, declared inlets and outlets."),
    Facet("run", "airflowDagRun", "A", "The DAG run's identity, dates, type, conf, and the DAG's schedule, owner and tags."),
    Facet("run", "airflowState", "A", "State and duration of every task when the DAG run closed; it decides for tasks that sent no event or a wrong one."),
    Facet("run", "fairlead", "A", "State and times of a task instance as Airflow itself has them; sent by our provider."),
    Facet("run", "fairlead_instances", "A", "State, times and tries of every task instance, from Airflow's database when the DAG run ended: the most reliable source; and what tasks that have long been ready wait for; sent by our provider."),
    Facet("run", "fairlead_deployment", "B", "Which Airflow sends under the job's namespace, so that two behind one are noticed; sent by our provider.", "fairlead_deployment"),
    Facet("run", "fairlead_import_error", "B", "The DAG file that Airflow could not read; sent by our provider.", "fairlead_import_error"),
    Facet("run", "checkpoints", "A", "Flink's: the job is a stream, whose runs are not waited for to end."),
    Facet("run", "airflow_mappedTask", "C", "Nothing: `airflow` has the mapped index."),
    Facet("run", "unknownSourceAttribute", "B", "That there is no extractor for the operator; not its attributes.", "unknownSourceAttribute"),
    Facet("run", "fairlead_unseen", "B", "Why a task has neither inputs nor outputs; sent by our provider.", "fairlead_unseen"),
    Facet("run", "fairlead_cut", "C", "Nothing: it names facets that were removed from the event, for its size or because they could not be masked."),
    Facet("run", "gcp_composer_run", "C", "Nothing: `airflow` says the same."),
    Facet("run", "gcp_dataproc", "B", "Cluster, batch and job in Dataproc, with the run.", "gcp_dataproc"),
    Facet("run", "dbt_run", "B", "dbt's invocation, with the run.", "dbt_run"),
    Facet("run", "hive_query", "B", "Hive's id of the query and its operation, with the run.", "hive_query"),
    Facet("run", "spark_applicationDetails", "B", "Where the Spark application ran, and its page, with the run.", "spark_applicationDetails"),
    Facet("run", "spark.logicalPlan", "C", "Nothing: it is as large as the query."),
    Facet("run", "spark_properties", "C", "Nothing; values of secrets are masked wherever it is shown."),
    Facet("run", "environment-properties", "C", "Nothing; values of secrets are masked wherever it is shown."),
    # --- jobs -----------------------------------------------------------------------------------
    Facet("job", "jobType", "A", "Kind, integration, and whether it is a batch, a stream or a service."),
    Facet("job", "sql", "A", "The query's text and dialect."),
    Facet("job", "sourceCode", "B", "The source's text and language."),
    Facet("job", "sourceCodeLocation", "A", "Where the source is: a link to the repository, path and version."),
    Facet("job", "documentation", "A", "The description."),
    Facet("job", "ownership", "A", "The owners."),
    Facet("job", "tags", "A", "Tags of the job."),
    Facet("job", "lineage", "A", "Edges, and column lineage, exactly as stated; declared by a JobEvent, observed by a RunEvent."),
    Facet("job", "airflow", "A", "The DAG's tasks, task groups and what follows what: jobs and control edges, also of tasks that never send an event."),
    Facet("job", "fairlead_dag_state", "A", "Whether the DAG is paused or gone, and since when; sent by our provider."),
    Facet("job", "fairlead_declaration", "A", "As that of a dataset."),
    Facet("job", "gcp_composer_job", "B", "The Composer environment, with the job."),
    Facet("job", "gcp_lineage", "B", "Display name and origin for Google's catalog, with the job."),
    # --- datasets -------------------------------------------------------------------------------
    Facet("dataset", "fairlead_asset", "B", "What an asset event said: its extra, and which task it was; sent by our provider."),
    Facet("dataset", "fairlead_declaration", "A", "Which files declare the dataset; edges of its event hold until the next one. Sent by `fairlead-bridge declare`."),
    Facet("dataset", "fairlead_contract", "A", "What a data contract promises of the dataset: columns, service levels, checks, owners. Sent by `fairlead-bridge declare`."),
    Facet("dataset", "fairlead_personal", "A", "Whether a person says that a column has personal data, and by which tag; a facet for each column, `fairlead_personal:COLUMN`. Sent by the page and over REST."),
    Facet("dataset", "schema", "A", "A version of the schema, one for each distinct content, nested fields included; when and by which run it came."),
    Facet("dataset", "columnLineage", "A", "What each column comes from, by the job that writes it, with kinds of transformation and masking."),
    Facet("dataset", "lineage", "A", "As of a job; where it and `columnLineage` name one column, it counts."),
    Facet("dataset", "symlinks", "A", "Other names of the same asset, joined with their history whenever they come."),
    Facet("dataset", "lifecycleStateChange", "A", "Dropped datasets are shown so; a rename keeps the asset's identity; what only drops, renames or alters makes nothing fresh.", "lifecycleStateChange"),
    Facet("dataset", "version", "A", "The store's own version, such as Iceberg's snapshot, with the run that read or wrote it.", "version"),
    Facet("dataset", "dataSource", "A", "Name and URI of where it is."),
    Facet("dataset", "documentation", "A", "The description."),
    Facet("dataset", "ownership", "A", "The owners."),
    Facet("dataset", "tags", "A", "Tags of the dataset and, where they name a field, of its columns."),
    Facet("dataset", "catalog", "A", "A second name: where the catalog is, and the table, so that all engines that use it mean one asset."),
    Facet("dataset", "datasetType", "A", "The kind: table, view, file, topic, model."),
    Facet("dataset", "hierarchy", "A", "The levels above it, as database and schema."),
    Facet("dataset", "storage", "B", "Storage layer and file format."),
    Facet("dataset", "dataQualityMetrics", "A", "As the input facet, wherever a producer puts it.", "dataQualityMetrics"),
    Facet("dataset", "dataQualityAssertions", "A", "As the input facet, wherever a producer puts it.", "dataQualityAssertions"),
    Facet("dataset", "inputStatistics", "B", "As the input facet, wherever a producer puts it.", "inputStatistics"),
    Facet("dataset", "outputStatistics", "B", "As the output facet, wherever a producer puts it.", "outputStatistics"),
    # --- what a run read and wrote --------------------------------------------------------------
    Facet("input", "dataQualityMetrics", "A", "Rows, bytes and columns' figures at that run; `lastUpdated` makes the dataset as fresh."),
    Facet("input", "dataQualityAssertions", "A", "The checks made at that run, and whether they held: with the run and, as they went last, with the dataset; on Health while they fail."),
    Facet("input", "inputStatistics", "A", "Rows, bytes and files that the run read."),
    Facet("input", "subset", "B", "Which part of it the run read."),
    Facet("input", "icebergScanReport", "B", "The scan's figures, with the run."),
    Facet("output", "outputStatistics", "A", "Rows, bytes and files that the run wrote."),
    Facet("output", "subset", "B", "Which part of it the run wrote."),
    Facet("output", "icebergCommitReport", "B", "The commit's snapshot and figures, with the run."),
)  # fmt: skip

#: Facets that are stored with the run, and under which name.
RUN_PROPERTIES = {
    each.name: each.stored_as for each in FACETS if each.entity == "run" and each.stored_as
}

#: Facets of datasets that are stored for each run as well.
RUN_DATASET_FACETS = frozenset(
    each.name for each in FACETS if each.entity == "dataset" and each.stored_as
)

_USES = {"A": "a fact", "B": "shown", "C": "in the event"}


def table() -> str:
    """The registry as a Markdown table."""
    lines = ["| of | facet | use | what the catalog does with it |", "|---|---|---|---|"]
    lines += [
        f"| {each.entity} | `{each.name}` | {_USES[each.use]} | {each.meaning} |" for each in FACETS
    ]
    return "\n".join(lines) + "\n"
