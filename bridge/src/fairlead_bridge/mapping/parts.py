"""A Change while it is being put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from fairlead_bridge import ids, masking
from fairlead_bridge.errors import Malformed, TooDeep
from fairlead_bridge.facts import (
    AssertionFacts,
    Change,
    ColumnLineageFacts,
    DatasetFacts,
    DeploymentFacts,
    EdgeFacts,
    FacetFacts,
    JobFacts,
    ObservationFacts,
    RunDatasetFacts,
    RunFacts,
    SchemaFacts,
    Symlink,
    TaskStateAtRunEnd,
)
from fairlead_bridge.mapping import decode, salvage
from fairlead_bridge.mapping.decode import Facets

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode

#: (facet's name, its bytes) -> (digest, body) to store, empty if deleted; None to store nothing.
ReadFacet = Callable[[str, msgspec.Raw], tuple[bytes, bytes] | None]


class Parts:
    def __init__(self, at: int, read_facet: ReadFacet, left_out: Iterable[str] = ()) -> None:
        self.at = at
        self._read_facet = read_facet
        #: what of the event cannot be understood: where it stands, and why
        self.left_out = list(left_out)
        self.scope: str | None = None  # the namespace of what only the event's job knows by name
        self.folders: dict[tuple[str, str], tuple[str, str]] = {}  # of files that are one table
        #: of the datasets that the event names, by id
        self.namespaces: dict[int, str] = {}
        self.jobs: list[JobFacts] = []
        self.datasets: list[DatasetFacts] = []
        self.symlinks: list[Symlink] = []
        self.facets: list[FacetFacts] = []
        self.schemas: list[SchemaFacts] = []
        self.column_lineage: list[ColumnLineageFacts] = []
        self.assertions: list[AssertionFacts] = []
        self.edges: list[EdgeFacts] = []
        self.runs: list[RunFacts] = []
        self.run_datasets: list[RunDatasetFacts] = []
        self.task_states: list[TaskStateAtRunEnd] = []
        self.deployments: list[DeploymentFacts] = []
        self.observations: list[ObservationFacts] = []

    def facet(self, owner: int, name: str, raw: msgspec.Raw) -> None:
        """Add a facet as it came: the newest replaces the whole, null says nothing."""
        stored = self._read_facet(name, raw)
        if stored is not None:
            self.facets.append(FacetFacts(owner, decode.name(name), self.at, *stored))

    def made_facet(self, owner: int, name: str, value: dict[str, object]) -> None:
        """Add a facet of our own, put together from several places of the event."""
        body = _encode(masking.value(decode.bounded(value)))
        self.facets.append(FacetFacts(owner, name, self.at, ids.digest(body), body))

    def check(self, facets: Facets | None, where: str) -> None:
        """Add the facets that are not objects to `left_out`."""
        if facets:
            self.left_out.extend(salvage.odd_facets(facets, where))

    def leaving_out(self, where: str) -> LeavingOut:
        """A context that turns Malformed into an entry of `left_out`."""
        return LeavingOut(self.left_out, where)

    def change(self) -> Change:
        return Change(
            at=self.at,
            jobs=tuple(self.jobs),
            datasets=tuple(self.datasets),
            symlinks=tuple(self.symlinks),
            facets=tuple(self.facets),
            schemas=tuple(self.schemas),
            column_lineage=tuple(self.column_lineage),
            assertions=tuple(self.assertions),
            edges=tuple(self.edges),
            runs=tuple(self.runs),
            run_datasets=tuple(self.run_datasets),
            task_states=tuple(self.task_states),
            deployments=tuple(self.deployments),
            observations=tuple(self.observations),
        )


class LeavingOut:
    __slots__ = ("_left_out", "_where")

    def __init__(self, left_out: list[str], where: str) -> None:
        self._left_out = left_out
        self._where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Malformed) or isinstance(error, TooDeep):
            return False
        self._left_out.append(f"{self._where}: {error}")
        return True


class FacetReader:
    """
    Reads what the catalog stores of a facet; remembers contents that need no change.

    Null and what is no object give None, a facet with `_deleted` an empty body. Secrets are
    masked; what only a lenient parser reads is repaired.
    """

    _LIMIT = 50_000

    def __init__(self) -> None:
        #: digests of facets that are stored as they are
        self._sound: set[bytes] = set()

    def __call__(self, name: str, raw: msgspec.Raw) -> tuple[bytes, bytes] | None:
        body = bytes(raw)
        if body[:1] != b"{":
            return None
        digest = ids.digest(body)
        if digest in self._sound and name not in masking.SENSITIVE:
            return digest, body
        try:
            facet = _decode(body)
        except msgspec.DecodeError:
            return self._mend(name, body)
        if decode.is_too_deep(body):
            raise decode.too_deep()
        if facet.get("_deleted") is True:
            return b"", b""
        clean = _without_secrets(name, body, facet)
        if clean is not body:
            return ids.digest(clean), clean
        if len(self._sound) >= self._LIMIT:
            self._sound.clear()
        self._sound.add(digest)
        return digest, body

    @staticmethod
    def _mend(name: str, body: bytes) -> tuple[bytes, bytes] | None:
        try:
            repaired = decode.repaired(body)
            clean = _without_secrets(name, repaired, _decode(repaired))
        except ValueError:
            return None
        return ids.digest(clean), clean


def _without_secrets(name: str, body: bytes, facet: dict[str, object]) -> bytes:
    if name in masking.SENSITIVE:
        clean = masking.strictly(facet)
    elif masking.may_hold_secrets(body):
        clean = masking.value(facet)
    else:
        return body
    return body if clean == facet else msgspec.json.encode(clean)
