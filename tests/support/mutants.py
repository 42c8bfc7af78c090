"""Events in which something is not what it should be: the stories' events, with odd values in."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Collection, Iterator
from typing import Any

_ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e308, 2**31, 2**63, -(2**70), 10**30),
    *("", "x", "\x00", "\ud800", "a" * 5000, "2026-11-01T10:00:00Z", "[1,2", "[{'uri': 3}]"),
    *([], {}, [None], [[]], [{}], [1, "a"], {"a": None}, {"a": [1]}, {"x": {"y": {}}}),
]
_Path = tuple[Any, ...]


def mutants(
    bodies: list[bytes], number: int, seed: int, untouched: Collection[str] = ()
) -> list[bytes]:
    """As many events; what is at or under the keys to `keep` stays as it is."""
    chance = random.Random(seed)
    events = [json.loads(body) for body in bodies]
    return [_mutant(chance.choice(events), chance, untouched) for _ in range(number)]


def _mutant(event: Any, chance: random.Random, untouched: Collection[str]) -> bytes:
    event = copy.deepcopy(event)
    for _ in range(chance.choice([1, 1, 2, 4])):
        may = [path for path in _paths(event) if path and not any(key in untouched for key in path)]
        *inside, last = chance.choice(may)
        place = event
        for key in inside:
            place = place[key]
        place[last] = copy.deepcopy(chance.choice(_ODD))
    return json.dumps(event).encode()


def _paths(value: Any, path: _Path = ()) -> Iterator[_Path]:
    yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _paths(item, (*path, key))
