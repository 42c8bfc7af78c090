"""Datasets over REST: the answers, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fairlead_bridge.documents import Json
from fairlead_bridge.model import State
from fairlead_bridge.queries.personal import Kind as PersonalKind
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import (
    Assertion,
    DatasetRef,
    JobName,
    JobRef,
    Owner,
    Run,
    SchemaChange,
    Tag,
)


class DatasetItem(DatasetRef):
    platform: str  # "postgres", "s3", "file", "sqlite", ...
    description: str | None
    owners: list[Owner]
    tags: list[Tag]  # of the dataset itself
    personal: list[str]  # columns that tags call personal data; "*" where it is the dataset
    personal_reached: list[str]  # others that its values come to, by column lineage
    personal_masked: list[str]  # columns made of personal data whose values are masked
    columns: int
    written_by: JobRef | None
    state: State | None  # of the newest run of a job that writes it; null if nothing does
    first_at: datetime
    last_at: datetime
    dropped_at: datetime | None
    stale: bool  # no event has named it for longer than FAIRLEAD_STALE_DAYS


class ColumnOrigin(Answer):
    dataset: DatasetRef
    column: str
    transformations: list[dict[str, object]]
    job: JobRef | None


class Column(Answer):
    name: str  # nested fields as "a.b.c"
    type: str | None
    description: str | None
    tags: list[Tag]
    origins: list[ColumnOrigin]
    personal: bool  # a tag of it, of its struct or of the dataset says that it is personal data
    personal_kind: PersonalKind | None  # by a tag, by column lineage, or masked on the way
    known_by: Literal["schema", "lineage"]  # lineage: column lineage names it, the schema does not


class SchemaField(Answer):
    name: str
    type: str | None
    description: str | None = None


class SchemaOf(Answer):
    """The columns of one dataset, without nested ones."""

    asked: str  # the node as the question names it
    dataset: DatasetRef
    columns: list[SchemaField]
    whole: bool  # false where only readers sent it, who may have read a part


class Schemas(Answer):
    items: list[SchemaOf]  # without those of which nothing is known


class SchemaVersion(Answer):
    version: int  # 1 is the oldest
    first_at: datetime
    last_at: datetime
    run: Run | None  # the run that brought it
    fields: list[SchemaField]
    changes: list[SchemaChange]  # against the version before; empty for the first


class Quality(Answer):
    """The data of a dataset: a score between 0 and 1, what it is made of, and what is wrong."""

    score: float | None  # null where no check is known; a share, from 0 to 1
    text: str  # what the score is made of
    failed_checks: str | None  # a sentence; null where none failed since the newest write
    row_count: str | None  # a sentence; null where the newest write's is as stated, or as usual


class DatasetDetail(DatasetItem):
    names: list[JobName]  # every name producers use for it
    schema_fields: list[Column]
    versions: list[SchemaVersion]  # newest first
    written_by_runs: list[Run]  # newest first, at most 25
    assertions: list[Assertion]  # each as it went last, failed ones first
    quality: Quality
    readers: list[JobRef]
    writers: list[JobRef]
    personal_unknown: bool  # a reader of personal data writes it, and did not say which columns
    url: str | None  # where it is shown, as declared: of a dashboard or a report
    facets: Json


class Write(Answer):
    """A successful run that wrote a dataset; of one DAG run only its last."""

    at: datetime
    run: Run | None  # null where the store itself reported it
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


class Label(Answer):
    name: str
    datasets: int


class Labels(Answer):
    """What datasets can be chosen by."""

    owners: list[Label]
    tags: list[Label]
