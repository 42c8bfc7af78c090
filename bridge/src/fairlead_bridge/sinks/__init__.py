"""
The catalogs that entries are delivered to: one module or package each, independent of each other
and of the database.

A sink is a class with three methods. `render` is pure, `push` sends, and `probe` checks the set-up
for a person. One with a naming map also is a `NamesDatasets`.
Ours are found by the same entry points as yours (`docs/how-to/add-a-sink.md`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from fairlead_bridge import ids
from fairlead_bridge.access.scope import EVERYTHING, Scope
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

#: An entry as the catalog's API takes it: anything that msgspec can write as JSON.
Payload: TypeAlias = Any

#: The result of one payload: None when it was accepted, else an error, returned, not raised.
Outcome: TypeAlias = Rejected | Unavailable | None


#: Seconds after which `push` should send no more, and leave the rest to the next time.
ENOUGH = 60.0


class Sink(Protocol):
    """A catalog that entries are delivered to. Constructed as `Type(name, settings)`; see `sinks.settings`."""

    #: The kinds of entries it can show.
    kinds: frozenset[Kind]

    def render(self, entry: AnyEntry) -> Payload | None:
        """
        The entry in the catalog's words; None where there is nothing to deliver. Pure.

        The same entry must give the same payload: an unchanged payload is not sent again. So no
        clock, no counters. Raises Rejected where the entry can never be delivered.
        """

    def push(self, payloads: Sequence[Payload]) -> Iterator[Outcome]:
        """
        Send to the catalog, in this order; yields one outcome for each payload, in this order.

        Raises Unavailable where nothing more can be sent now (the catalog is down, asks for a pause,
        or refuses our credentials): what has no outcome yet stays due, and the sink pauses. It may
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
    """To be sent: the payload, and the fingerprint to store once it is delivered."""

    payload: Payload
    fingerprint: bytes
    #: Outcomes are recorded when the group changes; without one, when all are known.
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """Nothing to send; the fingerprint to store."""

    fingerprint: bytes | None


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing to send before `due_at`, in microseconds."""

    due_at: int


Prepared: TypeAlias = Ready | Same | Later


@dataclass(frozen=True)
class Target:
    """A configured sink: its name, which entries it receives, and how often they are tried."""

    name: str
    type: str
    sink: Sink
    kinds: frozenset[Kind]
    batch: int = 100
    attempts: int = 20  # after which an entry that alone fails is given up
    namespaces: tuple[str, ...] = ("*",)  # shell patterns
    retracts: bool = (
        False  # removes edges by age, so that jobs are delivered again though no event came
    )

    budget: float = 90.0  # seconds after which a worker sends no more in one go
    lease: float = 180.0  # seconds for which a claim of a worker holds
    scope: Scope = EVERYTHING  # what its readers see: entries are read in it

    def prepare(self, delivery: Delivery, entry: AnyEntry, now: int) -> Prepared:
        """Return what to send of the entry, if it differs from what was sent last. Pure."""
        payload = self.sink.render(entry) if self.wants(entry) else None
        fingerprint = None if payload is None else digest(payload)
        if fingerprint is None or fingerprint == delivery.sent:
            return Same(fingerprint or delivery.sent)
        return Ready(payload, fingerprint)

    def wants(self, entry: AnyEntry) -> bool:
        """Whether the entry passes this sink's filters."""
        if entry.name.kind not in self.kinds:
            return False
        return self.namespaces == ("*",) or self.takes(_namespace(entry))

    def takes(self, namespace: str) -> bool:
        """Whether entries of this namespace pass this sink's filters."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)


def interests(targets: Sequence[Target]) -> dict[str, frozenset[Kind]]:
    """The kinds that each sink receives, as `outbox.put` needs."""
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
