"""What a declaration says of datasets and jobs."""

from __future__ import annotations

from typing import Literal

import msgspec

from fairlead_bridge.insight.contracts import Contract

Classification = Literal["public", "internal", "confidential", "restricted"]


class Ref(msgspec.Struct, frozen=True, order=True):
    """A dataset or a job by its name."""

    kind: Literal["dataset", "job"]
    namespace: str
    name: str

    @property
    def node(self) -> str:
        return f"{self.kind}:{self.namespace}:{self.name}"


class Tag(msgspec.Struct, frozen=True, order=True):
    key: str
    value: str = ""
    column: str = ""  # empty: of the whole


class Column(msgspec.Struct, frozen=True):
    name: str
    type: str | None = None
    description: str | None = None


class Origin(msgspec.Struct, frozen=True, order=True):
    """A column that another one comes from; `subtype` is one of OpenLineage's transformations."""

    dataset: Ref
    column: str
    subtype: str = "IDENTITY"
    is_masked: bool = False


class Flow(msgspec.Struct, frozen=True):
    """What a dataset is made of: datasets, and for its columns the columns that they come from."""

    sources: tuple[Ref, ...] = ()
    columns: dict[str, tuple[Origin, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self.sources or self.columns)

    @property
    def datasets(self) -> tuple[Ref, ...]:
        """All datasets that it is made of, also those that only columns name."""
        of_columns = (origin.dataset for found in self.columns.values() for origin in found)
        return tuple(sorted({*self.sources, *of_columns}))


class Declared(msgspec.Struct, frozen=True):
    """What a file says of one dataset or one job."""

    ref: Ref
    where: str  # the file and its line
    type: str | None = None  # of a dataset: TABLE, VIEW, DASHBOARD, API, REPORT, ...
    description: str | None = None
    owners: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    url: str | None = None
    columns: tuple[Column, ...] = ()
    flow: Flow = Flow()  # of a dataset
    reads: tuple[Ref, ...] = ()  # of a job
    writes: dict[Ref, Flow] = {}  # of a job: what it writes, and what that is made of
    contract: Contract | None = None  # of a dataset: what a data contract promises of it
    #: Columns and flow are for a dataset of which events report neither.
    is_fallback: bool = False
