"""Which channels an incident goes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from fairlead_bridge.entries import IncidentEntry

Severity = Literal["warning", "critical"]
_RANK = {"warning": 0, "critical": 1}


@dataclass(frozen=True, slots=True)
class Route:
    """
    Channels, and which incidents go to them: those that meet every condition that is given.

    Conditions are shell patterns of which one must match; an empty one matches everything.
    """

    channels: tuple[str, ...]
    owner: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    dag: tuple[str, ...] = ()
    dataset: tuple[str, ...] = ()
    severity: Severity | None = None  # the least
    last: bool = False  # what it takes does not reach later routes

    def takes(self, incident: IncidentEntry) -> bool:
        """Whether the incident meets the route's conditions."""
        if self.severity and _RANK[incident.severity] < _RANK[self.severity]:
            return False
        nodes = (incident.node, *(item.node for item in incident.affected))
        return (
            _meets(self.owner, owners(incident))
            and _meets(self.tag, incident.tags)
            and _meets(self.namespace, (_parts(node)[1] for node in nodes))
            and _meets(self.dag, _dags(incident, nodes))
            and _meets(self.dataset, _datasets(nodes))
        )


def channels_of(routes: Sequence[Route], incident: IncidentEntry) -> frozenset[str]:
    """The names of the channels that the incident goes to."""
    found: set[str] = set()
    for route in routes:
        if route.takes(incident):
            found.update(route.channels)
            if route.last:
                break
    return frozenset(found)


def owners_of(
    routes: Sequence[Route], channel: str, incident: IncidentEntry
) -> dict[str, tuple[str, ...]]:
    """The owners by whom routes lead the incident to the channel, by the patterns that they match."""
    found: dict[str, tuple[str, ...]] = {}
    named = owners(incident)
    for route in routes:
        if route.takes(incident):
            if channel in route.channels:
                found |= {
                    each: matching for each in route.owner if (matching := _like(each, named))
                }
            if route.last:
                break
    return found


def _like(pattern: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if fnmatchcase(name, pattern))


def owners(incident: IncidentEntry) -> tuple[str, ...]:
    """The owners of the root cause and of what is affected, and to whom it is assigned, each once."""
    named = [*incident.owners, *(name for item in incident.affected for name in item.owners)]
    if incident.assigned_to:
        named.append(incident.assigned_to)
    return tuple(dict.fromkeys(named))


def _meets(patterns: Sequence[str], values: Iterable[str]) -> bool:
    return not patterns or any(
        fnmatchcase(value, pattern) for value in values for pattern in patterns
    )


def _parts(node: str) -> tuple[str, str, str]:
    """(kind, namespace, name) of `dataset:NAMESPACE:NAME`; a namespace may have colons in it."""
    kind, _, rest = node.partition(":")
    namespace, _, name = rest.rpartition(":")
    return kind, namespace, name


def _dags(incident: IncidentEntry, nodes: Iterable[str]) -> Iterable[str]:
    if incident.dag_id:
        yield incident.dag_id
    for kind, _, name in map(_parts, nodes):
        if kind == "job":
            yield name.partition(".")[0]


def _datasets(nodes: Iterable[str]) -> Iterable[str]:
    return (name for kind, _, name in map(_parts, nodes) if kind == "dataset")
