"""
Room 5. The catalogs we tell: one file each; none knows of another, nor of the database.

A sink is a class with three methods. `render` thinks and touches nothing; `push` touches and does
not think; `probe` is for people. One with a naming map also is a `NamesDatasets`.
Ours are found by the same entry points as yours (`docs/how-to/add-a-sink.md`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.entries import (
    AnyEntry,
    DatasetEntry,
    DatasetRef,
    EventEntry,
    IncidentEntry,
    JobEntry,
    RunEntry,
)
from fairlead_bridge.errors import Rejected, Unavailable
from fairlead_bridge.model import Delivery, Kind

#: What one entry comes to in the catalog's own words: anything that msgspec can write as JSON.
Payload: TypeAlias = Any

#: How one payload went: None when it was taken; an error, not raised, when this one was not.
Outcome: TypeAlias = Rejected | Unavailable | None


#: Seconds after which `push` should ask no more, and let what is left wait for the next time.
ENOUGH = 60.0


class Sink(Protocol):
    """A catalog that is told. Constructed as `Type(name, settings)`; see `sinks.settings`."""

    #: The kinds of entries it can show.
    kinds: frozenset[Kind]

    def render(self, entry: AnyEntry) -> Payload | None:
        """
        The entry in the catalog's words; None where there is nothing to tell. Pure.

        The same entry must give the same payload: what was told already is not told again. So
        no clock, no counters. Raises Rejected where the entry can never be told.
        """

    def push(self, payloads: Sequence[Payload]) -> Iterator[Outcome]:
        """
        Tell the catalog, in this order; yields one outcome for each payload, in this order.

        Raises Unavailable where nothing more can be told now (the catalog is down, wants a rest,
        or refuses our credentials): what has no outcome yet stays due, and the sink rests. It may
        do so after the last outcome, too.
        """

    def probe(self) -> list[str]:
        """
        Look whether the address, the credentials and the version will do; changes nothing.

        Returns what was found, in sentences. Raises Rejected or Unavailable with what to do.
        """


@runtime_checkable
class NamesDatasets(Protocol):
    """A sink with a naming map, whose open questions `fairlead-bridge sinks check` lists."""

    def named(self, dataset: DatasetRef) -> str | None:
        """The catalog's name of a dataset; None where the naming map gives none. Pure."""


@dataclass(frozen=True, slots=True)
class Ready:
    """To be sent: the payload, and the mark to keep once it is delivered."""

    payload: Payload
    mark: bytes
    #: Outcomes are recorded when the group changes; without one, when all are known.
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """Nothing to send; the mark to keep."""

    mark: bytes | None


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing to send before `due_at`, in microseconds."""

    due_at: int


Prepared: TypeAlias = Ready | Same | Later


@dataclass(frozen=True)
class Target:
    """A sink as somebody set it up: its name, what it is to hear of, and how patiently."""

    name: str
    type: str
    sink: Sink
    kinds: frozenset[Kind]
    batch: int = 100
    attempts: int = 20  # after which an entry that alone fails is given up
    namespaces: tuple[str, ...] = ("*",)  # shell patterns
    retires: bool = (
        False  # takes edges back by age, so that jobs are told again though nothing came
    )

    budget: float = 90.0  # seconds after which a worker sends no more in one go
    lease: float = 180.0  # seconds for which what a worker claimed is its own

    def prepare(self, delivery: Delivery, entry: AnyEntry, now: int) -> Prepared:
        """Return what to send of the entry, if it differs from what was sent last. Pure."""
        payload = self.sink.render(entry) if self.wants(entry) else None
        mark = None if payload is None else digest(payload)
        if mark is None or mark == delivery.sent:
            return Same(mark or delivery.sent)
        return Ready(payload, mark)

    def wants(self, entry: AnyEntry) -> bool:
        """Whether the entry passes this sink's filters."""
        if entry.name.kind not in self.kinds:
            return False
        return self.namespaces == ("*",) or self.takes(_namespace(entry))

    def takes(self, namespace: str) -> bool:
        """Whether entries of this namespace pass this sink's filters."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)


def interests(targets: Sequence[Target]) -> dict[str, frozenset[Kind]]:
    """What each sink wants to hear of, as `outbox.put` asks."""
    return {target.name: target.kinds for target in targets}


def digest(payload: Payload) -> bytes:
    """Equal for equal payloads."""
    return ids.digest(_encode(payload))


class _Job(msgspec.Struct):
    namespace: str = ""


class _Event(msgspec.Struct):
    job: _Job | None = None
    dataset: _Job | None = None


_encode = msgspec.json.Encoder(order="sorted").encode
_event = msgspec.json.Decoder(_Event)


def _namespace(entry: AnyEntry) -> str:
    match entry:
        case DatasetEntry(dataset=dataset):
            return dataset.namespace
        case JobEntry(job=job) | RunEntry(job=job):
            return job.namespace
        case EventEntry(body=body):
            event = _event.decode(body)
            about = event.job or event.dataset
            return about.namespace if about else ""
        case IncidentEntry(node=node):
            return node.partition(":")[2].rpartition(":")[0]
