"""A stated expectation with what it is for and where it was stated."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead_bridge.errors import Wrong
from fairlead_bridge.insight.expectations import Source
from fairlead_bridge.insight.statements import Statement, expectation

_PATTERN = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Stated:
    """`node` is dataset:NAMESPACE:NAME or job:NAMESPACE:NAME, and may be a shell pattern."""

    source: Source
    node: str
    statement: Statement
    origin: str  # the person, or the file and its line
    since_at: int = 0  # microseconds; 0: always

    @property
    def is_pattern(self) -> bool:
        return not _PATTERN.isdisjoint(self.node)

    def check(self) -> None:
        """Raises Wrong where it cannot hold."""
        kind, _, rest = self.node.partition(":")
        if kind not in ("dataset", "job") or ":" not in rest:
            raise Wrong(
                "node",
                f"{self.node!r} names nothing; write dataset:NAMESPACE:NAME or job:NAMESPACE:NAME",
            )
        found = expectation(self.statement, self.source, self.origin)
        if found.kind == "within" and kind == "dataset":
            raise Wrong("within", "runs of jobs take time; write job:NAMESPACE:NAME as node")
        if found.kind != "within" and kind == "job":
            raise Wrong(
                found.kind, "datasets are fresh, jobs are not; write dataset:NAMESPACE:NAME as node"
            )
