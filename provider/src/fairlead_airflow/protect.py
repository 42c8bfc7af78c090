"""What leaves Airflow: no secrets, and no more than the size limit, with what was cut named.

Masking happens here, at send time, with Airflow's masker as it is at that moment: a password that a
task fetched while it ran is known by then. Values are masked wherever they stand; keys that sound
secret (`password`, `api_key`, ...) hide their values except where keys are names of columns. What
the masker does not know is found by its form, see `fairlead_sdk.redact`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fairlead_sdk import redact
from fairlead_sdk.documents import Json
from fairlead_sdk.redact import MASK

# Identity and form: never secret, and an event is worthless without them.
_EXEMPT = frozenset(
    [
        "eventTime",
        "eventType",
        "producer",
        "schemaURL",
        "_producer",
        "_schemaURL",
        "runId",
        "dagId",
        "dagRunId",
        "taskId",
        "dag_id",
        "run_id",
        "task_id",
        "tryNumber",
        "mapIndex",
    ]
)
_IDENTITY = frozenset({"namespace", "name"})
# Here keys are column names, and `password` is a column like any other.
_KEYED_BY_COLUMN = frozenset({"fields", "columnMetrics"})
_WORD = re.compile(r"[a-z_]+")
_TOKEN = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Rules:
    """How to mask: Airflow's own knowledge, and the user's key names and patterns."""

    mask_value: Callable[[str], str]
    hides_key: Callable[[str], bool]
    keys: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    def hidden(self, key: str) -> bool:
        lowered = key.lower()
        return self.hides_key(key) or any(name in lowered for name in self.keys)

    def text(self, value: str) -> str:
        """A text without what Airflow and the user know, and without what looks like a secret."""
        return redact.text(self._known(value))

    def name(self, value: str) -> str:
        """A dataset's name: nothing in it is masked for its looks but credentials in a URL."""
        return mask_name(redact.urls(value), self._known)

    def _known(self, value: str) -> str:
        masked = self.mask_value(value)
        for pattern in self.patterns:
            masked = pattern.sub(MASK, masked)
        return masked


def mask(event: dict[str, object], rules: Rules) -> dict[str, object]:
    """A copy of the event without secrets."""
    return {key: _mask(value, key, rules, in_job=key == "job") for key, value in event.items()}


def _mask(
    value: object, key: str, rules: Rules, *, in_job: bool = False, columns: bool = False
) -> object:
    if key in _EXEMPT:
        return value
    if isinstance(value, str):
        if key in _IDENTITY:
            return redact.urls(value) if in_job else rules.name(value)
        return rules.text(value)
    if isinstance(value, dict):
        return {
            name: _hide(child)
            if not columns and rules.hidden(name)
            else _mask(
                child,
                name,
                rules,
                in_job=name == "job" or (in_job and name in _IDENTITY),
                columns=name in _KEYED_BY_COLUMN,
            )
            for name, child in value.items()
        }
    if isinstance(value, list | tuple):
        return [_mask(child, key, rules, in_job=in_job) for child in value]
    return value


def _hide(value: object) -> object:
    if isinstance(value, dict):
        return {key: _hide(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(child) for child in value]
    return value if value is None or isinstance(value, bool) else MASK


def mask_name(name: str, mask_text: Callable[[str], str]) -> str:
    """A dataset's name without secrets, but with its words.

    A password that is a plain word, as `postgres` in many a test environment, would also be found in
    the names of databases and schemes. It is masked everywhere else; a name stays as it is, or the same
    table would have two names, before and after the password was fetched.
    """
    if mask_text(name) == name:
        return name
    words = {t for t in _TOKEN.findall(name) if _WORD.fullmatch(t) and mask_text(t) != t}
    plain = sorted(words)
    for number, word in enumerate(plain):
        name = re.sub(rf"(?<![A-Za-z0-9_]){word}(?![A-Za-z0-9_])", f"\0{number}\0", name)
    name = mask_text(name)
    for number, word in enumerate(plain):
        name = name.replace(f"\0{number}\0", word)
    return name


# The first to go where an event is too large: copies of what stands elsewhere, then the bulky.
_EXPENDABLE = (
    "unknownSourceAttribute",
    "debug",
    "environmentVariables",
    "sourceCode",
    "documentation",
)
_NEEDED = frozenset({"parent", "fairlead", "fairlead_cut", "fairlead_instances"})


def fit(event: dict[str, object], max_bytes: int) -> dict[str, object]:
    """The event within the limit, if facets are all that must go; the run facet `fairlead_cut` names
    what was cut.

    Names of datasets are never cut: an event that is too large without any facet stays too large.
    """
    size = _size(event)
    if size <= max_bytes:
        return event
    event = json.loads(json.dumps(event))
    cut: list[dict[str, object]] = []
    for path, holder, name in sorted(_facets(event), key=_order):
        if size <= max_bytes - 200 - 100 * len(cut):  # space for the facet that names what was cut
            break
        lost = _size(holder.pop(name)) + len(name) + 4
        size -= lost
        cut.append({"facet": f"{path}.{name}", "bytes": lost})
    return with_note(event, cut)


def bare(event: dict[str, object], reason: str) -> dict[str, object]:
    """The event without any facet but those that say which run it is; for when masking failed."""
    event = json.loads(json.dumps(event, default=str))
    cut = [
        {"facet": f"{path}.{name}", "bytes": _size(holder.pop(name)), "reason": reason}
        for path, holder, name in list(_facets(event))
    ]
    return with_note(event, cut)


def with_note(event: Json, cut: Sequence[dict[str, object]]) -> dict[str, object]:
    """The event with the run facet that names what was cut; job and dataset events have no place."""
    if cut and "run" in event:
        facets = event["run"].setdefault("facets", {})
        facets["fairlead_cut"] = {
            "_producer": event.get("producer", ""),
            "_schemaURL": "urn:fairlead:facets:1-0-0:FairleadCutRunFacet",
            "cut": list(cut),
        }
    return event


def _facets(event: Json) -> Iterator[tuple[str, Json, str]]:
    places = [("run", event.get("run") or {}), ("job", event.get("job") or {})]
    for side in ("inputs", "outputs"):
        for node in event.get(side) or []:
            places.append((f"{side}[{node.get('namespace')}:{node.get('name')}]", node))
    for path, node in places:
        for kind in ("facets", "inputFacets", "outputFacets"):
            holder = node.get(kind) or {}
            for name in list(holder):
                if name not in _NEEDED:
                    yield f"{path}.{kind}", holder, name


def _order(place: tuple[str, dict[str, object], str]) -> tuple[int, int]:
    _, holder, name = place
    rank = _EXPENDABLE.index(name) if name in _EXPENDABLE else len(_EXPENDABLE)
    return rank, -_size(holder[name])


def _size(value: object) -> int:
    return len(json.dumps(value, default=str))
