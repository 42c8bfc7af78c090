"""Takes out of events and facets what names something that a caller does not see."""

from __future__ import annotations

from typing import Any

from fairlead_bridge.access.scope import Scope
from fairlead_bridge.access.visible import RESTRICTED

#: What stands in the place of a dataset, a job, or a run of such a job.
_INSTEAD = {RESTRICTED: True}


def redacted(scope: Scope, value: Any) -> Any:
    """
    The decoded JSON without what it says of namespaces that are not seen.

    >>> redacted(Scope(("a",)), {"inputs": [{"namespace": "a"}, {"namespace": "b", "name": "x"}]})
    {'inputs': [{'namespace': 'a'}, {'restricted': True}]}
    """
    if scope.sees_all:
        return value
    if isinstance(value, dict):
        return {key: _within(scope, each) for key, each in value.items()}
    return _within(scope, value)


def _within(scope: Scope, value: Any) -> Any:
    if isinstance(value, list):
        return [_within(scope, each) for each in value]
    if not isinstance(value, dict):
        return value
    if _is_elsewhere(scope, value) or _is_elsewhere(scope, value.get("job")):
        return _INSTEAD
    return {key: _within(scope, each) for key, each in value.items()}


def _is_elsewhere(scope: Scope, value: object) -> bool:
    """Whether it names a job or a dataset that is not seen."""
    namespace = value.get("namespace") if isinstance(value, dict) else None
    return isinstance(namespace, str) and not scope.sees(namespace)
